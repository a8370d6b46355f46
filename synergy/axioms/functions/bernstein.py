"""A lower bound of a polynomial on the unit cube."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from itertools import product
from math import comb, prod


def least_coefficient(terms: Mapping[tuple[int, ...], Fraction], n: int) -> Fraction:
    r"""The least Bernstein coefficient of a polynomial, which is nowhere smaller on the unit cube.

    .. math:: \sum_m c_m t^m = \sum_{j \le d} \beta_j \prod_i \binom{d_i}{j_i} t_i^{j_i} (1 - t_i)^{d_i - j_i}, \qquad
              \beta_j = \sum_{m \le j} c_m \prod_i \binom{j_i}{m_i} \binom{d_i}{m_i}^{-1}

    with d_i the largest power of t_i: a mean of the β with non-negative weights that sum to one.

    >>> str(least_coefficient({(1,): Fraction(2), (2,): Fraction(-2)}, 1))  # 2t − 2t² has β = 0, 1, 0
    '0'
    """
    if not terms:
        return Fraction(0)
    largest = [max(m[i] for m in terms) for i in range(n)]
    found = []
    for j in product(*(range(d + 1) for d in largest)):
        parts = (
            c * prod(Fraction(comb(a, k), comb(d, k)) for a, k, d in zip(j, m, largest, strict=True))
            for m, c in terms.items()
            if all(k <= a for k, a in zip(m, j, strict=True))
        )
        found.append(sum(parts, Fraction(0)))
    return min(found)
