"""Grids of breakpoints along a batch of straight paths, and what is linear between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch


@dataclass(frozen=True, eq=False)
class Grid:
    """Breakpoints of several paths, every path from 0 to 1; sorted by path, then place, without repetition.

    Args:
        path: of every breakpoint. Shape ``(p,)``, integers.
        place: of every breakpoint along its path. Shape ``(p,)``, float64.
    """

    path: torch.Tensor
    place: torch.Tensor

    @cached_property
    def starts(self) -> torch.Tensor:
        """Whether a segment starts at the breakpoint: all but the last of a path. Shape ``(p,)``."""
        more = torch.zeros_like(self.path, dtype=torch.bool)
        more[:-1] = self.path[1:] == self.path[:-1]
        return more

    @cached_property
    def left(self) -> torch.Tensor:
        """The breakpoint at which every segment starts; it ends at the next one. Shape ``(segments,)``."""
        return self.starts.nonzero().squeeze(1)

    @cached_property
    def segment(self) -> torch.Tensor:
        """The segment that starts at a breakpoint; at the end of a path its last one. Shape ``(p,)``."""
        return self.starts.cumsum(0) - 1

    @cached_property
    def lengths(self) -> torch.Tensor:
        """Of the segments. Shape ``(segments,)``."""
        return self.place[self.left + 1] - self.place[self.left]

    @cached_property
    def unchanged(self) -> Refinement:
        """The grid within itself."""
        return Refinement(self, self, self.segment, (~self.starts).to(self.place.dtype))


@dataclass(frozen=True, eq=False)
class Refinement:
    """A grid within a finer one.

    Args:
        coarse: the grid.
        fine: one with more breakpoints on the same paths.
        segment: the coarse segment of every fine breakpoint. Shape ``(p,)``.
        share: how far along that segment it lies, 0 to 1. Shape ``(p,)``.
    """

    coarse: Grid
    fine: Grid
    segment: torch.Tensor
    share: torch.Tensor

    @cached_property
    def owner(self) -> torch.Tensor:
        """The coarse segment of every fine one. Shape ``(fine segments,)``."""
        return self.segment[self.fine.left]

    @cached_property
    def counts(self) -> torch.Tensor:
        """How many fine segments every coarse one has. Shape ``(segments,)``."""
        return torch.bincount(self.owner, minlength=len(self.coarse.left))

    def interpolated(self, values: torch.Tensor) -> torch.Tensor:
        """Values at the coarse breakpoints that are linear between them, at the fine ones. Shape ``(p, …)``."""
        if self.fine is self.coarse:
            return values
        start = self.coarse.left[self.segment]
        return torch.lerp(values[start], values[start + 1], self.share.reshape(-1, *(1,) * (values.ndim - 1)))

    def collected(self, integrals: torch.Tensor) -> torch.Tensor:
        """Integrals over the fine segments, added up over the coarse ones. Shape ``(segments, …)``."""
        if self.fine is self.coarse:
            return integrals
        if len(self.coarse.left) == 1:
            return integrals.sum(0, keepdim=True)
        return integrals.new_zeros(len(self.coarse.left), *integrals.shape[1:]).index_add_(0, self.owner, integrals)


def straight(paths: int, device: torch.device) -> Grid:
    """The ends of the paths alone."""
    ends = torch.arange(2 * paths, device=device)
    return Grid(ends // 2, (ends % 2).double())


def refined(grid: Grid, segment: torch.Tensor, share: torch.Tensor) -> Refinement:
    """A grid with breakpoints added within its segments; those that cannot be told from others are left out.

    Args:
        grid: the coarse one.
        segment: of every new breakpoint. Shape ``(k,)``.
        share: how far along its segment it lies. Shape ``(k,)``.

    >>> refined(straight(1, torch.device("cpu")), torch.tensor([0, 0]), torch.tensor([0.75, 0.5])).fine.place.tolist()
    [0.0, 0.5, 0.75, 1.0]
    """
    start, end = grid.place[grid.left[segment]], grid.place[grid.left[segment] + 1]
    place = torch.lerp(start, end, share.to(start.dtype))
    inside = (place > start) & (place < end)
    if not inside.any():
        return grid.unchanged
    places = torch.cat([grid.place, place[inside]])
    paths = torch.cat([grid.path, grid.path[grid.left[segment[inside]]]])
    segments = torch.cat([grid.segment, segment[inside]])
    shares = torch.cat([(~grid.starts).to(share.dtype), share[inside]])
    order, new = _sorted(paths, places)
    kept = order[new]
    return Refinement(grid, Grid(paths[kept], places[kept]), segments[kept], shares[kept])


def merged(grids: Sequence[Grid]) -> tuple[Grid, list[Refinement]]:
    """The union of several grids of the same paths, and how each lies in it."""
    if all(grid is grids[0] for grid in grids):
        return grids[0], [grids[0].unchanged] * len(grids)
    paths, places = torch.cat([grid.path for grid in grids]), torch.cat([grid.place for grid in grids])
    order, new = _sorted(paths, places)
    union = Grid(paths[order[new]], places[order[new]])
    group = torch.empty_like(order)
    group[order] = new.cumsum(0) - 1
    parts = group.split([len(grid.place) for grid in grids])
    return union, [_within(grid, union, part) for grid, part in zip(grids, parts, strict=True)]


def _sorted(paths: torch.Tensor, places: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The order by path and place, and which entries in it differ from the one before."""
    order = places.argsort(stable=True)
    order = order[paths[order].argsort(stable=True)]
    new = torch.ones_like(order, dtype=torch.bool)
    new[1:] = (paths[order].diff() != 0) | (places[order].diff() != 0)
    return order, new


def _within(grid: Grid, union: Grid, group: torch.Tensor) -> Refinement:
    """How a grid lies in a union of which its breakpoints are those numbered ``group``."""
    before = torch.zeros_like(union.path).index_fill_(0, group, 1).cumsum(0) - 1
    segment = grid.segment[before]
    start = grid.place[grid.left[segment]]
    share = (union.place - start) / grid.lengths[segment]
    return Refinement(grid, union, segment, share)
