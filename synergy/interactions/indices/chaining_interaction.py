"""The chaining interaction index."""

from __future__ import annotations

from fractions import Fraction
from math import comb

from decompositions.arithmetic import Array
from synergy.algorithms.differences import means
from synergy.interaction_index import AbstractIndex, register


@register
class ChainingInteraction(AbstractIndex):
    r"""The mean difference of a set over all maximal chains, at the coalition that completes it.

    .. math:: I(T) = \sum_R \frac{t}{r+t} \binom{n}{r+t}^{-1} \Delta_T v(R), \qquad w(T, S) = \frac ts
    """

    name = "CHII"
    title = "chaining interaction index"
    formula = "t/s"
    reference = "marichal1999chaining"

    def weight(self, t: int, s: int, order: int) -> Fraction:
        return Fraction(t, s)

    def definition(self, values: Array, order: int) -> dict[int, Array]:
        return means(values, order, lambda t, r, n: Fraction(t, (r + t) * comb(n, r + t)))
