"""How much the effects of each order come to, beside what rounding could make of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from decompositions.arithmetic import to_float
from decompositions.counts import several
from decompositions.effects.effects import Effects
from synergy.pictures.canvas import BODY, FAINT, INK, SMALL, SOFT, axes, clean, headed, numbered, root
from synergy.pictures.ranking import require_one_game
from synergy.wording.colours import NEGATIVE, POSITIVE, hexadecimal
from synergy.wording.numbers import brief, minus, number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WRITTEN = 10  # orders up to which the sums are written
BELOW = 5.0  # the axis ends so many times below the smallest sum
ABOVE = 0.12  # of the height of the axis, for the number on the largest sum
NARROW, WIDE = 0.35, 0.5  # inches of an order, without a number and with one


class Spectrum(NamedTuple):
    """Sums over the effects of every order, the constant left out.

    Args:
        orders: numbers of players, or total degrees. Shape ``(r,)``.
        positive: sums of the positive effects. Shape ``(r,)``.
        negative: sums of the sizes of the negative ones. Shape ``(r,)``.
        noise: sums of what rounding may be. Shape ``(r,)``.
    """

    orders: np.ndarray
    positive: np.ndarray
    negative: np.ndarray
    noise: np.ndarray

    @property
    def total(self) -> np.ndarray:
        """Σ|effects| per order. Shape ``(r,)``."""
        return self.positive + self.negative


def spectrum(effects: Effects, *, ax: Axes | None = None, path: str | Path | None = None) -> Figure:
    r"""Σ|J(S)| over all coalitions of one size, by size; of Taylor effects over the terms of one degree, by degree.

    The axis is logarithmic. Triangles are the sums of the positive and of the negative effects alone. Grey is the
    noise floor: what the sum would be if every effect were rounding alone. Rows that stand for others
    (:class:`decompositions.effects.strata.Strata`) count for all of them.

    Args:
        effects: of one game.
        ax: to draw on; None for a figure of its own.
        path: of a file to save the figure in.

    Raises:
        ImportError: matplotlib is missing (extra ``viz``).
        ValueError: effects of several games.
    """
    found = sums_by_order(effects)
    taylor = effects.basis == "taylor"
    step = WIDE if len(found.orders) <= WRITTEN else NARROW
    with axes(ax, max(4.2, min(7.0, 2.0 + step * len(found.orders))), 3.2, path) as axis:
        _draw(axis, found)
        axis.set_xlabel("total degree of the term" if taylor else "players in the coalition, |S|", fontsize=BODY)
        axis.set_ylabel("Σ |effect|, in units of f" if taylor else "Σ |J(S)|, in units of f", fontsize=BODY)
        title = "Taylor effects by degree" if taylor else "Effects by order"
        title = title if found.total.any() else "No effects"
        headed(axis, title, _scope(effects), _noise(effects), width=3.4)
    return root(axis)


def sums_by_order(effects: Effects) -> Spectrum:
    """The sums per order that the picture shows.

    Raises:
        ValueError: effects of several games.
    """
    require_one_game(effects)
    values, noise = to_float(effects.values)[1:], effects.noise_floor(1)
    sizes = effects.sizes(1, len(effects)) if effects.degrees is None else effects.degrees[1:].sum(1)
    strata = effects.strata
    weights = np.ones(len(effects)) if strata is None else strata.weights(effects.sizes(0, len(effects)))
    orders = np.arange(1, int(sizes.max(initial=1)) + 1)

    def summed(part: np.ndarray) -> np.ndarray:
        return np.bincount(sizes, weights[1:] * part, minlength=len(orders) + 1)[1:]

    return Spectrum(orders, summed(np.maximum(values, 0)), summed(np.maximum(-values, 0)), summed(noise))


def _draw(axis: Axes, found: Spectrum) -> None:
    """The sums on a logarithmic axis; an order without effects has no mark."""
    seen = found.total[found.total > 0]
    lowest = float(max(seen.min() / BELOW, min(found.noise.min(), seen.min()) / 2)) if len(seen) else 0.1
    highest = float(max(seen.max(), found.noise.max())) if len(seen) else 1.0
    highest *= max(3.0, (highest / lowest) ** ABOVE)
    axis.set_yscale("log")
    axis.set_ylim(lowest, highest)
    axis.fill_between(found.orders, found.noise, lowest, where=found.noise > lowest, color=FAINT, step="mid", zorder=0)
    for sums, marker, colour, label, size in (
        (found.total, "o", INK, "all", 5.5),
        (found.positive, "^", hexadecimal(POSITIVE), "positive", 4.5),
        (found.negative, "v", hexadecimal(NEGATIVE), "negative", 4.5),
    ):
        drawn, line = np.where(sums > 0, sums, np.nan), "-" if label == "all" else ":"
        axis.plot(found.orders, drawn, line + marker, color=colour, markersize=size, linewidth=1, label=label)
    if len(found.orders) <= WRITTEN:
        _numbers(axis, found)
    _furnish(axis, found)


def _numbers(axis: Axes, found: Spectrum) -> None:
    """The sums above their marks, where there is room, with a white rim, so that no line runs through them."""
    from matplotlib.patheffects import withStroke

    room = axis.get_window_extent().width / axis.figure.dpi / len(found.orders)
    for order, total in zip(found.orders, found.total, strict=True):
        if total > 0 and room > NARROW:
            text = minus(number(float(total)) if room > WIDE else brief(float(total)))
            label = axis.annotate(
                text, (order, total), (0, 5), textcoords="offset points", ha="center", fontsize=7, color=INK, zorder=5
            )
            label.set_path_effects([withStroke(linewidth=2, foreground="white")])


def _furnish(axis: Axes, found: Spectrum) -> None:
    from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator

    axis.set_xlim(0.5, len(found.orders) + 0.5)
    axis.xaxis.set_major_locator(MaxNLocator(12, integer=True, min_n_ticks=1))
    low, high = axis.get_ylim()
    steps = (1.0, 2.0, 5.0) if high < 300 * low else (1.0,)
    axis.yaxis.set_major_locator(LogLocator(subs=steps, numticks=8) if found.total.any() else NullLocator())
    axis.yaxis.set_minor_locator(NullLocator())
    axis.tick_params(labelsize=SMALL, colors=SOFT, which="both")
    numbered(axis.yaxis)
    if found.total.any():
        axis.legend(frameon=False, fontsize=SMALL, loc="best")
    clean(axis)
    axis.grid(axis="y", color=FAINT, linewidth=0.6)
    axis.set_axisbelow(True)


def _scope(effects: Effects) -> str:
    """Of which effects the sums speak, where not of all."""
    if effects.strata is not None:
        drawn = "; drawn rows stand for all of their size" if effects.strata.sampled else ""
        return f"up to {several(effects.strata.largest, 'player')}{drawn}"
    return f"the {len(effects) - 1:,} effects that were computed" if effects.truncated else ""


def _noise(effects: Effects) -> str:
    if effects.exact:
        return "exact numbers, no rounding"
    return f"grey: noise floor, {brief(effects.noise)} · 2^(|S|/2) each" if effects.noise else ""
