"""The Banzhaf value, as the index of single players."""

from __future__ import annotations

from fractions import Fraction

from decompositions.arithmetic import Array
from synergy.algorithms.differences import means
from synergy.interaction_index import AbstractIndex, register


@register
class BanzhafIndex(AbstractIndex):
    r"""The mean of what a player adds, over all coalitions of the others.

    .. math:: w(T, S) = 2^{1-s}, \qquad t = 1
    """

    name = "BV"
    title = "Banzhaf value"
    formula = "2^(1−s)"
    reference = "banzhaf1965weighted"
    largest = 1

    def weight(self, t: int, s: int, order: int) -> Fraction:
        return Fraction(1, 2 ** (s - 1))

    def definition(self, values: Array, order: int) -> dict[int, Array]:
        return means(values, order, lambda t, r, n: Fraction(1, 2 ** (n - 1)))
