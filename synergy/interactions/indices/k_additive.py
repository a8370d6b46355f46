"""The k-additive Shapley values, kADD-SHAP."""

from __future__ import annotations

from fractions import Fraction
from math import comb

from decompositions.arithmetic import Array
from synergy.algorithms.bernoulli import bernoulli
from synergy.algorithms.best_fit import best_fit, shapley_kernel
from synergy.interaction_index import AbstractIndex, register
from synergy.interactions.indices.faithful_shapley import FaithfulShapley


@register
class KAdditive(AbstractIndex):
    r"""The Shapley interaction indices of the k-additive game that is nearest to v, weighted by the Shapley kernel.

    .. math:: \min_I \sum_S \mu(s) \Bigl( v(S) - \sum_{t \le k} \gamma^t_{|S \cap T|}\, I(T) \Bigr)^2, \qquad
              \gamma^t_l = \sum_{j=0}^{l} \binom lj B_{t-j}

    exact at ∅ and N. The nearest game is that of the faithful Shapley index, so that

    .. math:: w(T, S) = \sum_{j=0}^{\min(k, s) - t} \binom{s-t}{j} \frac{w_{\text{FSII}}(t + j, s)}{j + 1}
    """

    name = "kADD-SHAP"
    title = "k-additive Shapley values"
    formula = "Σ_j≤min(k,s)−t C(s−t, j) w_FSII(t+j, s)/(j + 1)"
    reference = "pelegrina2023k"

    def weight(self, t: int, s: int, order: int) -> Fraction:
        nearest = FaithfulShapley()
        sizes = range(min(order, s) - t + 1)
        return sum((comb(s - t, j) * nearest.weight(t + j, s, order) / (j + 1) for j in sizes), Fraction(0))

    def definition(self, values: Array, order: int) -> dict[int, Array]:
        found = best_fit(values, order, _basis, shapley_kernel)
        return {T: value for T, value in found.items() if T}


def _basis(t: int, held: int) -> Fraction:
    """γ: what an index of t players adds at a coalition with so many of them."""
    return sum((comb(held, j) * bernoulli(t - j) for j in range(held + 1)), Fraction(0))
