"""Integrated Gradients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from decompositions.arithmetic import Array
from decompositions.game import Game
from synergy import path
from synergy.method import AbstractEstimate, register
from synergy.policies import Policy, degree_shares


@register
@dataclass(frozen=True)
class IntegratedGradients(AbstractEstimate):
    r"""The gradient integrated along the straight path from b to x.

    .. math:: a_i = d_i \int_0^1 \partial_i f(b + s d)\, ds
              = \sum_\kappa \frac{\kappa_i}{|\kappa|}\, \text{effect}(\kappa)

    Args:
        nodes: of the Gauss–Legendre rule, 64 by default; its error is estimated from the rules with half as many
            and with one less. For polynomial expressions the integral is exact.
    """

    title = "Integrated Gradients"
    formula = degree_shares.formula
    reference = "sundararajan2017axiomatic"
    independent = "1"
    interaction = "κᵢ/|κ|"
    holds = "all"
    nodes: int | None = None

    def policy(self, game: Game) -> Policy:
        return degree_shares

    def attribute(self, game: Game, ends: Any = None) -> Array:
        return path.attribute(game, ends, self.nodes)

    def estimate(self, game: Game, ends: Any = None) -> tuple[Array, Array]:
        return path.estimate(game, ends, self.nodes)
