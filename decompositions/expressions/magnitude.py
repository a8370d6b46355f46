"""How large the exact numbers of an expression can become, found before any of them is computed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import sympy

from decompositions.arguments import shown
from decompositions.settings import either

LARGEST_POWER = 10_000  # of an exponent
FINEST = 10**15  # of the denominator of an exponent
BITS = 13_000  # of a number in the text of an expression: about 4,000 digits
VALUE_BITS = 10 * BITS  # of the bound for what is computed of it, which is a generous one
ROOT_BITS = 1_000  # of a number under a root, which SymPy tries to factor
FAR = 1e30  # beyond every bound
STEEP = 1_000  # log2 of an argument of exp

Size = tuple[
    float, float
]  # binary digits of numerator and denominator together; log2 of the absolute value, if above 0
Sizes = Mapping[sympy.Symbol, Size]


def refuse_power(base: sympy.Expr, exponent: sympy.Expr) -> None:
    """Refuse a power of which the result, or the work for it, has no bound worth paying.

    Raises:
        ValueError: the exponent or a number to a power is too large.
    """
    way = "take a smaller one, or a symbol for it"
    steep = base is not sympy.E and exponent.is_Rational
    if steep and (abs(exponent) > LARGEST_POWER or exponent.q > FINEST):
        raise ValueError(f"an exponent is at most {LARGEST_POWER:,} in size, not {brief(exponent)}; {way}")
    if base.free_symbols or exponent.free_symbols:
        return
    if not exponent.is_Integer and base.is_Rational and size(base)[0] > ROOT_BITS:
        raise ValueError(f"a number under a root has at most {digits(ROOT_BITS)} digits, {brief(base)} more; {way}")
    bits = size(sympy.Pow(base, exponent, evaluate=False))[0]
    if bits > BITS:
        raise ValueError(
            f"a number has at most {digits(BITS)} digits; {brief(base)} to the power {brief(exponent)} may "
            f"have {digits(bits)}: {way}"
        )


def refuse_float(value: Any) -> None:
    """Refuse a float of SymPy's or mpmath's that has too many decimal digits before or behind its point.

    Raises:
        ValueError: it has.
    """
    _, mantissa, exponent, bits = value._mpf_
    if mantissa and max(abs(exponent), abs(exponent + bits)) > BITS:
        raise ValueError(
            f"a number has at most {digits(BITS)} digits, and one about 2 to the power {exponent + bits:,} has more: "
            "rescale it"
        )


def refuse_values(expression: sympy.Expr, sizes: Sizes) -> None:
    """Refuse an expression whose values at the places of a game could be too large.

    Args:
        expression: in the symbols of ``sizes`` and others.
        sizes: of the numbers that each symbol stands for.

    Raises:
        ValueError: they could.
    """
    bits = size(expression, sizes)[0]
    if bits > VALUE_BITS:
        raise ValueError(
            f"the exact values of {shown(expression)} may have {digits(bits)} digits, more than {digits(VALUE_BITS)}; "
            "take smaller powers or shorter numbers"
            + either(", or floats: Game.from_function(sympy.lambdify(…), …)", "")
        )


def size(part: sympy.Expr, sizes: Sizes | None = None) -> Size:
    """Bounds on the binary digits of a value and on the logarithm of its absolute value, for symbols of known sizes.

    >>> x = sympy.Symbol("x")
    >>> size(sympy.Integer(8)), size(x**10, {x: (4.0, 3.0)})
    ((4.0, 3.0), (40.0, 40.0))
    """
    known = dict(sizes or {})
    for each in sympy.postorder_traversal(part):
        if each not in known and isinstance(each, sympy.Expr):
            bits, top = _size(each, [known[inner] for inner in each.args if inner in known])
            known[each] = (min(FAR, bits), min(FAR, top))
    return known[part]


def _size(part: sympy.Expr, inside: list[Size]) -> Size:
    if part.is_Rational:
        p, q = math.log2(max(1, abs(int(part.p)))), math.log2(int(part.q))
        return 1 + p + q, max(0.0, p - q)
    if not inside:
        return 2.0, 2.0
    bits, top = sum(each[0] for each in inside), max(each[1] for each in inside)
    if part.is_Mul:
        return bits, sum(each[1] for each in inside)
    if isinstance(part, sympy.exp) or (part.is_Pow and part.base is sympy.E):
        return _exponential(part, bits, inside[-1][1])
    if part.is_Pow:
        power = float(abs(part.exp)) if part.exp.is_Rational else 2 ** min(inside[1][1], 100.0)
        return inside[0][0] * max(1.0, power), inside[0][0] * power
    if isinstance(part, sympy.log):
        return bits + 1, math.log2(1 + bits)
    if isinstance(part, (sympy.sinh, sympy.cosh)):
        return _exponential(part, bits, top)
    return (bits + 1 if top <= VALUE_BITS else FAR), top + math.log2(len(inside) + 1)


def _exponential(part: sympy.Expr, bits: float, top: float) -> Size:
    """eᵘ stays as it is unless u has logarithms: e^(m log n) is nᵐ. A tower of them has no value that fits anywhere."""
    grown = 2 ** min(top, 100.0) if part.has(sympy.log) else 1.0
    return (bits * grown + 1 if top <= STEEP else FAR), 1.5 * 2 ** min(top, 100.0)


def digits(bits: float) -> str:
    """Binary digits as decimal ones, for a message."""
    return f"{math.ceil(bits * math.log10(2)):,}" if bits < 1e9 else "billions of"


def brief(value: sympy.Expr) -> str:
    """A number for a message."""
    if value.is_Integer:
        return shown(int(value))
    return shown(value) if size(value)[0] < 1_000 else f"a number of {digits(size(value)[0])} digits"
