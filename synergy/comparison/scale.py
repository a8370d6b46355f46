"""What of a comparison is shown first, and on which scale."""

from __future__ import annotations

import numpy as np

from decompositions.arithmetic import to_float
from synergy.comparison.comparison import Comparison
from synergy.comparison.result import Result

APART = 30.0  # the largest attribution of a method with a scale of its own, in units of the median over methods


def strongest_players(comparison: Comparison, most: int) -> list[int]:
    """The players, in order; of more than ``most`` those that any method gives most, each on its scale."""
    shown = [r for r in comparison.columns if r.attribution is not None]
    given = [np.abs(to_float(r.attribution)) / unit(comparison, r) for r in shown]
    n = comparison.effects.n
    if n <= most or not given:
        return list(range(min(n, most)))
    return sorted(np.argsort(-np.max(given, axis=0), kind="stable")[:most].tolist())


def unit(comparison: Comparison, result: Result | None = None) -> float:
    """The largest attribution of all methods that share a scale, or of one that has its own; 1 if all are zero."""
    if result is not None and own_scale(comparison, result):
        return _largest(result) or 1.0
    shared = [each for each in comparison.columns if each.attribution is not None and not own_scale(comparison, each)]
    return max(map(_largest, shared), default=0.0) or 1.0


def own_scale(comparison: Comparison, result: Result) -> bool:
    """Whether a method is shown on a scale of its own: another unit, or so large that it would hide all others."""
    if result.own_unit:
        return True
    sizes = [_largest(each) for each in comparison.columns if each.attribution is not None and not each.own_unit]
    return _largest(result) > APART * float(np.median(sizes)) > 0


def _largest(result: Result) -> float:
    return float(np.abs(to_float(result.attribution)).max())
