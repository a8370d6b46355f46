"""Expected Gradients."""

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
class ExpectedGradients(AbstractEstimate):
    r"""Integrated Gradients averaged over baselines.

    .. math:: a_i = \mathbb{E}_b \Bigl[ d_i \int_0^1 \partial_i f(b + s d)\, ds \Bigr]
              = \sum_\kappa \frac{\kappa_i}{|\kappa|}\, \mathbb{E}_b\, \text{effect}_b(\kappa)

    The expectation over the game's finite list of baselines (and their weights) and over the path is computed, not
    sampled; on the mean game this is Integrated Gradients.

    Args:
        nodes: of the Gauss–Legendre rule on every path, 64 by default.
    """

    title = "Expected Gradients"
    formula = "E_b κᵢ / |κ|"
    reference = "erion2021improving"
    independent = "1"
    interaction = "E_b κᵢ/|κ|"
    expansion = "f at each b"
    holds = "all"
    target = "f(x) − E f(b)"
    nodes: int | None = None

    def policy(self, game: Game) -> Policy:
        return degree_shares

    def attribute(self, game: Game, ends: Any = None) -> Array:
        return path.attribute(game, ends, self.nodes)

    def estimate(self, game: Game, ends: Any = None) -> tuple[Array, Array]:
        return path.estimate(game, ends, self.nodes)
