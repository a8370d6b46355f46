"""Kinks between b and x: where a function stops to be the one that its Taylor series at b describes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import torch
from torch import nn

from decompositions.degrees import some_corners
from decompositions.jets import branches, margins
from decompositions.softening import module_of

if TYPE_CHECKING:
    from decompositions.function_cube import FunctionCube

POINTS = 64  # corners that are tried at random
UNITS = 64  # units whose own extreme corners are tried


def refuse_kinks(cube: FunctionCube) -> None:
    """Refuse a series at b of a function that is another one at x.

    The branches of all operations are compared at corners and inner points of the cube: random ones, and for every
    unit those where it goes furthest towards its kink, judged by its slopes at b. For units that are affine in the
    input, as in a first layer, that finds every kink; for later ones it is a search.

    Raises:
        ValueError: a kink is crossed; the module is named, and the ways out.
    """
    names = {module: name for name, module in model.named_modules()} if (model := module_of(cube.f)) else {}
    _refuse_at(cube, _tried(cube), names)
    for points in _extreme(cube):
        _refuse_at(cube, points, names)


def _refuse_at(cube: FunctionCube, points: torch.Tensor, names: Mapping[nn.Module, str]) -> None:
    """Compare the branches at some points with those at the baseline."""
    found: dict[int, str] = {}
    for some in points.split(max(2, cube.chunk)):
        with_baseline = torch.cat([torch.zeros_like(points[:1]), some])
        for inputs in cube.inputs(with_baseline).unbind(1):
            for place, (name, branch) in enumerate(branches(cube.f, inputs, names)):
                turned = (branch != branch[:1]).reshape(len(branch), -1).any(0)
                if turned.any():
                    found[place] = f"{name}, at {int(turned.sum())} of {turned.numel()} places"
            cube.on_calls(len(inputs))
    if found:
        places = "; ".join(list(found.values())[:3]) + ("; …" if len(found) > 3 else "")
        raise ValueError(
            f"there is a kink between b and x, so there is no Taylor series at b that describes f ({places}); take "
            "harsanyi() and the measured allocation, measure(), which need no series, or a smoothed network, "
            "taylor(game, degree, smooth=10)"
        )


def _tried(cube: FunctionCube) -> torch.Tensor:
    """x, random corners (all of them where they are few) and inner points. Shape ``(points, n)``."""
    generator = torch.Generator().manual_seed(2)
    corners = some_corners(cube.n, POINTS, generator).double()
    inner = torch.rand(POINTS // 4, cube.n, generator=generator).double()
    return torch.cat([torch.ones(1, cube.n, dtype=corners.dtype), corners, inner]).to(cube.device)


def _extreme(cube: FunctionCube) -> Iterator[torch.Tensor]:
    """Corners at which units would cross their kinks if their slopes at b went on. Shape ``(units, n)`` each."""
    single = torch.eye(cube.n, dtype=cube.dtype, device=cube.device)[:, cube.players]  # each player's entries
    for k, start in enumerate(cube.baseline):
        difference = cube.x[k if len(cube.x) > 1 else 0] - start
        for distance, slopes in margins(cube.f, start.expand(len(single), *start.shape), single * difference):
            for sign in (1.0, -1.0):
                reach = (sign * slopes).clamp(min=0).sum(0)  # how far a unit can go in this direction
                crossing = torch.where(distance[0] * sign < 0, reach - distance[0].abs(), -torch.inf)
                units = (crossing > 0).nonzero()[:, 0]
                units = units[crossing[units].argsort(descending=True)][:UNITS]
                if len(units):
                    yield (sign * slopes[:, units] > 0).T.double()
        cube.on_calls(2 * len(single))
