"""Methods × effects: which method sees which effect, and who is given it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from decompositions.arguments import shown, whole
from synergy.comparison.comparison import Comparison
from synergy.comparison.result import Result
from synergy.pictures.canvas import INK, SMALL, SOFT, above_and_below, canvas, clean, in_lines, labelled, plain
from synergy.pictures.heat import heat, ink
from synergy.pictures.marks import LEGEND, MARKS, NONE, Mark, judged
from synergy.pictures.ranking import require_one_game
from synergy.pictures.sharing import Sharing, keys_of, sharing
from synergy.pictures.upset import Column, columns_of, draw_bars, draw_dots, players_of
from synergy.policies.policy import CRITERIA
from synergy.wording.colours import POSITIVE, hexadecimal
from synergy.wording.numbers import brief, minus

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

EFFECTS = 14
MORE = 1.05  # of an effect: who is given more is given it more than once
OUTSIDE = 0.005  # of an effect: what is smaller is not marked
DOUBT = 0.05  # of an effect: an error that is said
CELL, ROW, LEAST = 0.52, 0.38, 6  # inches, and cells that there is room for
PAPER = {"boxstyle": "square,pad=0.3", "facecolor": hexadecimal(POSITIVE), "edgecolor": "none"}  # of hatched cells
TAG = {"facecolor": "white", "edgecolor": "none", "pad": 0.4, "alpha": 0.8}
READ = (
    "number and colour: the share of the effect that its own players are given, in %, as measured († in theory); "
    "≈: the numerical error is above 5 %",
    "hatched: given more than once;   ◢ and small number: given to players outside the effect, in % of it;   "
    "grey: not known",
    f"verdicts on all effects that were measured:   {LEGEND}   {NONE} not judged",
)


@dataclass(frozen=True, eq=False)
class Row:
    """One method: what it makes of every effect.

    Args:
        name: of the method.
        inside: the share of each effect that its players are given; NaN where nobody knows. Shape ``(k,)``.
        outside: Σ|shares| of the others, relative to the effect. Shape ``(k,)``.
        error: of the shares, relative to the effect. Shape ``(k,)``.
        verdicts: for coverage, relevance and completeness; None without any.
        reason: why nothing is known; empty where something is.
    """

    name: str
    inside: np.ndarray
    outside: np.ndarray
    error: np.ndarray
    verdicts: tuple[str, ...] | None
    reason: str = ""


def method_map(comparison: Comparison, k: int = EFFECTS, *, path: str | Path | None = None) -> Figure:
    r"""What every method makes of the strongest effects, as measured, below the effects and above their players.

    .. math:: \text{inside} = \frac{\sum_{i \in S} M_i(S)}{J(S)}, \qquad
              \text{outside} = \frac{\sum_{i \notin S} |M_i(S)|}{|J(S)|}

    A method that shares every effect out in full among its players has 100 in every cell. 0 is an effect that it does
    not see, 200 one that is given twice, an orange cell one that is given with the wrong sign. Methods that were not
    measured are shown by their theory. The verdicts at the right are on all effects that were measured.

    Args:
        comparison: of methods on one game.
        k: how many of the strongest effects, at most.
        path: of a file to save the figure in.

    Raises:
        ImportError: matplotlib is missing (extra ``viz``).
        TypeError: no comparison.
        ValueError: effects of several games, or k below 1.
    """
    if not isinstance(comparison, Comparison):
        raise TypeError(f"method_map() draws a Comparison, as compare(game) gives it, not {shown(comparison)}")
    require_one_game(comparison.effects)
    found = columns_of(comparison.effects, whole(k, "k is the number of effects to show", 1))
    rows = rows_of(comparison, k)
    heights = [1.1, ROW * max(1, len(rows)), 0.3 + 0.2 * len(players_of(found))]
    width = 4.4 + CELL * max(LEAST, len(found))
    with canvas(width, 1.6 + sum(heights), path) as figure:
        _draw(figure, found, rows, comparison, heights)
        above_and_below(figure, "Which method sees which effect", *READ, _left_out(comparison), width=width)
    return figure


def rows_of(comparison: Comparison, k: int) -> list[Row]:
    """One row for every method that gave attributions, those with the same numbers joined."""
    keys = keys_of(comparison.effects, k)
    return [_row(each, comparison, keys) for each in comparison.columns if each.attribution is not None]


def _row(result: Result, comparison: Comparison, keys: list[tuple[int, ...]]) -> Row:
    table, (criteria, side) = result.allocation, judged(result)
    name = result.heading + (" †" if side == "in theory" else "")
    unknown = np.full(len(keys), np.nan)
    if table is None or result.own_unit:
        reason = "in a unit of its own" if result.own_unit else "not measured"
        return Row(name, unknown, 0 * unknown, 0 * unknown, None, reason)
    rows = sharing(table, keys, comparison.effects)
    verdicts = None if criteria is None else tuple(criteria.verdicts[each] for each in CRITERIA)
    return Row(name, *_relative(rows), verdicts)


def _relative(rows: Sharing) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What is given inside and outside, and the error, each relative to the effect."""
    others = np.where(rows.inside, 0.0, np.abs(rows.shares)).sum(1)
    size = np.abs(rows.effects)
    return rows.given / rows.effects, others / size, rows.error / size


def _left_out(comparison: Comparison) -> str:
    names = [plain(each.heading) for each in comparison.columns if each.attribution is None]
    return f"does not apply: {', '.join(names)}" if names else ""


def _draw(figure: Figure, found: list[Column], rows: list[Row], comparison: Comparison, heights: list[float]) -> None:
    """The effects, what the methods make of them, and their players, one below the other in the same columns."""
    grid = figure.subplots(3, 2, width_ratios=[CELL * max(LEAST, len(found)), 0.9], height_ratios=heights)
    (bars, corner), (cells, marks), (dots, foot) = grid
    corner.set_visible(False)
    foot.set_visible(False)
    draw_bars(bars, found, "J(S)")
    bars.set_xticks([])
    _cells(cells, rows, max(1, len(found)))
    _verdicts(marks, rows)
    draw_dots(dots, found, players_of(found), comparison.effects.names)
    for axis in (bars, cells, dots):
        axis.set_xlim(-0.5, max(1, len(found)) - 0.5)


def _cells(axis: Axes, rows: list[Row], columns: int) -> None:
    """A cell for every method and effect."""
    table = np.full((max(1, len(rows)), columns), np.nan)
    for line, row in enumerate(rows):
        table[line, : len(row.inside)] = row.inside
        reason = row.reason or ("" if len(row.inside) else "no effect above the noise floor")
        axis.text(columns / 2 - 0.5, line, reason, ha="center", va="center", fontsize=SMALL, color=SOFT)
        for column in range(len(row.inside)):
            leaks = bool(row.outside[column] > max(OUTSIDE, row.error[column]))
            _number(axis, (column, line - 0.12 * leaks), float(row.inside[column]), float(row.error[column]))
            if leaks:
                _outside(axis, (column, line), float(row.outside[column]))
    heat(axis, np.clip(table, -1, 1), 1.0)
    axis.hlines(np.arange(len(rows) + 1) - 0.5, -0.5, columns - 0.5, color="white", linewidth=2)
    axis.vlines(np.arange(columns + 1) - 0.5, -0.5, len(rows) - 0.5, color="white", linewidth=2)
    labelled(axis, [in_lines(row.name, 32) for row in rows])
    axis.set_ylim(max(1, len(rows)) - 0.5, -0.5)
    axis.set_xticks([])


def _number(axis: Axes, place: tuple[int, float], inside: float, error: float) -> None:
    """The number of one cell, and hatching where the effect is given more than once."""
    from matplotlib.patches import Rectangle

    if np.isnan(inside):
        return
    (column, line), paper = place, None
    if inside > MORE:
        box = (column - 0.5, round(line) - 0.5)
        axis.add_patch(Rectangle(box, 1, 1, facecolor="none", edgecolor="white", linewidth=0, hatch="////"))
        paper = PAPER
    number = f"{100 * inside + 0.0:.0f}" if abs(inside) < 100 else brief(100 * inside)
    text = minus(("≈" if error > DOUBT else "") + (number if number != "-0" else "0"))
    colour = ink(float(np.clip(inside, -1, 1)), 1.0)
    axis.text(column, line, text, ha="center", va="center", fontsize=SMALL, color=colour, bbox=paper)


def _outside(axis: Axes, place: tuple[int, int], outside: float) -> None:
    """What goes to others, as a triangle in the corner with its number."""
    (column, line), size = place, 0.15 + 0.25 * min(1.0, outside)
    right, low = column + 0.48, line + 0.46
    axis.fill(
        [right, right - size, right], [low, low, low - size], color=INK, edgecolor="white", linewidth=0.6, zorder=3
    )
    number = f"{100 * outside:.0f}" if outside < 10 else brief(100 * outside)
    axis.text(right - size - 0.03, low + 0.02, number, ha="right", va="bottom", fontsize=5.5, color=INK, bbox=TAG)


def _verdicts(axis: Axes, rows: list[Row]) -> None:
    """The three verdicts of every method, under the names of the criteria."""
    clean(axis)
    axis.set_xlim(-0.5, len(CRITERIA) - 0.5)
    axis.set_ylim(max(1, len(rows)) - 0.5, -0.5)
    axis.set_xticks([])
    axis.set_yticks([])
    for line, row in enumerate(rows):
        for column in range(len(CRITERIA)):
            mark = MARKS[row.verdicts[column]] if row.verdicts else Mark(NONE, SOFT)
            axis.text(column, line, mark.sign, color=mark.colour, fontsize=10, weight="bold", ha="center", va="center")
    for column, name in enumerate(CRITERIA):
        label = axis.text(column, -0.62, name, rotation=90, ha="center", va="bottom", fontsize=SMALL, color=INK)
        label.set_in_layout(False)  # there is room beside the bars
