"""LRP-αβ."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from typing import Any

from decompositions.arguments import real, yes_or_no
from decompositions.arithmetic import Array
from decompositions.games.game import Game, require_game
from decompositions.networks.frozen import frozen
from synergy.algorithms.layerwise.backward import attribute
from synergy.algorithms.layerwise.relevance import AbstractRelevance
from synergy.algorithms.layerwise.signed_relevance import SignedRelevance
from synergy.layer_method import AbstractLayerMethod
from synergy.method import register
from synergy.policies.layer_policy import LayerPolicy, alpha_beta_shares, epsilon_shares

ROUNDINGS = 8  # of alpha and beta as they were typed, as 1.1 and 0.1


@register
@dataclass(frozen=True)
class LRPAlphaBeta(AbstractLayerMethod):
    r"""Relevance to the positive and to the negative parts of a neuron's value, apart.

    .. math:: R_i = \sum_j \Bigl( \alpha \frac{z_{ji}^+}{\sum_l z_{jl}^+ + c_j^+}
              - \beta \frac{z_{ji}^-}{\sum_l z_{jl}^- + c_j^-} \Bigr) R_j, \qquad \alpha - \beta = 1

    Policy on the effects of a neuron at u = 0, with κ± the part of κ on N± and
    :math:`r^\pm = \sum_{N^\pm} z / (\sum_{N^\pm} z + c^\pm)`: a player of N⁺ is given
    :math:`\alpha r^+ \kappa_i / |\kappa^+|` (z_i over their sum if κ⁺ = 0), one of N⁻
    :math:`-\beta r^- \kappa_i / |\kappa^-|` (likewise).

    The rule is one of weights: an average pool, the sum of two branches or a product with a number passes relevance on
    in proportion to its contributions, as zennit's and iNNvestigate's composites have it.

    A neuron without negative part multiplies relevance by α, one without positive part loses it;
    :func:`synergy.algorithms.layerwise.relevance.ledger` says where.

    Args:
        alpha, beta: with α − β = 1 and β ≥ 0.
        bias: whether the bias takes part in the denominators.
    """

    title = "LRP-αβ"
    formula = alpha_beta_shares(2.0, 1.0, bias=True).formula
    reference = "bach2015pixel"
    independent = "N⁺: α·r⁺; N⁻: −β·r⁻"
    interaction = "N⁺: α·r⁺·κᵢ/|κ⁺|; N⁻: −β·r⁻·κᵢ/|κ⁻|"
    expansion = "each neuron at u = 0"
    holds = "neurons with both signs and no bias (completeness only)"
    counterexample = "relu(x₁ + 2x₂) at (1, 1)"
    target = "f(x)"
    alpha: float = 2.0
    beta: float = 1.0
    bias: bool = True

    def __post_init__(self) -> None:
        alpha = real(self.alpha, "alpha is the factor of the positive parts, 1 + beta")
        beta = real(self.beta, "beta is the factor of the negative parts, alpha − 1 (older texts write −beta)", 0)
        yes_or_no(self.bias, "bias says whether the bias takes part in the denominators")
        if not abs(alpha - beta - 1) <= ROUNDINGS * sys.float_info.epsilon * max(alpha, 1.0):
            raise ValueError(
                f"alpha − beta must be 1, not {alpha - beta:g} (alpha={alpha}, beta={beta}); take alpha={1 + beta:g}"
            )

    def policy(self, game: Game) -> LayerPolicy:
        require_game(game, "an attribution method")
        weightless = epsilon_shares(0.0, bias=False)
        return replace(alpha_beta_shares(self.alpha, self.beta, self.bias), weightless=weightless)

    def attribute(self, game: Game, ends: Any = None) -> Array:
        return attribute(game, ends, self.rule(), frozen)

    def rule(self) -> AbstractRelevance:
        return SignedRelevance(self.alpha, self.beta, self.bias, proportional=True)
