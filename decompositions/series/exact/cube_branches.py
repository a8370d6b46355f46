"""The expression of a cube without its kinks, as it is around every baseline, and how far it is that one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import sympy

from decompositions.games.expression_cube import ExpressionCube
from decompositions.series.exact.branch_reach import branch_reach
from decompositions.series.exact.branches import Branch, Margin


@dataclass(frozen=True, eq=False)
class CubeBranches:
    """The branches of the expression of a cube, one for every baseline.

    Args:
        cube: of the expression.
    """

    cube: ExpressionCube

    @cached_property
    def expressions(self) -> tuple[sympy.Expr, ...]:
        """The expression without its kinks, as it is around every baseline.

        Raises:
            ValueError: a baseline is on a kink.
        """
        return tuple(expression for expression, _ in self._branches)

    @property
    def are_polynomials(self) -> bool:
        """Whether the series ends."""
        return all(branch.is_polynomial(*self.cube.symbols) for branch in self.expressions)

    @cached_property
    def reach(self) -> float:
        """How far they hold, x at 1; as :mod:`decompositions.series.exact.branch_reach` says it."""
        named, rows = self.cube.named, zip(self._branches, self.cube.baseline, self.cube.x, strict=True)
        reach = [branch_reach(margins, named(start), named(end)) for (_, margins), start, end in rows]
        return min(reach, key=lambda r: (r > 1, not r <= 1, r))

    @cached_property
    def _branches(self) -> list[tuple[sympy.Expr, tuple[Margin, ...]]]:
        found = []
        for start in self.cube.baseline:
            branch = Branch(self.cube.named(start))
            found.append((branch.smooth(self.cube.expression), tuple(branch.margins)))
        return found
