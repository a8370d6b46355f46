"""The exact Taylor effects of an expression, against repeated differentiation and between the two kinds of ring."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec
from itertools import product
from math import factorial
from typing import Any

import sympy

from benchmarks.timing import interleaved, seconds
from decompositions.evaluation.cost import LIMIT
from decompositions.expressions.expansion import rings
from decompositions.series.exact import series
from synergy import Game, taylor

DEGREE = 6


def run() -> None:
    """Print the times for 3 and 10 players; at 3 both sides must be equal, number for number."""
    small, big = _question(3), _question(10)
    theirs, effects = _by_differentiation(*small), taylor(_game(*small), DEGREE)
    if any(effects.degree(key) != value for key, value in theirs.items()):
        raise SystemExit("repeated differentiation gives other effects")
    print(f"Exact Taylor effects of {small[0]}, degree {DEGREE} (CPU time, SymPy's cache warm)")
    game = _game(*small)
    peers = {
        "each effect by sympy.diff": lambda: _by_differentiation(*small, shared=False),
        "sympy.diff of the derivative before": lambda: _by_differentiation(*small),
    }
    times = interleaved(peers, repeats=1)
    series_alone = partial(series.expression_series, game.cube, DEGREE, LIMIT)
    ours = interleaved({"series": series_alone, "taylor()": lambda: taylor(game, DEGREE)}, 9)
    print(f"n = 3: series {seconds(ours['series'])}, taylor() with remainder and gaps {seconds(ours['taylor()'])}")
    for name, time in times.items():
        print(f"       {name}: {seconds(time)}, ratios {time / ours['series']:,.0f} and {time / ours['taylor()']:,.0f}")
    game = _game(*big)
    for kind in (rings.FlintRing, rings.SympyRing):
        if kind is rings.FlintRing and find_spec("flint") is None:
            print("n = 10: python-flint is not installed (extra `fast`)")
            continue
        with _ring(kind):
            times = interleaved({"taylor": lambda: taylor(game, DEGREE)})
            print(
                f"n = 10: taylor() {seconds(times['taylor'])} on {kind.__name__}, {len(taylor(game, DEGREE)):,} effects"
            )


def _question(n: int) -> tuple[str, dict[str, sympy.Rational]]:
    names = [f"x{i}" for i in range(n)]
    text = f"exp(x0*x1 + x{n - 1}/2)*sin({' + '.join(names)})/(1 + x0 + x1**2)"
    return text, {name: sympy.Rational(1, i + 2) for i, name in enumerate(names)}


def _game(text: str, x: dict[str, sympy.Rational]) -> Game:
    return Game.from_expression(text, x)


def _by_differentiation(text: str, x: dict[str, sympy.Rational], shared: bool = True) -> dict[tuple[int, ...], Any]:
    """∂^κ f(0) / κ! · x^κ; shared: every derivative from the one before it, otherwise each from f."""
    symbols = list(map(sympy.Symbol, x))
    zero, f = dict.fromkeys(symbols, sympy.Integer(0)), sympy.sympify(text)
    known, effects = {(0,) * len(x): f}, {}
    for key in sorted(product(range(DEGREE + 1), repeat=len(x)), key=sum):
        if sum(key) > DEGREE:
            continue
        place = next((i for i, k in enumerate(key) if k), None)
        if place is not None and shared:
            before = (*key[:place], key[place] - 1, *key[place + 1 :])
            known[key] = sympy.diff(known[before], symbols[place])
        elif place is not None:
            known[key] = sympy.diff(f, *((s, k) for s, k in zip(symbols, key, strict=True) if k))
        value = known[key].subs(zero)
        for end, k in zip(x.values(), key, strict=True):
            value = value * end**k / factorial(k)
        effects[key] = value
    return effects


@contextmanager
def _ring(kind: Callable[[tuple[str, ...]], rings.AbstractRing]) -> Iterator[None]:
    """Series over one kind of ring, whatever is installed."""
    chosen = series.polynomial_ring
    series.polynomial_ring = lambda names: kind(tuple(names))
    try:
        yield
    finally:
        series.polynomial_ring = chosen
