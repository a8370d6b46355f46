"""A picture whose regions are coloured by what they are given, and the strongest pairs as lines between them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from decompositions.effects.effects import Effects
from synergy.pictures import beside, given
from synergy.pictures.canvas import INK, SMALL, colours, plain, root
from synergy.pictures.regions import Place, places
from synergy.pictures.regions_drawn import draw, left_out, mark, points
from synergy.pictures.regions_joined import Bends, boxes
from synergy.pictures.shades import colour_bar
from synergy.pictures.strong import Together, interactions
from synergy.wording.effects import effect_label
from synergy.wording.numbers import minus, number
from synergy.wording.view import Picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PAIRS = 6  # lines
KEY = 1.7  # inches of what is said of a pair
THICK = 5.0  # points of the strongest pair's line


def overlay(
    result: Any,
    view: Picture,
    effects: Effects | None = None,
    *,
    k: int = PAIRS,
    unit: str = "f",
    ax: Axes | None = None,
    path: str | Path | None = None,
) -> Figure:
    """The input without its colours, each region behind glass that is blue for + and orange for −, the original beside.

    The colour is the deeper the larger the attribution, on the scale of the bar; numbers stand where they fit, and
    below the picture it is said how many regions are too small for theirs.

    Args:
        result: one number per region: of a comparison, an allocation, an estimate, or numbers. Shape ``(n,)``.
        view: the picture and its regions.
        effects: whose strongest pairs are drawn as lines between the regions, the thicker the stronger.
        k: how many of them, at most.
        unit: of f, as the bar says it: "logits".
        ax: where to draw the coloured picture alone; None for a figure of its own.
        path: of a file to save the figure in; its ending says the format.

    Raises:
        ImportError: matplotlib is missing (extra ``viz``).
        TypeError, ValueError: no picture, or another number of players.
    """
    picture = given.picture_of(view)
    n = given.players_of(view)
    values = given.numbers(result, n)
    found = interactions(effects, n, k, most=2)
    lines = -(-len(found) // 3)
    with beside.beside(
        picture.image, picture.regions.shape, ax, path, (beside.BAR, beside.LINE + 0.2 * lines + 0.25 * bool(found))
    ) as drawn:
        largest = float(np.abs(values).max(initial=0)) or 1.0
        small = left_out(draw(drawn, values, picture, largest))
        colour_bar(drawn, largest, f"attribution, {given.unit_of(result, unit)}")
        beside.titled(drawn, plain(given.heading(result), 40) or "Attribution of the regions")
        if effects is not None and found:
            where = places(picture.regions, n)
            mark(drawn, effects.names, where, picture.regions.shape[1])
            _lines(drawn, found, where, picture.regions.shape)
            _keys(drawn, found, effects, apart=ax is None, more="" if ax is None else small)
        if small and (ax is None or not found):
            beside.noted(drawn, small)
    return root(drawn)


def _lines(ax: Axes, found: list[Together], where: Sequence[Place | None], shape: tuple[int, int]) -> None:
    """A bent line for every pair, with a white rim, from what is written on one region to what is on the other."""
    from matplotlib.patches import FancyArrowPatch
    from matplotlib.patheffects import withStroke

    around = boxes(ax, where)
    bends = Bends(around, points(ax, shape[1]), shape)
    for pair, colour, thick in _strokes(found):
        i, j = pair.members
        first, second = around[i], around[j]
        if first is None or second is None:
            continue
        style = f"arc3,rad={bends.of((i, j))}"
        ends: dict[str, Any] = {"patchA": first.patch(ax), "patchB": second.patch(ax), "shrinkA": 0, "shrinkB": 0}
        line = FancyArrowPatch((first.x, first.y), (second.x, second.y), arrowstyle="-", connectionstyle=style, **ends)
        line.set(color=colour, linewidth=thick, zorder=5)
        line.set_path_effects([withStroke(linewidth=thick + 2.4, foreground="white")])
        ax.add_patch(line)


def _keys(ax: Axes, found: list[Together], effects: Effects, *, apart: bool, more: str) -> None:
    """What each pair is worth: below the picture, or in a figure of its own below all."""
    from matplotlib.lines import Line2D

    keys = []
    for pair, colour, thick in _strokes(found):
        label = f"{effect_label(effects, pair.members, 20)}  {minus(number(pair.value, sign=True))}"
        keys.append(Line2D([], [], color=colour, linewidth=thick, label=label.replace("$", r"\$")))
    look: dict[str, Any] = {"frameon": False, "fontsize": SMALL, "labelcolor": INK}
    look["title"] = f"pairs, J; {more}" if more else "pairs, J"
    if apart:
        root(ax).legend(handles=keys, loc="outside lower right", ncols=3, title_fontsize=SMALL, **look)
        return
    columns = max(1, int(ax.get_window_extent().width / ax.figure.dpi / KEY))
    below: dict[str, Any] = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.01)}
    ax.legend(handles=keys, ncols=columns, title_fontsize=SMALL, **below, **look)


def _strokes(found: list[Together]) -> Iterator[tuple[Together, str, float]]:
    """Every pair with the colour of its sign, and with the width of its size, in points."""
    for pair, colour in zip(found, colours(np.array([each.value for each in found])), strict=True):
        yield pair, colour, max(1.0, THICK * abs(pair.value) / abs(found[0].value))
