"""A table of 2ⁿ values as a function on the corners of the cube."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
import torch

from decompositions.arithmetic import Array, is_exact, like, precision, real_numbers
from decompositions.games.cube import POINTS, AbstractCube, Calls
from decompositions.mobius import table_size


@dataclass(frozen=True, eq=False)
class TableCube(AbstractCube):
    """g known at the corners only.

    Args:
        table: position = bitmask, bit i = player i. Shape ``(..., 2**n)``; leading axes are kept.
    """

    table: Array

    @property
    def n(self) -> int:
        return table_size(self.table.shape[-1])

    @property
    def device(self) -> torch.device:
        return torch.device("cpu") if is_exact(self.table) else self.table.device

    @property
    def precision(self) -> float:
        return precision(self.table)

    @property
    def calls_per_point(self) -> int:
        return 0

    def values(self, points: Array) -> Array:
        inside = (points != 0) & (points != 1)
        if inside.any():
            raise ValueError("a table of values knows the corners of the cube only; this asks for a point inside it")
        if is_exact(self.table):
            return self.table[..., (points == 1).astype(np.int64) @ (1 << np.arange(self.n))]
        present = (points == 1).to(device=self.table.device, dtype=torch.int64)
        return self.table[..., (present << torch.arange(self.n, device=self.table.device)).sum(-1)]

    def array(self, table: Any) -> Array:
        """Points of the cube in the table's number system, from numbers of any type.

        Raises:
            TypeError: no real numbers.
        """
        return like(real_numbers(table, POINTS), self.table)

    def gradient(self, points: Array) -> Array:
        self.refuse("a derivative")

    def slopes(self, points: Array) -> Array:
        self.refuse("a derivative")

    def path_rule(self, nodes: int | None, degree: int = 1) -> tuple[Array, Array]:
        self.refuse("a path through the cube")

    def smoothed(self, noise: Array) -> AbstractCube:
        self.refuse("a noisy input")

    def differences(self) -> Array:
        self.refuse("an input")

    def entrywise(self) -> tuple[AbstractCube, np.ndarray]:
        return self, np.arange(self.n)

    def active(self) -> tuple[int, ...]:
        return tuple(range(self.n))

    def watched(self, on_calls: Calls) -> TableCube:
        return self

    def rehearsal(self, on_calls: Calls) -> TableCube:
        return self

    def refuse(self, what: str) -> NoReturn:
        """Refuse what a table does not have.

        Raises:
            ValueError: always.
        """
        raise ValueError(
            f"{what} does not exist for a table of values, which knows the corners of the cube only; "
            "build the game with from_model, from_function or from_expression"
        )
