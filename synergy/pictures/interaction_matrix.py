"""Effects of single players and of pairs as a matrix."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from decompositions import show
from decompositions.arguments import whole
from synergy.interactions.result import Interactions
from synergy.pictures.canvas import INK, SOFT, axes, fitting, headed, labelled, letters_for, plain, plains, root
from synergy.pictures.heat import across, cell, heat, ink, scale
from synergy.pictures.pairs import Found, Pairs, pairs_of
from synergy.wording.numbers import fixed, minus

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PLAYERS = 30
WIDE, NARROW = 0.5, 0.2  # inches of a cell, with a number and without one
NAME = 18  # letters of a name
WRITTEN = 10  # players up to whom the numbers are written into the cells


@show.figure.register(Interactions)
def interaction_matrix(
    found: Found,
    k: int = PLAYERS,
    *,
    ax: Axes | None = None,
    path: str | Path | None = None,
) -> Figure:
    """The effects of pairs as an n × n heat map, those of single players on its diagonal.

    Grey cells are not known: rows that were not computed, and the diagonal of an estimate of pairs.

    Args:
        found: effects (Taylor effects are summed by support), ``interactions(game)``, or an estimate of pairs,
            ``estimate(game, "sii")``.
        k: players that are shown, at most, or as many as an ax has room for; of more those with the largest entries.
        ax: to draw on; None for a figure of its own.
        path: of a file to save the figure in.

    Raises:
        ImportError: matplotlib is missing (extra ``viz``).
        TypeError, ValueError: no effects of one game and no estimate of pairs; k below 1.
    """
    k = whole(k, "k is the number of players that are shown", 1)
    pairs = pairs_of(found)
    players = pairs.of(fitting(ax, k, NARROW))
    written = len(players) <= WRITTEN
    wide, written = cell(ax, len(players), (WIDE if written else NARROW, written))
    side = max(1.2, len(players) * (WIDE if written else NARROW))
    with axes(ax, 2.9 + side, 1.9 + side * 0.8, path) as axis:
        _draw(axis, pairs, players, wide, written, letters_for(ax, NAME))
        hidden = len(pairs.names) - len(players)
        more = f"{hidden} players with smaller entries are not shown" if hidden else ""
        headed(axis, f"Interactions, {plain(pairs.what)}", pairs.note, more, width=max(2.4, side))
    return root(axis)


def _draw(axis: Axes, pairs: Pairs, players: list[int], wide: float, written: bool, letters: int) -> None:
    table = pairs.values[np.ix_(players, players)]
    limit = float(np.nan_to_num(np.abs(table)).max(initial=0.0)) or 1.0
    image = heat(axis, table, limit)
    names = plains([pairs.names[i] for i in players], letters)
    labelled(axis, names)
    across(axis, names, wide)
    axis.set_ylim(len(players) - 0.5, -0.5)
    if written:
        for (row, column), value in np.ndenumerate(table):
            if not np.isnan(value):
                text, colour = minus(fixed(float(value), limit)), ink(value, limit)
                axis.text(column, row, text, ha="center", va="center", fontsize=7, color=colour)
    rows, columns = np.nonzero(pairs.undecided[np.ix_(players, players)] & ~np.isnan(table))
    axis.scatter(columns + 0.33 * written, rows - 0.3 * written, s=5, color=SOFT, linewidths=0)
    for line in range(len(players)):
        axis.add_patch(_frame(line))
    scale(axis.get_figure(), image, axis, f"{plain(pairs.what)}, in units of f")


def _frame(line: int):  # type: ignore[no-untyped-def]
    from matplotlib.patches import Rectangle

    return Rectangle((line - 0.5, line - 0.5), 1, 1, fill=False, edgecolor=INK, linewidth=0.6, clip_on=False)
