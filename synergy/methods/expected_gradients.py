"""Expected Gradients."""

from __future__ import annotations

from dataclasses import dataclass

from decompositions.games.game import Game, require_game
from synergy.curves.curve import STRAIGHT, AbstractCurve
from synergy.method import register
from synergy.path_method import AbstractPathMethod
from synergy.policies.policy import Policy, degree_shares


@register
@dataclass(frozen=True)
class ExpectedGradients(AbstractPathMethod):
    r"""Integrated Gradients averaged over baselines.

    .. math:: a_i = \mathbb{E}_b \Bigl[ d_i \int_0^1 \partial_i f(b + s d)\, ds \Bigr]
              = \sum_\kappa \frac{\kappa_i}{|\kappa|}\, \mathbb{E}_b\, \text{effect}_b(\kappa)

    The expectation over the game's finite list of baselines (and their weights) and over the path is computed, not
    sampled; on the mean game this is Integrated Gradients.

    Args:
        nodes: of a Gauss–Legendre rule on every path; None chooses, as for Integrated Gradients.
        rule: of a sum over ``nodes`` equal steps, as for Integrated Gradients.
    """

    title = "Expected Gradients"
    formula = f"E_b {degree_shares.formula}"
    reference = "erion2021improving"
    independent = "1"
    interaction = "E_b κᵢ/|κ|"
    expansion = "f at each b"
    holds = "all"
    all_three = True
    target = "f(x) − E f(b)"

    def along(self) -> AbstractCurve:
        return STRAIGHT

    def policy(self, game: Game) -> Policy:
        require_game(game, "an attribution method")
        return degree_shares
