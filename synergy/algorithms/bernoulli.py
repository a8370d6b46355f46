"""The Bernoulli numbers."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from math import comb


@cache
def bernoulli(m: int) -> Fraction:
    r"""B_m with :math:`B_1 = -\tfrac12`, from :math:`\sum_{j \le m} \binom{m+1}{j} B_j = 0` for m > 0.

    >>> [str(bernoulli(m)) for m in range(5)]
    ['1', '-1/2', '1/6', '0', '-1/30']
    """
    if m == 0:
        return Fraction(1)
    return -sum((comb(m + 1, j) * bernoulli(j) for j in range(m)), Fraction(0)) / (m + 1)
