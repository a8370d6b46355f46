"""DeepLIFT with the Rescale rule."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

from decompositions.arithmetic import Array
from decompositions.games.game import Game, require_game
from synergy.algorithms.layerwise.backward import attribute
from synergy.algorithms.layerwise.rescale import Rescale
from synergy.layer_method import AbstractLayerMethod
from synergy.method import register
from synergy.policies.layer_policy import LayerPolicy, degree_layer_shares


@register
@dataclass(frozen=True)
class DeepLIFTRescale(AbstractLayerMethod):
    r"""Multipliers Δy/Δu through every activation, the weights through every linear step.

    .. math:: m_{u} = m_{y} \frac{\sigma(u) - \sigma(u^0)}{u - u^0}, \qquad a_i = m_i (x_i - b_i)

    with the slope σ′ where nothing changes. Policy on the effects of a neuron at its reference u⁰:
    :math:`\kappa_i / |\kappa|`. A max pool credits a rise to the winner at x and a fall to the winner at the reference;
    a product of two parts shares its change equally between the orders.
    """

    title = "DeepLIFT Rescale"
    formula = degree_layer_shares().formula
    reference = "shrikumar2017learning"
    independent = "1"
    interaction = "κᵢ/|κ|"
    expansion = "each neuron at its reference"
    holds = "all, per layer"
    all_three = True
    counterexample = "relu(relu(x₁)−1−relu(x₂)) − relu(relu(x₁−1)−relu(x₂)) + relu(x₃) at (3, 1, 2)"
    target = "f(x) − f(b)"

    def policy(self, game: Game) -> LayerPolicy:
        require_game(game, "an attribution method")
        return degree_layer_shares()

    def question(self) -> Hashable:
        """Averaged over baselines it is Deep SHAP of elementwise modules."""
        return "rescale"

    def attribute(self, game: Game, ends: Any = None) -> Array:
        return attribute(game, ends, Rescale())
