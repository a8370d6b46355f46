"""What of a comparison is shown first, and on which scale."""

from __future__ import annotations

import numpy as np

from decompositions.arithmetic import to_float
from synergy.comparison.comparison import Comparison
from synergy.comparison.result import Result


def strongest_players(comparison: Comparison, most: int) -> list[int]:
    """The players, in order; of more than ``most`` those that any method gives most."""
    given = [np.abs(to_float(r.attribution)) for r in comparison.results if r.attribution is not None]
    n = comparison.effects.n
    if n <= most or not given:
        return list(range(min(n, most)))
    return sorted(np.argsort(-np.max(given, axis=0), kind="stable")[:most].tolist())


def unit(comparison: Comparison, result: Result | None = None) -> float:
    """The largest attribution of all methods that share a unit, or of one that has its own; 1 if all are zero."""
    shared = [each for each in comparison.results if not each.own_unit]
    chosen = [result] if result is not None and result.own_unit else shared
    largest = [float(np.abs(to_float(each.attribution)).max()) for each in chosen if each.attribution is not None]
    return max(largest, default=0.0) or 1.0
