"""What some players of a game add together, and their parts do not, at every point of the cube."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from decompositions.arithmetic import Array, stack
from decompositions.games.cube import AbstractCube, Calls
from decompositions.models.pure import top_difference


@dataclass(frozen=True, eq=False)
class PureCube(AbstractCube):
    r"""The nested differences of g over groups of its players; nobody else is there.

    .. math:: g_S(t) = \sum_{T \subseteq S} (-1)^{|S| - |T|} g(t \cdot 1_T)

    Args:
        inner: g.
        groups: the players of each group.
    """

    inner: AbstractCube
    groups: tuple[tuple[int, ...], ...]

    @property
    def n(self) -> int:
        return self.inner.n

    @property
    def device(self) -> torch.device:
        return self.inner.device

    @property
    def precision(self) -> float:
        return self.inner.precision

    @property
    def calls_per_point(self) -> int:
        return self.inner.calls_per_point * 2 ** len(self.groups)

    def values(self, points: Array) -> Array:
        return self._differences(points, self.inner.values)

    def gradient(self, points: Array) -> Array:
        return self._differences(points, self.inner.gradient, along=True)

    def slopes(self, points: Array) -> Array:
        return self._differences(points, self.inner.slopes, along=True)

    def _differences(self, points: Array, of: Callable[[Array], Array], along: bool = False) -> Array:
        """Nested differences of what is given at points; of derivatives, along players that are there alone."""
        parts = []
        for mask in range(2 ** len(self.groups)):
            there = {i for place, group in enumerate(self.groups) if mask >> place & 1 for i in group}
            absent = [i for i in range(self.n) if i not in there]
            found = of(_without(points, absent))
            parts.append(_without(found, absent) if along else found)
        return top_difference(stack(parts, 0))

    def array(self, table: Any) -> Array:
        return self.inner.array(table)

    def path_rule(self, nodes: int | None, degree: int = 1) -> tuple[Array, Array]:
        return self.inner.path_rule(nodes, degree)

    def smoothed(self, noise: Array) -> AbstractCube:
        raise ValueError(
            "a noisy input moves the baselines with it, and the synergy functions of several baselines belong to them "
            "as they are; take one baseline, synergy_function(Game…(baseline=one), S)"
        )

    def differences(self) -> Array:
        return self.inner.differences()

    def entrywise(self) -> tuple[AbstractCube, np.ndarray]:
        inner, players = self.inner.entrywise()
        groups = tuple(tuple(np.flatnonzero(np.isin(players, group)).tolist()) for group in self.groups)
        return PureCube(inner, groups), players

    def active(self) -> tuple[int, ...]:
        members = {i for group in self.groups for i in group}
        return tuple(i for i in self.inner.active() if i in members)

    def watched(self, on_calls: Calls) -> PureCube:
        return replace(self, inner=self.inner.watched(on_calls))

    def rehearsal(self, on_calls: Calls) -> PureCube:
        return replace(self, inner=self.inner.rehearsal(on_calls))


def _without(points: Array, absent: list[int]) -> Array:
    """Rows with zeros for some players."""
    some = points.copy() if isinstance(points, np.ndarray) else points.clone()
    some[:, absent] = 0
    return some
