r"""Symmetric indices of a sum of products, in closed form for every term.

The dividends of c·Π_{A} zᵢ Π_{B} (1 − zᵢ) are J(A ∪ T) = c (−1)^{|T|} for T ⊆ B. An index that gives w(|S|) J(S) to
every group of players in S, of which p are in B and the others in A, gives it of this term

.. math:: c \sum_{T \subseteq B} (-1)^{|T|} w(|A| + |T|) [\ldots]
          = c\, (-1)^p\, \Delta(|A| + p, |B| - p), \qquad
          \Delta(s, r) = \sum_j (-1)^j \binom{r}{j} w(s + j)

and Δ(s, r) = Δ(s, r − 1) − Δ(s + 1, r − 1), in exact arithmetic. For the Shapley value, w(s) = 1/s, a player of A is
given c / (a C(a + b, a)), one of B −c / (b C(a + b, b)).

Reference: lundberg2020local (interventional, of one baseline)
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise

import numpy as np

from decompositions.trees.terms import Terms

BySize = Callable[[int], Fraction]


def differences(weights: BySize, largest: int, least: int = 1) -> np.ndarray:
    """Δ(s, r) for least ≤ s and s + r ≤ largest, 0 elsewhere. Shape ``(largest+1, largest+1)``.

    >>> differences(lambda s: Fraction(1, s), 2).tolist()
    [[0.0, 0.0, 0.0], [1.0, 0.5, 0.0], [0.5, 0.0, 0.0]]
    """
    table = np.zeros((largest + 1, largest + 1))
    column = [weights(size) for size in range(least, largest + 1)]
    for r in range(len(column)):
        table[least : least + len(column), r] = [float(entry) for entry in column]
        column = [one - other for one, other in pairwise(column)]
    return table


def by_player(terms: Terms, weights: BySize, n: int) -> np.ndarray:
    """Σ over the coalitions S with i of w(|S|) J(S), of every player i. Shape ``(n,)``."""
    given, found, (leaf, members) = _given(terms, weights, 1), np.zeros(n + 1), _met(terms)
    for place, players in enumerate(members.T):
        there, gone = has(terms.present, place), has(terms.absent, place)
        amount = np.bincount(leaf, there * given[0] + gone * given[1], len(members))
        found += np.bincount(players + 1, amount, n + 1)
    return found[1:]


def by_pair(terms: Terms, weights: BySize, n: int) -> np.ndarray:
    """Σ over the coalitions S with i and k of w(|S|) J(S), of every pair; 0 for i = k. Shape ``(n, n)``."""
    given, found, (leaf, members) = _given(terms, weights, 2), np.zeros((n + 1) ** 2), _met(terms)
    for place in range(1, members.shape[1]):
        there, gone = has(terms.present, place), has(terms.absent, place)
        by_other = np.where(there, given[:2], 0.0) + np.where(gone, given[1:], 0.0)
        for other in range(place):
            amount = has(terms.present, other) * by_other[0] + has(terms.absent, other) * by_other[1]
            pairs = (members[:, other] + 1) * (n + 1) + members[:, place] + 1
            np.add.at(found, pairs, np.bincount(leaf, amount, len(members)))
    table = found.reshape(n + 1, n + 1)[1:, 1:]
    return table + table.T


def _given(terms: Terms, weights: BySize, order: int) -> np.ndarray:
    """What a group of ``order`` players is given of every term, 0, 1, … of them absent. Shape ``(order+1, m)``."""
    a, b = np.bitwise_count(terms.present).astype(np.intp), np.bitwise_count(terms.absent)
    largest = max(int((a + b).max(initial=0)), order)
    steps, place = differences(weights, largest, order), a * (largest + 1) + b
    table = np.zeros((order + 1, largest + 1, largest + 1))
    for p in range(order + 1):
        table[p, : largest + 1 - p, p:] = (-1) ** p * steps[p:, : largest + 1 - p]
    return table.reshape(order + 1, -1).take(place, axis=1) * terms.weight


def has(places: np.ndarray, place: int) -> np.ndarray:
    """Whether a place is among those of every term. Shape ``(m,)``."""
    return np.asarray((places & places.dtype.type(1 << place)) != 0)


def _met(terms: Terms) -> tuple[np.ndarray, np.ndarray]:
    """The leaf of every term and the players on the way to each, without leaves that have no term."""
    met = np.zeros(len(terms.members), dtype=bool)
    met[terms.leaf] = True
    return (np.cumsum(met) - 1).take(terms.leaf), terms.members[met]
