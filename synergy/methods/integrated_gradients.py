"""Integrated Gradients."""

from __future__ import annotations

from dataclasses import dataclass

from decompositions.games.game import Game, require_game
from synergy.curves.curve import STRAIGHT, AbstractCurve
from synergy.method import register
from synergy.path_method import AbstractPathMethod
from synergy.policies.policy import Policy, degree_shares


@register
@dataclass(frozen=True)
class IntegratedGradients(AbstractPathMethod):
    r"""The gradient integrated along the straight path from b to x.

    .. math:: a_i = d_i \int_0^1 \partial_i f(b + s d)\, ds
              = \sum_\kappa \frac{\kappa_i}{|\kappa|}\, \text{effect}(\kappa)

    Args:
        nodes: of a Gauss–Legendre rule, whose error is read from its nodes and from two other rules.
            None chooses: exact for polynomial expressions and for networks that are piecewise linear, a quadrature with
            its error elsewhere; ``integrate`` says which.
        rule: "left", "right", "midpoint" or "trapezoid", for a sum over ``nodes`` equal steps.
    """

    title = "Integrated Gradients"
    formula = degree_shares.formula
    reference = "sundararajan2017axiomatic"
    independent = "1"
    interaction = "κᵢ/|κ|"
    holds = "all"
    all_three = True

    def along(self) -> AbstractCurve:
        return STRAIGHT

    def policy(self, game: Game) -> Policy:
        require_game(game, "an attribution method")
        return degree_shares
