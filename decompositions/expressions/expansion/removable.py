r"""Quotients whose denominator vanishes at the baseline though they are regular there, as sin(x)/x at 0.

A factor B of the denominator is taken that vanishes once, or k times, on a surface s = φ(other players) through the
baseline. The numerator is divisible by its e-th power, as power series are, if it vanishes there with its first k·e − 1
derivatives in s, identically. Then the quotient q of N = q B is found degree by degree from the lowest form L of B,

.. math:: q_j = \Bigl(N_{k+j} - \sum_{i<j} q_i\, B_{k+j-i}\Bigr) / L,

where every division is exact.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sympy

from decompositions.expressions.expansion.recurrences import Series
from decompositions.expressions.expansion.rings import AbstractNumbers, Element
from decompositions.expressions.expansion.term_count import highest_degree
from decompositions.expressions.normal_form import vanishes

MOST = 12  # of the order of a zero
HIGHEST = 50  # of the orders of all zeros of a denominator

Places = Mapping[sympy.Symbol, sympy.Expr]
Root = tuple[sympy.Symbol, sympy.Expr]


@dataclass(frozen=True)
class Zero:
    """A factor that vanishes at the baseline.

    Args:
        root: the player s and the value φ of the others at which it is zero.
        order: k.
        slopes: of the player's part in a linear form l in t, whose k-th power is L / scale; rational numbers.
        scale: a constant.
    """

    root: Root
    order: int
    slopes: Mapping[sympy.Symbol, sympy.Rational]
    scale: sympy.Expr

    def form(self, ring: AbstractNumbers, players: Sequence[sympy.Symbol]) -> Element:
        """L / scale."""
        generators = dict(zip(players, ring.generators(), strict=False))
        parts = [generators[s] * ring.scalar(int(a.p), int(a.q)) for s, a in self.slopes.items() if a]
        return sum(parts, ring.zero) ** self.order


def zero(base: sympy.Expr, baseline: Places, x: Places) -> Zero | None:
    """How a factor vanishes at the baseline; None where it is not known."""
    players = [symbol for symbol in baseline if symbol in base.free_symbols]
    change = {symbol: sympy.expand(x[symbol] - baseline[symbol]) for symbol in players}
    if len(players) == 1:
        (symbol,) = players
        derivative = base
        for k in range(1, MOST + 1):
            derivative = derivative.diff(symbol)
            value = derivative.xreplace(dict(baseline))
            if not _is_finite(value) or (known := vanishes(value)) is None:
                return None
            if not known:
                scale = value / sympy.factorial(k) * change[symbol] ** k
                return Zero((symbol, baseline[symbol]), k, {symbol: sympy.Integer(1)}, scale)
        return None
    slopes = {symbol: base.diff(symbol).xreplace(dict(baseline)) for symbol in players}
    if not all(map(_is_finite, slopes.values())):
        return None
    for symbol in players:
        if vanishes(slopes[symbol]) is False and base.diff(symbol, 2) == 0:
            root = sympy.simplify(-base.subs(symbol, 0) / base.diff(symbol))
            return _linear((symbol, root), {each: slopes[each] * change[each] for each in players})
    return None


def _linear(root: Root, slopes: Mapping[sympy.Symbol, sympy.Expr]) -> Zero | None:
    scale = next((slope for slope in slopes.values() if vanishes(slope) is False), sympy.Integer(0))
    if scale == 0:
        return Zero(root, 1, dict.fromkeys(slopes, sympy.Integer(0)), scale)
    ratios = {symbol: sympy.simplify(slope / scale) for symbol, slope in slopes.items()}
    return Zero(root, 1, ratios, scale) if all(ratio.is_Rational for ratio in ratios.values()) else None


def factored(base: sympy.Expr, players: Collection[sympy.Symbol]) -> list[sympy.Expr]:
    """The factors of a small polynomial, each to a power; the base itself where it is none, or has none.

    >>> x, y = sympy.symbols("x y")
    >>> set(factored(x**2 - y**2, [x, y])) == {x - y, x + y}
    True
    """
    if not base.is_polynomial(*players) or highest_degree(base, players) > MOST or len(base.args) > MOST:
        return [base]
    return list(sympy.Mul.make_args(sympy.factor(base)))


def order_on(numerator: sympy.Expr, root: Root, needed: int) -> int:
    """How often a numerator is known to vanish on a surface; not looked for above what is needed.

    >>> x, y = sympy.symbols("x y")
    >>> order_on(sympy.sin(x * y) ** 2 * sympy.cos(x), (x, sympy.Integer(0)), 3)
    2
    """
    if numerator.is_Mul:
        found = 0
        for factor in numerator.args:
            found += order_on(factor, root, needed - found)
        return found
    if numerator.is_Pow and numerator.exp.is_Integer and numerator.exp > 0:
        power = int(numerator.exp)
        return power * order_on(numerator.base, root, -(-needed // power))
    symbol, place = root
    for k in range(needed):
        value = numerator.subs(symbol, place)
        if not _is_finite(value) or vanishes(value) is not True:
            return k
        numerator = numerator.diff(symbol)
    return needed


@dataclass(frozen=True)
class Division:
    """By factors that vanish at the baseline.

    Args:
        zeros: of the factors.
        powers: of the factors.
        players: all, as they stand in the ring.
    """

    zeros: Sequence[Zero]
    powers: Sequence[int]
    players: Sequence[sympy.Symbol]

    def run(self, ring: AbstractNumbers, numerator: Series, *known: Any) -> Series:
        """The quotient of the series of a numerator; then come those of the factors, and the inverses of the scales."""
        bases, inverses = known[: len(self.zeros)], known[len(self.zeros) :]
        for found, power, base, inverse in zip(self.zeros, self.powers, bases, inverses, strict=True):
            form = found.form(ring, self.players)
            for _ in range(power):
                numerator = _divided(ring, numerator, base, form, found.order, inverse)
        return numerator

    @property
    def inverses(self) -> tuple[sympy.Expr, ...]:
        return tuple(1 / found.scale for found in self.zeros)

    @property
    def orders(self) -> Counter[Root]:
        """How often the numerator must vanish on every surface."""
        orders: Counter[Root] = Counter()
        for found, power in zip(self.zeros, self.powers, strict=True):
            orders[found.root] += found.order * power
        return orders


def division(bases: Mapping[sympy.Expr, int], baseline: Places, x: Places) -> Division | None:
    """By factors that vanish at the baseline, and their powers; None where it is not known how one does."""
    zeros = [found for base in bases if (found := zero(base, baseline, x)) is not None]
    return Division(zeros, list(bases.values()), list(baseline)) if len(zeros) == len(bases) else None


def _divided(
    ring: AbstractNumbers, numerator: Series, base: Series, form: Element, order: int, inverse: Element
) -> Series:
    """The quotient of two series, by the order of the zero shorter than they are; inverse is that of the scale."""
    quotient: Series = []
    for j in range(len(numerator) - order):
        terms = [quotient[i] * base[order + j - i] for i in range(j) if quotient[i] and base[order + j - i]]
        quotient.append(ring.quotient((numerator[order + j] - sum(terms, ring.zero)) * inverse, form))
    return quotient


def _is_finite(value: sympy.Expr) -> bool:
    return not value.has(sympy.nan, sympy.zoo, sympy.oo, -sympy.oo)
