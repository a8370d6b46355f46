"""The power series of expressions, exactly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import sympy

from decompositions.arithmetic import objects

if TYPE_CHECKING:
    from decompositions.expression_cube import ExpressionCube

Terms = dict[tuple[int, ...], sympy.Expr]  # degree vector → coefficient


def expression_series(cube: ExpressionCube, degree: int | None) -> tuple[np.ndarray, np.ndarray, Any, bool]:
    """The coefficients of g(t) up to a degree.

    A polynomial's are all known without a degree. The others follow from the parts of the expression: sums, products,
    powers and elementary functions of truncated series.

    Returns:
        Degree vectors ``(m, n)`` by degree, the constant first; coefficients ``(m,)``; the remainder at t = 1, which
        is g(1) less the kept coefficients; whether a term may be left out.

    Raises:
        ValueError: no polynomial and no degree, a singular point (it is named), or a function without a series.
    """
    if degree is None and not cube.is_polynomial:
        raise ValueError(
            f"{cube.expression} is no polynomial, so its Taylor series does not end; give the degree up to which it is "
            "wanted, taylor(game, degree=6), or use harsanyi(), whose effects are exact for any expression"
        )
    top = sympy.Poly(cube.expression, *cube.symbols).total_degree() if degree is None else degree
    total: Terms = {(0,) * cube.n: sympy.Integer(0)}
    for x, baseline, weight in zip(cube.x, cube.baseline, cube.weights, strict=True):
        lines = {s: _line(i, x[i], baseline[i], cube.n) for i, s in enumerate(cube.symbols)}
        _add(total, _series(cube.expression, lines, max(top, 0), cube.n), weight)
    zero = (0,) * cube.n
    kept = {key: value for key, value in total.items() if key == zero or value != 0}
    order = sorted(kept, key=lambda key: (sum(key), tuple(-k for k in key)))
    values = [kept[key] for key in order]
    table = np.array(order, dtype=np.int64).reshape(-1, cube.n)
    if cube.is_polynomial and sympy.Poly(cube.expression, *cube.symbols).total_degree() <= top:
        return table, objects(values), sympy.Integer(0), False
    end = cube.values(cube.array(np.ones((1, cube.n), dtype=np.int64)))[0]
    return table, objects(values), end - sum(values, sympy.Integer(0)), True


def _line(i: int, end: sympy.Expr, start: sympy.Expr, n: int) -> Terms:
    """b_i + t_i d_i."""
    return {(0,) * n: start, tuple(int(k == i) for k in range(n)): end - start}


def _series(expression: sympy.Expr, lines: dict[sympy.Symbol, Terms], top: int, n: int) -> Terms:
    """The terms of an expression up to a total degree, from those of its parts."""
    if expression in lines:
        return {key: value for key, value in lines[expression].items() if sum(key) <= top}
    if not expression.free_symbols:
        return {(0,) * n: expression}
    parts = [_series(part, lines, top, n) for part in expression.args]
    if expression.is_Add:
        total: Terms = {}
        for part in parts:
            _add(total, part, sympy.Integer(1))
        return total
    if expression.is_Mul:
        product = parts[0]
        for part in parts[1:]:
            product = _times(product, part, top)
        return product
    if expression.is_Pow:
        return _power(expression, parts, top, n)
    if isinstance(expression, sympy.Function) and len(parts) == 1:
        return _composed(expression.func, parts[0], top, n)
    raise ValueError(f"no Taylor series is known for {expression}; use harsanyi(), exact for any expression")


def _power(expression: sympy.Expr, parts: list[Terms], top: int, n: int) -> Terms:
    base, exponent = expression.args
    if exponent.is_Integer and exponent >= 0:
        product: Terms = {(0,) * n: sympy.Integer(1)}
        for _ in range(int(exponent)):
            product = _times(product, parts[0], top)
        return product
    if not exponent.free_symbols:
        return _composed(lambda y: y**exponent, parts[0], top, n)
    if not base.free_symbols:
        return _composed(lambda y: base**y, parts[1], top, n)
    return _composed(sympy.exp, _times(parts[1], _composed(sympy.log, parts[0], top, n), top), top, n)


def _composed(function: Any, inner: Terms, top: int, n: int) -> Terms:
    """f(c + u) = Σ_k f⁽ᵏ⁾(c)/k! uᵏ, with u the terms of the inner series but its constant c."""
    zero, y = (0,) * n, sympy.Dummy("y")
    constant = inner.get(zero, sympy.Integer(0))
    rest = {key: value for key, value in inner.items() if key != zero}
    total: Terms = {}
    power: Terms = {zero: sympy.Integer(1)}
    derivative = function(y)
    for k in range(top + 1):
        value = derivative.subs(y, constant)
        if value.has(sympy.nan, sympy.zoo, sympy.oo, -sympy.oo, sympy.Derivative, sympy.Subs):
            raise ValueError(
                f"{function(y).subs(y, sympy.Symbol('u'))} has no Taylor series at u = {constant}, its value at the "
                "baseline; take a baseline at which it is regular"
            )
        _add(total, power, value / sympy.factorial(k))
        power = _times(power, rest, top)
        if not power:
            break
        derivative = derivative.diff(y)
    return total


def _add(total: Terms, terms: Terms, factor: sympy.Expr) -> None:
    for key, value in terms.items():
        total[key] = total.get(key, sympy.Integer(0)) + factor * value


def _times(first: Terms, second: Terms, top: int) -> Terms:
    product: Terms = {}
    for a, x in first.items():
        for b, y in second.items():
            if sum(a) + sum(b) <= top and x != 0 and y != 0:
                key = tuple(i + j for i, j in zip(a, b, strict=True))
                product[key] = product.get(key, sympy.Integer(0)) + x * y
    return product
