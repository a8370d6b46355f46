"""The regions of a picture: where they are, how large, and the lines between them."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

ROOMY = 0.75  # of the largest distance from the border


class Place(NamedTuple):
    """Where a region can be written on.

    Args:
        x, y: a point inside of it, near its middle, in pixels.
        width: of the free run of pixels there, left and right of the point.
        side: of the square of its area.
    """

    x: float
    y: float
    width: float
    side: float


def places(regions: np.ndarray, n: int) -> list[Place | None]:
    """One for each player; None for one without a pixel. Shape ``(H, W)``.

    >>> places(np.array([[0, 0, 1], [0, 0, 1]]), 2)[0]
    Place(x=0.5, y=0.5, width=2.0, side=2.0)
    """
    return [_place(regions == player) for player in range(n)]


def _place(inside: np.ndarray) -> Place | None:
    """Of the pixels that are nearly as far from the border as any, the one next to the middle of the region."""
    from scipy.ndimage import distance_transform_edt

    rows, columns = np.nonzero(inside)
    if not len(rows):
        return None
    distance = distance_transform_edt(np.pad(inside, 1))[1:-1, 1:-1][rows, columns]
    roomy = distance >= ROOMY * distance.max()
    off = np.hypot(rows - rows.mean(), columns - columns.mean())
    best = int(np.argmin(np.where(roomy, off, np.inf)))
    y, x = (rows.mean(), columns.mean()) if off[best] < 1 else (rows[best], columns[best])
    outside = np.flatnonzero(~inside[rows[best]])
    left = max(outside[outside < columns[best]], default=-1)
    right = min(outside[outside > columns[best]], default=inside.shape[1])
    free = 2 * min(x - left - 0.5, right - x - 0.5)
    return Place(float(x), float(y), float(free), math.sqrt(len(rows)))


def borders(regions: np.ndarray) -> list[list[tuple[float, float]]]:
    """The lines between regions, each from its first point to its last, in pixels whose middles are whole numbers.

    >>> borders(np.array([[0, 1], [0, 1]]))
    [[(0.5, -0.5), (0.5, 1.5)]]
    """
    upright = [[(at, start), (at, stop)] for at, start, stop in _runs((regions[:, 1:] != regions[:, :-1]).T)]
    level = [[(start, at), (stop, at)] for at, start, stop in _runs(regions[1:] != regions[:-1])]
    return upright + level


def _runs(edges: np.ndarray) -> list[tuple[float, float, float]]:
    """Every run of true entries in the rows: the line beyond the row, its start and its stop."""
    padded = np.pad(edges, ((0, 0), (1, 1))).astype(np.int8)
    steps = np.diff(padded, axis=1)
    lines, starts = np.nonzero(steps == 1)
    stops = np.nonzero(steps == -1)[1]
    return list(zip((lines + 0.5).tolist(), (starts - 0.5).tolist(), (stops - 0.5).tolist(), strict=True))
