"""How polynomials, networks and points are written, in text and in LaTeX."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from synergy.wording.numbers import minus, number

_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_LOWERED = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def lowered(i: int) -> str:
    """A number as an index below the line."""
    return str(i).translate(_LOWERED)


def letter(i: int, latex: bool = False) -> str:
    """The input z_i, counted from 1."""
    return f"z_{{{i + 1}}}" if latex else f"z{lowered(i + 1)}"


def named_set(members: Sequence[int]) -> str:
    """A set of players as an index below the line, counted from 1.

    >>> named_set((0, 2))
    '₁,₃'
    """
    return ",".join(lowered(i + 1) for i in members)


def monomial(m: Sequence[int], latex: bool = False) -> str:
    """z^m; nothing for the constant."""
    raised = (f"^{{{k}}}" if latex else str(k).translate(_RAISED) for k in m)
    return "".join(letter(i, latex) + (power if m[i] > 1 else "") for i, power in enumerate(raised) if m[i])


def text_sum(terms: Sequence[tuple[Fraction, str]]) -> str:
    """Σ c · term with signs between; "" is the term of a constant."""
    return _sum(terms, "−", "0", lambda c: str(c) if c.denominator == 1 else f"{c}·")


def latex_sum(terms: Sequence[tuple[Fraction, str]]) -> str:
    """The same in LaTeX."""
    return _sum(terms, "-", "0", latex_number)


def latex_number(value: Any) -> str:
    """A fraction as one, a float in four digits."""
    if isinstance(value, Fraction) and value.denominator != 1:
        sign = "-" if value < 0 else ""
        return rf"{sign}\tfrac{{{abs(value.numerator)}}}{{{value.denominator}}}"
    return number(value)


def point(values: Sequence[Any]) -> str:
    """The coordinates in brackets; a single one by itself.

    >>> point([Fraction(1), Fraction(-1, 2)])
    '(1, −1/2)'
    """
    written = ", ".join(minus(number(each)) for each in values)
    return written if len(values) == 1 else f"({written})"


def latex_point(values: Sequence[Any]) -> str:
    """The same in LaTeX."""
    return rf"\bigl({', '.join(map(latex_number, values))}\bigr)"


def _sum(terms: Sequence[tuple[Fraction, str]], dash: str, nothing: str, write: Any) -> str:
    out = ""
    for c, name in terms:
        sign = dash if c < 0 else "+"
        size = abs(c)
        part = name if name and size == 1 else write(size).rstrip("·" if not name else "") + name
        out += (f" {sign} " if out else dash if c < 0 else "") + part
    return out or nothing
