"""Heat maps: blue above zero, orange below it, white at zero."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from synergy.pictures.canvas import BODY, INK, clean, inches, is_axes, numbered
from synergy.pictures.shades import colour_map
from synergy.wording.names import columns

if TYPE_CHECKING:
    from matplotlib.axes import Axes

UNKNOWN = "#eceff2"  # cells of which nothing is known
WRITTEN = 0.45  # inches of a cell from where on numbers are written into it
BESIDES = 0.5  # of the caller's axes, what the names and the scale leave
LETTER = 0.085  # inches of a letter of a name
DARK = 0.6  # of the scale, from where on white letters are read better


def heat(axis: Axes, values: np.ndarray, limit: float) -> Any:
    """Colour the cells of a table; those that are not a number stay grey.

    Args:
        axis: to draw on; row 0 is on top.
        values: Shape ``(rows, columns)``.
        limit: where the colours end, on both sides of zero.
    """
    colours = colour_map().with_extremes(bad=UNKNOWN)
    clean(axis)
    axis.tick_params(length=0)
    return axis.imshow(values, cmap=colours, vmin=-limit, vmax=limit, aspect="auto", interpolation="nearest")


def scale(part: Any, image: Any, axes: Any, unit: str) -> None:
    """The scale of colours at the right of some axes, with its unit."""
    bar = part.colorbar(image, ax=axes, shrink=0.9, aspect=28, pad=0.015)
    bar.set_label(unit, fontsize=BODY, color=INK)
    numbered(bar.ax.yaxis)
    bar.outline.set_visible(False)


def ink(value: float, limit: float) -> str:
    """The colour of letters on a cell."""
    return "white" if abs(value) > DARK * limit else INK


def cell(ax: Axes | None, count: int, planned: tuple[float, bool]) -> tuple[float, bool]:
    """How many inches a column is wide, and whether numbers fit into the cells: as planned, or on the caller's axes.

    Args:
        ax: the caller's axes, or None.
        count: of the columns.
        planned: what holds on a figure of its own.
    """
    if not is_axes(ax):
        return planned
    wide = inches(ax)[0] * BESIDES / max(1, count)
    return wide, planned[1] and wide >= WRITTEN


def across(axis: Axes, names: list[str], cell: float) -> None:
    """The names of columns of so many inches below them, upright where they are too long for that."""
    upright = max(map(columns, names), default=0) * LETTER > cell
    axis.set_xticks(range(len(names)), names, rotation=90 if upright else 0, fontsize=BODY, color=INK)
