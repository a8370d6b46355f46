"""When an exact expression is zero for all values of its symbols, and the form in which exact results are given."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from random import Random
from typing import Any

import sympy

ROUNDS = 3  # places that are tried before a proof is


def vanishes(expression: sympy.Expr) -> bool | None:
    """Whether an expression is zero for all values of its symbols.

    It is not, if it has a digit that is certain to differ from zero at some place. Otherwise it is expanded and
    simplified, as it stands and with its functions written as exponentials, until a rational number (of the expression,
    or of its numerator) decides. The symbols are complex numbers unless
    they say otherwise: √(p²) − p is not zero.

    Returns:
        None where neither is known.

    >>> p = sympy.Symbol("p")
    >>> vanishes(sympy.sin(p) ** 2 + sympy.cos(p) ** 2 - 1), vanishes(p**2 - p), vanishes(sympy.Integer(0))
    (True, False, True)
    """
    if expression.is_Rational:
        return bool(expression == 0)
    if any(_is_certain(_number(expression, place)) for place in places(expression.free_symbols)):
        return False
    exponentials = expression.rewrite(sympy.exp)
    attempts: tuple[Callable[[], Any], ...] = (
        lambda: sympy.expand(expression),
        lambda: sympy.expand(sympy.together(sympy.expand(exponentials)).as_numer_denom()[0]),
        lambda: sympy.simplify(expression),
        lambda: sympy.simplify(exponentials),
        lambda: sympy.radsimp(expression),
    )
    found = next((form for form in (attempt() for attempt in attempts) if form.is_Rational), None)
    return None if found is None else bool(found == 0)


def settled(value: Any) -> Any:
    """An exact number or expression, expanded, and 0 if it vanishes identically; Fractions as they are.

    >>> p = sympy.Symbol("p")
    >>> settled((p + 1) ** 2 - p**2 - 1), settled(sympy.sqrt(2) ** 2 / 2)
    (2*p, 1)
    """
    if not isinstance(value, sympy.Expr) or value.is_Rational:
        return value
    value = sympy.expand(value)
    return sympy.Integer(0) if vanishes(value) else value


def expanded(value: sympy.Expr) -> sympy.Expr:
    """An expression with symbols, multiplied out, so that equal terms meet and cancel; a number as it is."""
    return sympy.expand(value) if value.free_symbols else value


def places(symbols: Iterable[sympy.Symbol]) -> list[dict[sympy.Symbol, sympy.Rational]]:
    """Rational values for the symbols, drawn from their names: positive in the first round, then of both signs.

    One round is enough where there are no symbols. A symbol that is known to be positive, or an integer, is taken so.
    """
    chosen = sorted(symbols, key=str)
    return [{s: _place(s, turn) for s in chosen} for turn in range(ROUNDS if chosen else 1)]


def _place(symbol: sympy.Symbol, turn: int) -> sympy.Rational:
    draw = Random(f"{symbol} {turn}")
    value = sympy.Integer(draw.randint(2, 99)) if symbol.is_integer else sympy.Rational(draw.randint(500, 9999), 4001)
    negative = symbol.is_negative or (turn and not symbol.is_nonnegative and draw.random() < 0.5)
    return -value if negative else value


def _number(expression: sympy.Expr, place: dict[sympy.Symbol, sympy.Rational]) -> sympy.Expr:
    return expression.xreplace(place).evalf(15, maxn=200)


def _is_certain(number: sympy.Expr) -> bool:
    """Whether a real or imaginary part has a digit that rounding cannot have made."""
    return any(part.is_Float and part != 0 and part._prec > 1 for part in number.as_real_imag())
