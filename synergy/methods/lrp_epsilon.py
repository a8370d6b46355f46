"""LRP-ε."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from decompositions.arguments import real, yes_or_no
from decompositions.arithmetic import Array
from decompositions.games.game import Game, require_game
from decompositions.networks.frozen import frozen
from decompositions.networks.operations import AbstractAffine
from synergy.algorithms.layerwise.backward import attribute
from synergy.algorithms.layerwise.relevance import AbstractRelevance
from synergy.layer_method import AbstractLayerMethod
from synergy.method import register
from synergy.policies.layer_policy import LayerPolicy, epsilon_shares


@register
@dataclass(frozen=True)
class LRPEpsilon(AbstractLayerMethod):
    r"""Relevance in proportion to each input's part of a neuron's value, bias included, with a stabiliser.

    .. math:: R_i = \sum_j \frac{z_{ji}}{z_j + \varepsilon\, \mathrm{sgn}(z_j)}\, R_j, \qquad
              z_{ji} = W_{ji} u_i, \quad z_j = \sum_i z_{ji} + c_j, \quad \mathrm{sgn}(0) = 1

    Policy on the effects of a neuron at u = 0:
    :math:`w_i(\kappa) = \frac{\sum_l z_l}{\sum_l z_l + c + \varepsilon \mathrm{sgn}} \frac{\kappa_i}{|\kappa|}`, and
    :math:`\frac{z_i}{\sum_l z_l + c + \varepsilon \mathrm{sgn}}` of the constant. The bias and ε absorb the rest.
    Weights of layer-wise rules are not unique; these leak least.

    Args:
        epsilon: the stabiliser, at least 0. A neuron whose stabilised value is 0 passes nothing on.
        bias: whether the bias takes part in z_j; False shares all of R_j among the inputs.
    """

    title = "LRP-ε"
    formula = epsilon_shares(1e-6, bias=True).formula
    reference = "bach2015pixel"
    independent = "z/(z+c+ε·sgn)"
    interaction = "z/(z+c+ε·sgn) · κᵢ/|κ|"
    expansion = "each neuron at u = 0"
    holds = "networks without biases, b = 0, ε → 0"
    counterexample = "relu(x₁ + x₂ − 1) at (1, 1)"
    target = "f(x)"
    epsilon: float = 1e-6
    bias: bool = True

    def __post_init__(self) -> None:
        real(self.epsilon, "epsilon is the stabiliser of a neuron's value", 0)
        yes_or_no(self.bias, "bias says whether the bias takes part in a neuron's value")

    def policy(self, game: Game) -> LayerPolicy:
        require_game(game, "an attribution method")
        return epsilon_shares(self.epsilon, self.bias)

    def attribute(self, game: Game, ends: Any = None) -> Array:
        return attribute(game, ends, self.rule(), frozen)

    def rule(self) -> AbstractRelevance:
        return _Epsilon(self.epsilon, self.bias)


@dataclass(frozen=True)
class _Epsilon(AbstractRelevance):
    epsilon: float
    bias: bool

    def share(
        self, operation: AbstractAffine, inputs: list[torch.Tensor], value: torch.Tensor, relevance: torch.Tensor
    ) -> list[torch.Tensor]:
        value = value if self.bias else operation.linear(inputs)
        value = value + float(self.epsilon) * torch.where(value >= 0, 1.0, -1.0).to(value)
        signal = torch.where(value == 0, 0.0, relevance / torch.where(value == 0, 1.0, value))
        return [each * back for each, back in zip(inputs, operation.transpose(signal, inputs), strict=True)]
