"""Attributions of the single entries of an input: of pixels and channels, where the players are regions."""

from __future__ import annotations

from typing import Any

import torch

from decompositions.games.function_cube import FunctionCube
from decompositions.games.game import Game, require_game
from synergy.measurement import subject


def entries(method: Any, game: Game) -> torch.Tensor:
    r"""What a method gives every single entry of the input, whatever the game's players are.

    The game is asked again with one player per entry. A method that looks at the model (its gradients, its layers)
    gives a player the sum over its entries, so

    .. math:: a_i = \sum_{e \in i} a_e

    One that looks at coalitions of the players does not: what Shapley values give a region is no sum over its pixels.

    Args:
        method: a registered name, a method, or a callable from elsewhere, as :func:`synergy.measure` takes them.
        game: of a model's or a function's input.

    Returns:
        The attributions. Shape of x without its batch axis.

    Raises:
        ValueError: a method that looks at coalitions, or a game of a table or an expression.
        LookupError, TypeError: no such method, or one that does not apply.

    >>> game = Game.from_function(lambda z: z[:, 0] * z[:, 1] + z[:, 2], [2.0, 3.0, 4.0], 0.0, players=[0, 0, 1])
    >>> entries("integrated_gradients", game).round(decimals=9).tolist()
    [3.0, 3.0, 4.0]
    """
    require_game(game, "entries()")
    chosen = subject.as_method(method, game)
    if chosen.corners:
        raise ValueError(
            f"{chosen.name} looks at coalitions, and what it gives a region is no sum over the region's entries; take "
            "a method that looks at the model (integrated_gradients, deeplift_rescale, …), or ask about the entries "
            "as players: game.regrouped(None)"
        )
    fine = game.regrouped(None)
    assert isinstance(fine.cube, FunctionCube)
    return subject.estimate(chosen, fine).values.reshape(fine.cube.x.shape[1:])
