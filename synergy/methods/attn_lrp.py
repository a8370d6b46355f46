"""AttnLRP, and its variant with constant attention."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from decompositions.arguments import real, shown
from decompositions.arithmetic import Array
from decompositions.games.game import Game, require_game
from decompositions.networks.frozen import frozen
from decompositions.networks.network import Network
from decompositions.networks.operations import AbstractAffine
from synergy.algorithms.layerwise.backward import attribute
from synergy.algorithms.layerwise.relevance import AbstractRelevance
from synergy.layer_method import AbstractLayerMethod
from synergy.method import register
from synergy.policies.layer_policy import LayerPolicy, unsigned_epsilon_shares

ATTENTION = ("uniform", "constant")


@register
@dataclass(frozen=True)
class AttnLRP(AbstractLayerMethod):
    r"""Relevance propagation with rules for attention: products, softmax and normalisation.

    .. math:: R_i = \sum_j \frac{z_{ji}}{z_j + \epsilon} R_j, \qquad
              R_u = \sum \frac{u v}{2 z + \epsilon} R_z \ (z = \textstyle\sum u v), \qquad
              R_i = z_i \Bigl( R_i^{\text{out}} - s_i \sum_j R_j^{\text{out}} \Bigr) \ (s = \text{softmax}(z))

    for linear steps, products of two values (queries and keys, shares and values; a gate gives half to each of its
    two factors) and softmax, whose masked entries are given nothing. A normalisation is linear with its deviation held
    constant; an activation passes its relevance on. The stabiliser has no sign.

    Policy, step by step on its effects at u = 0: :math:`z / (z + \epsilon) \cdot \kappa_i / |\kappa|` at linear steps
    and products, and :math:`\kappa_i` at a softmax: Gradient × Input of that step, so that relevance is lost where the
    softmax is saturated and made where it is convex. With constant attention the softmax stands aside.

    Args:
        attention: "uniform" for AttnLRP; "constant" for CP-LRP (Ali et al. 2022), in which the shares of a softmax are
            constants where they weight something, and all relevance goes to what they weight.
        epsilon: added to every value z_j; where that gives 0, nothing is passed on.
    """

    title = "AttnLRP"
    formula = unsigned_epsilon_shares(1e-6).formula
    reference = "achtibat2024attnlrp"
    independent = "z/(z+c+ε); softmax: κᵢ"
    interaction = "z/(z+c+ε) · κᵢ/|κ|; softmax: κᵢ"
    expansion = "each step at u = 0"
    holds = "networks without biases and softmax, b = 0, ε → 0"
    counterexample = "softmax(x₁, x₂)₁ at (8, 0)"
    besides = True
    target = "f(x)"
    variants = ({}, {"attention": "constant"})
    attention: str = "uniform"
    epsilon: float = 1e-6

    def __post_init__(self) -> None:
        if not isinstance(self.attention, str) or self.attention not in ATTENTION:
            kind = ValueError if isinstance(self.attention, str) else TypeError
            raise kind(f"attention is 'uniform' (AttnLRP) or 'constant' (CP-LRP), not {shown(self.attention)}")
        real(self.epsilon, "epsilon is the stabiliser of a step's value", 0)

    def policy(self, game: Game) -> LayerPolicy:
        require_game(game, "an attribution method")
        return unsigned_epsilon_shares(self.epsilon, self.attention == "constant")

    def attribute(self, game: Game, ends: Any = None) -> Array:
        return attribute(game, ends, self.rule(), self._frozen)

    def rule(self) -> AbstractRelevance:
        return _Unsigned(self.epsilon)

    def _frozen(self, steps: Network) -> Network:
        return frozen(steps, self.attention == "constant")


@dataclass(frozen=True)
class _Unsigned(AbstractRelevance):
    epsilon: float

    def share(
        self, operation: AbstractAffine, inputs: list[torch.Tensor], value: torch.Tensor, relevance: torch.Tensor
    ) -> list[torch.Tensor]:
        below = value + float(self.epsilon)
        signal = torch.where(below == 0, 0.0, relevance / below)
        return [each * back for each, back in zip(inputs, operation.transpose(signal, inputs), strict=True)]
