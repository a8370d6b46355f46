"""Attributions as bars with their errors: of an estimate, of one method, or of all that were compared."""

from __future__ import annotations

from dataclasses import dataclass
from functools import singledispatch
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from decompositions import show
from decompositions.arguments import shown, whole
from decompositions.arithmetic import to_float
from decompositions.counts import several
from synergy.comparison.comparison import Comparison
from synergy.comparison.result import Result
from synergy.estimation.estimation import CERTAIN, Estimation
from synergy.pictures.bars import bars
from synergy.pictures.canvas import (
    BODY,
    INK,
    SMALL,
    WIDTH,
    axes,
    clean,
    fitting,
    headed,
    labelled,
    letters_for,
    numbered,
    plain,
    plains,
    root,
)
from synergy.pictures.interaction_matrix import interaction_matrix
from synergy.pictures.panels import panels
from synergy.pictures.ranking import PLAYERS, largest
from synergy.wording.numbers import brief, fixed, minus, number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ROW, NAME = 0.25, 34  # inches of a row, letters of a name


@dataclass(frozen=True)
class Given:
    """What the players are given, and what is known of it.

    Args:
        names: of the players.
        values: what each is given. Shape ``(n,)``.
        error: half the length of the whiskers, in the same shape; zeros for none.
        undecided: which values are not told from zero.
        title: of the picture.
        note: what the whiskers are.
        axis: what the numbers are.
        who: is given it.
    """

    names: tuple[str, ...]
    values: np.ndarray
    error: np.ndarray
    undecided: np.ndarray
    title: str
    note: str
    axis: str
    who: str = "player"


def attributions(
    found: Estimation | Result | Comparison,
    k: int = PLAYERS,
    *,
    ax: Axes | None = None,
    path: str | Path | None = None,
) -> Figure:
    """What each player is given, as bars with whiskers for the error; bars that are not told from zero are open.

    The whiskers of an estimate are two standard errors long to each side, those of a method its numerical error.

    Args:
        found: an estimate of players, the result of one method, or a comparison: then a panel per method.
        k: players that are shown, at most; of more those that are given most.
        ax: to draw on; None for a figure of its own, as a comparison needs it.
        path: of a file to save the figure in.

    Raises:
        ImportError: matplotlib is missing (extra ``viz``).
        TypeError: something else.
        ValueError: k below 1; a method that gave no attributions; a comparison on one ax; an estimate of pairs.
    """
    k = whole(k, "k is the number of players that are shown", 1)
    if isinstance(found, Comparison):
        if ax is not None:
            raise ValueError(
                "a comparison has one panel per method and needs a figure of its own: ax=None; or draw one "
                "of its results on ax: comparison['shapley']"
            )
        return panels(found, k, path)
    return drawn(_given(found), k, ax, path)


def drawn(given: Given, k: int, ax: Axes | None, path: str | Path | None) -> Figure:
    """The bars of what is given, k at most, on somebody's axes or in a figure of their own."""
    rows = largest(given.values, fitting(ax, k, ROW - 0.05))
    with axes(ax, WIDTH, 1.2 + ROW * len(rows), path) as axis:
        _draw(axis, given, rows, letters_for(ax, NAME))
    return root(axis)


@show.figure.register(Estimation)
def of_estimation(found: Estimation, path: str | Path | None = None, *, ax: Axes | None = None) -> Figure:
    """The picture of an estimate: bars of players, or the matrix of pairs."""
    if found.values.ndim == 2:
        return interaction_matrix(found, ax=ax, path=path)
    return attributions(found, ax=ax, path=path)


@show.figure.register(Result)
def of_result(found: Result, path: str | Path | None = None, *, ax: Axes | None = None) -> Figure:
    """The picture of one method: what each player is given."""
    return attributions(found, ax=ax, path=path)


@singledispatch
def _given(found: Any) -> Given:
    raise TypeError(f"attributions() draws an Estimation, a Result or a Comparison, not {shown(found)}")


@_given.register(Estimation)
def _of_estimation(found: Estimation) -> Given:
    if found.values.ndim != 1:
        raise ValueError(f"'{found.index}' is of pairs, and bars are of players; take interaction_matrix() instead")
    how = (
        "exact: all that there is"
        if found.exact
        else (
            f"whiskers and ±: two standard errors, from {several(found.calls, 'call')}; "
            f"open bars: not told from zero ({CERTAIN} standard errors)"
        )
    )
    undecided = found.undecided if not found.exact else np.zeros(found.n, dtype=bool)
    title = f"Estimate: {plain(found.index)}"
    return Given(found.names, found.values, 2 * found.error, undecided, title, how, "attribution, in units of f")


@_given.register(Result)
def _of_result(found: Result) -> Given:
    if found.attribution is None:
        raise ValueError(f"{found.name} has no attributions to draw: {found.note}")
    values = to_float(found.attribution)
    if values.ndim != 1:
        raise ValueError(f"a figure shows one game; these attributions have shape {values.shape}")
    error = np.zeros(len(values)) if found.error is None else np.abs(to_float(found.error))
    largest_error = float(error.max(initial=0.0))
    note = f"whiskers and ±: the numerical error, at most {brief(largest_error)}" if largest_error else ""
    unit = "in a unit of its own" if found.own_unit else "in units of f"
    undecided = (error > 0) & (np.abs(values) < error)
    title = f"What {plain(found.heading, 60)} gives"
    return Given(_names(found, len(values)), values, error, undecided, title, note, f"attribution, {unit}")


def _names(found: Result, n: int) -> tuple[str, ...]:
    """Of the players: a table knows them, attributions alone do not."""
    table = found.theory or found.measured
    return tuple(f"x{i}" for i in range(n)) if table is None else table.names


def _draw(axis: Axes, given: Given, rows: list[int], letters: int) -> None:
    """Bars and whiskers, the numbers in a column at the right."""
    reach = float((np.abs(given.values) + given.error)[rows].max(initial=0.0)) or 1.0
    bars(axis, given.values[rows], given.error[rows], given.undecided[rows])
    for row, place in enumerate(rows):
        error = f" ± {brief(given.error[place])}" if given.error[place] else ""
        text = minus(fixed(float(given.values[place]), reach) + error)
        axis.annotate(
            text,
            (1, row),
            (4, 0),
            xycoords=axis.get_yaxis_transform(),
            textcoords="offset points",
            va="center",
            fontsize=SMALL,
            color=INK,
            annotation_clip=False,
        )
    labelled(axis, plains([given.names[place] for place in rows], letters))
    hidden = np.delete(given.values, rows)
    more = (
        f"{several(len(hidden), f'more {given.who}')}: Σ {number(float(hidden.sum()), sign=True)}"
        if len(hidden)
        else ""
    )
    total = f"Σ {number(float(given.values.sum()), sign=True)}"
    headed(axis, given.title, "; ".join(filter(None, (total, more))), given.note, width=4.6)
    axis.set_xlabel(given.axis, fontsize=BODY, color=INK)
    axis.margins(x=0.05)
    numbered(axis.xaxis)
    clean(axis)
