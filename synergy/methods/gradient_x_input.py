"""Gradient × Input."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from decompositions.arithmetic import Array
from decompositions.games.game import Game, require_game
from synergy.method import AbstractMethod, register
from synergy.policies.policy import Policy, degree_credit


@register
@dataclass(frozen=True)
class GradientXInput(AbstractMethod):
    r"""The gradient at x times the difference from the baseline.

    .. math:: a_i = d_i\, \partial_i f(x) = \sum_\kappa \kappa_i\, \text{effect}(\kappa)

    The effects are those of f at b; every effect is credited ``|κ|`` times over, so the attributions are not complete.
    The identity needs the series at b to converge at x.
    """

    title = "Gradient × Input"
    formula = degree_credit.formula
    reference = "shrikumar2017learning"
    independent = "κᵢ"
    interaction = "κᵢ"
    holds = "functions of degree one; bias-free ReLU networks with b = 0"
    counterexample = "x₁x₂ at (2, 3)"

    def policy(self, game: Game) -> Policy:
        require_game(game, "an attribution method")
        return degree_credit

    def attribute(self, game: Game, ends: Any = None) -> Array:
        require_game(game, "an attribution method")
        points = game.ends(ends)
        values = points * game.gradient(points)
        return values[0] if ends is None else values
