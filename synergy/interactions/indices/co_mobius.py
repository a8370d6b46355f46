"""The co-Möbius transform up to an order."""

from __future__ import annotations

from fractions import Fraction

from decompositions.arithmetic import Array
from synergy.algorithms.differences import means
from synergy.interaction_index import AbstractIndex, register


@register
class CoMobius(AbstractIndex):
    r"""What a set adds to what its parts bring, everybody else being there.

    .. math:: I(T) = \Delta_T v(N \setminus T), \qquad w(T, S) = 1
    """

    name = "Co-Moebius"
    title = "co-Möbius transform"
    formula = "1"
    reference = "grabisch2016set"

    def weight(self, t: int, s: int, order: int) -> Fraction:
        return Fraction(1)

    def definition(self, values: Array, order: int) -> dict[int, Array]:
        return means(values, order, lambda t, r, n: Fraction(r == n - t))
