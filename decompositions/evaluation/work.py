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
