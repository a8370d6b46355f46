"""The models and games that the tests ask about, each with its values by the definition.

A case builds a game and says by itself, input by input, what the game's values are: ``case.value(S)`` is
Σ_k w_k f(x on S, b_k off S), put together entry by entry.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sympy
import torch
from torch import nn

from synergy import METHODS, Game, method

GOLDEN = {case["id"]: case for case in json.loads((Path(__file__).parent / "golden.json").read_text("utf8"))}
EPSILON = {torch.float32: 2.0**-23, torch.float64: 2.0**-52}


@dataclass(frozen=True)
class TensorCase:
    """A torch function or model, in floats."""

    id: str
    f: Callable[[torch.Tensor], torch.Tensor]
    x: torch.Tensor
    baselines: tuple[torch.Tensor, ...]
    weights: tuple[float, ...]
    players: torch.Tensor
    model: nn.Module | None = None
    target: Any = None
    smooth: bool = True
    exact = False
    expression = None

    @property
    def n(self):
        return int(self.players.max()) + 1

    @property
    def epsilon(self):
        return EPSILON[self.x.dtype]

    def game(self, **settings):
        arguments = {"players": self.players, "weights": list(self.weights), **settings}
        start = torch.stack(self.baselines) if len(self.baselines) > 1 else self.baselines[0][None]
        if self.model is not None:
            return Game.from_model(self.model, self.x[None], start, target=self.target, **arguments)
        return Game.from_function(self.f, self.x[None], start, **arguments)

    def masked(self, coalition, k=0):
        """x on the players of the coalition and the k-th baseline off them, entry by entry."""
        entries = zip(self.players.reshape(-1), self.x.reshape(-1), self.baselines[k].reshape(-1), strict=True)
        flat = [x if int(player) in coalition else b for player, x, b in entries]
        return torch.stack(flat).reshape(self.x.shape)

    def value(self, coalition):
        ends = [self.masked(coalition, k) for k in range(len(self.baselines))]
        return sum(w * self.f(end[None]).double().item() for w, end in zip(self._shares, ends, strict=True))

    def rebased(self, coalition):
        """For every baseline its weight and the game in which x_T is the input."""
        return [
            (weight, replace(self, x=self.masked(coalition, k), baselines=(self.baselines[k],), weights=(1.0,)).game())
            for k, weight in enumerate(self._shares)
        ]

    def scaled(self, factor):
        """The same with f times a number."""
        return replace(self, f=lambda z: self.f(z) * factor, model=None)

    @property
    def _shares(self):
        return [weight / sum(self.weights) for weight in self.weights]


@dataclass(frozen=True)
class ExpressionCase:
    """A SymPy polynomial, exactly. ``players`` may group the entries; then only its floats and its cube are games."""

    id: str
    text: str
    x: dict[str, Any]
    baselines: tuple[dict[str, Any], ...]
    weights: tuple[Any, ...] = (1,)
    players: tuple[int, ...] | None = None
    exact = True
    smooth = True
    epsilon = 0.0

    @property
    def n(self):
        return len(self.x) if self.players is None else max(self.players) + 1

    @property
    def expression(self):
        return sympy.sympify(self.text, locals={name: sympy.Symbol(name) for name in self.x})

    def game(self):
        start = list(self.baselines) if len(self.baselines) > 1 else self.baselines[0]
        return Game.from_expression(self.text, self.x, start, weights=self.weights)

    def masked(self, coalition, k=0):
        owners = dict(zip(self.x, self.players or range(len(self.x)), strict=True))
        return {name: self.x[name] if owners[name] in coalition else self.baselines[k][name] for name in self.x}

    def value(self, coalition):
        total = sympy.Integer(0)
        for k, weight in enumerate(self.weights):
            total += sympy.Rational(weight, sum(self.weights)) * self.expression.subs(self.masked(coalition, k))
        return total

    def rebased(self, coalition):
        return [
            (
                sympy.Rational(weight, sum(self.weights)),
                replace(self, x=self.masked(coalition, k), baselines=(self.baselines[k],), weights=(1,)).game(),
            )
            for k, weight in enumerate(self.weights)
        ]

    def on_cube(self):
        """g(t) itself as an exact game in t, from b = 0 to x = 1: the twin with the same effects."""
        owners = self.players or range(len(self.x))
        g = sympy.Integer(0)
        for baseline, weight in zip(self.baselines, self.weights, strict=True):
            line = {
                sympy.Symbol(name): baseline[name] + sympy.Symbol(f"t{owner}") * (self.x[name] - baseline[name])
                for name, owner in zip(self.x, owners, strict=True)
            }
            g += sympy.Rational(weight, sum(self.weights)) * self.expression.xreplace(line)
        return Game.from_expression(sympy.expand(g), {f"t{i}": 1 for i in range(self.n)}, 0)

    def in_floats(self, dtype=torch.float64):
        """The same function on torch."""
        compiled = sympy.lambdify(list(map(sympy.Symbol, self.x)), self.expression, modules=[])
        rows = [torch.tensor([float(row[name]) for name in self.x], dtype=dtype) for row in (self.x, *self.baselines)]
        return TensorCase(
            f"{self.id}-floats",
            lambda z: compiled(*z.unbind(1)),
            rows[0],
            tuple(rows[1:]),
            tuple(map(float, self.weights)),
            torch.tensor(self.players or range(len(self.x))),
        )


@dataclass(frozen=True)
class TableCase:
    """A game of 2ⁿ known values."""

    id: str
    values: Any
    smooth = False
    expression = None

    @property
    def n(self):
        return int(np.shape(self.values)[-1]).bit_length() - 1

    @property
    def exact(self):
        return not isinstance(self.values, torch.Tensor)

    @property
    def epsilon(self):
        return 0.0 if self.exact else EPSILON[self.values.dtype]

    def game(self):
        return Game.from_values(self.values)

    def value(self, coalition):
        value = self.values[..., sum(2**i for i in coalition)]
        return value.item() if isinstance(value, torch.Tensor) and value.ndim == 0 else value


def half(numerator, denominator=2):
    return sympy.Rational(numerator, denominator)


def polynomial(name, text, x, baselines=0, weights=None, players=None):
    """An expression case from numbers, or from lists of them in the order of x's symbols."""
    several = baselines if isinstance(baselines, list) else [baselines]
    rows = tuple(
        dict(zip(x, row, strict=True)) if isinstance(row, tuple) else dict.fromkeys(x, sympy.Integer(row))
        for row in several
    )
    exact = {name: sympy.sympify(value) for name, value in x.items()}
    rows = tuple({name: sympy.sympify(value) for name, value in row.items()} for row in rows)
    return ExpressionCase(name, text, exact, rows, weights or (1,) * len(rows), players)


# Every number is a multiple of 1/8, so that floats hold it exactly.
POLYNOMIALS = [
    polynomial("one-player", "z**3 - 2*z + 5", {"z": 3}, 1),
    polynomial("product", "z1*z2", {"z1": 2, "z2": 3}),
    polynomial("triple", "z0**2*z1*z2 - z0**3 + 4*z1", {"z0": 2, "z1": -1, "z2": 3}, [(1, 2, 0)]),
    polynomial("squares", "2*x*y + 3*x**2 + y*z**2", {"x": 1, "y": 2, "z": 3}),
    polynomial("phantom", "z1**2*z2 - z1*z2**2 + z1", {"z1": 1, "z2": 1}),
    polynomial(
        "rational",
        "z1**3*z2/4 - z2*z3/2 + z1*z3**2 - 7*z2 + 5 + z1*z2*z3*z4**2",
        {"z1": half(1), "z2": half(-3, 4), "z3": 2, "z4": -1},
        [(half(1, 4), half(1), -1, half(1, 8))],
    ),
    polynomial("null-player", "a*b**2 + c*a*b + c", {"a": 1, "c": 3, "b": -2}, [(0, 3, 1)]),
    polynomial("linear", "3*u - 2*v + 1", {"u": 2, "v": half(1)}, [(1, -1)]),
    polynomial(
        "baselines",
        "z0*z1**2 - z1*z2 + z2**3 + z0",
        {"z0": 1, "z1": 2, "z2": -1},
        [(0, 0, 0), (half(1), 1, -2), (1, -1, half(1, 4))],
        (1, 2, 1),
    ),
]
GROUPED = [
    polynomial("groups", "p*q + q**2*r - 2*r*s*p + s", {"p": 1, "q": 2, "r": -1, "s": 3}, players=(0, 1, 0, 2)),
    polynomial(
        "groups-baselines",
        "p*q*r + q**2*s - r*s**2 + p",
        {"p": 1, "q": half(1), "r": -1, "s": 2},
        [(0, 0, 0, 0), (2, 1, half(1), -1)],
        (3, 1),
        players=(1, 0, 0, 2),
    ),
]


def captum_network():
    """captum's BasicModel_MultiLayer: ReLU between ones(4, 3) and ones(2, 4)."""
    return _network([[[1] * 3] * 4, [[1] * 4] * 2], [[-10, 1, 1, 1], [-1, 1]], [nn.ReLU()])


def implementation_f():
    """relu(relu(x1) − 1 − relu(x2))."""
    return _network([[[1, 0], [0, 1]], [[1, -1]]], [[0, 0], [-1]], [nn.ReLU(), nn.ReLU()])


def minimum():
    """min(x1, x2) = x1 − relu(x1 − x2), for x1 ≥ 0."""
    return _network([[[1, -1], [1, 0]], [[-1, 1]]], [[0, 0], [0]], [nn.ReLU()])


def _network(matrices, biases, activations):
    modules = []
    for place, (matrix, bias) in enumerate(zip(matrices, biases, strict=True)):
        layer = nn.Linear(len(matrix[0]), len(matrix), dtype=torch.float64)
        layer.weight.data = torch.tensor(matrix, dtype=torch.float64)
        layer.bias.data = torch.tensor(bias, dtype=torch.float64)
        modules += [layer, *activations[place : place + 1]]
    return nn.Sequential(*modules).eval()


def mlp(activation, sizes, *, bias=True, dtype=torch.float64, seed=0):
    """A seeded network with weights of the size 1/√fan-in, scaled up so that its kinks lie inside."""
    generator = torch.Generator().manual_seed(seed)
    modules = []
    for before, after in pairwise(sizes):
        layer = nn.Linear(before, after, bias=bias, dtype=dtype)
        for parameter in layer.parameters():
            scale = 1.5 / before**0.5
            parameter.data = (torch.randn(parameter.shape, generator=generator) * scale).to(dtype)
        modules += [layer, activation()]
    return nn.Sequential(*modules[:-1]).eval()


def draw(*shape, dtype=torch.float64, seed=1):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


def network_case(name, model, x, baselines=None, weights=None, players=None, target=0, smooth=True):
    rows = (torch.zeros_like(x),) if baselines is None else tuple(baselines)
    owners = torch.arange(x.numel()).reshape(x.shape) if players is None else torch.tensor(players)

    def f(z):
        with_target = model(z)
        return with_target.reshape(len(z)) if target is None else with_target[:, target]

    return TensorCase(name, f, x, rows, tuple(weights or (1.0,) * len(rows)), owners, model, target, smooth)


NETWORKS = [
    network_case("captum-multilayer", captum_network(), torch.tensor([20.0, 50, 30]).double(), smooth=False),
    network_case("implementation-f", implementation_f(), torch.tensor([3.0, 1]).double(), target=None, smooth=False),
    network_case("relu", mlp(nn.ReLU, (5, 7, 6, 3)), draw(5), [draw(5, seed=2)], target=2, smooth=False),
    network_case("relu-no-bias", mlp(nn.ReLU, (4, 6, 2), bias=False), draw(4, seed=3), target=1, smooth=False),
    network_case("softplus", mlp(nn.Softplus, (4, 6, 5, 2), seed=4), draw(4, seed=5), [draw(4, seed=6)], target=1),
    network_case(
        "softplus-float32",
        mlp(nn.Softplus, (4, 6, 1), dtype=torch.float32),
        draw(4, dtype=torch.float32),
        [draw(4, dtype=torch.float32, seed=9)],
        target=None,
    ),
    network_case(
        "relu-float32",
        mlp(nn.ReLU, (5, 6, 2), dtype=torch.float32, seed=7),
        draw(5, dtype=torch.float32),
        [draw(5, dtype=torch.float32, seed=8)],
        smooth=False,
    ),
    network_case(
        "softplus-groups", mlp(nn.Softplus, (6, 5, 2), seed=10), draw(6), [draw(6, seed=2)], players=(2, 0, 1, 0, 2, 2)
    ),
    network_case(
        "softplus-baselines",
        mlp(nn.Softplus, (4, 5, 2), seed=11),
        draw(4, seed=12),
        [draw(4, seed=13), draw(4, seed=14), torch.zeros(4, dtype=torch.float64)],
        (1.0, 2.0, 0.5),
    ),
    network_case(
        "relu-null-player",
        mlp(nn.ReLU, (4, 6, 1), seed=15),
        torch.tensor([1.0, 0.5, -2.0, 0.25]).double(),
        [torch.tensor([0.0, 0.5, 1.0, -1.0]).double()],
        target=None,
        smooth=False,
    ),
    network_case(
        "picture",
        nn.Sequential(nn.Flatten(), mlp(nn.Tanh, (12, 5, 3), seed=16)).eval(),
        draw(1, 3, 4),
        [draw(1, 3, 4, seed=17)],
        players=[[[0, 0, 1, 1], [0, 0, 1, 1], [2, 2, 3, 3]]],
        target=2,
    ),
]
FUNCTIONS = [case.in_floats() for case in (*POLYNOMIALS, *GROUPED)]
TABLES = [
    TableCase("table-one", torch.tensor([1.5], dtype=torch.float64)),
    TableCase("table", draw(16)),
    TableCase("table-float32", draw(8, dtype=torch.float32)),
    TableCase("table-leading-axes", draw(2, 3, 8)),
    TableCase("table-fractions", np.array([Fraction(k * k - 3, k + 1) for k in range(8)], dtype=object)),
]
EXPRESSIONS = POLYNOMIALS
GAMES = [*EXPRESSIONS, *FUNCTIONS, *NETWORKS, *TABLES]
WITH_INPUTS = [*EXPRESSIONS, *FUNCTIONS, *NETWORKS]
BY_ID = {case.id: case for case in (*GAMES, *GROUPED)}

# Settings under which a method is tried, beside its own defaults' place in the list; {} for every other method.
SETTINGS = {
    "occlusion_patch": [{}, {"window": 2}, {"window": 2, "stride": 2}],
    "smoothgrad_x_input": [{"sigma": 0.25, "samples": 3, "seed": 5}],
}
# Methods of the network's layers have no policy over the game's effects.
GAME_METHODS = [name for name in METHODS if METHODS[name].scope == "game"]
# Its noise on the absent players goes on at a masked input.
NOISY = {"smoothgrad_x_input"}
# Their weights belong to x: at a masked input the absent players still move f.
WEIGHTS_AT_X = {*NOISY, "gradient"}
# Signals of which no rule over effects is known, and methods in the unit of a slope.
SIGNALS = [name for name in METHODS if METHODS[name].scope == "signal"]
OWN_UNIT = [name for name in METHODS if METHODS[name].target == "its own"]


def variants(names=None):
    """Every method (those of the game's scope by default) with every setting that is tried."""
    return [(name, kind) for name in names or GAME_METHODS for kind in SETTINGS.get(name, [{}])]


def label(value):
    """The id of a parameter that pytest shows."""
    if isinstance(value, dict):
        return ",".join(f"{key}={entry}" for key, entry in value.items()) or "default"
    return getattr(value, "id", None) or str(value)


def policy_or_none(name, settings, case):
    """The method's policy on the case, None where it says that there is none."""
    try:
        return method(name, **settings).policy(case.game())
    except ValueError:
        return None


def fitting(cases):
    """All (method, settings, case) for which the method has a policy, as pytest parameters."""
    return [
        pytest.param(name, settings, case, id=f"{name}-{label(settings)}-{case.id}")
        for name, settings in variants()
        for case in cases
        if policy_or_none(name, settings, case) is not None
    ]


def close(actual, expected, tolerance, scale=None):
    """Assert equality up to a tolerance relative to the largest number; exact numbers must be equal."""
    actual, expected = np.asarray(_plain(actual)), np.asarray(_plain(expected))
    assert actual.shape == expected.shape
    if tolerance == 0:
        assert (actual == expected).all(), f"{actual} is not {expected}"
        return
    actual, expected = actual.astype(np.float64), expected.astype(np.float64)
    assert np.isfinite(actual).all()
    scale = max(abs(expected).max(initial=0), 1e-300) if scale is None else scale
    worst = abs(actual - expected).max(initial=0)
    assert worst <= tolerance * scale, f"{worst:.3g} off, more than {tolerance:.1g} of {scale:.3g}"


def _plain(values):
    return values.detach().cpu().numpy() if isinstance(values, torch.Tensor) else values
