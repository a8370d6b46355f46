"""How much of the effects is each player's, to see whom it is worth to look at more closely."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from decompositions.arguments import shown
from decompositions.arithmetic import real_numbers, to_float
from decompositions.contraction import by_player
from decompositions.effects.effects import Effects
from decompositions.games.game import Game

RULE = "refine() goes by effects of the game's players, or by one number for each of them"
BLOCK = 2**22  # entries of a table of coalitions that are held at once


def strength(game: Game, effects: Any) -> np.ndarray:
    r"""The size of each player's equal share of the effects.

    .. math:: s_i = \Bigl|\sum_{S \ni i} \frac{J(S)}{|S|}\Bigr|

    Of all effects this is the size of the Shapley value. The sizes are taken of sums and not summed: dividends of many
    players are large and cancel, so that ``Σ |J(S)|`` says little of any player.

    Args:
        game: whose players they are.
        effects: of the game, all of them or some; or one number per player, whose sizes are taken.

    Returns:
        Shape ``(n,)``, float64.

    Raises:
        TypeError: neither of the two; effects with symbols.
        ValueError: effects of other players or of several games, another number of numbers, or one that is not finite.
    """
    found = np.abs(_shares(game, effects) if isinstance(effects, Effects) else _numbers(game, effects))
    if not np.isfinite(found).all():
        player = int((~np.isfinite(found)).argmax())
        raise ValueError(f"{RULE}, all of them finite; what player {shown(game.names[player])} has is not")
    return found


def _numbers(game: Game, given: Any) -> np.ndarray:
    numbers = np.asarray(torch.as_tensor(real_numbers(given, RULE)).detach().cpu(), dtype=np.float64)
    if numbers.shape != (game.n,):
        raise ValueError(f"{RULE}, {game.n} here; these have the shape {numbers.shape}")
    return numbers


def _shares(game: Game, effects: Effects) -> np.ndarray:
    effects.require_numbers("refine()")
    if effects.names != game.names:
        raise ValueError(f"{RULE}; these effects are of the players {shown(effects.names)}, not {shown(game.names)}")
    if effects.values.ndim != 1:
        raise ValueError(f"{RULE}, of one game; these effects have the shape {tuple(effects.values.shape)}")
    effects = effects.by_support()
    values = torch.from_numpy(to_float(effects.values))
    if effects.dense:
        weights = 1 / torch.arange(game.n + 1, dtype=torch.float64).clamp(min=1)
        return by_player(values, weights).numpy()
    found, rows = np.zeros(game.n), max(1, BLOCK // game.n)
    for start in range(0, len(effects), rows):
        stop = min(start + rows, len(effects))
        found += to_float(effects.table(start, stop)).T @ (
            values[start:stop].numpy() / effects.sizes(start, stop).clip(1)
        )
    return found
