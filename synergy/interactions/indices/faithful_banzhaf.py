"""The faithful Banzhaf interaction index."""

from __future__ import annotations

from fractions import Fraction
from math import comb

from decompositions.arithmetic import Array
from synergy.algorithms.best_fit import best_fit, subsets
from synergy.interaction_index import AbstractIndex, register


@register
class FaithfulBanzhaf(AbstractIndex):
    r"""The dividends of the game with none above the order that is nearest to v, all coalitions weighing the same.

    .. math:: \min_I \sum_S \Bigl( v(S) - \sum_{T \subseteq S, t \le k} I(T) \Bigr)^2

    with w(T, S) = [T = S] for s ≤ k, and :math:`(-1)^{k-t} 2^{t-s} \binom{s-t-1}{k-t}` for s > k, the empty T included:
    the constant of the fit is not v(∅).
    """

    name = "FBII"
    title = "faithful Banzhaf interaction index"
    formula = "s ≤ k: [T = S]; s > k: (−1)^(k−t) 2^(t−s) C(s−t−1, k−t)"
    reference = "tsai2023faith"
    constant = True

    def weight(self, t: int, s: int, order: int) -> Fraction:
        if s <= order:
            return Fraction(s == t)
        return Fraction((-1) ** (order - t) * comb(s - t - 1, order - t), 2 ** (s - t))

    def definition(self, values: Array, order: int) -> dict[int, Array]:
        return best_fit(values, order, subsets, lambda s, n: Fraction(1))
