"""A map of a network's layers: every neuron as a cell that has the colour of its score."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from decompositions import show
from decompositions.arguments import shown, whole
from decompositions.counts import several
from synergy.neurons.ranking import Ranking
from synergy.neurons.rankings import Rankings
from synergy.pictures.canvas import FAINT, INK, SMALL, SOFT, above_and_below, canvas, plain, plains
from synergy.pictures.heat import heat, scale
from synergy.wording.numbers import minus, number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LABELLED = 3  # neurons of a layer that are named
ROW, LAYERS = 8, 48  # columns of a row, and in all
COLUMN, LINE = 1.9, 12.0  # inches of a layer's column; points of a line of names
HIGH, LOW = 3.0, 2.0  # inches of the cells of a column, in one row and in several
NAME, LETTERS = 16, 26  # letters of a neuron's name, and of a layer's
CELLS, GAP = 48, 3  # neurons of a layer that have cells of their own; cells of the gap between the ends of more


def layer_map(found: Mapping[str, Ranking] | Ranking, k: int = LABELLED, *, path: str | Path | None = None) -> Figure:
    """The rankings of several layers, a column for each: its neurons by score, the highest on top, on one scale.

    Of a layer of more than 48 neurons the 24 highest and the 24 lowest are drawn, with a gap between them.
    Below a column are the names of its k neurons of the largest scores, whatever their sign.

    Args:
        found: of :func:`synergy.neurons.rank_neurons` with several layers; one ranking is one column. Eight stand in
            a row, 48 at most.
        k: how many neurons of a layer are named.
        path: of a file to save the figure in.

    Raises:
        ImportError: matplotlib is missing (extra ``viz``).
        TypeError: something else.
        ValueError: k below 1, no layer, or more than 48.
    """
    k = whole(k, "k is the number of neurons that are named", 1)
    layers = _layers(found)
    scores = [each.score.detach().cpu().double().numpy() for each in layers]
    limit = max(float(np.abs(each).max(initial=0.0)) for each in scores) or 1.0
    columns, rows = min(ROW, len(layers)), -(-len(layers) // ROW)
    width = 1.4 + COLUMN * columns
    high = HIGH if rows == 1 else LOW
    with canvas(width, 1.0 + rows * (0.5 + high + k * LINE / 72), path) as figure:
        grid = figure.subplots(rows, columns, squeeze=False).ravel()
        titles = plains([each.layer for each in layers], LETTERS)
        for axis, ranking, values, title in zip(grid, layers, scores, titles, strict=False):
            image = heat(axis, _cells(axis, np.sort(values)[::-1])[:, None], limit)
            _named(axis, ranking, values, k, title)
        for axis in grid[len(layers) :]:
            axis.set_axis_off()
        scale(figure, image, grid.tolist(), "score, in logits")
        ends = f"; of more than {CELLS} the highest and the lowest" if max(map(len, scores)) > CELLS else ""
        note = f"a cell is a neuron, the highest score of its layer on top{ends}; below, those of the largest scores"
        above_and_below(figure, "Votes of the layers", note, width=width - 0.4)
    return figure


@show.figure.register(Rankings)
def of_layers(found: Rankings, path: str | Path | None = None) -> Figure:
    """The map of the layers that were ranked."""
    return layer_map(found, path=path)


def _layers(found: Mapping[str, Ranking] | Ranking) -> list[Ranking]:
    layers = [found] if isinstance(found, Ranking) else list(found.values()) if isinstance(found, Mapping) else None
    if layers is None or not all(isinstance(each, Ranking) for each in layers):
        raise TypeError(f"layer_map() draws rankings by layer, rank_neurons(model, [layers], …), not {shown(found)}")
    if not 1 <= len(layers) <= LAYERS:
        raise ValueError(f"a map has 1 to {LAYERS} layers, not {len(layers)}; draw some of them")
    return layers


def _cells(axis: Axes, values: np.ndarray) -> np.ndarray:
    """The values that are drawn, of many the ends, between which stands how many there are."""
    between = len(values) - CELLS
    if between <= 0:
        return values
    axis.text(
        0, CELLS / 2 + GAP / 2 - 0.5, f"{between:,} between", fontsize=SMALL, color=SOFT, ha="center", va="center"
    )
    return np.concatenate([values[: CELLS // 2], np.full(GAP, np.nan), values[-CELLS // 2 :]])


def _named(axis: Axes, ranking: Ranking, values: np.ndarray, k: int, title: str) -> None:
    """The layer above its column, and its strongest neurons below."""
    order = np.argsort(-np.abs(values), kind="stable")[:k]
    lines = [f"{plain(ranking.names[j], NAME)} {minus(number(float(values[j]), sign=True))}" for j in order]
    axis.spines[:].set(visible=True, color=FAINT)
    axis.set_xticks([])
    axis.set_yticks([])
    axis.set_title(f"{title}\n{several(len(values), 'neuron')}", fontsize=SMALL, color=INK)
    axis.set_xlabel("\n".join(lines), fontsize=SMALL, color=SOFT)
