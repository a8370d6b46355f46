"""How an input is shown to a person: a picture, words or named features, with its players marked."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture whose regions are the players.

    Args:
        image: Red, green and blue, uint8. Shape ``(H, W, 3)``.
        regions: The player of every pixel, 0..n-1. Shape ``(H, W)``.

    Raises:
        ValueError: The image is not RGB in uint8, or the regions do not cover it pixel by pixel.
    """

    image: np.ndarray
    regions: np.ndarray

    def __post_init__(self) -> None:
        """Check the shapes and types, once."""
        if self.image.ndim != 3 or self.image.shape[-1] != 3 or self.image.dtype != np.uint8:
            raise ValueError(f"a picture is (H, W, 3) in uint8, not {self.image.shape} in {self.image.dtype}")
        if self.regions.shape != self.image.shape[:2] or not np.issubdtype(self.regions.dtype, np.integer):
            raise ValueError(
                f"regions give the player of every pixel, {self.image.shape[:2]} integers, "
                f"not {self.regions.shape} in {self.regions.dtype}"
            )

    def divided(self, players: Any) -> "Picture":
        """The same picture with other players.

        Args:
            players: of the pixels that the model sees, of which this picture shows each as one or several. Shape
                ``(…, h, w)``, an array or a tensor, with axes of size 1 before.

        Raises:
            ValueError: no whole numbers, or another shape.
        """
        numbers = np.asarray(players.cpu() if isinstance(players, torch.Tensor) else players)
        if numbers.ndim < 2 or numbers.size != numbers.shape[-2] * numbers.shape[-1]:
            raise ValueError(f"players are one per pixel that the model sees, (h, w), not of shape {numbers.shape}")
        height, width = self.regions.shape
        rows = np.arange(height) * numbers.shape[-2] // height
        columns = np.arange(width) * numbers.shape[-1] // width
        return Picture(self.image, numbers.reshape(numbers.shape[-2:])[rows[:, None], columns])

    def __repr__(self) -> str:
        """The sizes, without the pixels."""
        height, width = self.regions.shape
        return f"Picture({width} × {height} pixels, {len(np.unique(self.regions))} regions)"


@dataclass(frozen=True)
class Words:
    """A sentence whose words are the players.

    Args:
        words: One text per player, in reading order.
    """

    words: tuple[str, ...]


@dataclass(frozen=True)
class Features:
    """A row of a table whose named features are the players.

    Args:
        names: One name per player.
        values: One text per player, as a person reads it, with its unit if it has one.

    Raises:
        ValueError: There are not as many values as names.
    """

    names: tuple[str, ...]
    values: tuple[str, ...]

    def __post_init__(self) -> None:
        """Check that every player has a name and a value."""
        if len(self.names) != len(self.values):
            raise ValueError(f"every player has one name and one value, not {len(self.names)} and {len(self.values)}")
