"""Between which values an expression stays in a box: by the ranges of its parts, from the inside out."""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction

import sympy

Number = Fraction | float
Range = tuple[Number, Number]

ANY: Range = (-math.inf, math.inf)
RISING = {
    sympy.exp: math.exp, sympy.tanh: math.tanh, sympy.atan: math.atan, sympy.asinh: math.asinh, sympy.erf: math.erf,
    sympy.sinh: math.sinh,
}  # fmt: skip
LARGEST = 1_000  # of an exponent


def bounds(expression: sympy.Expr, box: Mapping[sympy.Symbol, Range]) -> Range:
    """A lower and an upper bound; infinite where none is known. Those of polynomials in Fractions are exact numbers.

    A symbol that stands there twice may be taken for two, so that the bounds need not be reached.

    >>> x, y = sympy.symbols("x y")
    >>> bounds(2 * x - y, {x: (Fraction(0), Fraction(3)), y: (Fraction(1), Fraction(2))})
    (Fraction(-2, 1), Fraction(5, 1))
    """
    known: dict[sympy.Basic, Range] = dict(box)
    for part in sympy.postorder_traversal(expression):
        if part not in known:
            try:
                found = _bounds(part, [known[each] for each in part.args])
            except (OverflowError, TypeError, ValueError, ZeroDivisionError):
                found = ANY
            known[part] = ANY if any(math.isnan(end) for end in found) else found
    return known[expression]


def number(value: sympy.Expr) -> Number:
    """A Fraction for a rational number, a float for another."""
    return Fraction(int(value.p), int(value.q)) if value.is_Rational else float(value)


def _bounds(part: sympy.Basic, inside: list[Range]) -> Range:
    if not inside:
        return (number(part),) * 2 if part.is_number else ANY
    if part.is_Add:
        return sum(low for low, _ in inside), sum(high for _, high in inside)
    if part.is_Mul:
        found = inside[0]
        for each in inside[1:]:
            ends = [one * other for one in found for other in each]
            found = ANY if any(map(math.isnan, ends)) else (min(ends), max(ends))
        return found
    if part.is_Pow and part.base is not sympy.E:
        return _power(inside[0], part.exp)
    rising = RISING.get(part.func)
    if rising:
        return rising(inside[-1][0]), rising(inside[-1][1])
    if isinstance(part, sympy.log):
        return (math.log(inside[0][0]), math.log(inside[0][1])) if inside[0][0] > 0 else ANY
    return (-1.0, 1.0) if isinstance(part, (sympy.sin, sympy.cos)) else ANY


def _power(base: Range, exponent: sympy.Expr) -> Range:
    low, high = base
    if not exponent.is_Rational or abs(exponent) > LARGEST:
        return ANY
    if exponent < 0:
        if low <= 0 <= high:
            return ANY
        low, high = _power(base, -exponent)
        return 1 / high, 1 / low
    if not exponent.is_Integer:
        return (float(low) ** float(exponent), float(high) ** float(exponent)) if low >= 0 else ANY
    ends = low ** int(exponent), high ** int(exponent)
    if exponent % 2 == 0 and low <= 0 <= high:
        return Fraction(0), max(ends)
    return min(ends), max(ends)
