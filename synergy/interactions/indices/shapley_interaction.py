"""The Shapley interaction index."""

from __future__ import annotations

from fractions import Fraction

from decompositions.arithmetic import Array
from synergy.algorithms.differences import means, shapley_chances
from synergy.interaction_index import AbstractIndex, register


@register
class ShapleyInteraction(AbstractIndex):
    r"""The mean difference of a set that comes in as one, over all orders of it and of the others.

    .. math:: I(T) = \sum_R \frac{\Delta_T v(R)}{(n-t+1) \binom{n-t}{r}}, \qquad w(T, S) = \frac1{s-t+1}
    """

    name = "SII"
    title = "Shapley interaction index"
    formula = "1/(s − t + 1)"
    reference = "grabisch1999axiomatic"

    def weight(self, t: int, s: int, order: int) -> Fraction:
        return Fraction(1, s - t + 1)

    def definition(self, values: Array, order: int) -> dict[int, Array]:
        return means(values, order, shapley_chances)
