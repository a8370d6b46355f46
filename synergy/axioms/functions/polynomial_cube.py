"""A polynomial as the function on the cube, in fractions of whole numbers: every method on it is exact, and quick."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
import torch

from decompositions.arithmetic import Array, objects
from decompositions.effects.effects import Effects
from decompositions.expressions.newton_cotes import rule
from decompositions.games.cube import AbstractCube, Calls, both, ignore
from synergy.axioms.functions.function import Point, letter_names
from synergy.axioms.functions.polynomial import Polynomial, constant, polynomial


@dataclass(frozen=True, eq=False)
class PolynomialCube(AbstractCube):
    """g(t) = f(b + t (x − b)) for a polynomial f; one player for each input.

    Args:
        polynomial: f.
        x: the input.
        b: the baseline.
    """

    polynomial: Polynomial
    x: Point
    b: Point
    on_calls: Calls = ignore

    @property
    def n(self) -> int:
        return self.polynomial.n

    @property
    def device(self) -> torch.device:
        return torch.device("cpu")

    @property
    def precision(self) -> float:
        return 0.0

    @property
    def calls_per_point(self) -> int:
        return 1

    @cached_property
    def in_t(self) -> Polynomial:
        """g."""
        return self.polynomial.on_cube(self.b, self.x)

    def effects(self) -> Effects:
        """The Taylor effects of g: its coefficients, the constant first."""
        zero = (0,) * self.n
        terms = {zero: Fraction(0), **self.in_t.by_exponents}
        rows = [zero, *(m for m in terms if m != zero)]
        values = objects([terms[m] for m in rows])
        return Effects(values, names=letter_names(self.n), basis="taylor", degrees=np.array(rows, dtype=np.int64))

    def values(self, points: Array) -> Array:
        return self._at([self.in_t], points)[:, 0]

    def gradient(self, points: Array) -> Array:
        return self._at([self.in_t.slope(i) for i in range(self.n)], points)

    def slopes(self, points: Array) -> Array:
        return self._at([self.polynomial.slope(i).on_cube(self.b, self.x) for i in range(self.n)], points)

    def array(self, table: Any) -> Array:
        entries = np.asarray(table)
        return objects([Fraction(entry) for entry in entries.reshape(-1).tolist()]).reshape(entries.shape)

    def path_rule(self, nodes: int | None, degree: int = 1) -> tuple[Array, Array]:
        """Nodes and weights that are exact for the derivative along curves of a degree."""
        highest = max((sum(m) for m, _ in self.polynomial.terms), default=1)
        places, weights = rule(max(1, highest) * degree)
        return objects(list(places)), objects(list(weights))

    def smoothed(self, noise: Array) -> PolynomialCube:
        mean = polynomial(self.n, {})
        for shift in noise:
            mean = mean.plus(self.polynomial.along((Fraction(1),) * self.n, tuple(shift)), Fraction(1, len(noise)))
        return replace(self, polynomial=mean)

    def differences(self) -> Array:
        return objects([end - start for start, end in zip(self.b, self.x, strict=True)])[None]

    def entrywise(self) -> tuple[PolynomialCube, np.ndarray]:
        return self, np.arange(self.n)

    def active(self) -> tuple[int, ...]:
        return tuple(i for i in range(self.n) if self.x[i] != self.b[i])

    def watched(self, on_calls: Calls) -> PolynomialCube:
        return replace(self, on_calls=both(self.on_calls, on_calls))

    def rehearsal(self, on_calls: Calls) -> PolynomialCube:
        return replace(self, polynomial=constant(self.n, Fraction(1)), on_calls=on_calls)

    def _at(self, functions: Sequence[Polynomial], points: Array) -> Array:
        """Polynomials in t at a batch of points. Shape ``(batch, len(functions))``."""
        self.on_calls(len(points))
        rows = [tuple(point) for point in points]
        found = [f(row) for row in rows for f in functions]
        return objects(found).reshape(len(rows), len(functions))
