"""What a layer gives, as a map of locations: a picture of channels, or the tokens of a transformer."""

from __future__ import annotations

from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class FeatureMap:
    """Where the locations are in a layer's output.

    Args:
        size: rows and columns.
        order: "channels first" ``(batch, channels, rows, columns)``, "channels last" ``(batch, rows, columns,
            channels)`` or "tokens" ``(batch, tokens, channels)``, row by row.
        before: tokens in front of the locations, which are none.
    """

    size: tuple[int, int]
    order: str = "channels first"
    before: int = 0

    def read(self, value: torch.Tensor) -> torch.Tensor:
        """The map in a layer's output. Shape ``(batch, channels, rows, columns)``."""
        if self.order == "tokens":
            return value[:, self.before :].unflatten(1, self.size).permute(0, 3, 1, 2)
        return value if self.order == "channels first" else value.permute(0, 3, 1, 2)

    def written(self, value: torch.Tensor, maps: torch.Tensor) -> torch.Tensor:
        """The layer's output with another map in it, what is no location kept."""
        if self.order == "tokens":
            kept = value[:, : self.before].expand(len(maps), -1, -1)
            return torch.cat((kept, maps.flatten(2).transpose(1, 2)), 1)
        return maps if self.order == "channels first" else maps.permute(0, 2, 3, 1)


def feature_map(value: torch.Tensor, grid: tuple[int, int] | None, name: str) -> FeatureMap:
    """The map in what a layer gives.

    Args:
        value: the layer's output for a batch.
        grid: rows and columns; None for an output that is a map, channels first.
        name: the layer's, for the error.

    Raises:
        ValueError: it has no such locations.

    >>> feature_map(torch.zeros(1, 5, 8), (2, 2), "blocks.1")
    FeatureMap(size=(2, 2), order='tokens', before=1)
    """
    shape = tuple(value.shape[1:])
    if grid is None:
        if value.ndim != 4:
            more = ", or give the rows and columns of its tokens as grid=" if value.ndim == 3 else ""
            raise ValueError(
                f"'{name}' gives no map: its output has shape {shape}, not (channels, height, width); take a layer "
                f"with spatial axes{more}"
            )
        return FeatureMap((value.shape[2], value.shape[3]))
    if value.ndim == 4 and shape[1:] == grid:
        return FeatureMap(grid)
    if value.ndim == 4 and shape[:2] == grid:
        return FeatureMap(grid, "channels last")
    rows, columns = grid
    if value.ndim != 3 or shape[0] < rows * columns:
        raise ValueError(
            f"grid=({rows}, {columns}) is a map of {rows * columns} locations, and '{name}' gives an output of shape "
            f"{shape}; needed are (tokens, channels) with as many tokens, or a map of this size"
        )
    return FeatureMap(grid, "tokens", shape[0] - rows * columns)
