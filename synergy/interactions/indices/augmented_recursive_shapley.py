"""Augmented Recursive Shapley: dividends up to the order, and Recursive Shapley of the rest."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from decompositions import degrees
from decompositions.arithmetic import Array
from decompositions.mobius import mobius, zeta
from synergy.interaction_index import AbstractIndex, register
from synergy.interactions.indices.recursive_shapley import RecursiveShapley


@register
class AugmentedRecursiveShapley(AbstractIndex):
    r"""The dividends of at most k players go to their own sets, and what is left is shared by Recursive Shapley.

    .. math:: I(T) = J(T) + \text{RS}_T(v_{>k}), \qquad v_{>k}(R) = \sum_{S \subseteq R, s > k} J(S)

    with w(T, S) = [T = S] for s ≤ k, and surj(k, t) / s^k for s > k.
    """

    name = "ARS"
    title = "Augmented Recursive Shapley"
    formula = "s ≤ k: [T = S]; s > k: surj(k, t)/s^k"
    reference = "lundstrom2023distributing"

    def weight(self, t: int, s: int, order: int) -> Fraction:
        return Fraction(s == t) if s <= order else RecursiveShapley().weight(t, s, order)

    def definition(self, values: Array, order: int) -> dict[int, Array]:
        dividends, small = mobius(values), np.flatnonzero(degrees.sizes(0, len(values)) <= order)
        rest = dividends * 1
        rest[small] = 0 * rest[small]
        found = RecursiveShapley().definition(zeta(rest), order)
        return {T: value + dividends[T] for T, value in found.items()}
