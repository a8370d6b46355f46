"""Attributions of an input's entries as one number per pixel, on a scale that a few large ones do not spoil."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from decompositions.arguments import real
from decompositions.arithmetic import as_array, to_float
from synergy.pictures import given
from synergy.wording.numbers import number

CLIP, LIT = 99.0, 95.0  # per cent of the pixels that are not cut off on a map, and where pixels are as bright as that


@dataclass(frozen=True, eq=False)
class Pixels:
    """One number per pixel.

    Args:
        values: summed over channels. Shape ``(H, W)``.
        largest: the number that has the full colour.
        clip: the percentile that it is, of the sizes of all numbers.
        channels: numbers that were summed for one pixel.
    """

    values: np.ndarray
    largest: float
    clip: float
    channels: int = 1

    @property
    def shares(self) -> np.ndarray:
        """Of the largest number, cut off at −1 and 1. Shape ``(H, W)``."""
        return np.clip(self.values / self.largest, -1, 1)

    @property
    def beyond(self) -> bool:
        """Whether some are cut off."""
        return bool((np.abs(self.values) > self.largest).any())

    @property
    def said(self) -> str:
        """How they were made, in a line."""
        summed = f"a: sum of {self.channels} channels" if self.channels > 1 else ""
        cut = f"{self.clip:g} % of |a| below {number(self.largest)}" if self.beyond else ""
        return "; ".join(filter(None, (summed, cut)))

    def like(self, image: np.ndarray) -> np.ndarray:
        """The shares of a picture's pixels, of which each of these is one or several. Shape ``(H', W')``."""
        height, width = image.shape[:2]
        rows = np.arange(height) * self.values.shape[0] // height
        columns = np.arange(width) * self.values.shape[1] // width
        return self.shares[rows[:, None], columns]


def pixels(entries: Any, clip: float = CLIP) -> Pixels:
    """The sum over all axes but the last two, as the authors of Integrated Gradients aggregate channels.

    Args:
        entries: the attributions of the entries of a picture, as :func:`synergy.entries` gives them, or from elsewhere.
            Shape ``(..., H, W)``.
        clip: the percentile of the sizes at which they are cut off, above 0 and up to 100.

    Raises:
        ValueError: fewer than two axes, numbers that are not finite, or no percentile.

    >>> pixels([[[1.0, -3.0]], [[2.0, -3.0]]]).values.tolist()
    [[3.0, -6.0]]
    """
    clip = real(clip, "clip is a percentile of the sizes, above 0 and up to 100", above=0)
    if clip > 100:
        raise ValueError(f"clip is a percentile of the sizes, above 0 and up to 100, not {clip:g}")
    values = to_float(as_array(given.values_of(entries)))
    if values.ndim < 2 or not values.size:
        raise ValueError(
            f"the entries of a picture have a height and a width, (..., H, W), not the shape {values.shape}; "
            "synergy.entries(method, game) gives them"
        )
    if not np.isfinite(values).all():
        raise ValueError(f"a picture shows finite numbers, and {int((~np.isfinite(values)).sum())} of these are none")
    summed = values.reshape(-1, *values.shape[-2:]).sum(0)
    sizes = np.abs(summed)
    largest = float(np.percentile(sizes, clip)) or float(sizes.max()) or 1.0
    return Pixels(summed, largest, clip, values.size // summed.size)
