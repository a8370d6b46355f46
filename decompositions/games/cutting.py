"""Places cut into parts: halves, halves of halves, across the side on which they reach farthest."""

from __future__ import annotations

import numpy as np


def cut(places: np.ndarray, parts: int) -> np.ndarray:
    """Which part each place is in, by straight cuts that leave the parts about as many places.

    A cut is at right angles to the axis along which the places reach farthest, the last of several; as many parts lie
    before it as after it, and one more after it of an odd number.

    Args:
        places: whole numbers, a row for each place; equal rows stay together. Shape ``(m, axes)``.
        parts: how many; as many as there are distinct places where these are fewer.

    Returns:
        Part 0, 1, … of each place. Shape ``(m,)``.

    >>> cut(np.array([[0], [1], [2], [3], [9]]), 2).tolist()
    [0, 0, 1, 1, 1]
    """
    distinct, place, counts = np.unique(places, axis=0, return_inverse=True, return_counts=True)
    found = np.arange(len(distinct))
    if parts < len(distinct):
        found[:] = 0
        _cut(distinct, counts, np.arange(len(distinct)), parts, found)
    return found[place.reshape(-1)]


def _cut(distinct: np.ndarray, counts: np.ndarray, rows: np.ndarray, parts: int, found: np.ndarray) -> None:
    """Add to ``found`` the part of each of some distinct places, from 0 on."""
    if parts < 2:
        return
    axis = _longest(distinct[rows])
    first = _before(distinct[rows, axis], counts[rows], (parts // 2) / parts)
    less, more = rows[first], rows[~first]
    fewer = min(max(parts // 2, parts - len(more)), len(less))
    found[more] += fewer
    _cut(distinct, counts, less, fewer, found)
    _cut(distinct, counts, more, parts - fewer, found)


def _longest(places: np.ndarray) -> int:
    """The axis along which places reach farthest, the last of several."""
    reach = np.ptp(places, axis=0)
    return len(reach) - 1 - int(reach[::-1].argmax())


def _before(places: np.ndarray, counts: np.ndarray, share: float) -> np.ndarray:
    """Which places lie before the cut that leaves a share of their counts nearest to the one that is wanted."""
    values, which = np.unique(places, return_inverse=True)
    before = np.cumsum(np.bincount(which.reshape(-1), weights=counts))[:-1]
    border = int(np.abs(before - share * counts.sum()).argmin())
    return places <= values[border]
