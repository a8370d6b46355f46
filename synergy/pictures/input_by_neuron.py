"""What every input player gives through every neuron: a heat map between its row sums and its column sums."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from decompositions.arguments import shown, whole
from decompositions.counts import several
from synergy.neurons.contributions import Contributions
from synergy.pictures.canvas import (
    INK,
    SMALL,
    SOFT,
    above_and_below,
    canvas,
    clean,
    colours,
    labelled,
    numbered,
    plains,
)
from synergy.pictures.heat import across, heat, scale
from synergy.wording.numbers import brief, minus, number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NEURONS, PLAYERS = 24, 24  # columns and rows, at most
WIDE, HIGH, SIDE = 0.24, 0.24, 1.0  # inches of a cell, and of the bars
PLAYER, NEURON = 28, 18  # letters of a name


def input_by_neuron(
    found: Contributions, k: int = NEURONS, *, players: int = PLAYERS, path: str | Path | None = None
) -> Figure:
    """The table of players and neurons as a heat map, its column sums above it and its row sums at the right.

    A row sum, with what leads around the layer, is Integrated Gradients; a column sum is the conductance. Both are of
    the whole table, also where only its largest rows and columns are shown.

    Args:
        found: of :func:`synergy.neurons.input_by_neuron`.
        k: neurons that are shown, at most; of more those with the largest column sums.
        players: likewise, of the rows.
        path: of a file to save the figure in.

    Raises:
        ImportError: matplotlib is missing (extra ``viz``).
        TypeError: something else.
        ValueError: a single row, of which :func:`synergy.pictures.neurons` makes bars; k or players below 1.
    """
    if not isinstance(found, Contributions):
        raise TypeError(f"input_by_neuron() draws what synergy.neurons.input_by_neuron gives, not {shown(found)}")
    if not found.players:
        raise ValueError("this is a single row, without players; pictures.neurons() draws it as bars")
    k = whole(k, "k is the number of neurons that are shown", 1)
    players = whole(players, "players is the number of players that are shown", 1)
    table = found.values.detach().cpu().double().numpy()
    given = table.sum(1) + found.around.detach().cpu().double().numpy()
    rows, columns = _largest(given, players), _largest(table.sum(0), k)
    width, height = max(2.0, WIDE * len(columns)), max(0.8, HIGH * len(rows))
    across_all = 3.8 + width + SIDE
    with canvas(across_all, 2.9 + height + SIDE, path) as figure:
        grid = figure.subplots(2, 2, width_ratios=[width, SIDE], height_ratios=[SIDE, height])
        above, corner, cells, side = grid.flat
        corner.set_visible(False)
        shown_cells = table[np.ix_(rows, columns)]
        image = heat(cells, shown_cells, float(np.abs(shown_cells).max(initial=0.0)) or 1.0)
        labelled(cells, plains([found.players[i] for i in rows], PLAYER))
        cells.set_ylim(len(rows) - 0.5, -0.5)
        across(cells, plains([found.names[j] for j in columns], NEURON), WIDE)
        _columns(above, table.sum(0)[columns])
        _rows(side, given[rows])
        scale(figure, image, grid[1, :].tolist(), "in units of f")
        above_and_below(
            figure, "What each player gives through each neuron", *_notes(found, rows, columns), width=across_all - 0.4
        )
    return figure


def _largest(sums: np.ndarray, most: int) -> np.ndarray:
    """The places of the largest sums, in their own order."""
    return np.sort(np.argsort(-np.abs(sums), kind="stable")[:most])


def _columns(axis: Axes, values: np.ndarray) -> None:
    """The conductance, above the columns."""
    axis.bar(range(len(values)), values, width=0.7, color=colours(values))
    axis.axhline(0, color=SOFT, linewidth=0.7)
    axis.set_xlim(-0.5, len(values) - 0.5)
    axis.set_xticks([])
    axis.set_title("conductance", fontsize=SMALL, color=INK, loc="left")
    clean(axis)
    _two(axis.yaxis)


def _rows(axis: Axes, values: np.ndarray) -> None:
    """Integrated Gradients, beside the rows."""
    axis.barh(range(len(values)), values, height=0.7, color=colours(values))
    axis.axvline(0, color=SOFT, linewidth=0.7)
    axis.set_ylim(len(values) - 0.5, -0.5)
    axis.set_yticks([])
    axis.set_title("IG", fontsize=SMALL, color=INK, loc="left")
    axis.set_xticks([])
    clean(axis)
    for row, value in enumerate(values):
        axis.annotate(
            minus(number(value, sign=True)),
            (1, row),
            (3, 0),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            fontsize=SMALL,
            color=SOFT,
            va="center",
            annotation_clip=False,
        )


def _two(axis: object) -> None:
    """Few ticks: zero and the ends."""
    from matplotlib.ticker import MaxNLocator

    numbered(axis)
    axis.set_major_locator(MaxNLocator(3))  # type: ignore[attr-defined]


def _notes(found: Contributions, rows: np.ndarray, columns: np.ndarray) -> list[str]:
    around = float(found.around.sum())
    sums = f"columns add up to the conductance, rows to Integrated Gradients, all to {number(found.total, sign=True)}"
    passes = (
        f"of it {number(around, sign=True)} leads around the layer" if abs(around) > 1e-6 * abs(found.total) else ""
    )
    hidden = [several(len(found.players) - len(rows), "more player")] * (len(rows) < len(found.players))
    hidden += [several(len(found.names) - len(columns), "more neuron")] * (len(columns) < len(found.names))
    left = f"not shown, and in the sums: {' and '.join(hidden)}, whose own are smaller" if hidden else ""
    return [sums, passes, left, f"numerical error at most {brief(float(found.errors.max()))}; {found.rule}"]
