"""The strongest dividends of a game, exactly, by its values of few players; nothing of ours."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain, combinations

import numpy as np

from benchmarks.known.truth import dividends

Dividends = dict[tuple[int, ...], float]


def of_parts(parts: Iterable[tuple[np.ndarray, np.ndarray]], order: int) -> Dividends:
    """Of a sum of games of few players each, all of at most ``order`` players."""
    found: Dividends = {}
    for players, values in parts:
        own = dividends(values)
        for chosen in up_to(len(players), order):
            key = tuple(sorted(players[list(chosen)].tolist()))
            found[key] = found.get(key, 0.0) + own[sum(1 << i for i in chosen)]
    return found


def of_pairs(n: int, values: np.ndarray) -> Dividends:
    """Of the values of ∅, all single players and all pairs, in this order."""
    single = values[1 : n + 1] - values[0]
    found = {(i,): float(single[i]) for i in range(n)}
    for pair, value in zip(combinations(range(n), 2), values[n + 1 :], strict=True):
        found[pair] = float(value - values[0] - single[list(pair)].sum())
    return found


def up_to(n: int, order: int) -> Iterable[tuple[int, ...]]:
    """All coalitions of 1 to ``order`` players."""
    return chain.from_iterable(combinations(range(n), size) for size in range(1, order + 1))


def largest(found: Dividends, count: int) -> set[tuple[int, ...]]:
    """Those of the largest absolute value."""
    return set(sorted(found, key=lambda players: -abs(found[players]))[:count])
