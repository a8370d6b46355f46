"""The picture itself, each pixel as bright as it is important."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from decompositions.arguments import shown
from synergy.pictures import beside, given
from synergy.pictures.canvas import root
from synergy.pictures.pixels import LIT, pixels
from synergy.wording.view import Picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

GROUNDS = {"black": 0.0, "white": 1.0}


def scaled_photo(
    entries: Any,
    view: Picture,
    *,
    ground: str = "black",
    title: str = "Pixels scaled by |a|",
    clip: float = LIT,
    ax: Axes | None = None,
    path: str | Path | None = None,
) -> Figure:
    r"""The picture's pixels times what they are given, without its sign.

    .. math:: \text{pixel}_{hw} \cdot \min\Bigl(1, \frac{|a_{hw}|}{c}\Bigr)

    with c a percentile of :math:`|a_{hw}|`: so Sundararajan, Taly and Yan (2017, section 6.1) show photos. A pixel that
    is dark by itself stays dark whatever it is given: the picture shows the product. On a white ground the pixel fades
    to white instead, which suits dark ink on paper.

    Args:
        entries: the attributions of the entries, :func:`synergy.entries`. Shape ``(..., H, W)``.
        view: the picture.
        ground: what pixels that are given nothing become: "black" or "white".
        title: above it.
        clip: the percentile.
        ax: where to draw it alone; None for a figure of its own, with the original beside.
        path: of a file to save the figure in; its ending says the format.

    Raises:
        ImportError: matplotlib is missing (extra ``viz``).
        TypeError, ValueError: no picture, no attributions of one, no percentile, or another ground.
    """
    if ground not in GROUNDS:
        raise ValueError(f"ground is 'black' or 'white', not {shown(ground)}")
    found, image = pixels(entries, clip), given.picture_of(view).image
    with beside.beside(image, image.shape[:2], ax, path, (0, beside.LINE)) as drawn:
        shares = np.abs(found.like(image))[..., None]
        drawn.imshow(shares * image / 255 + (1 - shares) * GROUNDS[ground], interpolation="nearest")
        beside.framed(drawn)
        beside.titled(drawn, title)
        beside.noted(drawn, found.said)
    return root(drawn)
