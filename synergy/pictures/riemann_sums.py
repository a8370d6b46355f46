"""An integral along the path by a few steps of four rules, what each misses, and how many steps they need."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from synergy.algorithms.path.line import RULES, StraightLine
from synergy.pictures import along
from synergy.pictures.canvas import BODY, FAINT, INK, SMALL, SOFT, TITLE, canvas, clean, plain
from synergy.wording.colours import NEGATIVE, POSITIVE, hexadecimal
from synergy.wording.numbers import brief, minus, number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

STEPS = 5
CENTRED = ("midpoint", "trapezoid")
ROUNDING = 2.0**-50  # of sums, relative to the largest derivative
LOOKS: Mapping[str, dict[str, Any]] = {  # of the rules' errors: told apart by marker and dash, too
    "left": {"marker": "<", "linestyle": "-"},
    "right": {"marker": ">", "linestyle": "-"},
    "midpoint": {"marker": "o", "linestyle": "--"},
    "trapezoid": {"marker": "s", "linestyle": ":"},
}


def riemann_sums(
    line: StraightLine,
    who: int | str | None = None,
    *,
    steps: int = STEPS,
    unit: str = "f",
    path: str | Path | None = None,
) -> Figure:
    """A player's partial derivative under the bars of four rules, and their errors against the number of steps.

    An error is a rule's sum less the integral, which is known better (:class:`synergy.path_method.AbstractPathMethod`);
    what that is not sure of is a grey area in the picture of the errors.

    Args:
        line: of a game, :func:`synergy.straight_line`.
        who: the player, by number or name; None for the one that is given most.
        steps: of the bars; the line has to know the gradient there (``line.divisions()`` says how
            many).
        unit: of f.
        path: of a file to save the figure in; its ending says the format.

    Raises:
        ImportError: matplotlib is missing (extra ``viz``).
        TypeError, LookupError: no line, or no such player.
        ValueError: several players, or steps at which the gradient is not known.
    """
    players = along.chosen(along.line_of(line), who, 1)
    if len(players) != 1:
        raise ValueError(f"the sums of one player are drawn, not of {len(players)}")
    added = {rule: line.added(rule, steps)[:, players[0]] for rule in RULES}
    with canvas(7.0, 4.0, path) as figure:
        parts: Any = figure.subfigures(1, 2, width_ratios=[4.1, 2.9])
        panels = parts[0].subplots(2, 2, sharex=True, sharey=True)
        for panel, (rule, each) in zip(panels.flat, added.items(), strict=True):
            _bars(panel, line, players[0], rule, each)
        parts[0].supxlabel(along.ALPHA, fontsize=BODY, color=INK)
        parts[0].supylabel(f"∂g/∂tᵢ, in units of {unit}", fontsize=BODY, color=INK)
        exact = minus(number(float(line.integrals[players[0]]), sign=True))
        parts[0].suptitle(f"{plain(line.names[players[0]], 22)}: ∫ = {exact}", fontsize=TITLE, color=INK, weight="bold")
        _errors(parts[1].subplots(), line, players[0])
    return figure


def _bars(axis: Axes, line: StraightLine, player: int, rule: str, added: np.ndarray) -> None:
    """The steps of a rule, as bars or trapezoids, on the curve."""
    from matplotlib.collections import PolyCollection

    axis.plot(line.places, line.slopes[:, player], color=INK, linewidth=1.2)
    shapes = _outlines(line.slopes[:, player], rule, added)
    tints = [hexadecimal(POSITIVE if each > 0 else NEGATIVE) for each in added]
    axis.add_collection(PolyCollection(shapes, facecolors=tints, edgecolors=tints, alpha=along.OPAQUE, linewidths=1))
    along.framed(axis)
    axis.autoscale_view(scalex=False)
    total = float(added.sum())
    found, error = (minus(number(each, sign=True)) for each in (total, total - float(line.integrals[player])))
    axis.set_title(f"{rule}: {found}\nerror {error}", fontsize=BODY, color=INK)


def _outlines(slopes: np.ndarray, rule: str, added: np.ndarray) -> list[list[tuple[float, float]]]:
    """The corners of every step, from zero up and back."""
    steps = len(added)
    ends = slopes[:: (len(slopes) - 1) // steps]
    sides = [(ends[j], ends[j + 1]) if rule == "trapezoid" else (added[j] * steps,) * 2 for j in range(steps)]
    return [
        [(j / steps, 0.0), (j / steps, first), ((j + 1) / steps, second), ((j + 1) / steps, 0.0)]
        for j, (first, second) in enumerate(sides)
    ]


def _errors(axis: Axes, line: StraightLine, player: int) -> None:
    """The sizes of the rules' errors against the number of steps, both logarithmic, above what is known of them."""
    known, least = line.divisions(), _least(line, player)
    for rule, look in LOOKS.items():
        sums = np.array([line.added(rule, k)[:, player].sum() for k in known])
        errors = np.maximum(np.abs(sums - line.integrals[player]), least)
        colour = hexadecimal(POSITIVE if rule in CENTRED else NEGATIVE)
        axis.plot(known, errors, color=colour, markersize=3.5, linewidth=1.1, label=rule, **look)
    axis.set_xscale("log")
    axis.set_yscale("log")
    bottom, top = axis.get_ylim()
    axis.set_ylim(min(bottom, least / 2), max(top, 10 * least))
    axis.axhspan(axis.get_ylim()[0], least, color=FAINT, zorder=0)
    ticks = [k for k in (1, 2, 5, 10, 20, 60, 120, 500, 2000) if k <= known[-1]]
    axis.set_xticks(ticks, list(map(str, ticks)))
    axis.minorticks_off()
    _decades(axis)
    clean(axis)
    axis.tick_params(labelsize=SMALL, colors=SOFT, length=2)
    axis.set_title("error of the sum", fontsize=TITLE, color=INK, weight="bold")
    along.said(axis, "steps", f"|sum − ∫|; grey: below {brief(least)}, not known")
    axis.legend(frameon=False, fontsize=SMALL, labelcolor=INK, loc="best")


def _least(line: StraightLine, player: int) -> float:
    """Below which an error is not told from that of the integral, or from rounding."""
    return max(float(line.errors[player]), ROUNDING * float(np.abs(line.slopes).max())) or ROUNDING


def _decades(axis: Axes) -> None:
    """Ticks at powers of ten; at 2 and 5 times these, too, where there are few."""
    from matplotlib.ticker import LogLocator

    bottom, top = axis.get_ylim()
    few = np.log10(top / bottom) < 3
    axis.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if few else (1.0,), numticks=8))
    axis.yaxis.set_major_formatter(lambda value, _: brief(value))
