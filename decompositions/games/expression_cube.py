"""A SymPy expression as a function on the cube, in exact arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import Any

import mpmath
import numpy as np
import sympy
import torch

from decompositions.arguments import shown
from decompositions.arithmetic import objects
from decompositions.expressions.expansion.limits import value_by_limit
from decompositions.expressions.expansion.term_count import total_degree
from decompositions.expressions.magnitude import refuse_float
from decompositions.expressions.newton_cotes import rule
from decompositions.expressions.normal_form import expanded, settled
from decompositions.expressions.parser import number as decimal
from decompositions.expressions.parser import read, shorter
from decompositions.games.cube import AbstractCube, Calls, both, ignore
from decompositions.settings import either

NODES = 1_000  # of an exact path integral


def exact(number: Any) -> sympy.Expr:
    """A number as SymPy keeps it exactly; a float is read as the decimal that Python prints (0.1 is 1/10).

    Raises:
        ValueError: not a finite number.
    """
    if isinstance(number, np.generic):
        number = number.item()
    way = "give an int, a Fraction, a decimal or a SymPy number"
    try:
        if isinstance(number, (sympy.Float, mpmath.mpf)):
            refuse_float(number)
        if isinstance(number, (str, float, Decimal, sympy.Float)):
            value = read(number) if isinstance(number, str) else decimal(str(number))
        elif isinstance(number, Fraction):
            value = sympy.Rational(number.numerator, number.denominator)
        else:
            value = sympy.sympify(number, strict=True)
            value = (
                value if value.is_Float else value.xreplace({each: exact(each) for each in value.atoms(sympy.Float)})
            )
    except (sympy.SympifyError, TypeError, ValueError) as error:
        long = isinstance(number, str) or isinstance(error, ValueError)
        why = f" ({shorter(error)})" if long and not isinstance(error, sympy.SympifyError) else ""
        raise ValueError(f"{shown(number)} is not a number{why}; {way}") from error
    if not getattr(value, "is_number", False) or not value.is_real:
        raise ValueError(f"{shown(number)} is not a finite real number; {way}")
    return decimal(str(value)) if value.is_Float else value


@dataclass(frozen=True, eq=False)
class ExpressionCube(AbstractCube):
    """g(t) for an expression; points and values are object arrays of SymPy numbers.

    With parameters, or symbols in x and b, values and derivatives are expressions in these, expanded.

    Args:
        expression: in ``symbols`` and parameters.
        symbols: one player each, in this order.
        x: end points, one row per baseline. Shape ``(K, n)``, SymPy numbers.
        baseline: Shape ``(K, n)``.
        weights: of the baselines, summing to one. Shape ``(K,)``.
        free: whether evaluations only count and all values are 1.
    """

    expression: sympy.Expr
    symbols: tuple[sympy.Symbol, ...]
    x: np.ndarray
    baseline: np.ndarray
    weights: np.ndarray
    on_calls: Calls = ignore
    free: bool = False

    @property
    def n(self) -> int:
        return len(self.symbols)

    @property
    def device(self) -> torch.device:
        return torch.device("cpu")

    @property
    def precision(self) -> float:
        return 0.0

    @property
    def calls_per_point(self) -> int:
        return len(self.baseline)

    @property
    def is_polynomial(self) -> bool:
        return self.expression.is_polynomial(*self.symbols)

    def named(self, row: np.ndarray) -> dict[sympy.Symbol, sympy.Expr]:
        """A row of n numbers by the symbols that take them."""
        return dict(zip(self.symbols, row, strict=True))

    def values(self, points: np.ndarray) -> np.ndarray:
        return self._mean(self.expression, points, np.ones_like(self.x[:, 0]))

    def gradient(self, points: np.ndarray) -> np.ndarray:
        difference = self.x - self.baseline
        columns = [self._mean(d, points, difference[:, i]) for i, d in enumerate(self._derivatives)]
        return np.stack(columns, -1)

    def slopes(self, points: np.ndarray) -> np.ndarray:
        one = np.ones_like(self.x[:, 0])
        return np.stack([self._mean(d, points, one) for d in self._derivatives], -1)

    def array(self, table: Any) -> np.ndarray:
        table = np.asarray(table)
        if table.dtype == object:
            return table
        if table.dtype == bool:
            table = table.astype(np.int64)
        return objects([exact(entry) for entry in table.reshape(-1)]).reshape(table.shape)

    def path_rule(self, nodes: int | None, degree: int = 1) -> tuple[np.ndarray, np.ndarray]:
        """Equispaced nodes with rational weights, exact for the derivative of the polynomial along curves of a degree.

        Raises:
            ValueError: the expression is no polynomial, or one of too high a degree.
        """
        if not self.is_polynomial:
            raise ValueError(
                f"the path integral of {self.expression} has no exact quadrature: it is no polynomial; for a numerical "
                f"one {_numerical()}"
            )
        degree *= max(1, total_degree(self.expression, self.symbols))
        if degree > NODES:
            raise ValueError(
                f"the path integral of a polynomial is exact for a degree of at most {NODES:,}, and "
                f"{shown(self.expression)} may have degree {degree:,}; for a numerical one {_numerical()}"
            )
        places, weights = (
            objects([sympy.Rational(q.numerator, q.denominator) for q in found]) for found in rule(degree)
        )
        return places, weights

    def smoothed(self, noise: Any) -> ExpressionCube:
        shifts = self.array(noise)[:, None, :]
        x = (self.x + shifts).reshape(-1, self.n)
        baseline = (self.baseline + shifts).reshape(-1, self.n)
        weights = np.tile(self.weights / sympy.Integer(len(shifts)), len(shifts))
        return replace(self, x=x, baseline=baseline, weights=weights)

    def differences(self) -> np.ndarray:
        return self.x - self.baseline

    def entrywise(self) -> tuple[ExpressionCube, np.ndarray]:
        return self, np.arange(self.n)

    def active(self) -> tuple[int, ...]:
        return tuple(i for i in range(self.n) if any(settled(d) != 0 for d in self.x[:, i] - self.baseline[:, i]))

    def watched(self, on_calls: Calls) -> ExpressionCube:
        return replace(self, on_calls=both(self.on_calls, on_calls))

    def rehearsal(self, on_calls: Calls) -> ExpressionCube:
        return replace(self, on_calls=on_calls, free=True)

    @cached_property
    def _derivatives(self) -> Sequence[sympy.Expr]:
        real = {symbol: sympy.Dummy(symbol.name, real=True) for symbol in self.symbols}  # |z|' is known for these only
        names, expression = {dummy: symbol for symbol, dummy in real.items()}, self.expression.xreplace(real)
        return [sympy.diff(expression, real[symbol]).xreplace(names) for symbol in self.symbols]

    def _mean(self, expression: sympy.Expr, points: np.ndarray, factors: np.ndarray) -> np.ndarray:
        """Σ_k w_k · factor_k · expression(b_k + t d_k) at every point t."""
        total = np.full(len(points), sympy.Integer(0), dtype=object)
        for x, baseline, scale in zip(self.x, self.baseline, self.weights * factors, strict=True):
            places = baseline + points * (x - baseline)
            total = total + objects([expanded(scale * self._at(expression, place)) for place in places])
            self.on_calls(len(places))
        return total

    def _at(self, expression: sympy.Expr, place: np.ndarray) -> sympy.Expr:
        if self.free:
            return sympy.Integer(1)
        expression, places = sympy.sympify(expression), self.named(place)
        value = value_by_limit(expression, places)
        infinite = value.has(sympy.nan, sympy.zoo, sympy.oo, -sympy.oo)
        if infinite or value.is_extended_real is False:
            where = ", ".join(f"{s} = {v}" for s, v in zip(self.symbols, place, strict=True))
            raise ValueError(f"{expression} has no {'finite' if infinite else 'real'} value at {where}")
        return value


def _numerical() -> str:
    """How the same question is asked in floats."""
    return either(
        "build the game with Game.from_function(sympy.lambdify(…), …)",
        "name a function of NumPy rows: synergy explain model package.module:function",
    )
