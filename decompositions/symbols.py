"""From an expression, numbers and a baseline, as a person writes them, to an ExpressionCube."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import sympy

from decompositions.arithmetic import objects
from decompositions.expression_cube import ExpressionCube, exact
from decompositions.reading import read


def expression_cube(expression: Any, x: Mapping[Any, Any], baseline: Any, weights: Any) -> ExpressionCube:
    """The cube of :meth:`decompositions.game.Game.from_expression`, whose arguments these are.

    Raises:
        TypeError: x is no mapping.
        ValueError: the expression cannot be read, a symbol is missing, a value is no number.
    """
    if not isinstance(x, Mapping) or not x:
        raise TypeError(f"x maps the symbols of the expression to numbers, {{'x1': 2, …}}; this is {x!r}")
    named = {_name(symbol): number for symbol, number in x.items()}
    expression = _read(expression)
    found = {symbol.name: symbol for symbol in expression.free_symbols}
    missing = sorted(set(found) - set(named))
    if missing:
        raise ValueError(f"no number for {', '.join(missing)}; x must name every symbol of {expression}")
    symbols = tuple(found.get(name, sympy.Symbol(name)) for name in named)
    starts = baseline if isinstance(baseline, Sequence) and not isinstance(baseline, str) else [baseline]
    if not starts:
        raise ValueError("a game needs at least one baseline; the list is empty")
    rows = np.stack([_row(start, tuple(named)) for start in starts])
    ends = np.stack([objects([exact(number) for number in named.values()])] * len(rows))
    return ExpressionCube(expression, symbols, ends, rows, _weights(weights, len(rows)))


def _read(expression: Any) -> sympy.Expr:
    if isinstance(expression, str):
        return read(expression)
    try:
        found = sympy.sympify(expression, rational=True)
    except (sympy.SympifyError, SyntaxError, TypeError, AttributeError) as error:
        raise ValueError(f"SymPy cannot read {expression!r} as an expression") from error
    if not isinstance(found, sympy.Expr):
        raise ValueError(f"{expression!r} is not one expression but {type(found).__name__}")
    return sympy.nsimplify(found, rational=True) if found.has(sympy.Float) else found


def _row(baseline: Any, names: tuple[str, ...]) -> np.ndarray:
    if not isinstance(baseline, Mapping):
        return objects([exact(baseline)] * len(names))
    named = {_name(symbol): number for symbol, number in baseline.items()}
    if set(named) != set(names):
        odd = sorted(set(named) ^ set(names))
        raise ValueError(f"the baseline names the symbols of x, {', '.join(names)}; check {', '.join(odd)}")
    return objects([exact(named[name]) for name in names])


def _weights(weights: Any, count: int) -> np.ndarray:
    numbers = [exact(number) for number in ([1] * count if weights is None else weights)]
    if len(numbers) != count or any(number < 0 for number in numbers) or not sum(numbers) > 0:
        raise ValueError(f"weights are {count} non-negative numbers, one per baseline, with a positive sum")
    return objects([number / sum(numbers) for number in numbers])


def _name(symbol: Any) -> str:
    return symbol.name if isinstance(symbol, sympy.Symbol) else str(symbol)
