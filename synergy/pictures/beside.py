"""Where a picture of a picture is drawn: on the axis that is given, or beside the original."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from synergy.pictures.canvas import FAINT, INK, SMALL, SOFT, TITLE, axes, canvas, clean, inches, is_own, wrapped

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PANEL = 3.2  # inches that a picture is wide
BAR = 1.05  # inches of the bar and its label
AROUND = 0.4  # inches of titles
LINE = 0.15  # inches of a line below
LEFT = 0.75  # of the width of an axis, what the bar leaves


@contextmanager
def beside(
    original: np.ndarray | None,
    shape: tuple[int, int],
    ax: Axes | None,
    path: str | Path | None,
    more: Sequence[float] = (BAR, LINE),
) -> Iterator[Axes]:
    """An axis without frame and ticks: the given one, or one of a new figure, right of the original if there is one.

    Args:
        original: Shape ``(H, W, 3)``, or None.
        shape: height and width of what is drawn.
        ax: where to draw; None for a figure of its own.
        path: of a file to save the figure in.
        more: inches that are needed at its right and under it.

    Raises:
        ImportError: matplotlib is missing (extra ``viz``).
        TypeError: ax is no axis.
    """
    if ax is not None:
        with axes(ax, 0, 0, path) as drawn:
            yield bare(drawn)
        return
    panels = 1 if original is None else 2
    tall = PANEL * min(2.0, max(0.6, shape[0] / shape[1]))
    with canvas(panels * PANEL + more[0], tall + AROUND + more[1], path) as figure:
        side_by_side = figure.subplots(1, panels, squeeze=False)[0]
        if original is not None:
            bare(side_by_side[0]).imshow(original, interpolation="nearest")
            titled(side_by_side[0], "The input")
        yield bare(side_by_side[-1])


def bare(ax: Axes) -> Axes:
    """The axis without frame and ticks."""
    clean(ax)
    ax.set_xticks([])
    ax.set_yticks([])
    return ax


def titled(ax: Axes, title: str) -> None:
    """Write above an axis what it shows."""
    ax.set_title(title, fontsize=TITLE, color=INK)


def framed(ax: Axes) -> None:
    """A thin frame, where a picture's own border is not seen."""
    for spine in ax.spines.values():
        spine.set_visible(True)
        spine.set_color(FAINT)


def noted(ax: Axes, note: str) -> None:
    """Write below an axis how what it shows was made, in as many lines as that takes."""
    ax.set_xlabel("\n".join(wrapped(note, PANEL if is_own(ax) else inches(ax)[0] * LEFT)), fontsize=SMALL, color=SOFT)
