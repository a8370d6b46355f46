"""From an expression, numbers and a baseline, as a person writes them, to an ExpressionCube."""

from __future__ import annotations

import keyword
from collections.abc import Mapping, Sequence, Set
from fractions import Fraction
from typing import Any

import numpy as np
import sympy

from decompositions.arguments import entries, shown
from decompositions.arithmetic import objects
from decompositions.expressions.magnitude import Size, refuse_values, size
from decompositions.expressions.parser import CONSTANTS, NOT_FINITE, read
from decompositions.games.expression_cube import ExpressionCube, exact

Symbols = dict[str, sympy.Symbol]
PARAMETERS = "parameters are a list of the symbols that may stay, each a SymPy symbol or its name"
TEXTS = (str, bytes, bytearray, memoryview)  # sequences that are no lists


def expression_cube(
    expression: Any, x: Mapping[Any, Any], baseline: Any, weights: Any, parameters: Any = ()
) -> ExpressionCube:
    """The cube of :meth:`decompositions.games.game.Game.from_expression`, whose arguments these are.

    Raises:
        TypeError: x is no mapping, the parameters or the weights are no list, a symbol or the expression is none.
        ValueError: the expression cannot be read, a symbol is missing, there twice or both player and parameter, a
            value is no number.
    """
    if not isinstance(x, Mapping) or not x:
        raise TypeError(f"x maps the symbols of the expression to numbers, {{'x1': 2, …}}; this is {shown(x)}")
    named = _named(x)
    parameters = _listed(parameters)
    _refuse_names([*named, *(_name(p) for p in parameters)])
    expression = _read(expression)
    found = {symbol.name: symbol for symbol in expression.free_symbols}
    kept = _parameters(parameters, found, named)
    missing = sorted(set(found) - set(named) - set(kept))
    if missing:
        raise ValueError(
            f"no number for {', '.join(missing)}; x must name every symbol of {shown(expression)}, but those that may "
            f"stay: parameters={tuple(missing)}"
        )
    symbols = tuple(found.get(name, sympy.Symbol(name)) for name in named)
    starts = baseline if isinstance(baseline, Sequence) and not isinstance(baseline, TEXTS) else [baseline]
    if not starts:
        raise ValueError("a game needs at least one baseline; the list is empty")
    rows = np.stack([_row(start, tuple(named), kept) for start in starts])
    ends = np.stack([objects([_value(number, kept) for number in named.values()])] * len(rows))
    refuse_values(expression, {symbol: _size([*ends[:, i], *rows[:, i]]) for i, symbol in enumerate(symbols)})
    return ExpressionCube(expression, symbols, ends, rows, _weights(weights, len(rows)))


def _size(values: list[sympy.Expr]) -> Size:
    """That of b + t (x − b) for all values b and x of a symbol."""
    sizes = [size(value) for value in dict.fromkeys(values)]
    return max(bits for bits, _ in sizes), max(top for _, top in sizes)


def _listed(parameters: Any) -> tuple[Any, ...]:
    if isinstance(parameters, (str, sympy.Symbol)):
        return (parameters,)
    return tuple(parameters if isinstance(parameters, Set) else entries(parameters, PARAMETERS))


def _refuse_names(names: list[str]) -> None:
    """Names that an expression could not be read with, or that it would read as something else."""
    for name in names:
        if name in CONSTANTS:
            raise ValueError(
                f"'{name}' is the constant {CONSTANTS[name]} in an expression; give the symbol another name"
            )
        if name in NOT_FINITE:
            raise ValueError(f"'{name}' is how a program writes what is no finite number; give the symbol another name")
        if not name.isidentifier() or keyword.iskeyword(name):
            raise ValueError(
                f"a symbol's name is one word of letters, digits and _, as Python's are, not {shown(name)}"
            )


def _parameters(parameters: tuple[Any, ...], found: Symbols, named: Mapping[str, Any]) -> Symbols:
    """The symbols that may stay, by name, as they stand in the expression."""
    kept = {
        _name(p): found.get(_name(p), p if isinstance(p, sympy.Symbol) else sympy.Symbol(_name(p))) for p in parameters
    }
    both = sorted(set(kept) & set(named))
    if both:
        raise ValueError(f"a symbol is a player, which x gives a value, or a parameter, not both: {', '.join(both)}")
    return kept


def _value(number: Any, parameters: Symbols) -> sympy.Expr:
    """A number, or an expression in the parameters.

    Raises:
        ValueError: neither.
    """
    if not isinstance(number, (str, sympy.Basic)):
        return exact(number)
    try:
        value = _read(number)
    except ValueError:
        return exact(number)
    names = {symbol.name for symbol in value.free_symbols}
    if not names:
        return exact(number)
    if not names <= set(parameters) or value.has(sympy.nan, sympy.zoo, sympy.oo, -sympy.oo):
        raise ValueError(
            f"{shown(number)} is not a finite real number; give an int, a Fraction, a decimal or a SymPy number, or "
            f"declare its symbols: parameters={tuple(sorted(names))}"
        )
    return value.xreplace({symbol: parameters[symbol.name] for symbol in value.free_symbols})


def _read(expression: Any) -> sympy.Expr:
    if isinstance(expression, str):
        return read(expression)
    if isinstance(expression, bool) or not isinstance(expression, (sympy.Expr, int, float, Fraction)):
        raise TypeError(
            f"an expression is text, a SymPy expression or a number, not {shown(expression)}; one value for each input "
            "alone: Game.from_function"
        )
    if not isinstance(expression, sympy.Expr):
        return exact(expression)
    return expression.xreplace({each: exact(each) for each in expression.atoms(sympy.Float)})


def _row(baseline: Any, names: tuple[str, ...], parameters: Symbols) -> np.ndarray:
    if not isinstance(baseline, Mapping):
        return objects([_value(baseline, parameters)] * len(names))
    named = _named(baseline)
    if set(named) != set(names):
        odd = sorted(set(named) ^ set(names))
        raise ValueError(f"the baseline names the symbols of x, {', '.join(names)}; check {', '.join(odd)}")
    return objects([_value(named[name], parameters) for name in names])


def _weights(weights: Any, count: int) -> np.ndarray:
    rule = f"weights are {count} non-negative numbers, one per baseline, with a positive sum"
    numbers = [exact(number) for number in ([1] * count if weights is None else entries(weights, f"{rule}, in a list"))]
    if len(numbers) != count or any(number < 0 for number in numbers) or not sum(numbers) > 0:
        raise ValueError(f"{rule}, not {shown([str(number) for number in numbers])}")
    return objects([number / sum(numbers) for number in numbers])


def _named(numbers: Mapping[Any, Any]) -> dict[str, Any]:
    """Numbers by the names of their symbols.

    Raises:
        TypeError: a key is no symbol.
        ValueError: a symbol is there twice, by its name and itself.
    """
    named: dict[str, Any] = {}
    for symbol, number in numbers.items():
        if _name(symbol) in named:
            raise ValueError(f"a symbol has one value, and {_name(symbol)} is there twice; name every symbol once")
        named[_name(symbol)] = number
    return named


def _name(symbol: Any) -> str:
    if not isinstance(symbol, (str, sympy.Symbol)):
        raise TypeError(f"a symbol is SymPy's, sympy.Symbol('x1'), or its name as text, 'x1', not {shown(symbol)}")
    return symbol.name if isinstance(symbol, sympy.Symbol) else str(symbol)
