"""The plain gradient."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from decompositions.arithmetic import Array
from decompositions.games.game import Game, require_game
from synergy.method import ITS_OWN, AbstractMethod, register
from synergy.policies.policy import Policy


@register
@dataclass(frozen=True)
class Gradient(AbstractMethod):
    r"""How fast the output grows with the entries of a player, added up: saliency, with its sign.

    .. math:: a_i = \sum_{e \in i} \frac{\partial f}{\partial x_e}(x)

    It is no share of f(x) − f(b): its unit is that of f over that of x, it does not look at how far x is from b, and it
    is zero where f is flat at x, whatever f has done on the way (Sensitivity). In the effects of f at b, for players of
    one entry each,

    .. math:: w_i(\kappa) = \frac{\kappa_i}{x_i - b_i}

    which is Gradient × Input over the difference, where that is not zero. The weights belong to x: at a masked input
    the gradient of an absent player goes on, so that what is of degree one in it is given in the row without it.
    """

    title = "Gradient"
    formula = "κᵢ / (xᵢ − bᵢ)"
    reference = "simonyan2014deep"
    independent = "κᵢ/(xᵢ−bᵢ)"
    interaction = "κᵢ/(xᵢ−bᵢ)"
    holds = "functions of degree one with x − b = 1"
    counterexample = "1 − relu(1 − x₁) at 2"
    besides = True
    target = ITS_OWN
    at_x = True

    def policy(self, game: Game) -> Policy:
        """The weights above.

        Raises:
            ValueError: players of several entries, null players, or several baselines: no such weights exist.
        """
        require_game(game, "an attribution method")
        differences = self._differences(game)
        return Policy(lambda k: k / differences, formula=self.formula, reads="degree")

    def attribute(self, game: Game, ends: Any = None) -> Array:
        require_game(game, "an attribution method")
        values = game.slopes(game.ends(ends))
        return values[0] if ends is None else values

    def _differences(self, game: Game) -> Array:
        """x − b of the one entry of each player. Shape ``(n,)``."""
        cube = game.embedded.cube
        owners = cube.entrywise()[1]
        if len(owners) != game.n or cube.calls_per_point != 1:
            raise ValueError(
                "the gradient is a policy for players of one entry each and one baseline; otherwise its weights depend "
                "on the model, and the measured allocation stands"
            )
        if len(cube.active()) < game.n:
            raise ValueError("the gradient's weights divide by xᵢ − bᵢ, which is zero for a player; leave it out")
        return cube.differences()[0, np.argsort(owners)]
