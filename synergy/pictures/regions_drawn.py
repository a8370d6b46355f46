"""The regions of a picture, drawn: each on its colour, with its border, its number and its name where they fit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from decompositions.counts import several
from synergy.pictures import given
from synergy.pictures.canvas import INK, SOFT, plains
from synergy.pictures.regions import Place, borders, places
from synergy.pictures.shades import tinted
from synergy.wording.names import shared_start
from synergy.wording.view import Picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes

READABLE, SMALL, LARGEST = 5.0, 6.5, 9.0  # points of a number, of a name
LETTER = 0.7  # widths of a digit in its height


def draw(ax: Axes, values: np.ndarray, picture: Picture, largest: float) -> int:
    """The coloured picture on an axis, with the borders of its regions and, where they fit, their numbers.

    Returns:
        How many regions have no number, because it does not fit.
    """
    from matplotlib.collections import LineCollection

    ax.imshow(tinted(picture.image, values[picture.regions] / largest), interpolation="nearest")
    ax.add_collection(LineCollection(borders(picture.regions), colors="white", linewidths=1.4, capstyle="projecting"))
    ax.add_collection(LineCollection(borders(picture.regions), colors=INK, linewidths=0.5, capstyle="projecting"))
    texts = given.written(values, largest)
    return _write(ax, texts, places(picture.regions, len(values)), picture.regions.shape[1])


def left_out(numbers: int) -> str:
    """What is said of regions without a number."""
    return f"{several(numbers, 'region')} too small for a number" if numbers else ""


def _write(ax: Axes, texts: Sequence[str], where: Sequence[Place | None], width: int) -> int:
    """Every number at the largest size that fits its region, if a person can read it; how many are left out."""
    small = 0
    longest = max(map(len, texts), default=0)  # so that regions of one size have numbers of one size
    for text, place, room in _roomy(ax, [text.center(longest) for text in texts], where, width):
        size = min(LARGEST, room)
        small += size < READABLE
        if size >= READABLE:
            label = ax.text(
                place.x, place.y, text.strip(), fontsize=size, color=INK, ha="center", va="center", zorder=6
            )
            _haloed(label)
    return small


def mark(ax: Axes, names: Sequence[str], where: Sequence[Place | None], width: int) -> None:
    """What the pairs call the regions, small and above the numbers."""
    start = len(shared_start(names))
    short = plains([name[start:] for name in names], 8)
    for name, place, room in _roomy(ax, short, where, width):
        size = min(SMALL, room)
        if size >= READABLE:
            label = ax.annotate(
                name,
                (place.x, place.y),
                (0, 0.8 * LARGEST),
                textcoords="offset points",
                fontsize=size,
                color=SOFT,
                ha="center",
                va="bottom",
                zorder=6,
            )
            _haloed(label)


def _roomy(
    ax: Axes, texts: Sequence[str], where: Sequence[Place | None], width: int
) -> Iterator[tuple[str, Place, float]]:
    """Every text with its place and the size in points at which it fits there."""
    pixel = points(ax, width)
    for text, place in zip(texts, where, strict=True):
        if place is not None:
            yield text, place, pixel * min(0.9 * place.width / (LETTER * len(text)), 0.3 * place.side)


def points(ax: Axes, width: int) -> float:
    """In one of so many pixels of a picture on an axis."""
    return ax.get_window_extent().width / ax.figure.dpi * 72 / width


def _haloed(text: Any) -> None:
    """A white rim, so that a text is read on any ground."""
    from matplotlib.patheffects import withStroke

    text.set_path_effects([withStroke(linewidth=2.2, foreground="white")])
