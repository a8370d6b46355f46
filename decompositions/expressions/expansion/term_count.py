"""How many terms the power series of an expression can have, found before any of them is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import comb

import sympy

EXPANDED = 5_000  # terms up to which a polynomial is expanded to find its degree
FEW_DEGREES = 64  # up to which the powers of a part are counted one by one

Counts = list[int]  # monomials of degree 0, 1, …, K


def most_terms(expression: sympy.Expr, starts: Mapping[sympy.Symbol, bool], top: int) -> int:
    """A bound on the terms up to a degree of an expression or of a part of it.

    Args:
        expression: in the symbols of ``starts`` and constants.
        starts: for every player that takes part, whether its baseline is other than zero.
        top: the degree.

    >>> x, y = sympy.symbols("x y")
    >>> most_terms(sympy.sin(x * y), {x: False, y: False}, 6), most_terms(sympy.sin(x + y), {x: False, y: False}, 2)
    (4, 6)
    """
    known: dict[sympy.Expr, Counts] = {}
    for part in sympy.postorder_traversal(expression):
        if part not in known:
            known[part] = _counts(part, [known[each] for each in part.args], starts, top)
    return max(map(sum, known.values()))


def highest_degree(polynomial: sympy.Expr, symbols: Iterable[sympy.Symbol]) -> int:
    """A bound on the total degree of a polynomial that is not expanded.

    >>> x, y = sympy.symbols("x y")
    >>> highest_degree((x + y * x) ** 10 + y, [x, y])
    20
    """
    known: dict[sympy.Basic, int] = dict.fromkeys(symbols, 1)
    for part in sympy.postorder_traversal(polynomial):
        if part not in known:
            inside = [known[each] for each in part.args] or [0]
            grown = inside[0] * int(part.exp) if part.is_Pow and inside[0] else max(inside)
            known[part] = sum(inside) if part.is_Mul else grown
    return known[polynomial]


def total_degree(polynomial: sympy.Expr, symbols: Iterable[sympy.Symbol]) -> int:
    """The total degree of a polynomial; a bound on it where expanding takes many terms.

    >>> x = sympy.Symbol("x")
    >>> total_degree((x + 1) ** 2 - x**2, [x])
    1
    """
    symbols = list(symbols)
    bound = highest_degree(polynomial, symbols)
    if most_terms(polynomial, dict.fromkeys(symbols, False), bound) > EXPANDED:
        return bound
    return max(0, sympy.Poly(polynomial, *symbols).total_degree())  # of 0 it is −∞


def _counts(part: sympy.Basic, inside: list[Counts], starts: Mapping[sympy.Symbol, bool], top: int) -> Counts:
    players = [symbol for symbol in part.free_symbols if symbol in starts]
    if not players:
        return [1, *[0] * top]
    if part in starts:
        return [int(starts[part]), 1, *[0] * top][: top + 1]
    full = [comb(len(players) + k - 1, k) for k in range(top + 1)]
    if part.is_Add:
        found = [sum(column) for column in zip(*inside, strict=True)]
    elif top > FEW_DEGREES:
        return full
    elif part.is_Mul:
        found = inside[0]
        for each in inside[1:]:
            found = _product(found, each, full)
    else:
        found = _powers([sum(column) for column in zip(*inside, strict=True)], full)
    return [min(pair) for pair in zip(found, full, strict=True)]


def _powers(inner: Counts, full: Counts) -> Counts:
    """The monomials of all powers of what a part has above its constant."""
    power = [1, *[0] * (len(inner) - 1)]
    found, rest = list(power), [0, *inner[1:]]
    for _ in range(1, len(inner)):
        power = _product(power, rest, full)
        found = [one + two for one, two in zip(found, power, strict=True)]
    return found


def _product(one: Counts, two: Counts, full: Counts) -> Counts:
    sums = [sum(one[j] * two[k - j] for j in range(k + 1)) for k in range(len(one))]
    return [min(pair) for pair in zip(sums, full, strict=True)]
