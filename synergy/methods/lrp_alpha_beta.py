"""LRP-αβ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from decompositions.arithmetic import Array
from decompositions.game import Game
from synergy.backward import attribute
from synergy.layer_policy import LayerPolicy, alpha_beta_shares
from synergy.method import AbstractMethod, register
from synergy.relevance import AbstractRelevance
from synergy.signed_relevance import SignedRelevance


@register
@dataclass(frozen=True)
class LRPAlphaBeta(AbstractMethod):
    r"""Relevance to the positive and to the negative parts of a neuron's value, apart.

    .. math:: R_i = \sum_j \Bigl( \alpha \frac{z_{ji}^+}{\sum_l z_{jl}^+ + c_j^+}
              - \beta \frac{z_{ji}^-}{\sum_l z_{jl}^- + c_j^-} \Bigr) R_j, \qquad \alpha - \beta = 1

    Policy on the effects of a neuron at u = 0, with κ± the part of κ on N± and
    :math:`r^\pm = \sum_{N^\pm} z / (\sum_{N^\pm} z + c^\pm)`: a player of N⁺ is given
    :math:`\alpha r^+ \kappa_i / |\kappa^+|` (z_i over their sum if κ⁺ = 0), one of N⁻
    :math:`-\beta r^- \kappa_i / |\kappa^-|` (likewise).

    A neuron without negative part multiplies relevance by α, one without positive part loses it;
    :func:`synergy.relevance.ledger` says where.

    Args:
        alpha, beta: with α − β = 1 and β ≥ 0.
        bias: whether the bias takes part in the denominators.
    """

    title = "LRP-αβ"
    formula = "N⁺: α·r⁺·κᵢ/|κ⁺|; N⁻: −β·r⁻·κᵢ/|κ⁻|"
    reference = "bach2015pixel"
    independent = "N⁺: α·r⁺; N⁻: −β·r⁻"
    interaction = "N⁺: α·r⁺·κᵢ/|κ⁺|; N⁻: −β·r⁻·κᵢ/|κ⁻|"
    expansion = "each neuron at u = 0"
    holds = "neurons with both signs and no bias (completeness only)"
    scope = "layer"
    target = "f(x)"
    alpha: float = 2.0
    beta: float = 1.0
    bias: bool = True

    def __post_init__(self) -> None:
        if not self.beta >= 0:
            raise ValueError(f"beta is at least 0 (and alpha − beta = 1), not {self.beta}; older texts write −beta")
        if not abs(self.alpha - self.beta - 1) <= 1e-12:
            raise ValueError(
                f"alpha − beta must be 1, not {self.alpha - self.beta:g} (alpha={self.alpha}, beta={self.beta})"
            )

    def policy(self, game: Game) -> LayerPolicy:
        return alpha_beta_shares(self.alpha, self.beta, self.bias)

    def attribute(self, game: Game, ends: Any = None) -> Array:
        return attribute(game, ends, self.rule())

    def rule(self) -> AbstractRelevance:
        return SignedRelevance(self.alpha, self.beta, self.bias)
