"""The value of an expression where a part of it is 0/0 but regular, as sin(x)/x at 0."""

from __future__ import annotations

from collections.abc import Mapping

import sympy

from decompositions.expressions.expansion.planning import planned


def value_by_limit(expression: sympy.Expr, place: Mapping[sympy.Symbol, sympy.Expr]) -> sympy.Expr:
    """The value at a place, part by part; quotients that are 0/0 there by the power series of their parts.

    >>> x = sympy.Symbol("x")
    >>> value_by_limit(sympy.sin(x) / x + 1, {x: sympy.Integer(0)})
    2
    """
    value = expression.xreplace(dict(place))
    if not value.has(sympy.nan, sympy.zoo) or not all(isinstance(part, sympy.Expr) for part in expression.args):
        return value
    value = expression.func(*(value_by_limit(part, place) for part in expression.args))
    if not (value.has(sympy.nan, sympy.zoo) and (expression.is_Mul or expression.is_Add)):
        return value
    try:
        beside = {symbol: start + 1 for symbol, start in place.items()}
        return planned([expression], place, beside, 0).values[expression]
    except ValueError:  # a pole, or what is not known to be none
        return value
