"""The verdicts on all methods as a chart: methods × criteria, in theory and as measured."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from decompositions.arguments import shown
from synergy.allocation.criteria import Criteria
from synergy.comparison.comparison import Comparison
from synergy.comparison.result import Result
from synergy.comparison.verdicts import NUMBERS, SCOPE, figures, scope, scoped
from synergy.pictures.canvas import BODY, INK, SMALL, SOFT, axes, clean, headed, in_lines, labelled, root
from synergy.pictures.marks import LEGEND, MARKS
from synergy.policies.policy import CRITERIA
from synergy.wording.notes import clause
from synergy.wording.numbers import minus

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ROW, WIDTH = 0.42, 9.4  # inches
SIDES, STARTS = ("in theory", "as measured"), (0.0, 3.1)
SHADE = "#f3f5f7"


def verdicts(found: Comparison | Result, *, ax: Axes | None = None, path: str | Path | None = None) -> Figure:
    """Coverage, relevance and completeness of every method: a mark by shape and colour, and the number it rests on.

    Methods with the same numbers share a row. Where there is no table to judge, the chart says so.

    Args:
        found: a comparison, or the result of one method.
        ax: to draw on; None for a figure of its own.
        path: of a file to save the figure in.

    Raises:
        ImportError: matplotlib is missing (extra ``viz``).
        TypeError: something else.
    """
    if not isinstance(found, (Comparison, Result)):
        raise TypeError(f"verdicts() draws a Comparison or a Result, not {shown(found)}")
    results = (found,) if isinstance(found, Result) else found.columns
    with axes(ax, WIDTH, 1.5 + ROW * len(results), path) as axis:
        for line, result in enumerate(results):
            _row(axis, line, result)
        labelled(axis, [in_lines(result.heading, 32) for result in results])
        axis.set_ylim(max(1, len(results)) - 0.5, -1.1)
        axis.set_xlim(-0.5, 5.6)
        _columns(axis)
        clean(axis)
        headed(axis, "Verdicts", LEGEND, SCOPE if scoped(results) else "", width=6.5)
    return root(axis)


def _columns(axis: Axes) -> None:
    """The criteria above their columns, what the numbers are below them."""
    names = [f"{name}\n({number})" for name, number in zip(CRITERIA, NUMBERS, strict=True)]
    places = [start + column for start in STARTS for column in range(len(CRITERIA))]
    axis.set_xticks(places, names * len(STARTS), fontsize=BODY, color=INK)
    axis.tick_params(axis="x", length=0)
    for start, side in zip(STARTS, SIDES, strict=True):
        axis.text(start - 0.4, -0.8, side, va="center", fontsize=BODY, color=INK, weight="bold")


def _row(axis: Axes, line: int, result: Result) -> None:
    """What is judged of one method, or why nothing is."""
    if line % 2 == 0:
        axis.axhspan(line - 0.5, line + 0.5, color=SHADE, linewidth=0, zorder=0)
    if result.attribution is None:
        reason = in_lines(f"does not apply: {clause(result.note)}", 96, 280)
        axis.text(-0.4, line, reason, va="center", fontsize=SMALL, color=SOFT)
        return
    sides = ((result.theory_criteria, result.theory_note), (result.measured_criteria, result.measured_note))
    for start, (criteria, note) in zip(STARTS, sides, strict=True):
        if criteria is None:
            reason = in_lines(f"none: {clause(note)}" if note else "none", 48, 130)
            axis.text(start - 0.4, line, reason, va="center", fontsize=SMALL, color=SOFT)
        else:
            _verdicts(axis, (start, line), criteria)


def _verdicts(axis: Axes, place: tuple[float, int], criteria: Criteria) -> None:
    """Three marks with their numbers; of which coalitions they speak stands below the last."""
    start, line = place
    for column, (_, verdict, value) in enumerate(figures(criteria)):
        mark = MARKS[verdict]
        axis.text(start + column - 0.3, line, mark.sign, color=mark.colour, fontsize=11, weight="bold", va="center")
        number, _, interval = minus(value).partition(" ")
        last = scope(criteria) if column == 2 else ""
        lines = "\n".join(filter(None, (number, interval, last)))
        axis.text(start + column - 0.1, line, lines, va="center", fontsize=SMALL, color=INK, linespacing=1.0)
