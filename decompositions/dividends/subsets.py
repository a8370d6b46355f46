"""Dividends of chosen coalitions, each from the values of its own subsets."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch

from decompositions.arithmetic import Array, is_exact, zeros
from decompositions.effects.coalitions import Coalitions, listed, with_players

NUMBERS = 2**22  # values that are gathered at once
MOST = 20  # players of a coalition whose subsets are made


def closure(coalitions: Coalitions) -> Coalitions:
    """All subsets of some coalitions, each once, by size and then by the players in them.

    Raises:
        ValueError: a coalition of more than 20 players.

    >>> closure(Coalitions.of_members([(), (0, 2)], 3)).masks()
    [0, 1, 4, 5]
    """
    if not coalitions.n:
        return coalitions
    parts = [np.unique(subsets.reshape(-1, subsets.shape[-1]), axis=0) for _, subsets in _subsets(coalitions)]
    bits = np.unique(np.concatenate(parts), axis=0)
    sizes = np.bitwise_count(bits).sum(1, dtype=np.int64)
    return Coalitions(bits[np.lexsort((*bits.T, sizes))], coalitions.n)


def places(coalitions: Coalitions, known: Coalitions) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Where the subsets of some coalitions are among others, for rows of one size at a time.

    Args:
        coalitions: whose subsets are looked for.
        known: among which they are; a closure.

    Returns:
        Pairs of rows ``(r,)`` and the places of their subsets ``(r, 2**s)``, in the order of bitmasks over the members.

    Raises:
        ValueError: a subset is not among them.
    """
    for rows, subsets in _subsets(coalitions):
        found = known.rows(np.concatenate(subsets)).reshape(subsets.shape[:2])
        if (found < 0).any():
            raise ValueError(f"not all subsets of {coalitions.members(int(rows[0]))} and others have a known value")
        yield rows, found


def dividends(values: Array, known: Coalitions, coalitions: Coalitions) -> Array:
    r"""J(S) of some coalitions, each from the values of its own subsets, as the transform of the whole table has it.

    .. math:: J(S) = \sum_{T \subseteq S} (-1)^{|S| - |T|} v(T)

    Args:
        values: at the known coalitions. Shape ``(..., c)``; not only of a game: any quantity that subsets have.
        known: a closure.
        coalitions: whose dividends are asked for, m of them.

    Returns:
        Shape ``(..., m)``.

    >>> import torch
    >>> pair = Coalitions.of_members([(), (0, 1)], 2)
    >>> dividends(torch.tensor([0., 1., 2., 7.]), closure(pair), pair).tolist()
    [0.0, 4.0]
    """
    found = zeros((*values.shape[:-1], len(coalitions)), values)
    for rows, subsets in places(coalitions, known):
        table = values[..., subsets if is_exact(values) else _index(subsets, values)]
        found[..., rows if is_exact(values) else _index(rows, values)] = _last(table)
    return found


def _last(table: Array) -> Array:
    """The last entry of the Möbius transform, by the same subtractions. Shape ``(..., 2**s)`` → ``(...)``."""
    while table.shape[-1] > 1:
        table = table[..., 1::2] - table[..., 0::2]
    return table[..., 0]


def summed(values: np.ndarray, known: Coalitions, coalitions: Coalitions) -> np.ndarray:
    """The sum over all subsets of each of some coalitions. Shape ``(c,)`` → ``(m,)``."""
    found = np.zeros(len(coalitions))
    for rows, subsets in places(coalitions, known):
        found[rows] = values[subsets].sum(1)
    return found


def _index(places: np.ndarray, values: Array) -> Array:
    return torch.as_tensor(places, device=values.device)


def _subsets(coalitions: Coalitions) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Rows of one size, some at a time, and the bitsets of their subsets ``(r, 2**s, words)`` in the order of masks."""
    largest, words = int(coalitions.sizes.max()), coalitions.bits.shape[1]
    if largest > MOST:
        raise ValueError(
            f"a dividend takes the values of all subsets, and a coalition of {largest} players has 2^{largest}; take "
            f"coalitions of at most {MOST} players"
        )
    for size in range(largest + 1):
        of_size = np.flatnonzero(coalitions.sizes == size)
        for rows in np.array_split(of_size, max(1, (len(of_size) * words << size) // NUMBERS)):
            if not len(rows):
                continue
            subsets = np.zeros((len(rows), 1, words), dtype=np.uint64)
            for players in listed(coalitions.bits[rows], size).T:
                single = with_players(np.zeros((len(rows), words), dtype=np.uint64), players)[:, None]
                subsets = np.concatenate([subsets, subsets | single], 1)
            yield rows, subsets
