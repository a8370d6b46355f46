"""Positive and negative attributions as light of two colours on the darkened picture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from decompositions.arguments import shown
from synergy.pictures import beside, given
from synergy.pictures.canvas import root
from synergy.pictures.pixels import LIT, pixels
from synergy.pictures.shades import STEPS, drawn_bar, grey
from synergy.wording.numbers import minus, number
from synergy.wording.view import Picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PAIRS = {  # the light of + and of −
    "blue and orange": ((0.30, 0.66, 1.0), (1.0, 0.62, 0.12)),
    "green and red": ((0.0, 1.0, 0.0), (1.0, 0.0, 0.0)),
}
BEHIND = 0.3  # of the picture's own brightness


def channels(
    entries: Any,
    view: Picture,
    *,
    colours: str = "blue and orange",
    title: str = "Attribution as light",
    clip: float = LIT,
    ax: Axes | None = None,
    path: str | Path | None = None,
) -> Figure:
    """What is given for f in one colour of light, and what against it in another, on the picture in dark grey.

    The authors of Integrated Gradients show + in the green channel and − in the red one. About one man in twelve
    tells these two colours apart badly or not at all, so blue and orange stand in for them unless they are asked for.

    Args:
        entries: the attributions of the entries, :func:`synergy.entries`. Shape ``(..., H, W)``.
        view: the picture.
        colours: "blue and orange", or "green and red".
        title: above it.
        clip: the percentile of the sizes that has the full light.
        ax: where to draw it alone; None for a figure of its own, with the original beside.
        path: of a file to save the figure in; its ending says the format.

    Raises:
        ImportError: matplotlib is missing (extra ``viz``).
        TypeError, ValueError: no picture, no attributions of one, no percentile, or other colours.
    """
    if colours not in PAIRS:
        raise ValueError(f"colours are {' or '.join(map(repr, PAIRS))}, not {shown(colours)}")
    found, image = pixels(entries, clip), given.picture_of(view).image
    with beside.beside(image, image.shape[:2], ax, path) as drawn:
        shares = found.like(image)
        dark = BEHIND * grey(image) * (1 - np.abs(shares))
        drawn.imshow(dark[..., None] + light(shares, colours), interpolation="nearest")
        beside.titled(drawn, title)
        beside.noted(drawn, found.said)
        _bar(drawn, found.largest, colours)
    return root(drawn)


def light(shares: np.ndarray, colours: str) -> np.ndarray:
    """The light of signed shares, −1 to 1. Shape ``(...)`` to ``(..., 3)``.

    >>> light(np.array([-1.0, 0.0, 0.5]), "green and red").tolist()
    [[1.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.5, 0.0]]
    """
    above, below = PAIRS[colours]
    return np.maximum(shares, 0)[..., None] * above + np.maximum(-shares, 0)[..., None] * below


def _bar(ax: Axes, largest: float, colours: str) -> None:
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import LinearSegmentedColormap, Normalize

    shades = LinearSegmentedColormap.from_list("light", light(np.linspace(-1, 1, STEPS), colours), N=STEPS)
    bar = drawn_bar([ax], ScalarMappable(Normalize(-largest, largest), shades), "attribution as light")
    bar.set_ticks([-largest, 0, largest], labels=[minus(number(each, sign=True)) for each in (-largest, 0, largest)])
