"""What is lost when groups of players are taken away: the algorithm that the occlusion methods share."""

from __future__ import annotations

from typing import Any

import numpy as np

from decompositions.arithmetic import Array, concatenate, zeros
from decompositions.games.game import Game, require_game

NUMBERS = 2**22  # entries of the points that are made at once


def losses(game: Game, ends: Array, groups: Array) -> Array:
    r"""g(e) − g(e without the group), for every end point e and group of players.

    Args:
        game: the question; with several baselines the loss is the mean over them.
        ends: Shape ``(m, n)``.
        groups: rows of zeros and ones. Shape ``(w, n)``.

    Returns:
        Shape ``(..., m, w)``.
    """
    n = ends.shape[1]
    block = max(1, NUMBERS // max(1, n * len(groups)))
    parts = []
    for start in range(0, len(ends), block):
        some = ends[start : start + block]
        without = (some[:, None, :] * (1 - groups)).reshape(-1, n)
        both = game(concatenate([some, without], 0))
        whole, rest = both[..., : len(some)], both[..., len(some) :]
        parts.append(whole[..., None] - rest.reshape(*rest.shape[:-1], len(some), len(groups)))
    return concatenate(parts, -2)


def attribute(game: Game, ends: Any) -> Array:
    """The loss of every single player at x, ``(..., n)``, or at a batch of end points, ``(..., m, n)``.

    Null players lose nothing, and are not taken away.
    """
    require_game(game, "an attribution method")
    active = list(game.cube.active())
    found = losses(game, game.ends(ends), game.cube.array(np.eye(game.n, dtype=np.int64)[active]))
    values = zeros((*found.shape[:-1], game.n), found)
    values[..., active] = found
    return values[..., 0, :] if ends is None else values
