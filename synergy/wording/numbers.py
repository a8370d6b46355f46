"""How numbers are written."""

from __future__ import annotations

import math
from fractions import Fraction
from numbers import Rational
from typing import Any

from decompositions import counts

SHORT = 9  # characters of a fraction that is written out
TINY = 1e-4  # of a scale below which numbers are written by powers of ten


def number(value: Any, *, sign: bool = False) -> str:
    """Four significant digits; an exact rational number as it is, while it is short.

    Args:
        value: a number: Python's, SymPy's, NumPy's, or a tensor of one element.
        sign: whether positive numbers have a plus.

    >>> number(-2.03149), number(Fraction(-35, 18)), number(3), number(1.5e-7), number(123456.0), number(0.99999)
    ('-2.031', '-35/18', '3', '1.5e-7', '123456', '1.000')
    """
    plus = "+" if sign and value > 0 else ""
    if isinstance(value, Rational):
        exact = Fraction(int(value.numerator), int(value.denominator))
        if max(abs(exact.numerator), exact.denominator) < 10**SHORT and len(str(exact)) <= SHORT:
            return plus + str(exact)
        if abs(exact.numerator) >= counts.FLOATS or exact.denominator >= counts.FLOATS:
            return plus + _exponent(counts.rounded(exact))
    return plus + _digits(float(value))


def brief(value: float) -> str:
    """Two significant digits, for errors and shares.

    >>> brief(0.0321), brief(1.0), brief(5e-17)
    ('0.032', '1', '5e-17')
    """
    return _exponent(f"{value + 0.0:.2g}")  # −0 + 0 is 0


def scalar(value: Any) -> Any:
    """A tensor of one element as a Python number; exact numbers as they are."""
    return value.item() if hasattr(value, "item") else value


def fixed(value: float, unit: float, digits: int = 3) -> str:
    """A signed number with as many decimals as give the largest one of its scale so many digits.

    On a scale below 1e-4 or from 1e6 on it has a power of ten.

    >>> fixed(-0.0308, 2.136), fixed(12.04, 980.0), fixed(-0.0, 1.0), fixed(-1e-4, 1.0), fixed(-23347386.0, 2e8)
    ('-0.03', '+12', '0', '0.00', '-2.3e7')
    >>> fixed(4e-9, 4e-9), fixed(-1.26e-9, 4e-9)
    ('+4e-9', '-1.3e-9')
    """
    if value and not TINY <= unit < 1e6:
        return _exponent(f"{value:+.{digits - 1}g}")
    decimals = max(0, digits - 1 - math.floor(math.log10(unit)))
    text = f"{value:+.{decimals}f}"
    if not value:
        return "0"
    return text if text.strip("+-0.") else text[1:]  # what rounds to zero has no sign


def _digits(value: float) -> str:
    if value == 0 or not math.isfinite(value):
        return f"{value + 0.0:g}"
    if 1e-3 <= abs(value) < 1e6:
        written = float(f"{abs(value):.4g}")  # 0.99999 is written as 1.000
        return f"{value:.{max(0, 3 - math.floor(math.log10(written)))}f}"
    return _exponent(f"{value:.4g}")


def _exponent(text: str) -> str:
    """1.5e-07 as 1.5e-7."""
    mantissa, letter, power = text.partition("e")
    return f"{mantissa}e{int(power)}" if letter else text


def roughly(value: float) -> str:
    """Two significant digits, one for small numbers: the cells of a table."""
    return "0" if value == 0 else f"{value:.2g}" if value >= 1e-3 else f"{value:.0e}"


def minus(text: str) -> str:
    """A text with the sign that belongs before a number."""
    return text.replace("-", "−")
