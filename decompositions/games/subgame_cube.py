"""The game restricted to some of its players, whose values are known; the others are null players."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from decompositions.arithmetic import Array
from decompositions.games.cube import AbstractCube, Calls
from decompositions.games.table_cube import TableCube


@dataclass(frozen=True, eq=False)
class SubgameCube(AbstractCube):
    r"""g of the members that are there; whoever else is there makes no difference.

    .. math:: g_S(1_T) = v(T \cap S)

    Args:
        inner: the values of the members' coalitions.
        members: the players S, in order.
        players: how many there are in all.

    >>> cube = SubgameCube(TableCube(torch.tensor([0., 1., 2., 7.])), (0, 2), 3)
    >>> cube.values(torch.tensor([[1., 1., 1.], [0., 1., 1.]])).tolist(), cube.active()
    ([7.0, 2.0], (0, 2))
    """

    inner: TableCube
    members: tuple[int, ...]
    players: int

    @property
    def n(self) -> int:
        return self.players

    @property
    def device(self) -> torch.device:
        return self.inner.device

    @property
    def precision(self) -> float:
        return self.inner.precision

    @property
    def calls_per_point(self) -> int:
        return 0

    def values(self, points: Array) -> Array:
        return self.inner.values(points[:, list(self.members)])

    def array(self, table: Any) -> Array:
        return self.inner.array(table)

    def gradient(self, points: Array) -> Array:
        self.inner.refuse("a derivative")

    def slopes(self, points: Array) -> Array:
        self.inner.refuse("a derivative")

    def path_rule(self, nodes: int | None, degree: int = 1) -> tuple[Array, Array]:
        self.inner.refuse("a path through the cube")

    def smoothed(self, noise: Array) -> AbstractCube:
        self.inner.refuse("a noisy input")

    def differences(self) -> Array:
        self.inner.refuse("an input")

    def entrywise(self) -> tuple[AbstractCube, np.ndarray]:
        return self, np.arange(self.n)

    def active(self) -> tuple[int, ...]:
        return self.members

    def watched(self, on_calls: Calls) -> SubgameCube:
        return self

    def rehearsal(self, on_calls: Calls) -> SubgameCube:
        return self
