"""The Banzhaf interaction index."""

from __future__ import annotations

from fractions import Fraction

from decompositions.arithmetic import Array
from synergy.algorithms.differences import means
from synergy.interaction_index import AbstractIndex, register


@register
class BanzhafInteraction(AbstractIndex):
    r"""The mean difference of a set over all coalitions of the others.

    .. math:: I(T) = 2^{-(n-t)} \sum_R \Delta_T v(R), \qquad w(T, S) = 2^{-(s-t)}
    """

    name = "BII"
    title = "Banzhaf interaction index"
    formula = "2^(t−s)"
    reference = "grabisch1999axiomatic"

    def weight(self, t: int, s: int, order: int) -> Fraction:
        return Fraction(1, 2 ** (s - t))

    def definition(self, values: Array, order: int) -> dict[int, Array]:
        return means(values, order, lambda t, r, n: Fraction(1, 2 ** (n - t)))
