"""Coalitions and degree vectors: the index set that Harsanyi dividends and Taylor effects share.

A coalition is a set of players, written as a sorted tuple ``(0, 2)``, as a bitmask ``0b101`` (bit i is player i) or
as a row of zeros and ones. A degree vector is a row of whole numbers; its support is the coalition of its non-zero
entries.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable
from math import comb
from typing import Any

import numpy as np
import torch


def bits(start: int, stop: int, n: int, device: torch.device | str = "cpu") -> torch.Tensor:
    """The coalitions of bitmasks ``start .. stop−1`` as booleans, made on ``device``. Shape ``(stop−start, n)``.

    >>> bits(2, 4, 3).int().tolist()
    [[0, 1, 0], [1, 1, 0]]
    """
    masks = torch.arange(start, stop, device=device)
    return (masks[:, None] >> torch.arange(n, device=device)) & 1 == 1


def spread(start: int, stop: int, active: tuple[int, ...], n: int, device: torch.device | str = "cpu") -> torch.Tensor:
    """Like :func:`bits`, where bit j of the bitmask is player ``active[j]`` of n. Shape ``(stop−start, n)``."""
    rows = torch.zeros(stop - start, n, dtype=torch.bool, device=device)
    rows[:, list(active)] = bits(start, stop, len(active), device)
    return rows


def spread_masks(active: tuple[int, ...]) -> np.ndarray:
    """The bitmasks over all players of the coalitions of the ``active`` ones, in order. Shape ``(2**len(active),)``.

    >>> spread_masks((0, 2)).tolist()
    [0, 1, 4, 5]
    """
    masks = np.zeros(1, dtype=np.int64)
    for player in active:
        masks = np.concatenate([masks, masks + (1 << player)])
    return masks


def mask(coalition: Iterable[int]) -> int:
    """The bitmask of a coalition.

    Raises:
        TypeError: a player that is no whole number.
        ValueError: a negative one.

    >>> mask((0, 2))
    5
    """
    return sum(1 << operator.index(player) for player in set(coalition))


def coalition(bitmask: int) -> tuple[int, ...]:
    """The coalition of a bitmask, as a sorted tuple.

    Raises:
        ValueError: a negative number, which is the mask of no coalition.

    >>> coalition(5)
    (0, 2)
    """
    if bitmask < 0:
        raise ValueError(f"the bitmask of a coalition is a whole number of at least 0, not {bitmask}")
    return tuple(i for i in range(int(bitmask).bit_length()) if bitmask >> i & 1)


def table(coalitions: Iterable[Iterable[int]], n: int) -> torch.Tensor:
    """Some coalitions of n players, however many these are, as booleans. Shape ``(coalitions, n)``.

    >>> table([(), (0, 2)], 3).int().tolist()
    [[0, 0, 0], [1, 0, 1]]
    """
    members = [list(each) for each in coalitions]
    rows = torch.zeros(len(members), n, dtype=torch.bool)
    for row, players in enumerate(members):
        rows[row, players] = True
    return rows


def support(degree: Iterable[Any]) -> tuple[int, ...]:
    """The coalition of the non-zero entries of a degree vector.

    >>> support((2, 0, 1))
    (0, 2)
    """
    return tuple(i for i, k in enumerate(degree) if k)


def some_corners(n: int, count: int, generator: torch.Generator) -> torch.Tensor:
    """Coalitions drawn at random, all of them where there are no more than ``count``. Shape ``(m, n)``, booleans.

    >>> some_corners(1, 2, torch.Generator()).tolist()
    [[False], [True]]
    """
    drawn = torch.randint(0, 2, (count, n), generator=generator) > 0
    return bits(0, 2**n, n) if 2**n <= count else drawn


def support_masks(table: np.ndarray) -> np.ndarray:
    """The bitmask of the support of every degree vector. Shape ``(m, n)`` → ``(m,)``; whole numbers of any size.

    >>> support_masks(np.array([[2, 0, 1], [0, 0, 0]])).tolist()
    [5, 0]
    """
    n = table.shape[1]
    if n > 62:
        return np.array([mask(support(row)) for row in table], dtype=object)
    return (table > 0) @ (1 << np.arange(n, dtype=np.int64))


def repeated(table: np.ndarray) -> int | None:
    """The first row of a table of whole numbers that is there twice; None where all differ. Shape ``(m, n)``.

    Rows are told apart by a number of 64 bits each; only where two of these agree are the rows themselves compared.

    >>> repeated(np.array([[0, 1], [1, 0], [0, 1]])), repeated(np.array([[0, 1], [1, 0]]))
    (2, None)
    """
    odd = 2 * np.random.default_rng(1).integers(2**63, size=(table.shape[1],), dtype=np.uint64) + 1
    numbers = np.zeros(len(table), dtype=np.uint64)
    for player in range(table.shape[1]):
        numbers += table[:, player].astype(np.uint64) * odd[player]
    if len(np.unique(numbers)) == len(numbers):
        return None
    seen = set()
    for row, entries in enumerate(map(tuple, table.tolist())):
        if entries in seen:
            return row
        seen.add(entries)
    return None


def count_up_to_order(n: int, order: int) -> int:
    """How many coalitions of at most ``order`` of n players there are, the empty one included.

    >>> count_up_to_order(4, 2)
    11
    """
    return sum(comb(n, size) for size in range(min(order, n) + 1))


def sizes(start: int, stop: int) -> np.ndarray:
    """The number of players in the coalitions of bitmasks ``start .. stop−1``. Shape ``(stop−start,)``."""
    masks = np.arange(start, stop, dtype=np.uint64)
    return np.bitwise_count(masks).astype(np.int64)


def simplex(n: int, degree: int) -> np.ndarray:
    """All vectors of n natural numbers with a sum of at most ``degree``, by their sum. Shape ``(C(n+degree, n), n)``.

    >>> simplex(2, 1).tolist()
    [[0, 0], [1, 0], [0, 1]]
    """
    rows = np.zeros((1, 0), dtype=np.int64)
    for _ in range(n):
        left = degree - rows.sum(1)
        rows = np.repeat(rows, left + 1, 0)
        last = np.arange(len(rows)) - np.repeat(np.cumsum(left + 1) - left - 1, left + 1)
        rows = np.concatenate([rows, last[:, None]], 1)
    return rows[np.lexsort((*(-rows.T[::-1]), rows.sum(1)))] if n else rows
