"""The bank of small cases on which methods are compared with their policies and judged: all seeded, all cheap."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import sympy
import torch
from torch import nn

from decompositions.dividends.harsanyi import harsanyi
from decompositions.effects.effects import Effects
from decompositions.games.game import Game
from decompositions.games.players import grid
from decompositions.series.neuron import neuron_effects
from decompositions.series.taylor import taylor
from synergy.methods.grad_cam import GradCAM


@dataclass(frozen=True)
class Counterexample:
    """The smallest input on which a criterion fails.

    Args:
        text: the function and the point.
        game: the question.
        settings: of the method.
        says: what is wrong, beside the attributions themselves.
    """

    text: str
    game: Callable[[], Game]
    says: str
    settings: dict[str, Any] = field(default_factory=dict)


def polynomials() -> dict[str, Game]:
    """Exact games with known Taylor effects, one of them with several baselines."""
    half = sympy.Rational(1, 2)
    return {
        "x1·x2": Game.from_expression("x1*x2", {"x1": 2, "x2": 3}),
        "2xy + 3x² + yz²": Game.from_expression("2*x*y + 3*x**2 + y*z**2", {"x": 1, "y": 2, "z": 3}),
        "x0²x1x2 − x0³ + 4x1, b = (1, 2, 0)": Game.from_expression(
            "x0**2*x1*x2 - x0**3 + 4*x1", {"x0": 2, "x1": -1, "x2": 3}, {"x0": 1, "x1": 2, "x2": 0}
        ),
        "z1²z2 − z1z2² + z1": Game.from_expression("z1**2*z2 - z1*z2**2 + z1", {"z1": 1, "z2": 1}),
        "x1²x2 + x1x2x3, three baselines": Game.from_expression(
            "x1**2*x2 + x1*x2*x3",
            {"x1": 2, "x2": 1, "x3": 3},
            [{"x1": 0, "x2": 0, "x3": 1}, {"x1": 1, "x2": -1, "x3": 0}, {"x1": half, "x2": 2, "x3": half}],
        ),
    }


def networks() -> dict[str, Game]:
    """Random networks of four players, by class of models."""
    return {
        "ReLU, biases": _random(nn.ReLU, True, 0),
        "ReLU, no biases": _random(nn.ReLU, False, 1),
        "ReLU, biases, b ≠ 0": _random(nn.ReLU, True, 2, baseline=True),
        "softplus": _random(nn.Softplus, True, 3),
        "tanh, b ≠ 0": _random(nn.Tanh, True, 4, baseline=True),
    }


def picture() -> Game:
    """A small convolutional network with pooling on a random picture of four patches."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        net = nn.Sequential(
            nn.Conv2d(1, 3, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(),
            nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2),
        )  # fmt: skip
        x = torch.rand(1, 1, 8, 8, dtype=torch.float64)
    return Game.from_model(net.double().eval(), x, 0.0, target=1, players=grid(x.shape, 2))


def pooled_head() -> Game:
    """A convolutional network whose head is global average pooling and a linear layer."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(6)
        net = nn.Sequential(
            nn.Conv2d(1, 3, 3, padding=1), nn.ReLU(), nn.Conv2d(3, 4, 3, stride=2, padding=1),
            nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2),
        )  # fmt: skip
        x = torch.rand(1, 1, 8, 8, dtype=torch.float64)
    return Game.from_model(net.double().eval(), x, 0.0, target=0, players=grid(x.shape, 2))


def linear_head() -> Effects:
    """The effects of the pooled head over the locations of its map: all of degree one."""
    effects = harsanyi(GradCAM().game(pooled_head()), order=1)
    return Effects(effects.values, effects.names, "taylor", effects.degrees, effects.noise)


def quadratic_head() -> Effects:
    """The effects of a head that squares its map: y = (a₁ + 2a₂)² + a₁."""
    return taylor(Game.from_expression("(a1 + 2*a2)**2 + a1", {"a1": 1, "a2": 1}))


@dataclass(frozen=True)
class Neuron:
    """A polynomial unit y = σ(Σz + z⁰): its effects, finitely many and exact, with z and z⁰."""

    name: str
    effects: Effects
    z: torch.Tensor
    start: torch.Tensor


def neurons() -> list[Neuron]:
    """Units with contributions of both signs, of one sign, with bias and without (where σ(z⁰) = 0)."""
    generator = torch.Generator().manual_seed(0)
    signs = {"both signs": [1, -1, 1, -1], "all positive": [1, 1, 1, 1]}
    units = []
    for name, sign in signs.items():
        for bias in (0.7, -0.4, 0.0):
            z = torch.rand(4, generator=generator, dtype=torch.float64).add(0.2) * torch.tensor(sign)
            coefficients = torch.randn(5, generator=generator, dtype=torch.float64)
            if bias == 0.0:
                coefficients[0] = 0.0
            derivatives = coefficients * torch.tensor([1.0, 1.0, 2.0, 6.0, 24.0], dtype=torch.float64)
            label = f"{name}, bias {bias:g}" if bias else f"{name}, no bias"
            units.append(Neuron(label, neuron_effects(derivatives, z), z, torch.tensor(bias, dtype=torch.float64)))
    return units


@dataclass(frozen=True)
class Probe:
    """A network in which some players provably have no effect."""

    name: str
    game: Game
    dummies: tuple[int, ...]


def probes() -> list[Probe]:
    """Zero, written with players 0 and 1, beside a unit or a random network of the others.

    relu(relu(x₁) − c − relu(x₂)) = relu(relu(x₁ − c) − relu(x₂)) for c ≥ 0, and
    relu(relu(x₁ + x₂) − c) = relu(x₁ + x₂ − c).
    """
    fixed = [
        Probe("relu(x₃) and a hidden zero", _game(_split_zero(1.0, 1.0, None), [3, 1, 2], [0, 0, 0]), (0, 1)),
        Probe("the same, b ≠ 0", _game(_split_zero(1.0, 1.0, None), [-5, 5, 3.7], [5, -3.1, 0.1]), (0, 1)),
        Probe("relu(x₃) and a hidden zero of a sum", _game(_joint_zero(1.0, None), [4, -1, 2], [0, 0, 0]), (0, 1)),
    ]
    return fixed + [probe for seed in range(6) for probe in _random_probes(seed)]


def counterexamples() -> dict[str, Counterexample]:
    """For each method that fails a criterion, the smallest case."""
    product = Counterexample(
        "x₁x₂ at (2, 3)", lambda: Game.from_expression("x1*x2", {"x1": 2, "x2": 3}), "the one effect is 6"
    )
    zero = "relu(relu(x₁)−1−relu(x₂)) − relu(relu(x₁−1)−relu(x₂)) + relu(x₃)"
    return {
        "gradient_x_input": product,
        "occlusion_1": product,
        "prediction_difference": product,
        "smoothgrad_x_input": product,
        "occlusion_patch": Counterexample(
            "x₁ at (2, 5), window {1, 2}",
            lambda: Game.from_expression("x1 + 0*x2", {"x1": 2, "x2": 5}),
            "player 2 has no effect",
            {"window": 2, "stride": 2},
        ),
        "grad_cam": Counterexample("A₁ of a 2×2 map, no pooling", _first_location, "only location 1 has an effect"),
        "lrp_epsilon": Counterexample(
            "relu(x₁ + x₂ + 1) at (1, 1)", lambda: _game(_unit([[1, 1]], [1]), [1, 1], [0, 0]), "f(x) = 3"
        ),
        "lrp_alpha_beta": Counterexample(
            "relu(x₁ + 2x₂) at (1, 1)", lambda: _game(_unit([[1, 2]], [0]), [1, 1], [0, 0]), "f(x) = 3"
        ),
        "deep_taylor": Counterexample(
            "relu(2x₁ − x₂) at (1, 1)", lambda: _game(_unit([[2, -1]], [0]), [1, 1], [0, 0]), "x₁ gets it all"
        ),
        "deeplift_rescale": Counterexample(
            f"{zero} at (3, 1, 2)", lambda: _game(_split_zero(1.0, 1.0, None), [3, 1, 2], [0, 0, 0]),
            "it is relu(x₃): x₁, x₂ have no effect",
        ),
        "deep_shap": Counterexample(
            f"{zero} at (3, 1, 2)", lambda: _game(_split_zero(1.0, 1.0, None), [3, 1, 2], [0, 0, 0]),
            "it is relu(x₃): x₁, x₂ have no effect",
        ),
        "deeplift_reveal_cancel": Counterexample(
            f"{zero} at (−5, 5, 3.7), b = (5, −3.1, 0.1)",
            lambda: _game(_split_zero(1.0, 1.0, None), [-5, 5, 3.7], [5, -3.1, 0.1]),
            "it is relu(x₃): x₁, x₂ have no effect",
        ),
    }  # fmt: skip


def _game(net: nn.Module, x: list[float], b: list[float]) -> Game:
    return Game.from_model(net.double().eval(), _row(x), _row(b))


def _row(numbers: list[float]) -> torch.Tensor:
    return torch.tensor([numbers], dtype=torch.float64)


def _linear(weight: Any, bias: Any) -> nn.Linear:
    weight = torch.as_tensor(weight, dtype=torch.float64)
    layer = nn.Linear(weight.shape[1], weight.shape[0], dtype=torch.float64)
    layer.weight, layer.bias = nn.Parameter(weight), nn.Parameter(torch.as_tensor(bias, dtype=torch.float64))
    return layer


def _unit(weight: list[list[float]], bias: list[float]) -> nn.Module:
    return nn.Sequential(_linear(weight, bias), nn.ReLU())


def _random(activation: type[nn.Module], bias: bool, seed: int, baseline: bool = False) -> Game:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = nn.Sequential(
            nn.Linear(4, 8, bias=bias),
            activation(),
            nn.Linear(8, 6, bias=bias),
            activation(),
            nn.Linear(6, 1, bias=bias),
        )
        x, b = torch.randn(2, 1, 4, dtype=torch.float64)
    return Game.from_model(net.double().eval(), x, b if baseline else 0.0)


def _rest(seed: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """A random ReLU layer of two more players and its output weights, to stand beside a hidden zero."""
    generator = torch.Generator().manual_seed(100 + seed)
    draws = torch.randn(5, 5, generator=generator, dtype=torch.float64)
    return draws[:, :2], draws[:, 2], draws[:, 3]


def _random_probes(seed: int) -> list[Probe]:
    generator = torch.Generator().manual_seed(seed)
    threshold, scale = (torch.rand(2, generator=generator, dtype=torch.float64) * 2 + 0.2).tolist()
    x, b = (torch.randn(2, 4, generator=generator, dtype=torch.float64) * 3).tolist()
    nets = {
        "a hidden zero": _split_zero(threshold, scale, seed),
        "a hidden zero of a sum": _joint_zero(threshold, seed),
    }
    return [Probe(f"random network and {name}, {seed}", _game(net, x, b), (0, 1)) for name, net in nets.items()]


def _split_zero(c: float, scale: float, seed: int | None) -> nn.Module:
    """relu(relu(x₁) − c − relu(x₂)) − relu(relu(x₁ − c) − relu(x₂)), scaled, plus the rest."""
    first = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]], dtype=torch.float64)
    start = torch.tensor([0.0, 0.0, -c], dtype=torch.float64)
    second = torch.tensor([[1.0, -1.0, 0.0], [0.0, -1.0, 1.0]], dtype=torch.float64)
    return _beside(first, start, second, torch.tensor([-c, 0.0], dtype=torch.float64), scale, seed)


def _joint_zero(c: float, seed: int | None) -> nn.Module:
    """relu(relu(x₁ + x₂) − c) − relu(x₁ + x₂ − c), plus the rest."""
    first = torch.tensor([[1.0, 1.0], [1.0, 1.0]], dtype=torch.float64)
    start = torch.tensor([0.0, -c], dtype=torch.float64)
    second = torch.eye(2, dtype=torch.float64)
    return _beside(first, start, second, torch.tensor([-c, 0.0], dtype=torch.float64), 1.0, seed)


def _beside(
    first: torch.Tensor, start: torch.Tensor, second: torch.Tensor, then: torch.Tensor, scale: float, seed: int | None
) -> nn.Module:
    """The hidden zero in blocks beside relu(x₃), or beside a random layer of x₃ and x₄; a difference comes last."""
    one = torch.ones(1, dtype=torch.float64)
    rest, bias, out = (one[None], 0 * one, one) if seed is None else _rest(seed)
    hidden = len(rest)
    layer1 = _linear(torch.block_diag(first, rest), torch.cat([start, bias]))
    layer2 = _linear(torch.block_diag(second, torch.eye(hidden, dtype=torch.float64)), torch.cat([then, 0 * bias]))
    last = _linear(torch.cat([torch.tensor([scale, -scale], dtype=torch.float64), out])[None], [0.0])
    return nn.Sequential(layer1, nn.ReLU(), layer2, nn.ReLU(), last)


def _first_location() -> Game:
    """f = A₁: a convolution that copies a 2×2 picture, and a linear head that reads one location of it."""
    copy = nn.Conv2d(1, 1, 1, bias=False, dtype=torch.float64)
    copy.weight = nn.Parameter(torch.ones(1, 1, 1, 1, dtype=torch.float64))
    net = nn.Sequential(copy, nn.Flatten(), _linear([[1.0, 0.0, 0.0, 0.0]], [0.0]))
    return Game.from_model(net.eval(), torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]], dtype=torch.float64))
