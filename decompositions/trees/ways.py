"""The players that are asked on the way from the root to every node."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from decompositions.settings import setting
from decompositions.trees.ensemble import Ensemble

WORDS = (8, 16, 32, 64)  # bits
PLAYERS = WORDS[-1]  # on one way


@dataclass(frozen=True, eq=False)
class Ways:
    """Every way has places for its players, in the order in which they are asked first.

    Args:
        bit: of a split, 2 to the power of its player's place on the way to it. Shape ``(N,)``, unsigned.
        leaf: of a leaf, its row in ``members``; −1 of a split. Shape ``(N,)``.
        members: the players on the way to every leaf, −1 behind the last. Shape ``(L, longest)``.
        value: of the leaves. Shape ``(L,)``.
    """

    bit: np.ndarray
    leaf: np.ndarray
    members: np.ndarray
    value: np.ndarray


def ways(ensemble: Ensemble, players: np.ndarray) -> Ways:
    """The ways to all leaves, found level by level.

    Args:
        ensemble: the trees.
        players: column → player. Shape ``(width,)``.

    Raises:
        ValueError: more than 64 players on one way.
    """
    is_leaf, player = ensemble.is_leaf, players[ensemble.column]
    place, leaf = np.zeros(len(is_leaf), dtype=np.int64), np.full(len(is_leaf), -1)
    ended: list[np.ndarray] = []
    nodes, asked, count = ensemble.roots, np.full((len(ensemble.roots), 0), -1, dtype=np.int32), 0
    while len(nodes):
        ends = is_leaf[nodes]
        leaf[nodes[ends]] = np.arange(count, count + ends.sum())
        count += int(ends.sum())
        ended.append(asked[ends])
        nodes, asked = nodes[~ends], asked[~ends]
        asked, place[nodes] = _asking(asked, player[nodes])
        nodes, asked = np.concatenate([ensemble.left[nodes], ensemble.right[nodes]]), np.concatenate([asked, asked])
    longest = max(part.shape[1] for part in ended)
    members = np.full((count, longest), -1, dtype=np.int64)
    for start, part in zip(np.cumsum([0, *map(len, ended)]), ended, strict=False):
        members[start : start + len(part), : part.shape[1]] = part
    value = np.zeros(count)
    value[leaf[is_leaf]] = ensemble.value[is_leaf]
    bits = min(size for size in WORDS if size >= longest)
    return Ways((np.uint64(1) << place.astype(np.uint64)).astype(f"u{bits // 8}"), leaf, members, value)


def _asking(asked: np.ndarray, player: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The players asked so far with the next one, and the place that it has among them."""
    known = asked == player[:, None]
    free = (asked >= 0).sum(1)
    place = np.where(known.any(1), known.argmax(1) if asked.shape[1] else 0, free)
    if len(place) and place.max() == asked.shape[1]:
        if place.max() == PLAYERS:
            together = f"put features together with {setting('players')}"
            raise ValueError(f"a tree asks more than {PLAYERS} players on one way; {together}")
        asked = np.concatenate([asked, np.full((len(asked), 1), -1, dtype=np.int32)], 1)
    asked[np.arange(len(asked)), place] = player
    return asked, place
