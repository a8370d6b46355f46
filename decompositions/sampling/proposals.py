"""Coalitions that a surrogate takes for strong: it proposes, and only values of the game decide."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from math import comb

import numpy as np

from decompositions.sampling.surrogate import Sum

LISTED = 2 * 10**5  # coalitions whose dividends are looked at


def proposals(surrogates: list[Sum], order: int) -> Iterator[tuple[int, ...]]:
    """Coalitions of 1 to ``order`` players, those first whose dividends are the largest in the mean of some surrogates.

    All are looked at where they are few; of more, those of s + 1 players that contain one of the strongest of s.

    Args:
        surrogates: of the same players.
        order: the largest size.
    """
    n = surrogates[0].n
    order = min(order, n)
    width = None if sum(comb(n, size) for size in range(1, order + 1)) <= LISTED else max(1, LISTED // (order * n))
    columns, found = np.arange(n)[:, None], []
    for size in range(1, order + 1):
        strengths = np.abs(np.mean([each.dividends(columns) for each in surrogates], axis=0))
        found += list(zip(-strengths, map(tuple, columns.tolist()), strict=True))
        if size < order:
            columns = _all(n, size + 1) if width is None else _grown(columns[np.argsort(-strengths)[:width]], n)
    return (coalition for _, coalition in sorted(found, key=lambda each: (each[0], len(each[1]), each[1])))


def _all(n: int, size: int) -> np.ndarray:
    flat = (i for chosen in combinations(range(n), size) for i in chosen)
    return np.fromiter(flat, np.int64, comb(n, size) * size).reshape(-1, size)


def _grown(columns: np.ndarray, n: int) -> np.ndarray:
    """Every coalition with every other player, each once. Shape ``(k, s)`` → ``(k', s+1)``."""
    players = np.arange(n)
    more = np.concatenate([np.repeat(columns, n, 0), np.tile(players, len(columns))[:, None]], 1)
    more.sort(1)
    return np.unique(more[(np.diff(more, axis=1) > 0).all(1)], axis=0)
