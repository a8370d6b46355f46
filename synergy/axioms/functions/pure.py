"""Pure interactions and monomials, in the differences from the baseline."""

from __future__ import annotations

from fractions import Fraction

from synergy.axioms.functions.function import Point
from synergy.axioms.functions.polynomial import Polynomial, polynomial


def pure(f: Polynomial, b: Point) -> tuple[Polynomial, tuple[int, ...]]:
    """The terms of f in z − b with most players, and of these exactly the players of the first: with these players.

    It vanishes wherever one of them is at its baseline, and reads no others.

    >>> G, S = pure(polynomial(3, {(1, 0, 0): 5, (1, 1, 0): 1, (2, 1, 0): 3}), (Fraction(0),) * 3)
    >>> G.text(), S
    ('z₁z₂ + 3z₁²z₂', (0, 1))
    """
    shifted = _shifted(f, b)
    sets = [_support(m) for m, _ in shifted.terms]
    chosen = max(sets, key=len, default=())
    kept = {m: c for (m, c), S in zip(shifted.terms, sets, strict=True) if chosen == S and chosen}
    return _back(polynomial(f.n, kept), b), chosen


def leading(f: Polynomial, b: Point) -> Polynomial:
    """(z − b)^m for the m of f with most players, the first of these in f."""
    shifted = _shifted(f, b)
    m = max((m for m, _ in shifted.terms), key=lambda each: len(_support(each)))
    return _back(polynomial(f.n, {m: 1}), b)


def _shifted(f: Polynomial, b: Point) -> Polynomial:
    return f.along((Fraction(1),) * f.n, b)


def _back(f: Polynomial, b: Point) -> Polynomial:
    return f.along((Fraction(1),) * f.n, tuple(-start for start in b))


def _support(m: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(i for i, power in enumerate(m) if power)
