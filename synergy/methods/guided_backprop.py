"""Guided backpropagation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NoReturn

from decompositions.arithmetic import Array
from decompositions.games.game import Game, require_game
from synergy.algorithms.layerwise.backward import attribute
from synergy.algorithms.layerwise.rectified import Rectified
from synergy.layer_method import AbstractLayerMethod
from synergy.method import ITS_OWN, register


@register
@dataclass(frozen=True)
class GuidedBackprop(AbstractLayerMethod):
    r"""The gradient's signal, of which each ReLU lets only what is positive through, and only where it is on.

    .. math:: m_u = 1[u > 0] \max(m_y, 0) \ \text{ at } y = \mathrm{relu}(u), \qquad
              m_u = A^\top m_z \ \text{ at } z = A u + c, \qquad a_i = \sum_{e \in i} m_e

    The raw signal, as its authors show it: no share of f(x) − f(b), whose sum means nothing, and zero where every way
    is off at x (Sensitivity). Networks of affine steps, ReLU or ReLU6, and pooling; with other activations it is not
    defined, and refused.
    """

    title = "Guided Backpropagation"
    formula = "1[u>0] · max(m, 0) at each ReLU"
    reference = "springenberg2015striving"
    independent = "none"
    interaction = "none"
    expansion = "no effects: a signal"
    holds = "none, its unit is its own"
    counterexample = "1 − relu(1 − x₁) at 2"
    scope = "signal"
    besides = True
    target = ITS_OWN

    def policy(self, game: Game) -> NoReturn:
        """There is none.

        Raises:
            ValueError: always; it says why.
        """
        require_game(game, "an attribution method")
        raise ValueError(
            "guided backpropagation has no policy: a unit's signal is kept or dropped by its sign, which what follows "
            "the unit decides, so two units with the same effects are given different shares; its measured allocation "
            "stands"
        )

    def attribute(self, game: Game, ends: Any = None) -> Array:
        return attribute(game, ends, Rectified(gated=True))
