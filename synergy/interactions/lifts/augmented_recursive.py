"""A rule applied again and again, but to effects of more players than the order alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from decompositions.arithmetic import Array
from synergy.interaction_index import AbstractLift
from synergy.interactions.lifts.recursive import hit_exactly


@dataclass(frozen=True)
class AugmentedRecursive(AbstractLift):
    r"""Effects of at most k players go to their own sets; larger ones are shared by the rule taken k times.

    With ``1/|S|`` it is Augmented Recursive Shapley, with ``κᵢ/|κ|`` Augmented Recursive Integrated Gradients.

    Reference: lundstrom2023distributing
    """

    name: str = "augmented recursive"
    title: str = "augmented recursive lift"

    def weights(self, shares: Array, places: np.ndarray, order: int) -> Array:
        chosen = shares[:, places]
        if shares.shape[1] > order:
            return hit_exactly(chosen, order)
        return chosen[..., 0] * 0 + int(shares.shape[1] == chosen.shape[-1])
