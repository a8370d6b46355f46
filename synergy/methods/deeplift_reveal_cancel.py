"""DeepLIFT with the RevealCancel rule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from decompositions.arithmetic import Array
from decompositions.games.game import Game, require_game
from synergy.algorithms.layerwise.backward import attribute
from synergy.algorithms.layerwise.reveal_cancel import RevealCancel
from synergy.layer_method import AbstractLayerMethod
from synergy.method import register
from synergy.policies.layer_policy import LayerPolicy, reveal_cancel_shares


@register
@dataclass(frozen=True)
class DeepLIFTRevealCancel(AbstractLayerMethod):
    r"""Positive and negative contributions to every neuron as two players, kept apart through all layers.

    .. math::
        \Delta y^+ &= \tfrac12 [\sigma(z^0 + z^+) - \sigma(z^0)]
                      + \tfrac12 [\sigma(z^0 + z^+ + z^-) - \sigma(z^0 + z^-)] \\
        \Delta y^- &= \tfrac12 [\sigma(z^0 + z^-) - \sigma(z^0)]
                      + \tfrac12 [\sigma(z^0 + z^+ + z^-) - \sigma(z^0 + z^+)]

    Each unit carries both channels, Δ = Δ⁺ + Δ⁻, with a multiplier each; a channel of an input feeds the positive
    channel of a neuron if its contribution is positive, else the negative one. Policy on the effects of a neuron at
    its reference, the players being the channels p: :math:`\kappa_p / |\kappa|` if κ lies in N⁺ or in N⁻,
    :math:`\tfrac12 \kappa_p / |\kappa^{\mathrm{sgn} p}|` if it is mixed. A max pool
    passes its winner's channels on where x and the reference have the same winner, and is treated as in Rescale
    elsewhere.
    """

    title = "DeepLIFT RevealCancel"
    formula = reveal_cancel_shares().formula
    reference = "shrikumar2017learning"
    independent = "1"
    interaction = "in N⁺ or N⁻: κᵢ/|κ|; mixed: ½·κᵢ/|κ^sgn|"
    expansion = "each neuron at its reference"
    holds = "all, per layer"
    all_three = True
    counterexample = (
        "relu(relu(x₁)−1−relu(x₂)) − relu(relu(x₁−1)−relu(x₂)) + relu(x₃) at (−5, 5, 3.7), b = (5, −3.1, 0.1)"
    )
    target = "f(x) − f(b)"

    def policy(self, game: Game) -> LayerPolicy:
        require_game(game, "an attribution method")
        return reveal_cancel_shares()

    def attribute(self, game: Game, ends: Any = None) -> Array:
        return attribute(game, ends, RevealCancel())
