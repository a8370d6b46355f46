"""The order in which the series of an expression's parts are found, and the constants that they need."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import sympy

from decompositions.expressions.expansion.recurrences import Series
from decompositions.expressions.expansion.rings import AbstractNumbers, Element

Places = Mapping[sympy.Symbol, sympy.Expr]


@dataclass(frozen=True)
class Step:
    """Some parts of an expression, from the series of smaller ones.

    Args:
        gives: the parts whose series it finds.
        parts: the smaller ones, whose series it needs.
        constants: that it needs in the ring.
        run: from the ring, the series of the smaller parts and the constants to a series for each of ``gives``.
    """

    gives: tuple[sympy.Expr, ...]
    parts: tuple[sympy.Expr, ...]
    constants: tuple[sympy.Expr, ...]
    run: Callable[..., tuple[Series, ...]]


@dataclass
class Plan:
    """The steps to the series of an expression at one baseline, and the value of each of its parts there.

    Args:
        baseline: of the players' symbols.
        x: likewise.
        top: the largest degree.
    """

    baseline: Places
    x: Places
    top: int
    steps: list[Step] = field(default_factory=list)
    values: dict[sympy.Expr, sympy.Expr] = field(default_factory=dict)
    derives: bool = False  # whether a step needs derivatives one by one, the more the higher the degree
    lost: int = 0  # degrees, at most, by which the series is shorter than the top

    def run(self, expression: sympy.Expr, ring: AbstractNumbers, element: Callable[[sympy.Expr], Element]) -> Series:
        """The series of an expression that was visited; ``element`` takes a constant to the ring."""
        return self.run_all(ring, element)[expression]

    def run_all(self, ring: AbstractNumbers, element: Callable[[sympy.Expr], Element]) -> dict[sympy.Expr, Series]:
        """The series of all parts that were visited."""
        known: dict[sympy.Expr, Series] = {}
        for step in self.steps:
            inner = [known[part] for part in step.parts]
            length = min(map(len, inner), default=0)
            found = step.run(ring, *(series[:length] for series in inner), *map(element, step.constants))
            known.update(zip(step.gives, found, strict=True))
        return known
