"""Occlusion-1."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

from decompositions.arithmetic import Array
from decompositions.games.game import Game, require_game
from synergy.algorithms import removal
from synergy.method import AbstractMethod, register
from synergy.policies.policy import Policy, full_credit


@register
@dataclass(frozen=True)
class Occlusion1(AbstractMethod):
    r"""What is lost when one player goes back to the baseline.

    .. math:: a_i = f(x) - f(x_{N \setminus i}) = \sum_{S \ni i} J(S)

    Every member of a coalition is credited with the whole effect, so the attributions are not complete.
    """

    title = "Occlusion-1"
    formula = full_credit.formula
    reference = "zeiler2014visualizing"
    independent = "1"
    interaction = "1[i∈S]"
    holds = "functions without interactions"
    counterexample = "x₁x₂ at (2, 3)"
    corners = True

    def policy(self, game: Game) -> Policy:
        require_game(game, "an attribution method")
        return full_credit

    def question(self) -> Hashable:
        """Where every player is a patch, it is Occlusion-patch; on the mean game Prediction Difference."""
        return "removal"

    def attribute(self, game: Game, ends: Any = None) -> Array:
        return removal.attribute(game, ends)
