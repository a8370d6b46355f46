"""The Möbius transform up to an order: Harsanyi's dividends."""

from __future__ import annotations

from fractions import Fraction

from decompositions.arithmetic import Array
from synergy.algorithms.differences import means
from synergy.interaction_index import AbstractIndex, register


@register
class Mobius(AbstractIndex):
    r"""What a set adds to what its parts bring, nobody else being there.

    .. math:: I(T) = \Delta_T v(\emptyset), \qquad w(T, S) = [T = S]
    """

    name = "Moebius"
    title = "Möbius transform"
    formula = "[T = S]"
    reference = "harsanyi1963simplified"

    def weight(self, t: int, s: int, order: int) -> Fraction:
        return Fraction(s == t)

    def definition(self, values: Array, order: int) -> dict[int, Array]:
        return means(values, order, lambda t, r, n: Fraction(r == 0))
