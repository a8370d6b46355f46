"""The one function behind everything: g on the unit cube of the players."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from decompositions.arithmetic import Array

Calls = Callable[[int], None]


def ignore(calls: int) -> None:
    """Nobody watches."""


def both(first: Calls, second: Calls) -> Calls:
    """Two watchers, told one after the other."""

    def tell(calls: int) -> None:
        first(calls)
        second(calls)

    return tell


POINTS = "points of the cube are rows of n numbers, in a tensor, an array or nested lists"


class AbstractCube(ABC):
    r"""A model, an input and a baseline as one function on the cube.

    .. math:: g(t) = \sum_k w_k\, f\Bigl(b_k + \sum_i t_i d_{ki}\Bigr), \qquad t \in [0, 1]^n

    where :math:`d_{ki}` is player i's part of x − b_k. With several baselines b_k (weights w_k, summing to one) it is
    the mean of the single games, a game again.

    A *point* is a row of n numbers; arrays of points have shape ``(batch, n)`` in the cube's own number system.
    """

    @property
    @abstractmethod
    def n(self) -> int:
        """The number of players."""

    @property
    @abstractmethod
    def device(self) -> torch.device:
        """Where points and values live."""

    @property
    @abstractmethod
    def precision(self) -> float:
        """The relative rounding error of one value of g: the epsilon of its floating-point type, 0 if exact."""

    @property
    @abstractmethod
    def calls_per_point(self) -> int:
        """Model calls for one point: the number of baselines; 0 for a table."""

    @abstractmethod
    def values(self, points: Array) -> Array:
        """g at a batch of points; at corners the inputs are x or b themselves. Shape ``(..., batch)``."""

    @abstractmethod
    def gradient(self, points: Array) -> Array:
        """∂g/∂tᵢ at a batch of points. Shape ``(batch, n)``."""

    @abstractmethod
    def slopes(self, points: Array) -> Array:
        """Σ ∂f/∂x over the entries of each player at a batch of points, whatever x − b is. Shape ``(batch, n)``."""

    @abstractmethod
    def array(self, table: Any) -> Array:
        """Numbers in the cube's number system and on its device."""

    @abstractmethod
    def path_rule(self, nodes: int | None, degree: int = 1) -> tuple[Array, Array]:
        """Nodes and weights, ``(q,)`` each, of a quadrature on [0, 1] for derivatives of g along curves of a degree."""

    @abstractmethod
    def smoothed(self, noise: Array) -> AbstractCube:
        """The mean of g over shifts of the input: ``noise`` has shape ``(samples, entries)``; x and b move together."""

    @abstractmethod
    def differences(self) -> Array:
        """x − b of every entry, one row per baseline. Shape ``(K, entries)``."""

    @abstractmethod
    def entrywise(self) -> tuple[AbstractCube, np.ndarray]:
        """The same function with one player per entry, and each entry's player here. Shape ``(entries,)``."""

    @abstractmethod
    def active(self) -> tuple[int, ...]:
        """The players whose part of x − b is not zero, for any baseline; the others are null players."""

    @abstractmethod
    def watched(self, on_calls: Calls) -> AbstractCube:
        """The same cube, which reports the number of model calls (rows) after each batch."""

    @abstractmethod
    def rehearsal(self, on_calls: Calls) -> AbstractCube:
        """A cube of the same shape that reports its calls without paying for them: its values mean nothing."""
