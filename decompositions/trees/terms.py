"""The game of a sum of trees as a sum of products: one for every leaf that a mixture of x and b can meet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from decompositions.trees.ensemble import Ensemble
from decompositions.trees.ways import Ways

AT_ONCE = 2**20  # leaves times baselines that are looked at together


@dataclass(frozen=True, eq=False)
class Terms:
    r"""Some summands of a game.

    .. math:: v(S) = \sum_\ell c_\ell \prod_{i \in A_\ell} [i \in S] \prod_{i \in B_\ell} [i \notin S]

    A and B are bits of places on the way to a leaf: of the players whose splits only x meets, and of those whose
    splits only b meets.

    Args:
        weight: c. Shape ``(m,)``.
        leaf: whose way it is, a row of ``members``. Shape ``(m,)``.
        present: A. Shape ``(m,)``, unsigned.
        absent: B. Shape ``(m,)``, unsigned.
        members: the player at every place, −1 where there is none. Shape ``(L, longest)``.
    """

    weight: np.ndarray
    leaf: np.ndarray
    present: np.ndarray
    absent: np.ndarray
    members: np.ndarray

    def __len__(self) -> int:
        return len(self.weight)

    def within(self, there: np.ndarray) -> Terms:
        r"""The terms of the game restricted to some players, :math:`v_T(S) = v(S \cap T)`.

        Args:
            there: T. Shape ``(n,)``, booleans.
        """
        places = np.zeros(len(self.members), dtype=self.present.dtype)
        for place, players in enumerate(self.members.T):
            places |= np.where(players >= 0, there[players], False) * places.dtype.type(1 << place)
        inside = places.take(self.leaf)
        kept = np.flatnonzero((self.present & ~inside) == 0)
        weight, leaf, present = (part.take(kept) for part in (self.weight, self.leaf, self.present))
        return Terms(weight, leaf, present, (self.absent & inside).take(kept), self.members)


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


class _Going(NamedTuple):
    """Pairs of a tree and a baseline on their way: the node, the baseline, A and B so far. Shape ``(m,)`` each."""

    node: np.ndarray
    row: np.ndarray
    present: np.ndarray
    absent: np.ndarray

    def some(self, which: np.ndarray) -> _Going:
        places = np.flatnonzero(which)
        return _Going(*(part.take(places) for part in self))


def _terms(ensemble: Ensemble, ways: Ways, x: np.ndarray, baselines: np.ndarray, weights: np.ndarray) -> Terms:
    """Down all trees together, one level at a time."""
    x_left, is_leaf = ensemble.goes_left(np.arange(len(ensemble.left)), x[ensemble.column]), ensemble.is_leaf
    rows, trees = np.arange(len(baselines)), ensemble.roots
    nobody = np.zeros(len(rows) * len(trees), dtype=ways.bit.dtype)
    going = _Going(np.tile(trees, len(rows)), np.repeat(rows, len(trees)), nobody, nobody)
    ended: list[_Going] = []
    while len(going.node):
        ends = is_leaf.take(going.node)
        ended.append(going.some(ends))
        going = _joined(_below(ensemble, ways, x_left, baselines, going.some(~ends)))
    found = _joined(ended)
    leaf = ways.leaf.take(found.node)
    return Terms(ways.value[leaf] * weights[found.row], leaf, found.present, found.absent, ways.members)


def _below(
    ensemble: Ensemble, ways: Ways, x_left: np.ndarray, baselines: np.ndarray, going: _Going
) -> tuple[_Going, _Going]:
    """To the left and to the right: where x goes, unless the player is in B, and where b goes, unless it is in A."""
    node, row, present, absent = going
    bit, x_goes = ways.bit.take(node), x_left.take(node)
    b_goes = ensemble.goes_left(node, baselines.take(row * baselines.shape[1] + ensemble.column.take(node)))
    x_there, b_there = (absent & bit) == 0, (present & bit) == 0

    def side(children: np.ndarray, x_here: np.ndarray, b_here: np.ndarray) -> _Going:
        moved = _Going(children.take(node), row, present | bit * (x_here > b_here), absent | bit * (b_here > x_here))
        return moved.some(x_here | b_here)

    left = side(ensemble.left, x_there & x_goes, b_there & b_goes)
    return left, side(ensemble.right, x_there > x_goes, b_there > b_goes)


def _joined(parts: Sequence[_Going]) -> _Going:
    return _Going(*(np.concatenate(part) for part in zip(*parts, strict=True)))
