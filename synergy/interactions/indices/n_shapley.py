"""The n-Shapley values, k-SII: Shapley interactions that add up to f(x) − f(b)."""

from __future__ import annotations

from fractions import Fraction
from math import comb

from decompositions.arithmetic import Array, rationals
from synergy.algorithms.bernoulli import bernoulli
from synergy.algorithms.differences import means, shapley_chances
from synergy.interaction_index import AbstractIndex, register


@register
class NShapley(AbstractIndex):
    r"""Shapley interaction indices, from which those of larger sets are taken away, order by order.

    .. math:: I^{1} = \text{SII}, \qquad
              I^{k}(T) = I^{k-1}(T) + B_{k-t} \sum_{R \supset T, r = k} \text{SII}(R) \text{ for } t < k, \qquad
              I^{k}(T) = \text{SII}(T) \text{ for } t = k

    .. math:: w(T, S) = \sum_{j=0}^{\min(k, s) - t} \binom{s-t}{j} \frac{B_j}{s - t - j + 1}, \qquad B_1 = -\tfrac12
    """

    name = "k-SII"
    title = "n-Shapley values"
    formula = "Σ_j≤min(k,s)−t C(s−t, j) B_j/(s − t − j + 1)"
    reference = "bordt2023shapley"

    def weight(self, t: int, s: int, order: int) -> Fraction:
        terms = (comb(s - t, j) * bernoulli(j) / (s - t - j + 1) for j in range(min(order, s) - t + 1))
        return sum(terms, Fraction(0))

    def definition(self, values: Array, order: int) -> dict[int, Array]:
        sii = means(values, order, shapley_chances)
        numbers = rationals([bernoulli(j) for j in range(order)], values)
        found = {T: value for T, value in sii.items() if T.bit_count() == 1}
        for k in range(2, order + 1):
            added = {R: value for R, value in sii.items() if R.bit_count() == k}
            for T in found:
                larger = [value for R, value in added.items() if R & T == T]
                found[T] = found[T] + numbers[k - T.bit_count()] * sum(larger)
            found |= added
        return found
