"""The power series of an expression along lines, in floats to a high degree: how it goes on above its exact terms."""

from __future__ import annotations

from random import Random

import numpy as np
import sympy

from decompositions.expressions.expansion.plan import Plan
from decompositions.expressions.expansion.planning import planned
from decompositions.expressions.expansion.rings import LineNumbers
from decompositions.series.exact.cube_branches import CubeBranches

PROBE = 36  # degree to which lines are followed
SIGNS = 3  # lines to corners or between them, beside that to x
GENERIC = 2  # lines on which nothing cancels by symmetry


def along_lines(branches: CubeBranches) -> np.ndarray | None:
    """The coefficients of g, or of its branch around b, along lines through b, the one to x first.

    Shape ``(PROBE+1, lines)``.

    Returns:
        None where they are not to be had in floats: with symbols, or where a step needs derivatives one by one.
    """
    cube, plans = branches.cube, []
    try:
        for branch, x, baseline in zip(branches.expressions, cube.x, cube.baseline, strict=True):
            start, end = cube.named(baseline), cube.named(x)
            if planned([branch], start, end, 0).derives:
                return None
            plans.append(planned([branch], start, end, PROBE))
        found = [_along(LineNumbers(speeds), plans, branches) for speeds in _speeds(cube.n)]
    except (TypeError, OverflowError):  # a symbol, or a number beyond floats
        return None
    if found[0] is None or not all(np.isfinite(line).all() for line in found if line is not None):
        return None
    return np.stack([line for line in found if line is not None], 1)


def _along(line: LineNumbers, plans: list[Plan], branches: CubeBranches) -> np.ndarray | None:
    """The coefficients along a line; None where a denominator is 0 all along it."""
    total = np.zeros(PROBE + 1)
    try:
        for plan, branch, weight in zip(plans, branches.expressions, branches.cube.weights, strict=True):
            total += float(weight) * np.array(plan.run(branch, line, _float)[: PROBE + 1], dtype=float)
    except ZeroDivisionError:
        return None
    return total


def _speeds(n: int) -> list[tuple[float, ...]]:
    draw = Random(0)
    signs = [tuple(draw.choice((-1.0, 1.0)) for _ in range(n)) for _ in range(SIGNS + GENERIC)]
    generic = [tuple(sign * (1 + draw.random()) / 2 for sign in line) for line in signs[SIGNS:]]
    return [(1.0,) * n, *signs[:SIGNS], *generic]


def _float(value: sympy.Expr) -> float:
    """A constant as a float.

    Raises:
        TypeError: it has symbols, or is no real number.
    """
    return float(value)
