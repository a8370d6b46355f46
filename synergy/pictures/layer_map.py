"""A map of a network's layers: every neuron as a cell that has the colour of its score."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from decompositions.arguments import shown, whole
from decompositions.counts import several
from synergy.neurons.ranking import Ranking
from synergy.pictures.canvas import FAINT, INK, SMALL, SOFT, above_and_below, canvas, plain
from synergy.pictures.heat import heat, scale
from synergy.wording.numbers import minus, number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LABELLED = 3  # neurons of a layer that are named
LAYERS = 8  # columns, at most
COLUMN, HIGH, LINE = 1.9, 3.0, 12.0  # inches of a layer's column and of its cells; points of a line of names
NAME = 16  # letters of a neuron's name


def layer_map(found: Mapping[str, Ranking] | Ranking, k: int = LABELLED, *, path: str | Path | None = None) -> Figure:
    """The rankings of several layers, a column for each: its neurons by score, the highest on top, on one scale.

    Below a column are the names of its k neurons of the largest scores, whatever their sign.

    Args:
        found: of :func:`synergy.neurons.rank_neurons` with a list of layers; one ranking is one column. Eight layers
            at most.
        k: how many neurons of a layer are named.
        path: of a file to save the figure in.

    Raises:
        ImportError: matplotlib is missing (extra ``viz``).
        TypeError: something else.
        ValueError: k below 1, no layer, or more than eight.
    """
    k = whole(k, "k is the number of neurons that are named", 1)
    layers = _layers(found)
    scores = [each.score.detach().cpu().double().numpy() for each in layers]
    limit = max(float(np.abs(each).max(initial=0.0)) for each in scores) or 1.0
    width = 1.4 + COLUMN * len(layers)
    with canvas(width, 1.5 + HIGH + k * LINE / 72, path) as figure:
        grid = figure.subplots(1, len(layers), squeeze=False)[0]
        for axis, ranking, values in zip(grid, layers, scores, strict=True):
            image = heat(axis, np.sort(values)[::-1, None], limit)
            _named(axis, ranking, values, k)
        scale(figure, image, grid.tolist(), "score, in logits")
        note = "a cell is a neuron, the highest score of its layer on top; below, those of the largest scores"
        above_and_below(figure, "Votes of the layers", note, width=width - 0.4)
    return figure


def _layers(found: Mapping[str, Ranking] | Ranking) -> list[Ranking]:
    layers = [found] if isinstance(found, Ranking) else list(found.values()) if isinstance(found, Mapping) else None
    if layers is None or not all(isinstance(each, Ranking) for each in layers):
        raise TypeError(f"layer_map() draws rankings by layer, rank_neurons(model, [layers], …), not {shown(found)}")
    if not 1 <= len(layers) <= LAYERS:
        raise ValueError(f"a map has 1 to {LAYERS} layers, not {len(layers)}; draw some of them")
    return layers


def _named(axis: Axes, ranking: Ranking, values: np.ndarray, k: int) -> None:
    """The layer above its column, and its strongest neurons below."""
    order = np.argsort(-np.abs(values), kind="stable")[:k]
    lines = [f"{plain(ranking.names[j], NAME)} {minus(number(float(values[j]), sign=True))}" for j in order]
    axis.spines[:].set(visible=True, color=FAINT)
    axis.set_xticks([])
    axis.set_yticks([])
    axis.set_title(f"{plain(ranking.layer, 14)}\n{several(len(values), 'neuron')}", fontsize=SMALL, color=INK)
    axis.set_xlabel("\n".join(lines), fontsize=SMALL, color=SOFT)
