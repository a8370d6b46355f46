"""A study as figures: how alike methods are, their scores, and who is given the effects of each order."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from decompositions import show
from decompositions.arguments import shown
from decompositions.counts import several
from synergy.pictures.canvas import (
    BODY,
    FAINT,
    INK,
    SMALL,
    SOFT,
    above_and_below,
    axes,
    canvas,
    clean,
    headed,
    labelled,
    letters_for,
    numbered,
    plain,
    plains,
    root,
)
from synergy.pictures.heat import across, cell, heat, ink, scale
from synergy.studies.results import Study
from synergy.wording.colours import NEGATIVE, POSITIVE, hexadecimal
from synergy.wording.numbers import minus

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAME = 24  # letters of a method
SIDE, LOW = 0.42, 0.27  # inches of a cell, and of a row
PANEL, NAMES = 1.7, 2.2  # inches of a panel of scores, and of the names beside them
ACROSS = 5  # panels beside each other
FULL = 2.0  # of an order's effects, where colours end
HEADS = {"gap": "|gap|", "disagreement": "theory − practice"}
DOT = "a dot: undecided, not told from 0"


@show.figure.register(Study)
def study_figure(
    study: Study, path: str | Path | None = None, what: str = "scores", model: str | None = None
) -> Figure:
    """One of the figures, as :meth:`Study.plot` asks for it.

    Raises:
        LookupError: no such figure.
    """
    known = {
        "scores": scores,
        "agreement": agreement_matrix,
        "orders": order_shares,
        "curves": faithfulness_curves,
        "sanity": sanity_matrix,
    }
    if what not in known:
        raise LookupError(f"a study draws {', '.join(known)}, not {shown(what)}")
    return known[what](study, model, path=path)


def agreement_matrix(
    study: Study, model: str | None = None, *, ax: Axes | None = None, path: str | Path | None = None
) -> Figure:
    """How alike methods rank the players: the mean over inputs of Spearman's ρ, as a matrix.

    Args:
        study: with two methods at least.
        model: of several, by name; the first by default.
        ax: to draw on; None for a figure of its own.
        path: of a file to save the figure in.

    Raises:
        ImportError: matplotlib is missing (extra ``viz``).
        TypeError, LookupError: no study, or no such model.
        ValueError: a single method.
    """
    name = _model(study, model)
    if len(study.methods) < 2:
        raise ValueError(f"agreement is that of two methods at least, and this study has {study.methods[0]!r} alone")
    found = study.agreement()
    found = found[found.model == name]
    methods = [each for each in study.methods if each in {*found["first"], *found.second}]
    places = {each: place for place, each in enumerate(methods)}
    table, doubts = np.full((len(methods), len(methods)), np.nan), []
    np.fill_diagonal(table, 1.0)
    for row in found.itertuples():
        one, other = places[row.first], places[row.second]
        table[one, other] = table[other, one] = row.mean
        doubts += [(one, other), (other, one)] if row.undecided else []
    side = max(1.5, SIDE * len(methods))
    wide, numbers = cell(ax, len(methods), (SIDE, True))
    with axes(ax, side + 3.4, side * 0.85 + 2.4, path) as axis:
        image = heat(axis, table, 1.0)
        names = plains(methods, letters_for(ax, NAME))
        labelled(axis, names)
        axis.set_ylim(len(methods) - 0.5, -0.5)
        across(axis, names, wide)
        if numbers:
            _numbers(axis, table)
        _dots(axis, doubts)
        headed(axis, "Agreement of methods", f"mean of Spearman's ρ over {_inputs(study)}; {DOT}", width=side + 1.5)
        scale(axis.get_figure(), image, axis, "ρ")
    return root(axis)


def scores(study: Study, model: str | None = None, *, path: str | Path | None = None) -> Figure:
    """Criteria and faithfulness by method: means over the inputs with bootstrap intervals of 95 %.

    A hollow mark is undecided, not told from 0: its numerical error, or its interval, reaches that far.

    Args:
        study, model, path: as for :func:`agreement_matrix`.

    Raises:
        ImportError, TypeError, LookupError: as for :func:`agreement_matrix`.
    """
    name = _model(study, model)
    found = study.summary()
    found = found[found.model == name]
    quantities = list(dict.fromkeys(found.quantity))
    methods = [each for each in study.methods if each in set(found.method)]
    with canvas(NAMES + PANEL * len(quantities), 1.5 + LOW * len(methods), path) as figure:
        grid = figure.subplots(1, len(quantities), sharey=True, squeeze=False, gridspec_kw={"wspace": 0.12})[0]
        for axis, quantity in zip(grid, quantities, strict=True):
            _panel(axis, found[found.quantity == quantity].set_index("method"), methods)
            axis.set_title(HEADS.get(quantity, quantity), fontsize=BODY, color=INK, loc="left")
        labelled(grid[0], plains(methods, NAME))
        note = f"means over {_inputs(study)} with intervals of 95 %; hollow: undecided, not told from 0"
        above_and_below(figure, f"Scores of methods on {plain(name)}", note, width=PANEL * len(quantities) + 1)
    return figure


def _panel(axis: Axes, found: Any, methods: list[str]) -> None:
    """The means of one score, a row for each method that has it."""
    colour = hexadecimal(POSITIVE)
    for place, method in enumerate(methods):
        if method not in found.index or np.isnan(found.loc[method, "mean"]):
            continue
        mean, low, high, error, undecided = found.loc[method, ["mean", "low", "high", "error", "undecided"]]
        if not np.isnan(low):
            axis.plot([low, high], [place, place], color=colour, linewidth=1.6, solid_capstyle="butt")
        axis.update_datalim([(mean - error, place), (mean + error, place)])  # so that no axis shows less than that
        axis.plot(mean, place, "o", color=colour, markersize=4.5, markerfacecolor="white" if undecided else colour)
    axis.axvline(0, color=SOFT, linewidth=0.7, zorder=0)
    axis.margins(x=0.1)
    clean(axis)
    numbered(axis.xaxis)
    axis.grid(axis="x", color=FAINT, linewidth=0.6)
    axis.tick_params(axis="y", length=0)


def order_shares(study: Study, model: str | None = None, *, path: str | Path | None = None) -> Figure:
    """How large the effects of each order are, and how much of them each method gives, inside and outside.

    Args:
        study, model, path: as for :func:`agreement_matrix`.

    Raises:
        ImportError, TypeError, LookupError: as for :func:`agreement_matrix`.
    """
    name = _model(study, model)
    found = study.orders()
    found = found[found.model == name]
    orders = sorted(set(found.order))
    methods = [each for each in study.methods if each in set(found.method)]
    wide, high = max(1.5, SIDE * len(orders)), max(0.8, LOW * len(methods))
    with canvas(2.9 + 2 * wide, 3.2 + high, path) as figure:
        top, beside, left, right = figure.subplots(2, 2, height_ratios=(1.1, high), sharex="col").flat
        beside.set_axis_off()
        _shares(top, found[found.part == "share"].set_index("order"), orders)
        for axis, part in ((left, "inside"), (right, "outside")):
            image = _given(axis, found[found.part == part], methods, orders)
            axis.set_title(f"given {part} the coalition", fontsize=BODY, color=INK, loc="left")
        labelled(left, plains(methods, NAME))
        right.set_yticks([])
        for axis in (left, right):
            axis.set_ylim(len(methods) - 0.5, -0.5)
        scale(figure, image, [left, right], "of the order's effects")
        note = f"means over {_inputs(study)}; 1 inside is all; {DOT}; grey: none above the noise, or not measured"
        above_and_below(figure, f"Effects by order on {plain(name)}, and who is given them", note, width=2 * wide + 2)
    return figure


def faithfulness_curves(study: Study, model: str | None = None, *, path: str | Path | None = None) -> Figure:
    """What is left of f(x) − f(b) when the players of the largest attributions are absent, or there alone, by method.

    The bands are bootstrap intervals of 95 % of the means over the inputs.

    Args:
        study, model, path: as for :func:`agreement_matrix`.

    Raises:
        ImportError, TypeError, LookupError: as for :func:`agreement_matrix`.
    """
    name = _model(study, model)
    found = study.curves()
    found = found[found.model == name]
    methods = [each for each in study.methods if each in set(found.method)]
    rows = -(-len(methods) // ACROSS)
    columns = -(-len(methods) // rows)
    with canvas(0.6 + PANEL * columns, 1.3 + 1.45 * rows, path) as figure:
        grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).flat
        for axis, method in zip(grid, methods, strict=False):
            _curves(axis, found[found.method == method])
            axis.set_title(plain(method, 20), fontsize=BODY, color=INK, loc="left")
        for axis in grid[len(methods) :]:
            axis.set_axis_off()
        note = (
            f"means over {_inputs(study)} of what is left of f(x) − f(b), with intervals of 95 %, by the number of "
            "players; orange: those of the largest attributions are absent; blue: they are there alone"
        )
        above_and_below(figure, f"Deletion and insertion, {plain(name)}", note, width=PANEL * columns)
    return figure


def _curves(axis: Axes, found: Any) -> None:
    """Both curves of one method, with their bands."""
    for curve, colour in (("deletion", NEGATIVE), ("insertion", POSITIVE)):
        rows = found[found.curve == curve].sort_values("players")
        axis.fill_between(rows.players, rows.low, rows.high, color=hexadecimal(colour), alpha=0.2, linewidth=0)
        axis.plot(rows.players, rows["mean"], color=hexadecimal(colour), linewidth=1.4)
    for height in (0, 1):
        axis.axhline(height, color=SOFT, linewidth=0.6, zorder=0)
    clean(axis)
    numbered(axis.yaxis)
    numbered(axis.xaxis)


def sanity_matrix(study: Study, model: str | None = None, *, path: str | Path | None = None) -> Figure:
    """How alike attributions are to those of a model with random weights, or for another label: near 0 is sane.

    Args:
        study, model, path: as for :func:`agreement_matrix`; with ``controls``.

    Raises:
        ImportError, TypeError, LookupError: as for :func:`agreement_matrix`.
        ValueError: the study has no controls.

    Reference: adebayo2018sanity
    """
    name = _model(study, model)
    found = study.sanity()
    found = found[found.model == name]
    if found.empty:
        raise ValueError('this study has no controls; ask it with controls=["weights", "labels"]')
    controls = list(dict.fromkeys(found.control))
    methods = [each for each in study.methods if each in set(found.method)]
    wide, high = max(1.5, SIDE * len(controls)), max(0.8, LOW * len(methods))
    with canvas(2.9 + 2 * wide, 3.0 + high, path) as figure:
        grid = figure.subplots(1, 2)
        for axis, part in zip(grid, ("values", "sizes"), strict=True):
            image = _correlated(axis, found[found.part == part], methods, controls)
            across(axis, plains(controls, NAME), SIDE)
            axis.set_title(part, fontsize=BODY, color=INK, loc="left")
            axis.set_yticks([])
        labelled(grid[0], plains(methods, NAME))
        for axis in grid:
            axis.set_ylim(len(methods) - 0.5, -0.5)
        scale(figure, image, list(grid), "ρ")
        note = f"mean of Spearman's ρ with the attributions as they are, over {_inputs(study)}; near 0 is sane; {DOT}"
        above_and_below(figure, f"Random weights and labels, {plain(name)}", note, width=2 * wide + 2)
    return figure


def _correlated(axis: Axes, found: Any, methods: list[str], controls: list[str]) -> Any:
    """What is left of each method's ranks under each control, as a heat map."""
    table, doubts = np.full((len(methods), len(controls)), np.nan), []
    for row in found.itertuples():
        place = methods.index(row.method), controls.index(row.control)
        table[place] = row.mean
        doubts += [place] if row.undecided and not np.isnan(row.mean) else []
    image = heat(axis, table, 1.0)
    _numbers(axis, table)
    _dots(axis, doubts)
    return image


def _shares(axis: Axes, found: Any, orders: list[int]) -> None:
    """Bars of the share of each order in all effects."""
    rows = found.loc[orders]
    bars = np.array([rows["mean"] - rows.low, rows.high - rows["mean"]])
    axis.bar(range(len(orders)), rows["mean"], color=hexadecimal(POSITIVE), width=0.7)
    axis.errorbar(range(len(orders)), rows["mean"], np.nan_to_num(bars), fmt="none", ecolor=INK, elinewidth=1)
    axis.set_title("share of all effects", fontsize=BODY, color=INK, loc="left")
    axis.set_ylim(bottom=0)
    clean(axis)
    numbered(axis.yaxis)


def _given(axis: Axes, found: Any, methods: list[str], orders: list[int]) -> Any:
    """What each method gives of each order, as a heat map."""
    table, doubts = np.full((len(methods), len(orders)), np.nan), []
    for row in found.itertuples():
        place = methods.index(row.method), orders.index(row.order)
        table[place] = row.mean
        doubts += [place] if row.undecided and not np.isnan(row.mean) else []
    image = heat(axis, table, FULL)
    _numbers(axis, table, FULL)
    _dots(axis, doubts)
    axis.set_xticks(range(len(orders)), [str(order) for order in orders], fontsize=SMALL, color=SOFT)
    axis.set_xlabel("order: players of a coalition", fontsize=BODY, color=INK)
    return image


def _numbers(axis: Axes, table: np.ndarray, limit: float = 1.0) -> None:
    """The numbers in their cells, with two digits."""
    for (row, column), value in np.ndenumerate(table):
        if not np.isnan(value):
            axis.text(column, row, _two(float(value)), ha="center", va="center", fontsize=6.5, color=ink(value, limit))


def _two(value: float) -> str:
    """A number for a small cell.

    >>> _two(0.9996), _two(-0.042), _two(2.04), _two(-1e-9)
    ('1', '−.04', '2', '0')
    """
    near = round(value, 2 if abs(value) < 1 else 1) + 0.0
    return minus(f"{near:g}".replace("0.", ".", 1))


def _dots(axis: Axes, places: list[tuple[int, int]]) -> None:
    """A dot in the corner of what is undecided."""
    rows, columns = [row for row, _ in places], [column for _, column in places]
    axis.scatter(np.array(columns) + 0.36, np.array(rows) - 0.33, s=4, color=SOFT, linewidths=0)


def _model(study: Any, model: str | None) -> str:
    """The model that is drawn."""
    if not isinstance(study, Study):
        raise TypeError(f"this draws a Study, as synergy.studies.study() gives it, not {shown(study)}")
    if model is not None and model not in study.models:
        raise LookupError(f"no model {shown(model)} in this study; there are {', '.join(study.models)}")
    return study.models[0] if model is None else model


def _inputs(study: Study) -> str:
    return several(len(study), "input")
