"""Neurons as bars: their scores in a ranking, or what the input gives through each."""

from __future__ import annotations

from functools import singledispatch
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from decompositions import show
from decompositions.arguments import shown, whole
from decompositions.counts import several
from synergy.neurons.contributions import Contributions
from synergy.neurons.ranking import Ranking
from synergy.pictures.attributions import Given, drawn
from synergy.pictures.canvas import plain
from synergy.pictures.input_by_neuron import input_by_neuron
from synergy.pictures.ranking import PLAYERS
from synergy.wording.numbers import brief

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def neurons(
    found: Ranking | Contributions, k: int = PLAYERS, *, ax: Axes | None = None, path: str | Path | None = None
) -> Figure:
    """The neurons of a ranking or of a conductance as bars with whiskers, the highest first; open ones may be zero.

    The whiskers of a ranking are two standard errors long to each side, those of a conductance its numerical error.

    Args:
        found: a ranking, or what the input or a region gives through each neuron.
        k: neurons that are shown, at most; of more those with the largest values.
        ax: to draw on; None for a figure of its own.
        path: of a file to save the figure in.

    Raises:
        ImportError: matplotlib is missing (extra ``viz``).
        TypeError: something else.
        ValueError: k below 1; a table that has a row for each player.
    """
    k = whole(k, "k is the number of neurons that are shown", 1)
    return drawn(_given(found), k, ax, path)


@show.figure.register(Ranking)
@show.figure.register(Contributions)
def of_neurons(found: Ranking | Contributions, path: str | Path | None = None, *, ax: Axes | None = None) -> Figure:
    """The picture of a ranking, of what goes through each neuron, or of a table of players and neurons."""
    if isinstance(found, Contributions) and found.players:
        if ax is not None:
            raise ValueError("a table of players and neurons needs a figure of its own: ax=None")
        return input_by_neuron(found, path=path)
    return neurons(found, ax=ax, path=path)


@singledispatch
def _given(found: Any) -> Given:
    raise TypeError(f"neurons() draws a Ranking or Contributions, not {shown(found)}")


@_given.register(Ranking)
def _of_ranking(found: Ranking) -> Given:
    names, values, error = _sorted(found.names, found.score, 2 * found.error)
    note = f"whiskers and ±: two standard errors, from {several(found.inputs, 'input')}; open bars: within them of zero"
    title = f"Votes of {plain(found.layer, 40)}"
    axis = "score: for the true class, less for the others, in logits"
    return Given(names, values, error, (error > 0) & (abs(values) < error), title, note, axis, "neuron")


@_given.register(Contributions)
def _of_contributions(found: Contributions) -> Given:
    if found.players:
        raise ValueError("this table has a row for each player; draw it with pictures.input_by_neuron()")
    names, values, error = _sorted(found.names, found.values, found.errors)
    note = f"whiskers and ±: the numerical error, at most {brief(float(error.max()))}; {found.rule}"
    title = "What goes through each neuron"
    return Given(names, values, error, (error > 0) & (abs(values) < error), title, note, "in units of f", "neuron")


def _sorted(
    names: tuple[str, ...], values: torch.Tensor, error: torch.Tensor
) -> tuple[tuple[str, ...], np.ndarray, np.ndarray]:
    """The largest value first; an error that is not known is none."""
    numbers, errors = values.detach().cpu().double().numpy(), error.detach().cpu().double().numpy()
    order = np.argsort(-numbers, kind="stable")
    return tuple(names[j] for j in order), numbers[order], np.nan_to_num(errors[order])
