"""Signed numbers as colours: from orange for −1 over white to blue for +1, and the bar that says which is which."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from synergy.pictures.canvas import BODY, INK, SMALL, SOFT
from synergy.wording.colours import NEGATIVE, POSITIVE
from synergy.wording.numbers import minus, number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import LinearSegmentedColormap

STEPS = 511  # shades of a colour bar, with white in the middle
LABEL = 32  # letters of a line of a bar's label
GREY = (0.299, 0.587, 0.114)  # how bright red, green and blue look
DARKEST = 0.56  # of a picture that is dimmed


def tint(shares: np.ndarray) -> np.ndarray:
    """Red, green and blue between 0 and 1. Shape ``(...)`` to ``(..., 3)``.

    Args:
        shares: of the largest number, −1 to 1; what is beyond has the colour of the end.

    >>> (255 * tint(np.array([-1.0, 0.0, 1.0]))).round().astype(int).tolist()
    [[214, 96, 0], [255, 255, 255], [33, 102, 172]]
    """
    shares = np.clip(shares, -1, 1)[..., None]
    full = np.where(shares > 0, POSITIVE, NEGATIVE) / 255
    return 1 - np.abs(shares) * (1 - full)


def grey(image: np.ndarray) -> np.ndarray:
    """How bright a picture's pixels look, 0 to 1. Shape ``(H, W, 3)`` in uint8 to ``(H, W)``."""
    return image.astype(np.float64) @ np.array(GREY) / 255


def tinted(image: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """A picture without its colours, dimmed and seen through coloured glass. Shape ``(H, W, 3)``, 0 to 1.

    Args:
        image: Shape ``(H, W, 3)``, uint8.
        shares: of every pixel, −1 to 1. Shape ``(H, W)``.
    """
    return (DARKEST + (1 - DARKEST) * grey(image))[..., None] * tint(shares)


def colour_map() -> LinearSegmentedColormap:
    """The colours of :func:`tint` as matplotlib takes them."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("signed", tint(np.linspace(-1, 1, STEPS)), N=STEPS)


def colour_bar(
    ax: Axes, largest: float, label: str, *, beyond: bool = False, others: Sequence[Axes] = (), shrink: float = 0.8
) -> None:
    """What the colours of an axis mean.

    Args:
        ax: beside which it stands.
        largest: the number at the end of the bar.
        label: what the numbers are, with their unit.
        beyond: whether there are larger ones, which have the colour of the end.
        others: axes with the same scale, beside all of which it stands.
        shrink: its height, as a share of theirs.
    """
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    shades = ScalarMappable(Normalize(-largest, largest), colour_map())
    bar = drawn_bar([ax, *others], shades, label, shrink=shrink, extend="both" if beyond else "neither")
    bar.set_ticks([-largest, 0, largest], labels=[minus(number(each, sign=True)) for each in (-largest, 0, largest)])


def drawn_bar(axes: Sequence[Axes], shades: Any, label: str, **settings: Any) -> Any:
    """A bar beside some axes, in the ink of all pictures."""
    beside = axes[0] if len(axes) == 1 else list(axes)
    bar = axes[0].figure.colorbar(shades, ax=beside, **{"shrink": 0.8, "aspect": 16, "pad": 0.03} | settings)
    bar.set_label(textwrap.fill(label, LABEL), fontsize=BODY, color=INK)
    bar.ax.tick_params(labelsize=SMALL, colors=SOFT, length=2)
    bar.outline.set_visible(False)
    return bar
