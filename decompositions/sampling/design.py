"""Which coalitions are evaluated: the smallest and largest sizes whole, the rest in complementary pairs."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np

PAIRS = 10  # pairs at least, where not all coalitions are evaluated


@dataclass(frozen=True, eq=False)
class Design:
    r"""Coalitions of n players: a border, each once, and draws in complementary pairs (z, 1 − z).

    The border are all coalitions of at most k or at least n − k players, while they take at most half the budget. The
    size s of a draw has the probability q(s), and within a size all coalitions are alike:

    .. math:: q(s) \propto \frac{1}{\sqrt{s (n - s)}}, \qquad k < s < n - k

    The number of draws is fixed beforehand, and a pair that comes twice is there twice.

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


def _drawn(chances: np.ndarray, pairs: int, seed: int) -> np.ndarray:
    """Independent draws: a size, and then the players that come first in a random order."""
    rng = np.random.default_rng(seed)
    sizes = rng.choice(len(chances), pairs, p=chances)
    places = rng.random((pairs, len(chances) - 1)).argsort(1).argsort(1)
    return (places < sizes[:, None]).astype(np.uint8)
