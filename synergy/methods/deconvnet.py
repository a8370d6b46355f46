"""The deconvolutional network."""

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
class DeconvNet(AbstractLayerMethod):
    r"""The output's signal sent back by the transposed layers, each ReLU applied to the signal itself.

    .. math:: m_u = \max(m_y, 0) \ \text{ at } y = \mathrm{relu}(u), \qquad
              m_u = A^\top m_z \ \text{ at } z = A u + c, \qquad a_i = \sum_{e \in i} m_e

    and max pooling goes back to the winners (the "switches"). Apart from these it does not look at x. The raw signal:
    no share of f(x) − f(b), given also through units that are off and have no effect. Networks of affine steps, ReLU or
    ReLU6, and pooling; with other activations it is not defined, and refused.
    """

    title = "DeconvNet"
    formula = "max(m, 0) at each ReLU"
    reference = "zeiler2014visualizing"
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
            "the deconvolutional network has no policy: it sends a signal through units that are off, whose effects "
            "are all zero, so that nothing shared out could be what it gives; its measured allocation stands"
        )

    def attribute(self, game: Game, ends: Any = None) -> Array:
        return attribute(game, ends, Rectified(gated=False))
