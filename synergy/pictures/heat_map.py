"""Attributions pixel by pixel, the original beside."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from synergy.pictures import beside, given
from synergy.pictures.canvas import root
from synergy.pictures.pixels import CLIP, pixels
from synergy.pictures.shades import colour_bar, colour_map
from synergy.wording.view import Picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def heat_map(
    entries: Any,
    view: Picture | None = None,
    *,
    title: str = "Attribution of the pixels",
    clip: float = CLIP,
    unit: str = "f",
    ax: Axes | None = None,
    path: str | Path | None = None,
) -> Figure:
    r"""What every pixel is given, blue for + and orange for −, summed over its channels.

    .. math:: a_{hw} = \sum_c a_{chw}

    as Sundararajan, Taly and Yan (2017, section 6.1) aggregate them. The scale ends at a percentile of
    :math:`|a_{hw}|`, so that a few large pixels do not make all others white; what is beyond has the colour of the end,
    and the bar has a tip.

    Args:
        entries: the attributions of the entries, :func:`synergy.entries`. Shape ``(..., H, W)``.
        view: the picture that is shown beside them, if any.
        title: above the map.
        clip: the percentile.
        unit: of f, as the bar says it.
        ax: where to draw the map alone; None for a figure of its own.
        path: of a file to save the figure in; its ending says the format.

    Raises:
        ImportError: matplotlib is missing (extra ``viz``).
        TypeError, ValueError: no picture, no attributions of one, or no percentile.
    """
    found = pixels(entries, clip)
    original = None if view is None else given.picture_of(view).image
    with beside.beside(original, found.values.shape, ax, path) as drawn:
        drawn.imshow(found.values, cmap=colour_map(), vmin=-found.largest, vmax=found.largest, interpolation="nearest")
        beside.framed(drawn)
        beside.titled(drawn, title)
        beside.noted(drawn, found.said)
        colour_bar(drawn, found.largest, f"attribution, in units of {unit}", beyond=found.beyond)
    return root(drawn)
