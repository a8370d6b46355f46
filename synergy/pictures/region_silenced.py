"""What is left inside and outside a region without the neurons that speak for it, and without others."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from decompositions import show
from decompositions.arguments import shown
from decompositions.counts import several
from synergy.neurons.region_controls import RANKINGS, RegionControls
from synergy.pictures.canvas import BODY, FAINT, INK, SMALL, SOFT, above_and_below, canvas, clean, numbered, plain
from synergy.wording.colours import NEGATIVE, POSITIVE, hexadecimal

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDE, HIGH = 9.6, 3.5  # inches
LINES = {
    "region": ("o-", hexadecimal(POSITIVE), "what the region gives"),
    "conductance": ("s--", hexadecimal(NEGATIVE), "conductance"),
    "loudest": ("v-.", INK, "loudness"),
    "random": ("^:", SOFT, "chance"),
}
PANELS = {"inside": "log Σ|a| inside", "outside": "log Σ|a| outside", "confidence": "confidence"}


def region_silenced(found: RegionControls, *, path: str | Path | None = None) -> Figure:
    """What changes inside and outside a region, and in the confidence, over how many neurons are silent.

    A line is a ranking of the neurons; the bars are 95 % bootstrap intervals of the mean over the inputs. Both panels
    of Integrated Gradients have one scale. A mean that is not finite, as where nothing is left, has no mark.

    Args:
        found: of :func:`synergy.neurons.region_controls`.
        path: of a file to save the figure in.

    Raises:
        ImportError: matplotlib is missing (extra ``viz``).
        TypeError: something else.
    """
    if not isinstance(found, RegionControls):
        raise TypeError(f"region_silenced() draws what region_controls() gives, not {shown(found)}")
    with canvas(WIDE, HIGH, path) as figure:
        *grid, beside = figure.subplots(1, 4, width_ratios=(1, 1, 1, 0.8))
        for axis, what in zip(grid, PANELS, strict=True):
            for ranking in RANKINGS:
                _line(axis, found, what, ranking)
            _dressed(axis, PANELS[what])
        ends = np.array([axis.get_ylim() for axis in grid[:2]])
        for axis in grid[:2]:
            axis.set_ylim(ends[:, 0].min(), ends[:, 1].max())
        beside.set_axis_off()
        beside.legend(*grid[0].get_legend_handles_labels(), title="silenced by", title_fontsize=SMALL,
                      loc="center left", fontsize=SMALL, frameon=False, labelcolor=INK, borderaxespad=0)  # fmt: skip
        inputs = several(len(found.before), "input")
        note = (
            f"of {found.neurons:,} neurons; mean changes over {inputs}, with 95 % bootstrap intervals; a: Integrated "
            "Gradients"
        )
        above_and_below(figure, f"Without neurons of {plain(found.layer, 40)}", note, width=WIDE - 0.4)
    return figure


@show.figure.register(RegionControls)
def of_region_controls(found: RegionControls, path: str | Path | None = None) -> Figure:
    """The picture of what silence changes inside and outside a region."""
    return region_silenced(found, path=path)


def _line(axis: Axes, found: RegionControls, what: str, ranking: str) -> None:
    """The mean changes by the number of silent neurons; where none is silent nothing changes."""
    order = np.argsort(found.silent, kind="stable")
    rows = np.array([(0.0, 0.0, 0.0), *(found.interval(what, ranking, found.parts[k]) for k in order)])
    rows[~np.isfinite(rows).all(1)] = np.nan
    means, low, high = rows.T
    line, colour, name = LINES[ranking]
    axis.errorbar(
        [0, *(found.silent[k] for k in order)], means, (means - low, high - means), fmt=line, color=colour, capsize=2.5,
        markersize=4, linewidth=1.4, elinewidth=0.9, label=name,
    )  # fmt: skip


def _dressed(axis: Axes, title: str) -> None:
    from matplotlib.ticker import MaxNLocator

    axis.axhline(0, color=FAINT, linewidth=0.8, zorder=0)
    axis.set_xlabel("silent neurons", fontsize=BODY, color=INK)
    axis.set_title(title, fontsize=BODY, color=INK, loc="left")
    clean(axis)
    numbered(axis.xaxis)
    numbered(axis.yaxis)
    axis.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    axis.grid(axis="y", color=FAINT, linewidth=0.6)
