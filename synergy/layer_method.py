"""What layer-wise methods have in common: an algorithm that goes back through the steps of a network."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch

from decompositions.games.game import Game
from synergy.algorithms.layerwise.rounding import rounding_error
from synergy.estimate import Estimate
from synergy.explained import modelled
from synergy.method import AbstractMethod

SUSPICIOUS = 1e-9  # of the attributions: a thousandth of what the criteria tolerate
OF_OUTPUTS = 16.0  # times the rounding of one output, which two of them and their sum may differ by


class AbstractLayerMethod(AbstractMethod):
    """A method whose policy shares the effects of every step, and whose algorithm is a rule for every step."""

    scope = "layer"
    work = 16  # 10 to 36 were measured on the networks of the examples

    def answer(self, game: Game, ends: Any = None) -> Estimate:
        """The attributions with the error that rounding makes on the way through the network.

        At end points, of which there are many, it is looked for where a method that shares out everything does not
        add up to the output's change, by more than the rounding of the output itself: there only rounding on the way
        can have lost it.
        """
        values = self.attribute(game, ends)
        cube, _ = modelled(game, "a layer-wise method needs the network")
        untold = replace(game, cube=cube.unwatched())
        if ends is None:
            return Estimate(values, rounding_error(lambda: self.attribute(untold), values))
        if not self.all_three or values.is_meta:
            return Estimate(values)
        points = game.ends(ends)
        outputs, base = untold(points), untold(0 * points[:1])
        missed = abs(values.sum(-1) - (outputs - base))
        own = cube.rounding * torch.maximum(abs(outputs), abs(base))
        doubtful = missed > SUSPICIOUS * abs(values).sum(-1) + OF_OUTPUTS * own
        errors = torch.zeros_like(values)
        if doubtful.any():
            some = points[doubtful]
            found = rounding_error(lambda: self.attribute(untold, some), values[doubtful])
            assert found is not None
            errors[doubtful] = found
        return Estimate(values, errors)
