"""Joint Shapley values: an index that no weights on effects make."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations
from math import comb

from decompositions import degrees
from decompositions.arguments import whole
from decompositions.arithmetic import Array, as_array, rationals
from decompositions.mobius import table_size


def joint_shapley(values: Array, order: int) -> dict[tuple[int, ...], Array]:
    r"""What sets of at most k players add as they come in one after the other, in all ways to put everybody together.

    .. math:: I(T) = \sum_{R \subseteq N \setminus T} q_{|R|} \bigl( v(R \cup T) - v(R) \bigr), \qquad
              q_r \sum_{j=1}^{\min(k, n-r)} \binom{n-r}{j} = \sum_{j=\max(0, r-k)}^{r-1} \binom rj q_j, \quad
              q_0 \sum_{j=1}^{k} \binom nj = 1

    It is no policy: a set is given what its players add alone, so that of the effect of player 0 a part goes to pairs
    with null players, and the more players there are the less is left.

    Args:
        values: v, position = bitmask. Shape ``(2**n,)``.
        order: k, from 1 to n.

    Raises:
        TypeError, ValueError: no table of 2ⁿ values, or an order outside of 1 to n.

    Reference: harris2022joint

    >>> {T: str(value) for T, value in joint_shapley([Fraction(0), Fraction(1)] * 2, 2).items()}
    {(0,): '2/3', (1,): '0', (0, 1): '1/3'}
    """
    values = as_array(values)
    n = table_size(values.shape[-1])
    order = whole(order, "order is the largest number of players of a set", 1, n)
    chances = rationals(_chances(n, order), values)
    found = {}
    for T in (T for t in range(1, order + 1) for T in combinations(range(n), t)):
        mask = degrees.mask(T)
        gains = [chances[R.bit_count()] * (values[R | mask] - values[R]) for R in range(2**n) if not R & mask]
        found[T] = sum(gains[1:], gains[0])
    return found


def _chances(n: int, order: int) -> list[Fraction]:
    """q by the number of those who are there already, up to n − 1."""
    chances: list[Fraction] = []
    for r in range(n):
        arriving = sum((comb(r, j) * chances[j] for j in range(max(0, r - order), r)), Fraction(r == 0))
        chances.append(arriving / sum(comb(n - r, j) for j in range(1, min(order, n - r) + 1)))
    return chances
