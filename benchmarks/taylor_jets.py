"""Taylor effects of a tanh network: jets along lines against nested forward derivatives, and against JAX if installed.

All coefficients up to degree 8 in 10 variables are compared with exact rational arithmetic, on a function whose
coefficients are known.
"""

from __future__ import annotations

import math
import time
from fractions import Fraction

import numpy as np
import torch
from torch import nn

from benchmarks.timing import interleaved, seconds
from decompositions.degrees import simplex
from decompositions.series.jets.interpolation import directions
from decompositions.series.jets.jets import jets
from synergy import Game, taylor

SIZES = ((4, 6), (10, 5), (10, 6))  # the last of each is the largest that nested derivatives finish in minutes


def run() -> None:
    """Print a row per size."""
    print("Taylor coefficients of a tanh network n-32-32-1, float64: CPU time, all of taylor() with its checks")
    print(f"{'n':>3} {'degree':>6} {'effects':>8} {'ours':>9} {'nested jacfwd':>14} {'ratio':>7} {'difference':>10}")
    for n, degree in SIZES:
        _nested(n, degree)
    _alone(10, 8)
    _jax(10, 6)
    _jax(10, 8)
    _exact(10, 8)


def _game(n: int) -> tuple[Game, nn.Module, torch.Tensor]:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(n, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 1)).double()
    x = torch.randn(1, n, dtype=torch.float64) / 4
    return Game.from_model(net, x), net, x


def _nested(n: int, degree: int) -> None:
    game, net, x = _game(n)
    start = time.process_time()
    found = _derivatives(net, x[0], degree)
    nested = time.process_time() - start
    ours = interleaved({"ours": lambda: taylor(game, degree)}, 3)["ours"]
    effects = taylor(game, degree)
    by_degree = effects.to_dict()
    difference = max(abs(by_degree[key] - value) for key, value in found.items())
    print(
        f"{n:>3} {degree:>6} {len(effects):>8,} {seconds(ours):>9} {seconds(nested):>14} {nested / ours:>7.0f} "
        f"{difference:>10.1g}"
    )


def _derivatives(net: nn.Module, x: torch.Tensor, degree: int) -> dict[tuple[int, ...], float]:
    """Every partial derivative up to a degree, as effects."""

    def g(t: torch.Tensor) -> torch.Tensor:
        return net((t * x)[None])[0, 0]

    effects, function = {}, g
    for order in range(1, degree + 1):
        function = torch.func.jacfwd(function)
        table = function(torch.zeros_like(x)).detach()
        for row in simplex(len(x), order):
            if row.sum() == order:
                index = tuple(int(i) for i in np.repeat(np.arange(len(x)), row))
                effects[tuple(map(int, row))] = table[index].item() / math.prod(map(math.factorial, map(int, row)))
    return effects


def _alone(n: int, degree: int) -> None:
    game = _game(n)[0]
    ours = interleaved({"ours": lambda: taylor(game, degree)}, 5)["ours"]
    print(f"{n:>3} {degree:>6} {len(taylor(game, degree)):>8,} {seconds(ours):>9} {'cannot finish':>14}")


def _jax(n: int, degree: int) -> None:
    """``jax.experimental.jet``, compiled, along the same directions, without the interpolation."""
    try:
        import jax
        from jax.experimental.jet import jet
    except ImportError:
        print(f"{n:>3} {degree:>6}  jax is not installed")
        return
    jax.config.update("jax_enable_x64", True)
    game, net, x = _game(n)
    layers = [(m.weight.detach().numpy().T, m.bias.detach().numpy()) for m in net if isinstance(m, nn.Linear)]

    def model(z):  # type: ignore[no-untyped-def]
        for weight, bias in layers[:-1]:
            z = jax.numpy.tanh(z @ weight + bias)
        return (z @ layers[-1][0] + layers[-1][1])[0]

    def one(slope):  # type: ignore[no-untyped-def]
        zero = jax.numpy.zeros_like(slope)
        return jet(model, (zero,), ([slope] + [zero] * (degree - 1),))[1]

    lines = directions(n, degree) * x.numpy()
    compiled = jax.jit(jax.vmap(one))
    compiled(lines)
    slopes, zeros = torch.from_numpy(lines), torch.zeros_like(x)

    def along() -> torch.Tensor:
        parts = slopes.split(1024)
        return torch.cat([jets(game.cube.f, zeros.expand(len(part), -1), part, degree) for part in parts], 1)

    times = interleaved(
        {
            "jets": along,
            "taylor": lambda: taylor(game, degree),
            "jax": lambda: jax.block_until_ready(compiled(lines)),
        },
        5,
    )
    print(
        f"{n:>3} {degree:>6}  jax.experimental.jet, jit, same directions: {seconds(times['jax'])}; our jets take "
        f"{times['jets'] / times['jax']:.2f} times as long, taylor() with interpolation and checks "
        f"{times['taylor'] / times['jax']:.2f}"
    )


def _exact(n: int, degree: int) -> None:
    """1 / (1 + w·t): the coefficient of t^κ is (−1)^|κ| |κ|!/κ! w^κ."""
    weights = [Fraction(1 + i % 3, 8 + 3 * i) * (-1) ** i for i in range(n)]
    w = torch.tensor([float(each) for each in weights], dtype=torch.float64)
    game = Game.from_function(lambda z: 1 / (1 + z @ w), [1.0] * n)
    start = time.process_time()
    effects = taylor(game, degree)
    paid = time.process_time() - start
    errors, largest = 0.0, Fraction(0)
    for key, value in effects.to_dict().items():
        ways = math.factorial(sum(key)) // math.prod(map(math.factorial, key))
        known = (-1) ** sum(key) * ways * math.prod((each**k for each, k in zip(weights, key, strict=True)), start=1)
        errors, largest = max(errors, abs(float(Fraction(value) - known))), max(largest, abs(Fraction(known)))
    print(
        f"{n:>3} {degree:>6} {len(effects) - 1:>8,} {seconds(paid):>9}  1/(1 + w·t) against exact arithmetic: largest "
        f"error {errors / float(largest):.1g} of the largest effect; noise said: {effects.noise / float(largest):.1g}"
    )
