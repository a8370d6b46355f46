"""Guided Integrated Gradients: a sum of gradients along a path on which what changes little goes first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch

from decompositions.games.function_cube import FunctionCube

NEAR = 1e-9  # how near the distance that is left is to that wanted


@dataclass(frozen=True)
class Guidance:
    """How the path is found.

    Args:
        steps: m, of the sum.
        fraction: of all entries, the least of those that a turn moves, by the size of their gradients.
        max_dist: how far an entry may be before or behind the straight path, in parts of its way.
    """

    steps: int
    fraction: float
    max_dist: float


def guided(cube: FunctionCube, ends: torch.Tensor, how: Guidance) -> torch.Tensor:
    r"""The sums to some end points, the mean over the baselines.

    In every step the L1 distance from x falls by the m-th part of the whole: those entries whose partial derivatives
    are smallest go as far ahead as they may, then the next, and the last ones as far as is needed. Each move counts
    with the gradient at the step's start.

    Args:
        cube: of the players.
        ends: Shape ``(m, n)``.
        how: the path's settings.

    Returns:
        Shape ``(m, n)``, float64.

    Reference: kapishnikov2021guided
    """
    total = torch.zeros(ends.shape, dtype=torch.float64, device=cube.weights.device)
    for weight, single in _singly(cube):
        fine, owner = single.entrywise()
        players = torch.as_tensor(owner, device=ends.device)
        distances = (fine.inputs(ends[:, players]) - fine.baseline).flatten(1).to(total)
        entries = _walk(fine, distances, how)
        total.index_add_(1, players.to(total.device), weight * entries)
    return total


def _singly(cube: FunctionCube) -> Iterator[tuple[float, FunctionCube]]:
    """The games of the single baselines, and their weights."""
    for k, weight in enumerate(cube.weights.tolist()):
        x = cube.x[k : k + 1] if len(cube.x) > 1 else cube.x
        yield weight, replace(cube, x=x, baseline=cube.baseline[k : k + 1], weights=torch.ones_like(cube.weights[:1]))


def _walk(cube: FunctionCube, distances: torch.Tensor, how: Guidance) -> torch.Tensor:
    """What every entry is given on the way to some end points. Shape ``(m, entries)``.

    Args:
        cube: one player for each entry, one baseline.
        distances: of every end point from the baseline. Shape ``(m, entries)``.
        how: the path's settings.
    """
    moving = distances != 0
    sizes = abs(distances)
    at = torch.zeros_like(distances)  # how much of its way each entry has gone
    given = torch.zeros_like(distances)
    whole = sizes.sum(1)
    for step in range(1, how.steps + 1):
        points = torch.where(moving, at, 0)
        slopes = cube.slopes(points).to(distances)
        ahead = min(step / how.steps + how.max_dist, 1.0)
        behind = max(step / how.steps - how.max_dist, 0.0)
        wanted = whole * (1 - step / how.steps)
        after = _moved(at, moving, sizes, slopes, (behind, ahead, how.fraction), wanted)
        given += distances * (after - at) * slopes
        at = after
    return given


def _moved(
    at: torch.Tensor,
    moving: torch.Tensor,
    sizes: torch.Tensor,
    slopes: torch.Tensor,
    bounds: tuple[float, float, float],
    wanted: torch.Tensor,
) -> torch.Tensor:
    """Where the entries are when the distance that is left is what is wanted: the slowest slopes go first."""
    behind, ahead, fraction = bounds
    at = torch.where(moving, at.clamp(min=behind), ahead)
    rank = int(fraction * (at.shape[1] - 1))
    left = torch.ones(len(at), dtype=torch.bool, device=at.device)
    while True:
        missing = (sizes * (1 - at)).sum(1) - wanted
        left &= missing > NEAR * torch.maximum(wanted, torch.ones_like(wanted))
        free = abs(slopes).masked_fill(~moving | (at == ahead), torch.inf)
        bound = free.kthvalue(rank + 1, dim=1).values[:, None]
        chosen = (free <= bound) & (free < torch.inf) & left[:, None]
        room = (chosen * sizes * (ahead - at)).sum(1)
        left &= room > 0
        if not left.any():
            return at
        share = torch.where(left, (missing / room.clamp(min=1e-300)).clamp(max=1), 0)[:, None]
        target = torch.where(share == 1, ahead, at + share * (ahead - at))
        at = torch.where(chosen & left[:, None], target, at)
        left &= share[:, 0] == 1
