"""One panel of bars per method, all on one scale, with the verdicts under the methods' names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from decompositions.arithmetic import to_float
from decompositions.counts import several
from synergy.comparison.comparison import Comparison
from synergy.comparison.result import Result
from synergy.comparison.scale import own_scale, strongest_players
from synergy.pictures.bars import bars
from synergy.pictures.canvas import BODY, INK, SOFT, above_and_below, canvas, clean, in_lines, plains
from synergy.pictures.marks import LEGEND, MARKS, NONE, judged
from synergy.pictures.ranking import require_one_game
from synergy.policies.policy import CRITERIA
from synergy.wording.numbers import fixed, minus, number, scalar

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PANELS = 7  # side by side, at most
ACROSS = 1.4  # inches of a panel
LINE = 18  # letters of a line of a method's name


def panels(comparison: Comparison, k: int, path: str | Path | None = None) -> Figure:
    """What each method gives, a panel each; a figure of its own."""
    require_one_game(comparison.effects)
    shown = with_attributions(comparison)
    with canvas(*room(comparison, shown, k), path) as figure:
        draw(figure, comparison, shown, k)
    return figure


def with_attributions(comparison: Comparison) -> list[Result]:
    """The methods that gave something, those with the same numbers joined."""
    return [result for result in comparison.columns if result.attribution is not None]


def room(comparison: Comparison, shown: list[Result], k: int) -> tuple[float, float]:
    """The width and height that the panels need, in inches."""
    columns, lines = _grid(len(shown))
    names = max((_name(result).count("\n") + 1 for result in shown), default=1)
    rows = min(k, comparison.effects.n)
    return 1.6 + ACROSS * max(3, columns), 0.7 + lines * (0.95 + 0.15 * names + 0.22 * rows)


def _grid(panels: int) -> tuple[int, int]:
    """Panels side by side, and lines of them: as equally filled as can be."""
    lines = max(1, -(-panels // PANELS))
    return max(1, -(-panels // lines)), lines


def draw(part: Any, comparison: Comparison, shown: list[Result], k: int) -> None:
    """Draw all panels on a figure or a part of one."""
    rows = strongest_players(comparison, k)
    hidden = comparison.effects.n - len(rows)
    gain = minus(number(scalar(comparison.effects.total + comparison.effects.remainder)))
    note = f"; {several(hidden, 'more player')}" if hidden else ""
    title = f"What each method gives of f(x) − f(b) = {gain}{note}" if shown else "No method gives attributions"
    kinds = {side for _, side in map(judged, shown) if side}
    notes = [_legend(kinds)] * bool(kinds) + ["shown: who is given most by any method"] * bool(hidden)
    above_and_below(part, title, "; ".join(notes), width=room(comparison, shown, k)[0])
    if not shown:
        return
    columns, lines = _grid(len(shown))
    axes = part.subplots(lines, columns, sharey=True, squeeze=False)
    shared = _reach([result for result in shown if not own_scale(comparison, result)])
    for axis, result in zip(axes.flat, shown, strict=False):
        apart = own_scale(comparison, result)
        _panel(axis, result, rows, _reach([result]) if apart else shared, apart)
    for axis in axes.flat[len(shown) :]:
        axis.set_visible(False)
    for axis in axes[:, 0]:
        axis.set_yticks(range(len(rows)), plains([comparison.effects.names[i] for i in rows]), fontsize=BODY)
        axis.set_ylim(len(rows) - 0.4, -1.75)


def _legend(kinds: set[str]) -> str:
    sides = "as measured, † in theory" if len(kinds) == 2 else "as measured" if kinds == {"measured"} else "in theory"
    return f"under each name: {', '.join(CRITERIA)}, {sides}:   {LEGEND}   {NONE} not judged"


def _reach(results: list[Result]) -> float:
    """Half of an axis on which all bars and whiskers of some methods fit."""
    ends = [np.abs(to_float(each.attribution)) + _error(each) for each in results]
    return max((float(each.max()) for each in ends), default=0.0) or 1.0


def _error(result: Result) -> np.ndarray:
    values = to_float(result.attribution)
    return np.zeros_like(values) if result.error is None else np.abs(to_float(result.error))


def _panel(axis: Axes, result: Result, rows: list[int], reach: float, apart: bool) -> None:
    """The bars of one method with their numbers, under its name and verdicts."""
    values, error = to_float(result.attribution)[rows], _error(result)[rows]
    bars(axis, values, error, np.zeros(len(rows), dtype=bool))
    axis.set_xlim(-1.08 * reach, 1.08 * reach)
    for row, value in enumerate(values):
        side = -1 if value > 0 else 1
        away = max(0.05 * reach, error[row] - abs(value) + 0.05 * reach)
        axis.text(
            side * away,
            row,
            minus(fixed(float(value), reach)),
            va="center",
            ha="right" if side < 0 else "left",
            fontsize=7,
            color=INK,
        )
    axis.set_title(_name(result), fontsize=BODY, color=INK)
    _verdicts(axis, result)
    own = "\nown scale" if apart else ""
    total = minus(number(scalar(result.attribution.sum())))  # type: ignore[union-attr]
    axis.set_xlabel(f"Σ {total}{own}", fontsize=BODY, color=INK)
    clean(axis)
    axis.set_xticks([])
    axis.tick_params(left=False)


def _verdicts(axis: Axes, result: Result) -> None:
    """One mark for each criterion, in a line above the bars."""
    criteria, side = judged(result)
    for place, name in enumerate(CRITERIA):
        mark = None if criteria is None else MARKS[criteria.verdicts[name]]
        dagger = "†" if side == "in theory" and place == 2 else ""
        axis.text(
            0.5 + 0.16 * (place - 1),
            -1.2,
            (NONE if mark is None else mark.sign) + dagger,
            transform=axis.get_yaxis_transform(),
            color=SOFT if mark is None else mark.colour,
            fontsize=10,
            weight="bold",
            ha="center",
            va="center",
        )


def _name(result: Result) -> str:
    """A method's name in lines; of methods that are alike each begins a line of its own."""
    names = [f"= {each}" if place else each for place, each in enumerate(result.heading.split(" = "))]
    return "\n".join(in_lines(each, LINE) for each in names)
