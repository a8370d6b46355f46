"""How far the exact series of an expression reaches where it is cut off, judged by more terms than are kept."""

from __future__ import annotations

from typing import Any

import numpy as np

from decompositions.arguments import shown
from decompositions.arithmetic import objects, to_float
from decompositions.series.exact.cube_branches import CubeBranches
from decompositions.series.exact.lines import along_lines
from decompositions.series.terms import convergence


def reach(branches: CubeBranches, degrees: np.ndarray, coefficients: np.ndarray, remainder: Any) -> tuple[float, str]:
    """The radius of convergence of a series that is cut off, and what a person should know of it.

    It is estimated from the terms that are known, and from those to a high degree along some lines; where both give
    one, the smaller. Of a series with symbols nothing is known. A branch is described no further than it holds.
    """
    try:
        growth, rest = convergence.growth_of(degrees, to_float(coefficients)), to_float(objects([remainder])).item()
    except TypeError:  # symbols
        return float("nan"), ""
    lines = along_lines(branches)
    known = 0.0
    ends = branches.are_polynomials
    radii = [float("inf")] if ends else [convergence.radius(growth)]
    if lines is not None:
        known = rest if ends else float(lines[len(growth) :, 0].sum())
        growth = np.abs(lines).max(1)
        radii += [convergence.radius(growth)]
    found = float(np.nanmin(radii)) if not np.isnan(radii).all() else float("nan")
    held = branches.reach
    if held > 1 or found <= 1:
        return min(found, held), convergence.statement(growth, known, rest, 0.0, found)
    return held, convergence.branch_statement(shown(branches.expressions[0]), rest, held)
