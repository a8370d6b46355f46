"""A network before and after neurons are silenced: by rank, by loudness, and at random."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from decompositions.arguments import shown
from synergy.neurons.controls import Controls
from synergy.pictures.canvas import BODY, FAINT, INK, SMALL, SOFT, above_and_below, canvas, clean, numbered, plain
from synergy.wording.colours import NEGATIVE, POSITIVE, hexadecimal

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDE, HIGH = 8.4, 3.4  # inches
LINES = (("o-", hexadecimal(POSITIVE)), ("s--", hexadecimal(NEGATIVE)), ("^:", SOFT))  # ranked, loudest, random


def silenced(found: Controls | Sequence[Controls], *, path: str | Path | None = None) -> Figure:
    """Accuracy and confidence over how many neurons are silent: ranked ones, the loudest, and some at random.

    The bars of the random ones are two standard errors of the mean over draws, to each side. Where none is silent
    stands the network as it is.

    Args:
        found: of :func:`synergy.neurons.controls`, of one layer, with several parts; one of them is one step.
        path: of a file to save the figure in.

    Raises:
        ImportError: matplotlib is missing (extra ``viz``).
        TypeError: something else.
        ValueError: none at all, of several layers or rankings, or the same number of silent neurons twice.
    """
    steps = _steps(found)
    silent = [0, *(each.silent for each in steps)]
    with canvas(WIDE, HIGH, path) as figure:
        *grid, beside = figure.subplots(1, 3, width_ratios=(1, 1, 0.75))
        for axis, what in zip(grid, ("accuracy", "confidence"), strict=True):
            for place, (line, colour) in enumerate(LINES, 1):
                outcomes = [steps[0].outcomes[0], *(each.outcomes[place] for each in steps)]
                values = [getattr(each, what) for each in outcomes]
                errors = 2 * np.array([getattr(each, f"{what}_error") for each in outcomes])
                axis.errorbar(
                    silent, values, errors if errors.any() else None, fmt=line, color=colour, capsize=2.5,
                    markersize=4, linewidth=1.4, label=outcomes[-1].name,
                )  # fmt: skip
            _dressed(axis, what)
        beside.set_axis_off()
        beside.legend(*grid[0].get_legend_handles_labels(), loc="center left", fontsize=SMALL, frameon=False,
                      labelcolor=INK, borderaxespad=0)  # fmt: skip
        title = f"Without neurons of {plain(steps[0].layer, 40)}"
        note = f"of {steps[0].neurons:,} neurons; at random: the mean of {steps[0].draws} draws ± 2 standard errors"
        above_and_below(figure, title, note, width=WIDE - 0.4)
    return figure


def _steps(found: Controls | Sequence[Controls]) -> list[Controls]:
    """The trials, the smallest number of silent neurons first."""
    steps = [found] if isinstance(found, Controls) else list(found) if isinstance(found, Sequence) else None
    if steps is None or not all(isinstance(each, Controls) for each in steps):
        raise TypeError(f"silenced() draws what controls() gives, one or a list of them, not {shown(found)}")
    kinds = {(each.layer, each.neurons, tuple(one.name for one in each.outcomes)) for each in steps}
    counts = {each.silent for each in steps} | {0}
    if len(kinds) != 1:
        raise ValueError("the trials to draw are of one layer and one order, at least one; draw others beside")
    if len(counts) != len(steps) + 1:
        raise ValueError("every trial silences another number of neurons, one or more")
    return sorted(steps, key=lambda each: each.silent)


def _dressed(axis: Axes, what: str) -> None:
    """The scales: shares from 0 to 1, whole neurons."""
    from matplotlib.ticker import MaxNLocator

    axis.set_ylim(-0.03, 1.03)
    axis.set_xlabel("silent neurons", fontsize=BODY, color=INK)
    axis.set_title(what, fontsize=BODY, color=INK, loc="left")
    clean(axis)
    numbered(axis.xaxis)
    numbered(axis.yaxis)
    axis.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    axis.grid(axis="y", color=FAINT, linewidth=0.6)
