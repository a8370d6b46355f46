"""The bank of small cases on which methods are compared with their policies and judged: all seeded, all cheap."""

from __future__ import annotations

from dataclasses import dataclass

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
    degrees = effects.table(0, len(effects)).long().numpy()
    return Effects(effects.values, names=effects.names, basis="taylor", degrees=degrees, noise=effects.noise)


def quadratic_head() -> Effects:
    """The effects of a head that squares its map: y = (a₁ + 2a₂)² + a₁."""
    return taylor(Game.from_expression("(a1 + 2*a2)**2 + a1", {"a1": 1, "a2": 1}))


def softmax() -> Effects:
    """The first share of a softmax of two, 1/(1 + e^(z₂−z₁)) = ½ + tanh((z₁−z₂)/2)/2 to degree 7, at z = 0."""
    d = sympy.Symbol("z1") - sympy.Symbol("z2")
    series = sympy.Rational(1, 2) + d / 4 - d**3 / 48 + d**5 / 480 - 17 * d**7 / 80640
    return taylor(Game.from_expression(sympy.expand(series), {"z1": 1, "z2": sympy.Rational(-1, 2)}))


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
