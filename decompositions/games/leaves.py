"""A game that is a sum of leaves: its products, and symmetric indices of them in closed form."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from decompositions.games.cube import AbstractCube
from decompositions.games.function_cube import FunctionCube
from decompositions.models.cells import ArrayCells
from decompositions.trees import by_size
from decompositions.trees.by_size import BySize
from decompositions.trees.ensemble import Ensemble
from decompositions.trees.terms import Terms, blocks
from decompositions.trees.ways import Ways, ways


@dataclass(frozen=True, eq=False)
class LeafSum:
    """A sum of trees as the function of a game.

    Args:
        ensemble: the trees.
        gap: how far the model's own output was from the sum of its leaves, at most, where both were asked.
    """

    ensemble: Ensemble
    gap: float
    _ways: dict[bytes, Ways] = field(default_factory=dict, repr=False)

    def ways(self, players: np.ndarray) -> Ways:
        """The players on the way to every leaf, found once. Shape of players, column → player, ``(width,)``."""
        key = players.tobytes()
        if key not in self._ways:
            self._ways[key] = ways(self.ensemble, players)
        return self._ways[key]

    def __call__(self, rows: np.ndarray) -> np.ndarray:
        return self.ensemble(rows)


@dataclass(frozen=True, eq=False)
class Leaves:
    r"""The mean game of some baselines as a sum of products.

    .. math:: v(S) = c_0 + \sum_k w_k \sum_\ell c_\ell \prod_{i \in A_{k\ell}} [i \in S]
              \prod_{i \in B_{k\ell}} [i \notin S]

    Args:
        function: the trees.
        players: column → player. Shape ``(width,)``.
        n: the number of players.
        x: Shape ``(1, width)``.
        baselines: Shape ``(K, width)``.
        weights: of the baselines. Shape ``(K,)``.
    """

    function: LeafSum
    players: np.ndarray
    n: int
    x: np.ndarray
    baselines: np.ndarray
    weights: np.ndarray

    @property
    def offset(self) -> float:
        """What every value has beside the leaves."""
        return self.function.ensemble.offset

    @property
    def noise(self) -> float:
        """The rounding error of one value."""
        return float(np.finfo(np.float64).eps) * self.function.ensemble.magnitude

    @property
    def longest(self) -> int:
        """The largest number of players on the way to a leaf: no larger coalition has a dividend; at least 1."""
        return max(1, self.function.ways(self.players).members.shape[1])

    @property
    def how(self) -> str:
        """How the values come about, and how far they are from the model's own."""
        gap = self.function.gap
        return f"a sum of leaves, within {gap:.1g} of the model" if gap else "a sum of leaves"

    def blocks(self) -> Iterator[Terms]:
        """The terms, those of some baselines at a time."""
        trees, known = self.function.ensemble, self.function.ways(self.players)
        return blocks(trees, known, trees.cells(self.x)[0], trees.cells(self.baselines), self.weights)

    def by_player(self, weights: BySize, ends: np.ndarray | None = None) -> np.ndarray:
        """Σ over the coalitions S with i of w(|S|) J(S), of every player i.

        Args:
            weights: w.
            ends: coalitions T to which the game is restricted, one by one. Shape ``(m, n)``, booleans.

        Returns:
            Shape ``(n,)``, or ``(m, n)`` for some ends.
        """
        if ends is None:
            return sum((by_size.by_player(terms, weights, self.n) for terms in self.blocks()), np.zeros(self.n))
        found = np.zeros(ends.shape)
        for terms in self.blocks():
            found += [by_size.by_player(terms.within(end), weights, self.n) for end in ends]
        return found

    def by_pair(self, weights: BySize) -> np.ndarray:
        """Σ over the coalitions S with i and k of w(|S|) J(S), of every pair; 0 for i = k. Shape ``(n, n)``."""
        return sum((by_size.by_pair(terms, weights, self.n) for terms in self.blocks()), np.zeros((self.n, self.n)))


def leaves(cube: AbstractCube) -> Leaves | None:
    """The leaves of a game's function; None of one that is no sum of trees."""
    asked = cube.row_function if isinstance(cube, FunctionCube) else None
    if not isinstance(cube, FunctionCube) or asked is None:
        return None
    function, cells = asked.call, asked.cells
    if not isinstance(function, LeafSum) or not isinstance(cells, ArrayCells):
        return None
    x, baselines = (cells.taken(codes.numpy()) for codes in (cube.x, cube.baseline))
    return Leaves(function, cube.entry_players().numpy(), cube.n, x, baselines, cube.weights.numpy())
