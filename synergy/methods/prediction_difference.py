"""Prediction Difference."""

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
class PredictionDifference(AbstractMethod):
    r"""What is lost on average when one player is replaced by draws from a list of baselines.

    .. math:: a_i = f(x) - \mathbb{E}_{b}\, f(x_{N \setminus i}, b_i) = \sum_{S \ni i} \mathbb{E}_b J_b(S)

    The difference of the outputs themselves, not of their log-odds. The baselines (and their weights) are the game's:
    on the mean game this is Occlusion-1.
    """

    title = "Prediction Difference"
    formula = f"E_b {full_credit.formula}"
    reference = "robnik2008explaining"
    independent = "1"
    interaction = "E_b 1[i∈S]"
    expansion = "f at each b"
    holds = "functions without interactions"
    counterexample = "x₁x₂ at (2, 3)"
    target = "f(x) − E f(b)"
    corners = True

    def policy(self, game: Game) -> Policy:
        require_game(game, "an attribution method")
        return full_credit

    def question(self) -> Hashable:
        """On the mean game it is Occlusion-1."""
        return "removal"

    def attribute(self, game: Game, ends: Any = None) -> Array:
        return removal.attribute(game, ends)
