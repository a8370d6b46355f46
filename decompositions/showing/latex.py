"""LaTeX of numbers, of players' names and of any text."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any

from decompositions.counts import TOO_LONG, exactly

_SPECIAL = {letter: "\\" + letter for letter in "#$%&_{}"} | {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
}


def number(value: Any) -> str:
    """An exact number or expression in LaTeX.

    >>> number(Fraction(-1, 3)), number(2)
    ('- \\\\frac{1}{3}', '2')
    """
    from sympy import Rational, latex, sympify  # SymPy's printers are loaded only where they are used

    exact = Rational(value.numerator, value.denominator) if isinstance(value, Fraction) else sympify(value)
    return str(latex(exact)) if exactly(exact) != TOO_LONG else rf"\text{{{TOO_LONG}}}"


def name(text: str) -> str:
    r"""A player's name in LaTeX: x_{1} for x1, \text{not happy} for words.

    >>> name("x1"), name("50% off"), name("z")
    ('x_{1}', '\\text{50\\% off}', 'z')
    """
    found = re.fullmatch(r"([A-Za-z])_?(\d*)", text)
    if not found:
        return rf"\text{{{escaped(text)}}}"
    letter, index = found.groups()
    return f"{letter}_{{{index}}}" if index else letter


def escaped(text: str) -> str:
    """A text with LaTeX's own letters escaped."""
    return "".join(_SPECIAL.get(letter, letter) for letter in text)
