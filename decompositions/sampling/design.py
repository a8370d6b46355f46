"""Which coalitions are evaluated: the smallest and largest sizes whole, the rest in complementary pairs."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np

PAIRS = 10  # pairs at least, where not all coalitions are evaluated
MANY = 2**60  # pairs, of which those that are drawn are as good as none


@dataclass(frozen=True, eq=False)
class Design:
    r"""Coalitions of n players: a border, each once, and draws in complementary pairs (z, 1 − z).

    The border are all coalitions of at most k or at least n − k players, while they take at most half the budget. The
    size s of a draw has the probability q(s), whatever the other draws are:

    .. math:: q(s) \propto \frac{1}{\sqrt{s (n - s)}}, \qquad k < s < n - k

    and the pair is one of those of sizes s and n − s that have not been drawn, all alike. The number of draws is fixed
    beforehand: where none is left, the draw is void, and repeats an earlier one.

    Args:
        border: Shape ``(b, n)``, zeros and ones; ∅ first, N last.
        drawn: the first of each pair. Shape ``(pairs, n)``.
        chances: q of every size. Shape ``(n+1,)``.

    >>> design(3, 8, 0).border.sum(1).tolist(), design(30, 1000, 0).drawn.shape
    ([0, 1, 1, 1, 2, 2, 2, 3], (469, 30))
    """

    border: np.ndarray
    drawn: np.ndarray
    chances: np.ndarray

    @property
    def n(self) -> int:
        """The number of players."""
        return int(self.border.shape[1])

    @property
    def complete(self) -> bool:
        """Whether all coalitions are there."""
        return not len(self.drawn)

    @property
    def void(self) -> np.ndarray:
        """Of which sizes there are more draws than pairs: without any one of them nothing is missing. ``(pairs,)``."""
        drawn, there = self._counts()
        return drawn > there

    @property
    def open(self) -> np.ndarray:
        r"""The part of the pairs of a draw's sizes that all other draws have left, itself included. Shape ``(pairs,)``.

        With c drawn of N pairs :math:`(N - c + 1) / N`; 0 where the draw is void.
        """
        drawn, there = self._counts()
        return np.maximum(there - drawn + 1, 0) / there

    @property
    def repeats(self) -> np.ndarray:
        """How often a row of the table is there. Shape ``(b + 2 pairs,)``."""
        _, place, counts = np.unique(self.table(), axis=0, return_inverse=True, return_counts=True)
        return counts[place.reshape(-1)]

    def _counts(self) -> tuple[np.ndarray, np.ndarray]:
        """Of every draw: how many there are of its sizes, and how many pairs. Shape ``(pairs,)`` each."""
        smaller = np.minimum(self.drawn.sum(1, dtype=np.int64), self.n - self.drawn.sum(1, dtype=np.int64))
        there = np.array([float(min(_pairs(self.n, size), MANY)) for size in range(self.n // 2 + 1)])
        return np.bincount(smaller, minlength=1)[smaller], there[smaller]

    def table(self) -> np.ndarray:
        """The border, the first of each pair, and the second of each pair. Shape ``(b + 2 pairs, n)``."""
        return np.concatenate([self.border, self.drawn, 1 - self.drawn])


def least(n: int) -> int:
    """The smallest budget of so many players.

    >>> least(3), least(30)
    (8, 22)
    """
    return min(2**n, 2 + 2 * PAIRS)


def design(n: int, budget: int, seed: int) -> Design:
    """The design for a budget of coalitions; all of them where they fit.

    Args:
        n: players.
        budget: coalitions, at least :func:`least`.
        seed: of the draws.
    """
    if 2**n <= budget:
        return Design(_of_sizes(n, range(n + 1)), np.zeros((0, n), dtype=np.uint8), np.zeros(n + 1))
    k = 0
    while 2 * sum(comb(n, size) for size in range(k + 2)) <= budget // 2:
        k += 1
    border = _of_sizes(n, [*range(k + 1), *range(n - k, n + 1)])
    chances = np.zeros(n + 1)
    inner = np.arange(k + 1, n - k)
    chances[inner] = 1 / np.sqrt(inner * (n - inner))
    chances /= chances.sum()
    return Design(border, _drawn(chances, (budget - len(border)) // 2, seed), chances)


def _of_sizes(n: int, sizes: range | list[int]) -> np.ndarray:
    """All coalitions of some sizes. Shape ``(m, n)``, uint8."""
    blocks = []
    for size in sizes:
        count = comb(n, size)
        flat = (i for chosen in combinations(range(n), size) for i in chosen)
        block = np.zeros((count, n), dtype=np.uint8)
        np.put_along_axis(block, np.fromiter(flat, np.int64, count * size).reshape(count, size), 1, 1)
        blocks.append(block)
    return np.concatenate(blocks)


def _pairs(n: int, size: int) -> int:
    """Complementary pairs of coalitions of so many players, and of the others."""
    return comb(n, size) // 2 if 2 * size == n else comb(n, size)


def _drawn(chances: np.ndarray, pairs: int, seed: int) -> np.ndarray:
    """Independent sizes; of every pair of sizes s and n − s, as many different pairs as there are."""
    rng, n = np.random.default_rng(seed), len(chances) - 1
    sizes = rng.choice(len(chances), pairs, p=chances)
    smaller = np.minimum(sizes, n - sizes)
    found = np.zeros((pairs, n), dtype=np.uint8)
    for size in np.unique(smaller):
        wanted = np.flatnonzero(smaller == size)
        found[wanted] = _different(n, int(size), len(wanted), rng)
    turned = (sizes != smaller)[:, None]
    return np.where(turned, 1 - found, found)


def _different(n: int, size: int, count: int, rng: np.random.Generator) -> np.ndarray:
    """Coalitions of one size, at most half of the players, in random order, no two alike or complementary.

    Where there are not so many, they begin again. Shape ``(count, n)``.
    """
    there = _pairs(n, size)
    if 2 * count > there:
        all_of_them = _of_sizes(n, [size])[:there]  # of half the players the second half are complements
        return all_of_them[np.resize(rng.permutation(there), count)]
    found = np.zeros((0, n), dtype=np.uint8)
    while len(found) < count:
        places = rng.random((count - len(found), n)).argsort(1).argsort(1)
        found = np.concatenate([found, (places < size).astype(np.uint8)])
        alike = np.where(found[:, :1] == 1, found, 1 - found) if 2 * size == n else found
        found = found[np.sort(np.unique(alike, axis=0, return_index=True)[1])]
    return found
