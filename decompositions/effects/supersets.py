r"""Sums over the supersets that there are, weighted by size: :math:`I(T) = \sum_{S \supseteq T} W[|S|]\, a(S)`.

What :mod:`decompositions.contraction` is for a table of all coalitions, for a list of some of them: every row S hands
its part to each of its subsets T.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations
from math import comb

import numpy as np
import torch

from decompositions.arithmetic import Array, concatenate, is_exact, rationals, zeros
from decompositions.effects.coalitions import Coalitions, listed

BLOCK = 2**21  # subsets that are handed something at once


def contract_listed(
    coalitions: Coalitions, values: Array, weights: list[Fraction], size: int
) -> tuple[np.ndarray, Array]:
    """I(T) of the sets T of ``size`` players that are within any coalition of the list whose weight is not 0.

    Args:
        coalitions: the list.
        values: a, one number per coalition. Shape ``(..., m)``.
        weights: W by the number of players of S, up to the largest of the list.
        size: players of T, at least one.

    Returns:
        The sets in lexicographic order, ``(q, size)``, and their sums, ``(..., q)``.

    >>> some = Coalitions.of_members([(), (0, 2), (1, 2)], 3)
    >>> sets, sums = contract_listed(some, torch.tensor([9., 1., 2.]), [Fraction(0), Fraction(0), Fraction(1)], 1)
    >>> sets.tolist(), sums.tolist()
    ([[0], [1], [2]], [1.0, 2.0, 3.0])
    """
    sets = [np.zeros((0, size), dtype=np.int64)]
    sums = [zeros((*values.shape[:-1], 0), values)]
    for s in range(size, len(weights)):
        rows = np.flatnonzero(coalitions.sizes == s) if weights[s] else np.zeros(0, dtype=np.int64)
        step = max(1, BLOCK // comb(s, size))
        for start in range(0, len(rows), step):
            some = rows[start : start + step]
            amounts = values[..., some] * rationals([weights[s]], values)
            merged = _merged(*_handed(coalitions.bits[some], s, size, amounts), coalitions.n)
            sets.append(merged[0])
            sums.append(merged[1])
    return _merged(np.concatenate(sets), concatenate(sums, -1), coalitions.n)


def _handed(bits: np.ndarray, s: int, size: int, amounts: Array) -> tuple[np.ndarray, Array]:
    """All subsets of a size of coalitions of s players, each with what its coalition hands to it."""
    places = np.array(list(combinations(range(s), size)), dtype=np.int64)
    sets = listed(bits, s)[:, places].reshape(-1, size)
    if is_exact(amounts):
        return sets, np.repeat(amounts, len(places), -1)
    return sets, amounts.repeat_interleave(len(places), -1)


def _merged(sets: np.ndarray, sums: Array, n: int) -> tuple[np.ndarray, Array]:
    """Each set once, in lexicographic order, with the sum of its amounts."""
    size = sets.shape[1]
    if n**size < 2**63:  # a set is a number in the base n
        codes = sets @ np.array([n**place for place in reversed(range(size))], dtype=np.int64)
        _, first, where = np.unique(codes, return_index=True, return_inverse=True)
        once = sets[first]
    else:
        once, where = np.unique(sets, axis=0, return_inverse=True)
    places = where.reshape(-1)
    out = zeros((*sums.shape[:-1], len(once)), sums)
    if is_exact(sums):
        np.add.at(np.moveaxis(out, -1, 0), places, np.moveaxis(sums, -1, 0))
    else:
        out.index_add_(-1, torch.as_tensor(places, device=sums.device), sums)
    return once, out
