"""Coalitions to be evaluated, whichever they are and by whatever shortcuts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

from decompositions.games.function_cube import FunctionCube


@dataclass(frozen=True, eq=False)
class Work:
    """Coalitions to be evaluated.

    Args:
        total: how many.
        points: from the first and the last but one of a range to its points.
        values: g at a batch of points. Shape ``(batch,)``.
        members: the players of one of them.
        how: by what shortcuts; empty for none.
    """

    total: int
    points: Callable[[int, int], torch.Tensor]
    values: Callable[[FunctionCube, torch.Tensor], torch.Tensor]
    members: Callable[[int], tuple[int, ...]]
    how: str = ""

    def at(self, places: list[int], cube: FunctionCube) -> torch.Tensor:
        """g at some of the coalitions, of which nobody is told. Shape ``(len(places),)``."""
        if not places:
            return torch.zeros(0, dtype=cube.weights.dtype, device=cube.weights.device)
        points = torch.cat([self.points(place, place + 1) for place in places])
        return torch.cat([self.values(cube.unwatched(), some) for some in points.split(cube.points_at_once)])
