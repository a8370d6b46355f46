"""How estimates get better with the calls that are paid for them."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from decompositions.arguments import shown, whole
from synergy.estimation.estimation import Estimation
from synergy.pictures.canvas import BODY, FAINT, INK, SMALL, SOFT, canvas, clean, headed, numbered, plain
from synergy.wording.colours import NEGATIVE, POSITIVE, hexadecimal

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SHOWN = 6  # players or pairs with a curve of their own
APART = 0.055  # of the height of the axes between the names of two curves
MARKERS = "os^vDP"


def learning_curve(
    estimates: Iterable[Estimation], truth: Any = None, k: int = SHOWN, *, path: str | Path | None = None
) -> Figure:
    r"""The error of estimates at growing budgets, and the values that they settle on.

    At the left ‖standard errors‖ by model calls, with :math:`1/\sqrt{\text{calls}}` for comparison and, where the
    truth is given, the real error ‖values − truth‖. At the right the k largest values with two standard errors to each
    side.

    Args:
        estimates: of one index of one game, such as ``[estimate(game, budget=b) for b in (200, 400, 800)]``.
        truth: the exact values: an :class:`Estimation` or an array of their shape; None where nobody knows.
        k: how many players or pairs have a curve, at most.
        path: of a file to save the figure in.

    Raises:
        ImportError: matplotlib is missing (extra ``viz``).
        TypeError: no estimates.
        ValueError: fewer than two budgets, estimates of different games or indices, a truth of another shape, or k
            below 1.
    """
    found = _checked(estimates)
    exact = _truth(truth, found[-1])
    k = whole(k, "k is the number of curves", 1)
    with canvas(8.6, 3.7, path) as figure:
        left, right = figure.subplots(1, 2, width_ratios=[1, 1.25])
        _errors(left, found, exact)
        _values(right, found, exact, k)
    return figure


def _checked(estimates: Iterable[Estimation]) -> list[Estimation]:
    """The estimates in the order of their calls."""
    found = list(estimates) if isinstance(estimates, Iterable) else [estimates]
    for each in found:
        if not isinstance(each, Estimation):
            raise TypeError(f"a learning curve is drawn from a list of Estimations, not {shown(each)}")
    if len({each.coalitions for each in found}) < 2:
        raise ValueError("a learning curve has two budgets at least: [estimate(game, budget=b) for b in (200, 400)]")
    if len({(each.index, each.names, each.values.shape) for each in found}) > 1:
        raise ValueError("a learning curve is of one index of one game, and these estimates are of several")
    return sorted(found, key=lambda each: each.coalitions)


def _truth(truth: Any, last: Estimation) -> np.ndarray | None:
    if truth is None:
        return None
    values = np.asarray(truth.values if isinstance(truth, Estimation) else truth, dtype=float)
    if values.shape != last.values.shape:
        raise ValueError(f"the truth has the shape of the estimates, {last.values.shape}, not {values.shape}")
    return values


def _errors(axis: Axes, found: list[Estimation], exact: np.ndarray | None) -> None:
    """‖standard errors‖ and ‖values − truth‖ on logarithmic axes."""
    from matplotlib.ticker import LogLocator, NullLocator

    calls = np.array([each.coalitions for each in found], dtype=float)
    said = np.array([np.linalg.norm(each.error) for each in found])
    axis.loglog(calls, np.where(said > 0, said, np.nan), "o-", color=INK, markersize=5, label="standard errors")
    if exact is not None:
        real = np.array([np.linalg.norm(each.values - exact) for each in found])
        drawn = np.where(real > 0, real, np.nan)
        axis.loglog(calls, drawn, "s:", color=hexadecimal(NEGATIVE), markersize=4.5, label="values − truth")
    first = said[said > 0][:1]
    if len(first):
        axis.loglog(
            calls, first * np.sqrt(calls[said > 0][0] / calls), "--", color=SOFT, linewidth=0.8, label="1/√calls"
        )
        axis.legend(frameon=False, fontsize=SMALL)
    axis.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0), numticks=8) if len(first) else NullLocator())
    axis.yaxis.set_minor_locator(NullLocator())
    numbered(axis.yaxis)
    axis.set_ylabel("norm of the error, in units of f", fontsize=BODY, color=INK)
    none = "" if len(first) else "no error is left"
    headed(axis, "Error", none, width=3)
    _calls(axis, calls)


def _values(axis: Axes, found: list[Estimation], exact: np.ndarray | None, k: int) -> None:
    """The largest values, each with its name at the end of its curve."""
    last = found[-1]
    places: list[tuple[int, ...]] = [*combinations(range(last.n), last.values.ndim)]
    places = sorted(places, key=lambda place: -abs(last.values[place]))[:k]
    calls = np.array([each.coalitions for each in found], dtype=float)
    axis.set_xscale("log")
    for number, place in enumerate(places):
        values, error = (np.array([getattr(each, part)[place] for each in found]) for part in ("values", "error"))
        colour = hexadecimal(POSITIVE if values[-1] > 0 else NEGATIVE)
        marker = MARKERS[number % len(MARKERS)]
        axis.errorbar(calls, values, 2 * error, fmt=f"{marker}-", color=colour, markersize=4.5, linewidth=1, capsize=2)
        if exact is not None:
            axis.axhline(exact[place], color=colour, linewidth=0.8, linestyle=":", zorder=1)
    axis.axhline(0, color=SOFT, linewidth=0.7)
    axis.set_ylabel(f"{plain(last.index)}, in units of f", fontsize=BODY, color=INK)
    said = "± two standard errors" + ("; dotted: the truth" if exact is not None else "")
    headed(axis, f"The {len(places)} largest values" if len(places) > 1 else "The value", said, width=3.5)
    _calls(axis, calls)
    numbered(axis.yaxis)
    _name(axis, [(last.values[place], "·".join(plain(last.names[i], 18) for i in place)) for place in places])


def _name(axis: Axes, ends: list[tuple[float, str]]) -> None:
    """Names at the right of the axes, as near to their curves as they can be without lying on one another."""
    low, high = axis.get_ylim()
    heights = [(float(value) - low) / (high - low) for value, _ in sorted(ends)]
    placed: list[float] = []
    for height in heights:
        placed.append(max(height, placed[-1] + APART) if placed else height)
    sunk = max(0.0, placed[-1] - 1) if placed else 0.0
    for (value, name), height, own in zip(sorted(ends), placed, heights, strict=True):
        colour = hexadecimal(POSITIVE if value > 0 else NEGATIVE)
        axis.annotate(
            name,
            (1, own),
            (1.05, height - sunk),
            xycoords="axes fraction",
            textcoords="axes fraction",
            va="center",
            fontsize=SMALL,
            color=colour,
            annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": FAINT, "linewidth": 0.8, "shrinkA": 0, "shrinkB": 0},
        )


def _calls(axis: Axes, calls: np.ndarray) -> None:
    """The axis of calls, with the budgets as its ticks."""
    from matplotlib.ticker import NullLocator

    axis.set_xlim(calls[0] / 1.25, calls[-1] * 1.25)
    kept = [calls[0]]
    for each in calls[1:]:
        if each >= 1.6 * kept[-1]:
            kept.append(each)
    axis.set_xticks(kept, [f"{each:,.0f}" for each in kept])
    axis.xaxis.set_minor_locator(NullLocator())
    axis.set_xlabel("coalitions evaluated", fontsize=BODY, color=INK)
    axis.tick_params(labelsize=SMALL, colors=SOFT, which="both")
    clean(axis)
    axis.grid(color=FAINT, linewidth=0.6)
