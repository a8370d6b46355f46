"""The Shapley value, as the index of single players."""

from __future__ import annotations

from fractions import Fraction

from decompositions.arithmetic import Array
from synergy.algorithms.differences import means, shapley_chances
from synergy.interaction_index import AbstractIndex, register


@register
class ShapleyIndex(AbstractIndex):
    r"""The mean of what a player adds, over all orders in which the players may come in.

    .. math:: w(T, S) = \frac1s, \qquad t = 1
    """

    name = "SV"
    title = "Shapley value"
    formula = "1/s"
    reference = "shapley1953value"
    largest = 1

    def weight(self, t: int, s: int, order: int) -> Fraction:
        return Fraction(1, s)

    def definition(self, values: Array, order: int) -> dict[int, Array]:
        return means(values, order, shapley_chances)
