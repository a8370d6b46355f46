"""The faithful Shapley interaction index."""

from __future__ import annotations

from fractions import Fraction
from math import comb

from decompositions.arithmetic import Array
from synergy.algorithms.best_fit import best_fit, shapley_kernel, subsets
from synergy.interaction_index import AbstractIndex, register


@register
class FaithfulShapley(AbstractIndex):
    r"""The dividends of the game with none above the order that is nearest to v, weighted by the Shapley kernel.

    .. math:: \min_I \sum_{S \ne \emptyset, N} \frac{n-1}{\binom ns s (n-s)}
              \Bigl( v(S) - \sum_{T \subseteq S, t \le k} I(T) \Bigr)^2, \qquad \text{exact at } \emptyset, N

    with w(T, S) = [T = S] for s ≤ k, and
    :math:`(-1)^{k-t} \frac{t}{k+t} \binom kt \binom{s-1}{k} \binom{s+k-1}{k+t}^{-1}` for s > k.
    """

    name = "FSII"
    title = "faithful Shapley interaction index"
    formula = "s ≤ k: [T = S]; s > k: (−1)^(k−t) t/(k+t) C(k, t) C(s−1, k)/C(s+k−1, k+t)"
    reference = "tsai2023faith"

    def weight(self, t: int, s: int, order: int) -> Fraction:
        if s <= order:
            return Fraction(s == t)
        k = order
        return Fraction((-1) ** (k - t) * t * comb(k, t) * comb(s - 1, k), (k + t) * comb(s + k - 1, k + t))

    def definition(self, values: Array, order: int) -> dict[int, Array]:
        found = best_fit(values, order, subsets, shapley_kernel)
        return {T: value for T, value in found.items() if T}
