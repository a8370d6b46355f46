"""A region of the input: a box, a mask, or players."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from decompositions.arguments import shown, whole
from decompositions.games.game import Game

RULE = (
    "a region is a box ((top, bottom), (left, right)) of the last two axes, the ends not included, a mask of True and "
    "False that broadcasts to x, or a list of players"
)


def entries_of(region: Any, game: Game, shape: torch.Size, players: torch.Tensor) -> torch.Tensor:
    """Which entries of an input lie in a region.

    Args:
        region: a box, a mask or players, as the rule says.
        game: for the names of players.
        shape: of the input, without its batch axis.
        players: entry → player. Shape ``(entries,)``.

    Returns:
        Booleans of the shape of the input.

    Raises:
        TypeError: none of the three.
        ValueError: outside the input, or empty.
        LookupError: no such player.
    """
    if isinstance(region, np.ndarray):
        region = torch.from_numpy(region)
    if isinstance(region, torch.Tensor):
        inside = _mask(region, shape)
    elif isinstance(region, (tuple, list)) and region and all(isinstance(each, (tuple, list)) for each in region):
        inside = _box(region, shape)
    elif isinstance(region, (tuple, list, range, int, str)):
        several = [region] if isinstance(region, (int, str)) else list(region)
        numbers = torch.tensor([_player(each, game) for each in several], dtype=torch.int64, device=players.device)
        inside = torch.isin(players, numbers).reshape(shape)
    else:
        raise TypeError(f"{RULE}, not {shown(region)}")
    if not inside.any():
        raise ValueError(f"{RULE}; {shown(region)} has no entry of the input of shape {tuple(shape)}")
    return inside


def _mask(mask: torch.Tensor, shape: torch.Size) -> torch.Tensor:
    if mask.dtype != torch.bool:
        raise TypeError(f"{RULE}; this is a tensor of {mask.dtype}: take mask.bool(), or players in a list")
    mask = mask[0] if mask.ndim == len(shape) + 1 and len(mask) == 1 else mask
    try:
        return mask.expand(shape)
    except RuntimeError as error:
        raise ValueError(f"{RULE}; a mask of shape {tuple(mask.shape)} does not broadcast to {tuple(shape)}") from error


def _box(box: Sequence[Any], shape: torch.Size) -> torch.Tensor:
    if len(box) != 2 or any(len(side) != 2 for side in box) or len(shape) < 2:
        raise ValueError(f"{RULE}; {shown(box)} is none for an input of shape {tuple(shape)}")
    sides = [[whole(end, "the ends of a box are rows and columns") for end in side] for side in box]
    inside = torch.zeros(shape, dtype=torch.bool)
    for (first, last), size in zip(sides, shape[-2:], strict=True):
        if not 0 <= first < last <= size:
            raise ValueError(f"{RULE}; {shown(box)} does not lie in {shape[-2]} rows and {shape[-1]} columns")
    (top, bottom), (left, right) = sides
    inside[..., top:bottom, left:right] = True
    return inside


def _player(player: Any, game: Game) -> int:
    if isinstance(player, str):
        if player not in game.names:
            raise LookupError(f"no player {shown(player)}; there are {', '.join(game.names[:8])}, …")
        return game.names.index(player)
    number = whole(player, "a player of a region is its name or its number")
    if not 0 <= number < game.n:
        raise ValueError(f"a player of a region is its name or its number, 0 to {game.n - 1}, not {number}")
    return number
