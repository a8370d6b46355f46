"""The Shapley–Taylor interaction index."""

from __future__ import annotations

from fractions import Fraction
from math import comb

from decompositions.arithmetic import Array
from synergy.algorithms.differences import means
from synergy.interaction_index import AbstractIndex, register


@register
class ShapleyTaylor(AbstractIndex):
    r"""The dividends below the order, and all larger ones shared out equally among the sets of the order itself.

    .. math:: I(T) = \Delta_T v(\emptyset) \text{ for } t < k, \qquad
              I(T) = \frac kn \sum_R \binom{n-1}{r}^{-1} \Delta_T v(R) \text{ for } t = k

    with w(T, S) = [T = S] for s ≤ k, and :math:`\binom sk^{-1}` for s > k = t.
    """

    name = "STII"
    title = "Shapley–Taylor interaction index"
    formula = "s ≤ k: [T = S]; s > k: 1/C(s, k) for t = k, else 0"
    reference = "sundararajan2020shapley"

    def weight(self, t: int, s: int, order: int) -> Fraction:
        if s <= order:
            return Fraction(s == t)
        return Fraction(1, comb(s, order)) if t == order else Fraction(0)

    def definition(self, values: Array, order: int) -> dict[int, Array]:
        def chances(t: int, r: int, n: int) -> Fraction:
            return Fraction(order, n * comb(n - 1, r)) if t == order else Fraction(r == 0)

        return means(values, order, chances)
