"""A layer's output for any coalition, put together from a few runs of the layers before it."""

from __future__ import annotations

from collections.abc import Callable

import torch

from decompositions.games.function_cube import FunctionCube


def from_elsewhere(cube: FunctionCube, active: tuple[int, ...]) -> bool:
    """Whether an active player's part of the baseline is not zero, so that it brings something when it is absent."""
    owned = torch.isin(cube.players.expand(cube.x.shape[1:]), torch.tensor(active, device=cube.device))
    return bool((owned & (cube.baseline[0] != 0)).any())


def player_terms(
    prefix: Callable[[torch.Tensor], torch.Tensor], cube: FunctionCube, active: tuple[int, ...]
) -> tuple[torch.Tensor, torch.Tensor]:
    """The output without the active players, and what each of them adds where it is present, then where it is absent.

    Shape ``(1, …)`` and ``(active or 2 active, …)``. A coalition's sum has the terms of those inputs alone that are
    there, so that its rounding is of the size of the layer's own; differences from the baseline's output would carry
    the size of a large baseline into every coalition.
    """
    theirs = cube.players.expand(cube.x.shape[1:]) == torch.tensor(active, device=cube.device).reshape(
        -1, *(1,) * (cube.x.ndim - 1)
    )
    start = torch.where(theirs.any(0), 0.0, cube.baseline)
    given = [start, torch.where(theirs, cube.x, start)]
    if from_elsewhere(cube, active):
        given.append(torch.where(theirs, cube.baseline, start))
    table = torch.cat([prefix(some.clone()) for some in torch.cat(given).split(cube.chunk)])
    return table[:1], table[1:] - table[:1]


def sum_of_players(start: torch.Tensor, added: torch.Tensor, players: int) -> Callable[[torch.Tensor], torch.Tensor]:
    """The sum of what the players add, each where it is present or where it is absent (if left out: nothing)."""
    base, terms, shape = start.flatten(1), added.flatten(1), start.shape[1:]

    def rebuild(present: torch.Tensor) -> torch.Tensor:
        present = present.to(terms.dtype)
        which = present if len(terms) == players else torch.cat([present, 1 - present], 1)
        return torch.addmm(base, which, terms).reshape(-1, *shape)

    return rebuild


def from_patterns(
    table: torch.Tensor, depends: torch.Tensor, colours: torch.Tensor
) -> Callable[[torch.Tensor], torch.Tensor]:
    """The output of every place from the run whose pattern it sees."""
    channels = table.ndim == 4
    places = table.permute(2, 3, 0, 1).flatten(0, 1) if channels else table.flatten(1).T[..., None]
    places = places.contiguous()  # (places, patterns, channels)
    number = torch.arange(len(places), device=table.device)
    weights = depends.flatten(1).to(torch.float32) * (2.0 ** colours.to(torch.float32))[:, None]
    shape, contiguous = table.shape[1:], table.is_contiguous()

    def rebuild(present: torch.Tensor) -> torch.Tensor:
        pattern = (present.to(torch.float32) @ weights).long()
        found = places[number, pattern]
        if channels:
            found = found.reshape(len(present), *shape[1:], shape[0]).permute(0, 3, 1, 2)
            return found.contiguous() if contiguous else found  # laid out as in the network, for its views
        return found.reshape(len(present), *shape)

    return rebuild
