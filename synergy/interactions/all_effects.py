"""All dividends of a game, or what else there is where they are too many."""

from __future__ import annotations

from decompositions.dividends.harsanyi import harsanyi, price
from decompositions.effects.effects import Effects
from decompositions.evaluation.cost import LIMIT
from decompositions.games.game import Game


def all_effects(game: Game, name: str) -> Effects:
    """The dividends of all coalitions.

    Args:
        game: the question.
        name: of the index that needs them.

    Raises:
        ValueError: they are too many, or as :func:`decompositions.dividends.harsanyi.harsanyi` raises.
    """
    try:
        return harsanyi(game)
    except ValueError as error:
        if price(game) <= LIMIT:
            raise
        raise ValueError(
            f"{name} shares out the effects of all coalitions, and {game.n} players have too many: take coarser "
            "players, or give the effects that can be had, harsanyi(game, order=2) or strongest(game), and be told "
            "what is missing; estimate(game, 'sii') needs few calls"
        ) from error
