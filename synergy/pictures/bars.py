"""Bars to both sides of zero, with whiskers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from synergy.pictures.canvas import INK, SOFT, colours

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def bars(axis: Axes, values: np.ndarray, error: np.ndarray, undecided: np.ndarray) -> None:
    """One bar per row; open where the value is not told from zero."""
    edges = colours(values)
    inside = ["white" if open_ else edge for open_, edge in zip(undecided, edges, strict=True)]
    axis.barh(range(len(values)), values, height=0.68, color=inside, edgecolor=edges, linewidth=1)
    there = np.flatnonzero(error)
    if len(there):
        axis.errorbar(values[there], there, xerr=error[there], fmt="none", ecolor=INK, elinewidth=0.9, capsize=2.2)
    axis.vlines(0, -0.5, len(values) - 0.5, color=SOFT, linewidth=0.7)
