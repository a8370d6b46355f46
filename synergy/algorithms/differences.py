"""Discrete derivatives of a table of values, and their means: how indices of sets of players are defined."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import combinations, pairwise
from math import comb

from decompositions import degrees
from decompositions.arithmetic import Array, rationals
from decompositions.mobius import table_size

Chances = Callable[[int, int, int], Fraction]


def difference(values: Array, players: tuple[int, ...]) -> Array:
    r"""What some players add to what their parts add, with any others.

    .. math:: \Delta_T v(R) = \sum_{L \subseteq T} (-1)^{|T| - |L|}\, v(R \cup L), \qquad R \subseteq N \setminus T

    Args:
        values: v, position = bitmask. Shape ``(2**n,)``.
        players: T.

    Returns:
        Position = bitmask of R over the other players. Shape ``(2**(n-t),)``.

    >>> import torch
    >>> difference(torch.tensor([0., 1., 2., 7.]), (1,)).tolist()
    [2.0, 6.0]
    """
    for player in sorted(players, reverse=True):
        pairs = values.reshape(-1, 2, 1 << player)
        values = (pairs[:, 1] - pairs[:, 0]).reshape(-1)
    return values


def means(values: Array, order: int, chances: Chances) -> dict[int, Array]:
    r""":math:`\sum_R p(t, |R|, n)\, \Delta_T v(R)` of all T of 1 to ``order`` players.

    Args:
        values: v, position = bitmask. Shape ``(2**n,)``.
        order: the largest number of players of T.
        chances: p of every R, from the sizes of T, R and N.

    Returns:
        Bitmask → its sum.
    """
    n, found = table_size(values.shape[-1]), {}
    for t in range(1, order + 1):
        sizes = degrees.sizes(0, 2 ** (n - t))
        weights = rationals([chances(t, r, n) for r in range(n - t + 1)], values)[sizes]
        for players in combinations(range(n), t):
            found[degrees.mask(players)] = (weights * difference(values, players)).sum()
    return found


def on_values(weights: list[Fraction]) -> list[Fraction]:
    r"""How weights on dividends by size weigh the values, up to their signs.

    .. math:: \sum_{S \supseteq T} w(s)\, J(S) = \sum_R (-1)^{|T \setminus R|} \alpha(|R \cup T|)\, v(R), \qquad
              \alpha(u) = \sum_j (-1)^j \binom{n - u}{j} w(u + j)

    Args:
        weights: w(t), …, w(n).

    Returns:
        α(t), …, α(n).

    >>> [str(each) for each in on_values([Fraction(1), Fraction(1, 2)])]
    ['1/2', '1/2']
    """
    row, alphas = weights, []
    while row:
        alphas.append(row[-1])
        row = [a - b for a, b in pairwise(row)]
    return alphas[::-1]


def shapley_chances(t: int, r: int, n: int) -> Fraction:
    """1 / ((n−t+1) C(n−t, r)): T enters as one, in any order with the others, and R is who came before."""
    return Fraction(1, (n - t + 1) * comb(n - t, r))
