"""Kinks between b and x: where a function stops to be the one that its Taylor series at b describes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch
from torch import nn

from decompositions.degrees import some_corners
from decompositions.games.function_cube import FunctionCube
from decompositions.models.softening import module_names
from decompositions.series.jets.algebra.notes import Look
from decompositions.series.jets.jets import branches, margins

POINTS = 64  # corners that are tried at random
UNITS = 64  # units of an operation whose own extreme corners are tried
ROWS = 1024  # players that are followed at once, at most


def refuse_kinks(cube: FunctionCube) -> None:
    """Refuse a series at b of a function that is another one at x.

    The branches of all operations are compared at corners and inner points of the cube: random ones, and for every
    unit those where it goes furthest towards its kink, judged by its slopes at b along every player. For units that are
    affine in the input, as in a first layer, that finds every kink; for later ones it is a search. A unit that is right
    at its kink at b and leaves it has no series there, to whichever side it goes.

    Raises:
        ValueError: a kink is crossed, or left at b; the module is named, and the ways out.
    """
    names = module_names(cube.f)
    _refuse_at(cube, _tried(cube), names)
    for points in _extreme(cube):
        _refuse_at(cube, points, names)


def _refuse_at(cube: FunctionCube, points: torch.Tensor, names: Mapping[nn.Module, str]) -> None:
    """Compare the branches at some points with those at the baseline; no further ones once a kink is found."""
    for some in points.split(max(2, cube.chunk)):
        found = crossed(cube, torch.cat([torch.zeros_like(points[:1]), some]), names)
        if found:
            places = "; ".join(found[:3]) + ("; …" if len(found) > 3 else "")
            raise ValueError(
                f"there is a kink between b and x, so there is no Taylor series at b that describes f ({places}); take "
                "harsanyi() and the measured allocation, measure(), which need no series, or a smoothed network, "
                "taylor(game, degree, smooth=10)"
            )


def crossed(cube: FunctionCube, points: torch.Tensor, names: Mapping[nn.Module, str]) -> list[str]:
    """The operations whose branches at some points differ from those at the first, and at how many places."""
    found: dict[int, str] = {}
    for inputs in cube.inputs(points).unbind(1):
        for place, (name, branch) in enumerate(branches(cube.f, inputs, names)):
            turned = branch != branch[:1]
            if branch.is_floating_point():  # a side: to come up to the kink is not to cross it
                turned &= branch != 0
            turned = turned.reshape(len(branch), -1).any(0)
            if turned.any():
                found[place] = f"{name}, at {int(turned.sum())} of {turned.numel()} places"
        cube.on_calls(len(inputs))
    return list(found.values())


def _tried(cube: FunctionCube) -> torch.Tensor:
    """x, random corners (all of them where they are few) and inner points. Shape ``(points, n)``."""
    generator = torch.Generator().manual_seed(2)
    corners = some_corners(cube.n, POINTS, generator).double()
    inner = torch.rand(POINTS // 4, cube.n, generator=generator).double()
    return torch.cat([torch.ones(1, cube.n, dtype=corners.dtype), corners, inner]).to(cube.device)


def _extreme(cube: FunctionCube) -> Iterator[torch.Tensor]:
    """Corners at which units would cross their kinks if their slopes at b went on. Shape ``(units, n)`` each."""
    for k in range(len(cube.baseline)):
        reach = _Reach()
        _look(cube, k, reach.add)
        towards = _Towards(reach.crossing())
        if towards.units:
            _look(cube, k, towards.add)
        yield from towards.corners()


class _Reach:
    """How far units can go towards their kinks, by the slopes of all players that lead there."""

    def __init__(self) -> None:
        self.distances: list[torch.Tensor] = []
        self.sums: list[dict[int, torch.Tensor]] = []

    def add(self, place: int, distance: torch.Tensor, slopes: torch.Tensor) -> None:
        """The slopes along some players, of the units of an operation. Shape ``(players, units)``."""
        if place == len(self.distances):
            self.distances.append(distance[0])
            self.sums.append({sign: torch.zeros_like(distance[0]) for sign in (1, -1)})
        for sign, total in self.sums[place].items():
            total += (sign * slopes).clamp(min=0).sum(0)

    def crossing(self) -> dict[tuple[int, int], torch.Tensor]:
        """By operation and direction: the units that would go furthest beyond their kinks."""
        found = {}
        for place, (distance, sums) in enumerate(zip(self.distances, self.sums, strict=True)):
            for sign, total in sums.items():
                beyond = torch.where(distance * sign < 0, total - distance.abs(), -torch.inf)
                units = (beyond > 0).nonzero()[:, 0]
                if len(units):
                    found[place, sign] = units[beyond[units].argsort(descending=True)][:UNITS]
        return found


class _Towards:
    """The corners at which chosen units (by operation and direction) are led furthest towards their kinks."""

    def __init__(self, units: dict[tuple[int, int], torch.Tensor]) -> None:
        self.units = units
        self.parts: dict[tuple[int, int], list[torch.Tensor]] = {key: [] for key in units}

    def add(self, place: int, distance: torch.Tensor, slopes: torch.Tensor) -> None:
        """As for :class:`_Reach`: the players whose slopes lead there take part."""
        for (where, sign), parts in self.parts.items():
            if where == place:
                parts.append(sign * slopes[:, self.units[where, sign]] > 0)

    def corners(self) -> Iterator[torch.Tensor]:
        yield from (torch.cat(parts).T.double() for parts in self.parts.values())


def _look(cube: FunctionCube, k: int, look: Look) -> None:
    """Show the margins at a baseline along each player alone, a chunk of players at a time."""
    start, x = cube.baseline[k], cube.x[k if len(cube.x) > 1 else 0]
    for some in torch.arange(cube.n, device=cube.device).split(max(1, min(ROWS, cube.chunk))):
        alone = (some[:, None] == torch.arange(cube.n, device=cube.device)).to(cube.dtype)[:, cube.players]
        margins(cube.f, start.expand(len(some), *start.shape), alone * (x - start), look)
        cube.on_calls(2 * len(some))
