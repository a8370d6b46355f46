"""Reading an expression that a person or a file wrote, without evaluating it as Python.

Everything that could grow without bound (the text, its nesting, numbers, powers) is measured before it is computed.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable

import sympy

from decompositions.arguments import shown
from decompositions.expressions.magnitude import refuse_power

_SYMPY = (
    "Abs", "acos", "acosh", "asin", "asinh", "atan", "atanh", "cos", "cosh", "erf", "exp", "log", "Max", "Min", "sin",
    "sinh", "sqrt", "tan", "tanh",
)  # fmt: skip
_FUNCTIONS: dict[str, Callable[..., sympy.Expr]] = {name: getattr(sympy, name) for name in _SYMPY} | {
    "relu": lambda u: sympy.Max(0, u),
    "sigmoid": lambda u: 1 / (1 + sympy.exp(-u)),
    "softplus": lambda u: sympy.log(1 + sympy.exp(u)),
}
CONSTANTS = {
    "pi": sympy.pi, "E": sympy.E, "EulerGamma": sympy.EulerGamma, "Catalan": sympy.Catalan,
    "GoldenRatio": sympy.GoldenRatio,
}  # fmt: skip
NOT_FINITE = ("nan", "NaN", "inf", "oo", "zoo")  # as SymPy and Python write what is no finite number
LONGEST = 100_000  # characters of an expression
DEEPEST = 100  # brackets, or signs and powers in a row
MOST_ARGUMENTS = 12  # of Max and Min, which SymPy compares with each other
DIGITS = 4_000  # of a number, a few less than Python itself reads and prints
RULE = f"an expression has numbers, symbols, + - * / ** and elementary functions ({', '.join(_FUNCTIONS)})"


def read(text: str) -> sympy.Expr:
    """An expression of numbers, symbols, + − * / ** and elementary functions; decimals are read exactly.

    Beside SymPy's functions there are relu(u) = max(0, u), sigmoid(u) = 1/(1 + e^{−u}) and softplus(u) = log(1 + e^u).

    Raises:
        ValueError: anything else, or what is too long, too deeply nested or would give too large a number.

    >>> read("x1*x2/2 + sin(x1)**2 + 0.1")
    x1*x2/2 + sin(x1)**2 + 1/10
    """
    source = text.strip().replace("^", "**")
    _refuse_size(source)
    try:
        return _expression(ast.parse(source, mode="eval").body, source)
    except SyntaxError as error:
        where = f" at character {error.offset}" if error.offset else ""
        raise ValueError(f"{shown(text)} is no expression ({shorter(error.msg)}{where}): {RULE}") from error
    except (RecursionError, MemoryError) as error:
        raise ValueError(f"{shown(text)} is nested too deeply or has too many terms; write it in fewer") from error
    except (ArithmeticError, TypeError) as error:
        raise ValueError(f"{shown(text)} is no expression ({shorter(error)}): {RULE}") from error


def number(text: str) -> sympy.Rational:
    """A decimal, exactly.

    Raises:
        ValueError: no decimal, or one of too many digits.

    >>> number("1.5e-3")
    3/2000
    """
    found = re.fullmatch(r"([-+]?[0-9_]*\.?[0-9_]*)(?:e([-+]?[0-9]+))?", text, re.IGNORECASE)
    if not found:
        raise ValueError(f"a number is written as a decimal, like 1.5e-3, not {shown(text)}")
    mantissa, exponent = found[1], found[2] or "0"
    if len(mantissa) > DIGITS or len(exponent) > 9 or len(mantissa) + abs(int(exponent)) > DIGITS:
        raise ValueError(
            f"a number has at most {DIGITS:,} digits; {shown(text)} has more: rescale it, or take a symbol"
        )
    return sympy.Rational(text)


def shorter(message: object) -> str:
    """Somebody else's message, in one line of bounded length."""
    line = " ".join(str(message).split())
    return line if len(line) <= 120 else f"{line[:117]}…"


def _refuse_size(source: str) -> None:
    """Refuse what is too long or too deep for the parser, by its letters alone."""
    if len(source) > LONGEST:
        raise ValueError(
            f"an expression has at most {LONGEST:,} characters; {shown(source)} has more: use Game.from_function"
        )
    if re.search(rf"[0-9_]{{{DIGITS + 1}}}", source):
        raise ValueError(f"a number has at most {DIGITS:,} digits; {shown(source)} has more: rescale it")
    depth = deepest = 0
    for letter in re.findall(r"[()\[\]{}]", source):
        depth += 1 if letter in "([{" else -1
        deepest = max(deepest, depth)
    signs = max((len(run) for run in re.findall(r"[-+~\s]+", source)), default=0)
    powers = max((run.count("**") for run in re.split(r"[-+/(),]|(?<!\*)\*(?!\*)", source)), default=0)
    if max(deepest, signs, powers) > DEEPEST:
        raise ValueError(
            f"an expression nests brackets, signs and powers at most {DEEPEST} deep; {shown(source)} goes deeper: "
            "simplify it, or use Game.from_function"
        )


def _expression(node: ast.AST, source: str) -> sympy.Expr:
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        return number(ast.get_source_segment(source, node) or str(node.value))
    if isinstance(node, ast.Name) and node.id in NOT_FINITE:
        raise ValueError(f"{shown(source)} is no expression: {node.id} is no finite number, and no symbol; {RULE}")
    if isinstance(node, ast.Name):
        return CONSTANTS.get(node.id, sympy.Symbol(node.id))
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub)):
        return sympy.Add(*_terms(node, source))
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Mult, ast.Div)):
        return sympy.Mul(*_factors(node, source))
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
        base, exponent = _expression(node.left, source), _expression(node.right, source)
        refuse_power(base, exponent)
        return base**exponent
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.UAdd, ast.USub)):
        inner = _expression(node.operand, source)
        return inner if isinstance(node.op, ast.UAdd) else -inner
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _FUNCTIONS:
        return _call(node.func.id, node, source)
    odd = shown(ast.get_source_segment(source, node) or source)
    raise ValueError(f"{shown(source)} is no expression: {odd} cannot stand in it; {RULE}")


def _terms(node: ast.AST, source: str) -> list[sympy.Expr]:
    """The terms of a sum, however long, in their order."""
    terms = []
    while isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub)):
        term = _expression(node.right, source)
        terms.append(term if isinstance(node.op, ast.Add) else -term)
        node = node.left
    return [_expression(node, source), *reversed(terms)]


def _factors(node: ast.AST, source: str) -> list[sympy.Expr]:
    """The factors of a product, however long, in their order."""
    factors = []
    while isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Mult, ast.Div)):
        factor = _expression(node.right, source)
        factors.append(factor if isinstance(node.op, ast.Mult) else 1 / factor)
        node = node.left
    return [_expression(node, source), *reversed(factors)]


def _call(name: str, node: ast.Call, source: str) -> sympy.Expr:
    if node.keywords or len(node.args) > MOST_ARGUMENTS or any(isinstance(each, ast.Starred) for each in node.args):
        raise ValueError(
            f"{name} takes at most {MOST_ARGUMENTS} expressions, none by name; {shown(source)} gives it others"
        )
    arguments = [_expression(argument, source) for argument in node.args]
    if name in ("exp", "sigmoid", "softplus") and arguments:
        refuse_power(sympy.E, arguments[0])
    if name == "sqrt" and arguments:
        refuse_power(arguments[0], sympy.Rational(1, 2))
    return _FUNCTIONS[name](*arguments)
