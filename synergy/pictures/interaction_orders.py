"""How strong the interactions of pairs are beside few and beside many others."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from decompositions import show
from decompositions.arguments import shown
from synergy.interactions.multi_order import MultiOrder
from synergy.pictures.canvas import BODY, INK, SOFT, axes, clean, headed, numbered, root
from synergy.wording.colours import POSITIVE, hexadecimal

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDE, HIGH = 5.4, 3.4  # inches


@show.figure.register(MultiOrder)
def interaction_orders(found: MultiOrder, *, ax: Axes | None = None, path: str | Path | None = None) -> Figure:
    """The mean size of the interactions of pairs over the number of others that are there.

    The line is the mean over pairs, relative to its mean over all m.

    Args:
        found: of :func:`synergy.interactions.multi_order`.
        ax: to draw on; None for a figure of its own.
        path: of a file to save the figure in.

    Raises:
        ImportError: matplotlib is missing (extra ``viz``).
        TypeError: no interactions by order.
    """
    if not isinstance(found, MultiOrder):
        raise TypeError(f"interaction orders are drawn from multi_order(game), not {shown(found)}")
    with axes(ax, WIDE, HIGH, path) as axis:
        axis.plot(found.orders, found.strength, "o-", color=hexadecimal(POSITIVE), linewidth=1.6, markersize=4)
        axis.axhline(1, color=SOFT, linewidth=0.7, linestyle=":")
        axis.set_ylim(bottom=0)
        axis.set_xlabel("m: others that are there", color=INK, fontsize=BODY)
        axis.set_ylabel("mean |I⁽ᵐ⁾(i, j)|, relative", color=INK, fontsize=BODY)
        clean(axis)
        numbered(axis.yaxis)
        numbered(axis.xaxis)
        axis.set_xticks(list(found.orders)[:: -(-len(found.orders) // 12)])
        none = "" if np.isfinite(found.strength).any() else "no pair interacts"
        more = "" if found.whole else f"larger m, up to {found.n - 2}, need effects of more players"
        headed(
            axis,
            "Interactions of pairs by order",
            "mean over all pairs, relative to its mean over m",
            none,
            more,
            width=WIDE - 1,
        )
    return root(axis)
