"""Reading an expression that a person or a file wrote, without evaluating it as Python."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from typing import Any

import sympy

_OPERATORS: dict[type, Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
}
_SYMPY = (
    "Abs", "acos", "acosh", "asin", "asinh", "atan", "atanh", "cos", "cosh", "erf", "exp", "log", "Max", "Min", "sin",
    "sinh", "sqrt", "tan", "tanh",
)  # fmt: skip
_FUNCTIONS: dict[str, Callable[..., sympy.Expr]] = {name: getattr(sympy, name) for name in _SYMPY} | {
    "sigmoid": lambda u: 1 / (1 + sympy.exp(-u)),
    "softplus": lambda u: sympy.log(1 + sympy.exp(u)),
}
CONSTANTS = {"pi": sympy.pi, "E": sympy.E}
LARGEST_POWER = 10_000  # of a number


def read(text: str) -> sympy.Expr:
    """An expression of numbers, symbols, + − * / ** and elementary functions; decimals are read exactly.

    Beside SymPy's functions there are sigmoid(u) = 1/(1 + e^{−u}) and softplus(u) = log(1 + e^u).

    Raises:
        ValueError: anything else.

    >>> read("x1*x2/2 + sin(x1)**2 + 0.1")
    x1*x2/2 + sin(x1)**2 + 1/10
    """
    source = text.strip().replace("^", "**")
    try:
        return _expression(ast.parse(source, mode="eval").body, source)
    except (SyntaxError, RecursionError, ArithmeticError, TypeError) as error:
        raise ValueError(f"'{text}' is no expression: {error}") from error


def _expression(node: ast.AST, source: str) -> sympy.Expr:
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        return sympy.Rational(ast.get_source_segment(source, node) or str(node.value))
    if isinstance(node, ast.Name):
        return CONSTANTS.get(node.id, sympy.Symbol(node.id))
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        left, right = _expression(node.left, source), _expression(node.right, source)
        if isinstance(node.op, ast.Pow) and left.is_Rational and right.is_Rational and abs(right) > LARGEST_POWER:
            raise ValueError(f"'{source}' has a power of a number above {LARGEST_POWER}, which would not end")
        return _OPERATORS[type(node.op)](left, right)
    if isinstance(node, ast.UnaryOp) and type(node.op) in _OPERATORS:
        return _OPERATORS[type(node.op)](_expression(node.operand, source))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _FUNCTIONS:
        return _FUNCTIONS[node.func.id](*(_expression(argument, source) for argument in node.args))
    known = ", ".join(_FUNCTIONS)
    raise ValueError(f"'{source}' is no expression of numbers, symbols, + - * / ** and elementary functions ({known})")
