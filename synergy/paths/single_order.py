"""One player after the other, in one order: a path along the edges of the cube."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from decompositions.arguments import entries, shown, whole
from decompositions.arithmetic import Array, like, stack
from decompositions.games.game import Game, require_game
from decompositions.models.undisturbed import outside_inference
from synergy.method import AbstractMethod
from synergy.policies.policy import Policy

RULE = "an order names every player once, by its number, as in single_order(2, 0, 1)"


@dataclass(frozen=True)
class SingleOrder(AbstractMethod):
    r"""The path that takes every player from b to x at once, one after the other; build it with :func:`single_order`.

    .. math:: a_i = v(P_i \cup i) - v(P_i), \qquad
              w_i(S) = 1[i \text{ is the last of } S \text{ in the order}]

    with :math:`P_i` the players before i. It needs no derivatives. The mean over all orders is the Shapley value.

    Args:
        order: the players, the first to move first.
    """

    order: tuple[int, ...] = ()

    name = "single_order"
    title = "single-order path"
    formula = "1[i is the last of S]"
    reference = "friedman2004paths"
    independent = "1"
    interaction = "1[i is the last of S]"
    holds = "all"
    all_three = True
    corners = True

    @outside_inference()
    def attribute(self, game: Game, ends: Any = None) -> Array:
        """Shape ``(n,)`` or ``(m, n)``; leading axes of the game are kept."""
        require_game(game, "an attribution method")
        self._require(game.n)
        points = game.ends(ends)
        steps = np.tril(np.ones((game.n, game.n), dtype=np.int64), -1)
        present = np.zeros((game.n + 1, game.n), dtype=np.int64)
        present[:, list(self.order)] = np.concatenate([steps, np.ones((1, game.n), dtype=np.int64)])
        reached = [game(points * game.cube.array(row)) for row in present]
        moved = {i: reached[place + 1] - reached[place] for place, i in enumerate(self.order)}
        values = stack([moved[i] for i in range(game.n)], -1)
        return values[..., 0, :] if ends is None else values

    def policy(self, game: Game) -> Policy:
        require_game(game, "an attribution method")
        self._require(game.n)
        place = np.argsort(self.order)
        later = (place[:, None] > place[None, :]).astype(np.int64)
        return Policy(lambda s: s * like(s @ like(later, s) == 0, s), formula=self.formula, reads="support")

    def _require(self, n: int) -> None:
        if sorted(self.order) != list(range(n)):
            raise ValueError(f"{RULE}; the game has the players 0 to {n - 1}, and the order is {self.order}")


def single_order(*players: Any) -> SingleOrder:
    """The path method of one order of the players.

    Args:
        players: by their numbers, the first to move first.

    Raises:
        TypeError, ValueError: no numbers, or a player twice.

    Theory: :ref:`single-orders`.

    >>> single_order(1, 0).attribute(Game.from_values([0., 1., 2., 7.])).tolist()
    [5.0, 2.0]
    """
    given = entries(players[0], RULE) if len(players) == 1 and isinstance(players[0], Iterable) else list(players)
    order = tuple(whole(player, RULE, 0) for player in given)
    if sorted(order) != list(range(len(order))):
        raise ValueError(f"{RULE}, not {shown(order)}")
    return SingleOrder(order)
