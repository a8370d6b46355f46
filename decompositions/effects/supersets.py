r"""Sums over the supersets that there are, weighted by size: :math:`I(T) = \sum_{S \supseteq T} W[|S|]\, a(S)`.

What :mod:`decompositions.contraction` is for a table of all coalitions, for a list of some of them: every row S hands
its part to each of its subsets T.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import combinations
from math import comb

import numpy as np
import torch

from decompositions.arithmetic import Array, concatenate, is_exact, rationals, zeros
from decompositions.effects.coalitions import Coalitions, listed

BLOCK = 2**21  # subsets that are handed something at once

Weights = Callable[[int, np.ndarray, np.ndarray], Array | None]


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

    def of_size(s: int, rows: np.ndarray, places: np.ndarray) -> Array | None:
        return rationals([weights[s]], values)[None] if weights[s] else None

    return handed_out(coalitions.bits, coalitions.n, values, size, of_size)


def handed_out(bits: np.ndarray, n: int, values: Array, size: int, weights: Weights) -> tuple[np.ndarray, Array]:
    """What sets T of ``size`` players get of effects whose players they are among.

    Args:
        bits: the players of each effect, several effects of the same ones included. Shape ``(m, words)``.
        n: the number of players.
        values: the effects. Shape ``(..., m)``.
        size: players of T, at least one.
        weights: from a number of players s, the rows of some effects of s players, and the subsets as places among
            these, ``(c, size)``, to the weights, ``(rows, c)``; None where nothing is given.

    Returns:
        The sets in lexicographic order, ``(q, size)``, and their sums, ``(..., q)``.
    """
    sets = [np.zeros((0, size), dtype=np.int64)]
    sums = [zeros((*values.shape[:-1], 0), values)]
    sizes = np.bitwise_count(bits).sum(1, dtype=np.int64)
    for s in range(size, int(sizes.max(initial=0)) + 1):
        rows = np.flatnonzero(sizes == s)
        places = np.array(list(combinations(range(s), size)) if len(rows) else [], dtype=np.int64).reshape(-1, size)
        step = max(1, BLOCK // comb(s, size))
        for start in range(0, len(rows), step):
            some = rows[start : start + step]
            parts = weights(s, some, places)
            if parts is None:
                continue
            amounts = values[..., some, None] * parts + zeros((len(some), len(places)), values)
            chosen = listed(bits[some], s)[:, places].reshape(-1, size)
            merged = _merged(chosen, amounts.reshape(*values.shape[:-1], -1), n)
            sets.append(merged[0])
            sums.append(merged[1])
    return _merged(np.concatenate(sets), concatenate(sums, -1), n)


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
