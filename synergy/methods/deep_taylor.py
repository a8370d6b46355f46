"""Deep Taylor decomposition (z⁺)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from decompositions.arithmetic import Array
from decompositions.games.game import Game, require_game
from decompositions.networks.frozen import frozen
from synergy.algorithms.layerwise.backward import attribute
from synergy.algorithms.layerwise.relevance import AbstractRelevance
from synergy.algorithms.layerwise.signed_relevance import SignedRelevance
from synergy.layer_method import AbstractLayerMethod
from synergy.method import register
from synergy.policies.layer_policy import LayerPolicy, alpha_beta_shares


@register
@dataclass(frozen=True)
class DeepTaylor(AbstractLayerMethod):
    r"""Relevance to the positive parts of a neuron's value alone, without its bias: the z⁺ rule.

    .. math:: R_i = \sum_j \frac{z_{ji}^+}{\sum_l z_{jl}^+}\, R_j

    Policy on the effects of a neuron at u = 0: a player of N⁺ is given :math:`\kappa_i / |\kappa^+|` (z_i over their
    sum if κ⁺ = 0), one of N⁻ nothing: what belongs to N⁻ lands on N⁺. A neuron without positive part loses its
    relevance.
    """

    title = "Deep Taylor"
    formula = alpha_beta_shares(1.0, 0.0, bias=False).formula
    reference = "montavon2017explaining"
    independent = "N⁺: 1; N⁻: 0 (its effects go to N⁺)"
    interaction = "N⁺: κᵢ/|κ⁺|; N⁻: 0"
    expansion = "each neuron at u = 0"
    holds = "bias-free ReLU networks with a ReLU output, b = 0 (measured)"
    counterexample = "relu(2x₁ − x₂) at (1, 1)"
    target = "f(x)"

    def policy(self, game: Game) -> LayerPolicy:
        require_game(game, "an attribution method")
        return alpha_beta_shares(1.0, 0.0, bias=False)

    def attribute(self, game: Game, ends: Any = None) -> Array:
        return attribute(game, ends, self.rule(), frozen)

    def rule(self) -> AbstractRelevance:
        return SignedRelevance(1.0, 0.0, bias=False)
