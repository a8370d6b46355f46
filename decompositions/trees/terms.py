"""The game of a sum of trees as a sum of products: one for every leaf that a mixture of x and b can meet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from decompositions.trees.ensemble import Ensemble
from decompositions.trees.ways import Ways

AT_ONCE = 2**20  # leaves times baselines that are looked at together
ONE = np.uint64(1)


@dataclass(frozen=True, eq=False)
class Terms:
    r"""Some summands of a game.

    .. math:: v(S) = \sum_\ell c_\ell \prod_{i \in A_\ell} [i \in S] \prod_{i \in B_\ell} [i \notin S]

    A and B are bits of places on the way to a leaf: of the players whose splits only x meets, and of those whose
    splits only b meets.

    Args:
        weight: c. Shape ``(m,)``.
        leaf: whose way it is, a row of ``members``. Shape ``(m,)``.
        present: A. Shape ``(m,)``, uint64.
        absent: B. Shape ``(m,)``, uint64.
        members: the player at every place, −1 where there is none. Shape ``(L, longest)``.
    """

    weight: np.ndarray
    leaf: np.ndarray
    present: np.ndarray
    absent: np.ndarray
    members: np.ndarray

    def __len__(self) -> int:
        return len(self.weight)


def blocks(
    ensemble: Ensemble, ways: Ways, x: np.ndarray, baselines: np.ndarray, weights: np.ndarray
) -> Iterator[Terms]:
    """The terms of x and every baseline, some baselines at a time.

    Args:
        ensemble: the trees.
        ways: of their players.
        x: cells as they are compared. Shape ``(width,)``.
        baselines: likewise. Shape ``(K, width)``.
        weights: of the baselines. Shape ``(K,)``.
    """
    step = max(1, AT_ONCE // len(ways.value))
    for start in range(0, len(baselines), step):
        yield _terms(ensemble, ways, x, baselines[start : start + step], weights[start : start + step])


def merged(parts: Iterable[Terms]) -> Terms:
    """Terms of one leaf with the same A as one; B is the same for all terms of a leaf, those that x does not meet."""
    total: Terms | None = None
    for terms in parts:
        total = _merged(terms if total is None else _both(total, terms))
    assert total is not None
    return total


def _both(one: Terms, other: Terms) -> Terms:
    parts = ("weight", "leaf", "present", "absent")
    joined = {part: np.concatenate([getattr(one, part), getattr(other, part)]) for part in parts}
    return Terms(**joined, members=one.members)


def _merged(terms: Terms) -> Terms:
    order = np.lexsort((terms.present, terms.leaf))
    leaf, present = terms.leaf[order], terms.present[order]
    first = np.ones(len(terms), dtype=bool)
    first[1:] = (leaf[1:] != leaf[:-1]) | (present[1:] != present[:-1])
    starts = np.flatnonzero(first)
    weight = np.add.reduceat(terms.weight[order], starts)
    return Terms(weight, leaf[starts], present[starts], terms.absent[order][starts], terms.members)


def _terms(ensemble: Ensemble, ways: Ways, x: np.ndarray, baselines: np.ndarray, weights: np.ndarray) -> Terms:
    """Down all trees together, one level at a time: a way goes on for whoever of x and b alone is still on it."""
    x_left = ensemble.goes_left(np.arange(len(ensemble.left)), x[ensemble.column])
    is_leaf = ensemble.is_leaf
    node, row = np.tile(ensemble.roots, len(baselines)), np.repeat(np.arange(len(baselines)), len(ensemble.roots))
    present = absent = np.zeros(len(node), dtype=np.uint64)
    ended: list[tuple[np.ndarray, ...]] = []
    while len(node):
        ends = is_leaf[node]
        if ends.any():
            ended.append((node[ends], row[ends], present[ends], absent[ends]))
            node, row, present, absent = node[~ends], row[~ends], present[~ends], absent[~ends]
        bit = ONE << ways.place[node].astype(np.uint64)
        x_goes = x_left[node]
        b_goes = ensemble.goes_left(node, baselines[row, ensemble.column[node]])
        x_there, b_there = (absent & bit) == 0, (present & bit) == 0
        parts = []
        for child, x_here, b_here in (
            (ensemble.left, x_there & x_goes, b_there & b_goes),
            (ensemble.right, x_there & ~x_goes, b_there & ~b_goes),
        ):
            on = x_here | b_here
            only_x, only_b = (x_here & ~b_here)[on], (b_here & ~x_here)[on]
            some = bit[on]
            parts.append((child[node[on]], row[on], present[on] | some * only_x, absent[on] | some * only_b))
        node, row, present, absent = (np.concatenate(pair) for pair in zip(*parts, strict=True))
    node, row, present, absent = (np.concatenate(part) for part in zip(*ended, strict=True))
    leaf = ways.leaf[node]
    return Terms(ways.value[leaf] * weights[row], leaf, present, absent, ways.members)
