"""What layer-wise methods have in common: an algorithm that goes back through the steps of a network."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from decompositions.games.game import Game
from synergy.algorithms.layerwise.rounding import rounding_error
from synergy.estimate import Estimate
from synergy.explained import modelled
from synergy.method import AbstractMethod


class AbstractLayerMethod(AbstractMethod):
    """A method whose policy shares the effects of every step, and whose algorithm is a rule for every step."""

    scope = "layer"
    work = 16  # 10 to 36 were measured on the networks of the examples

    def answer(self, game: Game, ends: Any = None) -> Estimate:
        """The attributions; at x with the error that rounding makes on the way through the network."""
        values = self.attribute(game, ends)
        if ends is not None:
            return Estimate(values)
        untold = replace(game, cube=modelled(game, "a layer-wise method needs the network")[0].unwatched())
        return Estimate(values, rounding_error(lambda: self.attribute(untold), values))
