"""Who is given how much of which effect, in theory and as measured, side by side."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from decompositions import show
from decompositions.arguments import shown, whole
from decompositions.arithmetic import to_float
from decompositions.counts import several
from synergy.allocation.allocation import Allocation
from synergy.comparison.result import Result
from synergy.pictures.canvas import (
    BODY,
    INK,
    SMALL,
    SOFT,
    above_and_below,
    axes,
    canvas,
    clean,
    colours,
    fitting,
    headed,
    inches,
    is_axes,
    labelled,
    letters_for,
    plain,
    plains,
    root,
)
from synergy.pictures.given import title_of
from synergy.pictures.heat import BESIDES, across, cell, heat, ink, scale
from synergy.pictures.player_columns import Columns, columns_for
from synergy.pictures.sharing import Sharing, keys_of, sharing, with_constant
from synergy.wording.numbers import fixed, minus, number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

EFFECTS, PLAYERS, LEAST = 16, 16, 5  # rows and columns, at most; rows that there is room for
WRITTEN = 6  # players up to whom the numbers are written into the cells
NARROW, WIDE = 0.22, 0.56  # inches of a cell, without a number and with one
ROW, NAME = 0.25, 28  # inches of a row, letters of an effect's name
SIDE, BELOW = 0.85, 0.75  # inches of the bars
NOTE = "framed: the players of the effect; ×: given to a player outside it"
NOTHING = "no effect above the noise floor"
SUMS = (
    "bars at the right: what the players of the effect are given together, up to twice the largest effect; line: the "
    "effect itself"
)


@dataclass(frozen=True, eq=False)
class Panel:
    """One table as it is drawn.

    Args:
        title: which one.
        rows: the shares.
        attribution: what every player is given in all; None where nobody knows.
        known: how many effects that is of, where there are more; None where it is of all.
    """

    title: str
    rows: Sharing
    attribution: np.ndarray | None
    known: int | None = None


def allocation_map(
    found: Allocation | Result, k: int = EFFECTS, *, ax: Axes | None = None, path: str | Path | None = None
) -> Figure:
    r"""The shares :math:`M_i(S)` as a heat map, effects × players; of a result theory beside practice.

    Cells of the players of an effect are framed, a cross marks what is given to others. The bars at the right of a row
    are what its players are given together, with a line at the effect itself; so coverage, relevance and completeness
    can be seen. The bars below are the attribution, the column sums of all rows; in theory, where effects are missing,
    the sums of those that are known.

    Args:
        found: an allocation, or the result of one method.
        k: how many of the strongest effects, at most.
        ax: to draw on, one table alone without its bars, and what has room; None for a figure of its own.
        path: of a file to save the figure in.

    Raises:
        ImportError: matplotlib is missing (extra ``viz``).
        TypeError: something else.
        ValueError: several games, a result without a table, one with two on a single ax, or k below 1.
    """
    k = fitting(ax, whole(k, "k is the number of effects to show", 1), ROW)
    panels, names = _panels(found, k), _names(found)
    most = min(PLAYERS, max(3, int(BESIDES * inches(ax)[0] / NARROW))) if is_axes(ax) else PLAYERS
    columns = columns_for([panel.rows for panel in panels], names, most)
    wide, written = cell(ax, len(columns.names), _planned(columns))
    if ax is not None and len(panels) > 1:
        raise ValueError("two tables need a figure of their own: ax=None; or draw one of them: result.measured")
    if ax is not None:
        with axes(ax, 1, 1, path) as axis:
            image = _cells(axis, panels[0].rows, columns, written, letters_for(ax, NAME))
            across(axis, columns.names, wide)
            headed(axis, panels[0].title)
            scale(axis.figure, image, axis, "share, in units of f")
        return root(axis)
    rows = max(LEAST, len(panels[0].rows.keys))
    width, height = max(1.7, wide * len(columns.names)), ROW * rows
    across_all = 3.6 + len(panels) * (width + SIDE + 0.3)
    with canvas(across_all, 2.6 + height, path) as figure:
        _draw(figure, panels, columns, [width, SIDE] * len(panels), [height, BELOW])
        above_and_below(figure, _title(found), NOTE, SUMS, width=across_all)
    return figure


@show.figure.register(Allocation)
def of_allocation(found: Allocation, path: str | Path | None = None) -> Figure:
    """The picture of an allocation."""
    return allocation_map(found, path=path)


def _title(found: Allocation | Result) -> str:
    what = found.heading if isinstance(found, Result) else title_of(found)
    return f"Who is given what: {plain(what, 60)}"


def _panels(found: Any, k: int) -> list[Panel]:
    """The tables of what came, all with the same effects."""
    if isinstance(found, Allocation):
        return [_panel("the allocation", found, with_constant(sharing(found, keys_of(found.effects, k)), found))]
    if not isinstance(found, Result):
        raise TypeError(f"allocation_map() draws an Allocation or a Result, not {shown(found)}")
    known = {"in theory": found.theory, "as measured": found.measured}
    tables = {title: table for title, table in known.items() if table is not None}
    if not tables:
        raise ValueError(f"{found.name} has no table to draw: {found.measured_note or found.note or 'none was made'}")
    effects = (found.measured or tables["in theory"]).effects
    keys = keys_of(effects, k)
    return [
        _panel(title, table, with_constant(sharing(table, keys, effects), table)) for title, table in tables.items()
    ]


def _names(found: Any) -> tuple[str, ...]:
    """Of the players."""
    table = found if isinstance(found, Allocation) else found.theory or found.measured
    return table.names


def _panel(title: str, table: Allocation, rows: Sharing) -> Panel:
    try:
        known = len(table.effects) - 1 if table.effects.truncated and table.rest is None else None
        return Panel(title, rows, to_float(table.attribution), known)
    except ValueError:  # nobody knows what the rows leave
        return Panel(title, rows, None)


def _draw(figure: Figure, panels: list[Panel], columns: Columns, widths: list[float], heights: list[float]) -> None:
    """Every table with its bars; the names of the rows at the left."""
    grid = figure.subplots(2, len(widths), width_ratios=widths, height_ratios=heights, squeeze=False)
    largest = max(float(np.abs(panel.rows.effects).max(initial=0.0)) for panel in panels)
    given = max(float(np.abs(np.nan_to_num(panel.rows.given)).max(initial=0.0)) for panel in panels)
    reach = max(largest, min(given, 2 * largest)) or given or 1.0
    for place, panel in enumerate(panels):
        cells, side, below, corner = *grid[0, 2 * place : 2 * place + 2], *grid[1, 2 * place : 2 * place + 2]
        corner.set_visible(False)
        image = _cells(cells, panel.rows, columns, _planned(columns)[1])
        cells.set_title(panel.title, fontsize=BODY, color=INK)
        if place:
            cells.set_yticks([])
        _sums(side, panel.rows, reach)
        _below(below, panel, columns)
    ends = [axis.get_ylim() for axis in grid[1, ::2]]
    for axis in grid[1, ::2]:  # one scale, so that both attributions can be compared
        axis.set_ylim(min(low for low, _ in ends), max(high for _, high in ends))
    scale(figure, image, grid[0, :], "share, in units of f")


def _planned(columns: Columns) -> tuple[float, bool]:
    """Inches of a column on a figure of its own, and whether numbers are written into the cells."""
    written = len(columns.names) <= WRITTEN
    return (WIDE if written else NARROW), written


def _cells(axis: Axes, rows: Sharing, columns: Columns, written: bool, letters: int = NAME) -> Any:
    """The heat map with its frames and crosses."""
    from matplotlib.collections import PatchCollection
    from matplotlib.patches import Rectangle

    table, limit = columns.of(rows.shares), columns.limit
    image = heat(axis, table if len(table) else np.zeros((1, len(columns.names))), limit)
    if not len(table):
        axis.text((len(columns.names) - 1) / 2, 0, NOTHING, ha="center", va="center", fontsize=SMALL, color=SOFT)
    inside = columns.of(rows.inside, np.any)
    frames = [Rectangle((column - 0.46, row - 0.46), 0.92, 0.92) for row, column in np.argwhere(inside)]
    axis.add_collection(PatchCollection(frames, facecolor="none", edgecolor=INK, linewidth=0.8))
    for (row, column), value in np.ndenumerate(table):
        if written and not np.isnan(value) and (inside[row, column] or value):
            text, colour = minus(fixed(float(value), limit)), ink(value, limit)
            axis.text(
                column - 0.08 * (not inside[row, column]), row, text, ha="center", va="center", fontsize=7, color=colour
            )
    lines, places = np.nonzero(columns.of(rows.leaks != 0, np.any))
    axis.scatter(places + 0.36 * written, lines, marker="x", s=14, color=INK, linewidths=0.9)
    labelled(
        axis,
        [
            f"{name}  {minus(number(float(effect), sign=True))}"
            for name, effect in zip(plains(rows.names, letters), rows.effects, strict=True)
        ],
    )
    axis.set_ylim(max(1, len(rows.keys)) - 0.5, -0.5)
    axis.set_xticks([])
    return image


def _sums(axis: Axes, rows: Sharing, reach: float) -> None:
    """What the players of every effect are given together, beside the effect."""
    given = np.nan_to_num(rows.given)
    axis.barh(range(len(given)), given, height=0.62, color=colours(given))
    inner = [row for row, key in enumerate(rows.keys) if key]
    axis.vlines(rows.effects[inner], np.array(inner) - 0.46, np.array(inner) + 0.46, color=INK, linewidth=1.6)
    axis.axvline(0, color=SOFT, linewidth=0.7)
    axis.set_xlim(-1.1 * reach, 1.1 * reach)
    axis.set_ylim(max(1, len(given)) - 0.5, -0.5)
    axis.set_yticks([])
    axis.set_xticks([])
    clean(axis)


def _below(axis: Axes, panel: Panel, columns: Columns) -> None:
    """The attribution, under the names of the players."""
    across(axis, columns.names, _planned(columns)[0])
    axis.set_xlim(-0.5, len(columns.names) - 0.5)
    clean(axis)
    axis.tick_params(length=0, labelsize=BODY)
    axis.set_yticks([])
    if panel.attribution is None:
        return
    values = columns.of(panel.attribution)
    axis.bar(range(len(values)), values, width=0.7, color=colours(values))
    axis.axhline(0, color=SOFT, linewidth=0.7)
    of = "attribution" if panel.known is None else f"given of {several(panel.known, 'known effect')}"
    axis.set_xlabel(f"{of}, Σ {minus(number(float(values.sum())))}", fontsize=BODY, color=INK)
