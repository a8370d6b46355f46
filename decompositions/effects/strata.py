"""How the rows of effects that lack others were chosen: all of the smallest sizes, and samples of some larger ones."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations
from math import comb
from typing import Any, NamedTuple

import numpy as np

from decompositions.arguments import whole


class Stratum(NamedTuple):
    """Coalitions of one size that were drawn uniformly, without replacement, among all of that size.

    Args:
        size: players of each.
        population: how many coalitions of that size there are.
        rows: those that were drawn. Shape ``(m,)``.
    """

    size: int
    population: int
    rows: np.ndarray


@dataclass(frozen=True, eq=False)
class Strata:
    r"""A sum over all coalitions of at most K players, from the rows that are there.

    .. math:: \sum_{|S| \le K} q(S) \approx \sum_{|S| \le k} q(S)
              + \sum_{s = k+1}^{K} \binom{n}{s} \cdot \operatorname{mean}_{S \text{ drawn of size } s} q(S)

    n counts the players that are no null players. Rows that were chosen otherwise stand for nothing but themselves.

    Args:
        order: k: every coalition of at most so many players has its row.
        drawn: the samples of the sizes k + 1, …, K.
    """

    order: int
    drawn: tuple[Stratum, ...] = ()

    @property
    def largest(self) -> int:
        """K: nothing is said of larger coalitions."""
        return self.drawn[-1].size if self.drawn else self.order

    @property
    def sampled(self) -> bool:
        """Whether some rows stand for others that are not there."""
        return any(len(each.rows) < each.population for each in self.drawn)

    def plain(self) -> dict[str, Any]:
        """In lists and whole numbers alone, as a file has it."""
        drawn = [[each.size, each.population, each.rows.tolist()] for each in self.drawn]
        return {"order": self.order, "drawn": drawn}

    @staticmethod
    def of_plain(plain: Any, m: int) -> Strata:
        """From lists and whole numbers, of a table of m rows.

        Raises:
            TypeError, ValueError, LookupError: they are not what :meth:`plain` gives.
        """
        drawn = []
        for size, population, rows in plain["drawn"]:
            places = np.array([whole(row, "a row that was drawn is a place in the table", 1, m - 1) for row in rows])
            least = whole(population, "a population is a number of coalitions", len(places))
            drawn.append(Stratum(whole(size, "a size is a number of players", 1), least, places))
        return Strata(whole(plain["order"], "an order is a number of players", 0), tuple(drawn))

    def weights(self, sizes: np.ndarray) -> np.ndarray:
        """How many coalitions every row stands for. Shape ``(m,)`` in and out.

        >>> Strata(1, (Stratum(2, 6, np.array([3, 4])),)).weights(np.array([0, 1, 1, 2, 2, 2]))
        array([1., 1., 1., 3., 3., 0.])
        """
        weights = (sizes <= self.order).astype(np.float64)
        for each in self.drawn:
            weights[each.rows] = each.population / len(each.rows)
        return weights

    def resampled(self, table: np.ndarray, replicates: int, seed: int = 0) -> np.ndarray:
        """Σ over all coalitions of at most K players by samples drawn anew from those that are there, size by size.

        Sizes of which every coalition is there stay as they are.

        Args:
            table: some quantities of every row; of those that stand for nothing none is looked at. Shape ``(m, q)``.
            replicates: how often.
            seed: of the draws.

        Returns:
            Shape ``(replicates, q)``.
        """
        rng, sums = np.random.default_rng(seed), np.zeros((replicates, table.shape[1]))
        for each in self.drawn:
            count = len(each.rows)
            counts = rng.multinomial(count, np.full(count, 1 / count), replicates)
            if count == each.population:
                counts[:] = 1
            sums += counts @ table[each.rows] * (each.population / count)
        return sums


def drawn(players: Iterable[int], sizes: Iterable[int], count: int, seed: int) -> dict[int, list[tuple[int, ...]]]:
    """For every size ``count`` coalitions of the players, uniformly and without replacement; all where there are fewer.

    >>> drawn((0, 1, 4), [2, 3], 5, seed=0)
    {2: [(0, 1), (0, 4), (1, 4)], 3: [(0, 1, 4)]}
    """
    pool, rng = np.array(sorted(players), dtype=np.int64), np.random.default_rng(seed)
    found: dict[int, list[tuple[int, ...]]] = {}
    for size in sizes:
        if comb(len(pool), size) <= count:
            found[size] = list(combinations(pool.tolist(), size))
            continue
        some: set[tuple[int, ...]] = set()
        while len(some) < count:
            some.add(tuple(sorted(rng.choice(pool, size, replace=False).tolist())))
        found[size] = sorted(some)
    return found
