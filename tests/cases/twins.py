"""Slow naive twins: the definitions, written with loops over subsets and permutations.

Nothing here calls the library. A coalition is a frozenset; a table is in the order of bitmasks.
"""

from fractions import Fraction
from itertools import chain, combinations, permutations
from math import factorial

import numpy as np


def subsets(members):
    """All subsets, as frozensets, smallest first."""
    members = sorted(members)
    sizes = (combinations(members, size) for size in range(len(members) + 1))
    return [frozenset(chosen) for chosen in chain.from_iterable(sizes)]


def coalitions(n):
    """All coalitions of n players; the place in the list is Σ 2^i."""
    return [frozenset(i for i in range(n) if (position // 2**i) % 2) for position in range(2**n)]


def bitmask(coalition):
    return sum(2**i for i in coalition)


def dividend(value, coalition):
    """J(S) = Σ_{T⊆S} (−1)^{|S|−|T|} v(T)."""
    return sum((-1) ** (len(coalition) - len(part)) * value(part) for part in subsets(coalition))


def dividends(value, n):
    """All of them, in the order of bitmasks; v is asked once for every coalition."""
    known = {coalition: value(coalition) for coalition in coalitions(n)}
    return [dividend(known.__getitem__, coalition) for coalition in coalitions(n)]


def signs(n):
    """The matrix of the Möbius transform: (−1)^{|S|−|T|} where T ⊆ S, else 0. Shape ``(2**n, 2**n)``."""
    everyone = coalitions(n)
    return np.array([[(-1) ** (len(s) - len(t)) if t <= s else 0 for t in everyone] for s in everyone])


def radix_2(values, sign):
    """The transform of a table by one pass per bit over a copy, on NumPy."""
    values = np.array(values)
    n = int(values.shape[-1]).bit_length() - 1
    for bit in range(n):
        pairs = values.reshape(*values.shape[:-1], -1, 2, 2**bit)
        pairs[..., 1, :] += sign * pairs[..., 0, :]
    return values


def gradient_rows(degrees, values, differences):
    """The transform of ∂f/∂xᵢ over the masked inputs, from the Taylor effects of f. Shape ``(2**n, n)``.

    An effect of degree one in i is there without i, too, as its slope is; one of a higher degree only with i.
    """
    n = len(differences)
    table = [[0] * n for _ in range(2**n)]
    for row, value in zip(degrees, values, strict=True):
        for i in (i for i in range(n) if row[i]):
            support = {j for j in range(n) if row[j] and (j != i or row[i] > 1)}
            table[bitmask(support)][i] += int(row[i]) * value / differences[i]
    return table


def shapley(value, n, players=None):
    """The mean gain of a player over all orders in which ``players`` come in; the others get 0."""
    players = range(n) if players is None else sorted(players)
    gains = [0] * n
    for order in permutations(players):
        inside = frozenset()
        for player in order:
            gains[player] += value(inside | {player}) - value(inside)
            inside |= {player}
    orders = factorial(len(players))
    return [gain / orders if isinstance(gain, float) else gain * Fraction(1, orders) for gain in gains]
