"""Deep SHAP."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

from decompositions.arguments import yes_or_no
from decompositions.arithmetic import Array
from decompositions.games.game import Game, require_game
from decompositions.networks.merging import fused
from synergy.algorithms.layerwise.backward import attribute
from synergy.algorithms.layerwise.fused_shapley import FusedShapley
from synergy.algorithms.layerwise.rescale import Rescale
from synergy.layer_method import AbstractLayerMethod
from synergy.method import register
from synergy.policies.layer_policy import LayerPolicy, degree_layer_shares, equal_layer_shares


@register
@dataclass(frozen=True)
class DeepSHAP(AbstractLayerMethod):
    r"""DeepLIFT's multipliers averaged over baselines, or Shapley values of whole neurons composed by multipliers.

    .. math:: a_i = \mathbb{E}_b\, m_i (x_i - b_i), \qquad
              m_i = \sum_j m_j \frac{\phi_i(\text{module } j)}{u_i - u_i^0}

    As the libraries compute it (``fused=False``) activations are elementwise modules and their Shapley multiplier is
    Δy/Δu: Rescale, averaged over the game's baselines. With ``fused=True`` the module is the neuron
    :math:`\sigma(\sum_i w_i u_i + c)` with its linear part: its Shapley values, policy :math:`1[i \in S] / |S|` on the
    neuron's dividends at the reference, become multipliers. An input that does not change, or a neuron whose output
    does not, keeps the multiplier that is the limit of a small change; so no member's credit is lost.

    Args:
        fused: whether a neuron is one module; 2^fan-in values each, so a fan-in above 16 is refused.
    """

    title = "Deep SHAP"
    formula = f"fused: {equal_layer_shares().formula}; elementwise: {degree_layer_shares().formula}"
    reference = "lundberg2017unified"
    independent = "1"
    interaction = "fused: 1[i∈S]/|S|; elementwise: κᵢ/|κ|"
    expansion = "each neuron at its reference"
    holds = "all, per layer"
    all_three = True
    counterexample = "relu(relu(x₁)−1−relu(x₂)) − relu(relu(x₁−1)−relu(x₂)) + relu(x₃) at (3, 1, 2)"
    variants = ({}, {"fused": True})
    target = "f(x) − E f(b)"
    fused: bool = False

    def __post_init__(self) -> None:
        yes_or_no(self.fused, "fused says whether a neuron is one module")

    def policy(self, game: Game) -> LayerPolicy:
        require_game(game, "an attribution method")
        return equal_layer_shares() if self.fused else degree_layer_shares()

    def question(self) -> Hashable:
        """With elementwise modules it is DeepLIFT Rescale, averaged over baselines."""
        return None if self.fused else "rescale"

    def attribute(self, game: Game, ends: Any = None) -> Array:
        return attribute(game, ends, FusedShapley(), fused) if self.fused else attribute(game, ends, Rescale())
