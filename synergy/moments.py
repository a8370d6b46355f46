"""The mean of draws and its standard error, one draw at a time."""

from __future__ import annotations

import math
from typing import Any

from decompositions.arithmetic import Array

CHANCE = 1e-3


class Moments:
    r"""The running mean of arrays and of their squared distances from it (Welford).

    .. math:: \bar a = \frac1K \sum_k a_k, \qquad
              \text{error}^2 = \frac{1}{K (K - 1)} \sum_k (a_k - \bar a)^2

    >>> moments = Moments()
    >>> for number in (1.0, 2.0, 6.0):
    ...     moments.add(number)
    >>> moments.mean, moments.error == (14 / 3 / 2) ** 0.5
    (3.0, True)
    """

    def __init__(self) -> None:
        self.count = 0
        self._mean: Any = 0
        self._squares: Any = 0

    def add(self, draw: Array) -> None:
        """One more draw."""
        self.count += 1
        distance = draw - self._mean
        self._mean = self._mean + distance / self.count
        self._squares = self._squares + distance * (draw - self._mean)

    @property
    def mean(self) -> Array:
        """The mean of the draws."""
        return self._mean

    @property
    def error(self) -> Array:
        """The standard error of the mean; infinite for a single draw, which says nothing of it."""
        if self.count == 1:
            return abs(self._squares) + math.inf
        return (self._squares / (self.count - 1) / self.count) ** 0.5


def certain(draws: int) -> float:
    """How many standard errors of a mean of so many draws are exceeded by chance once in a thousand times (Student).

    >>> [round(certain(draws), 1) for draws in (2, 4, 64, 10**6)]
    [636.6, 12.9, 3.5, 3.3]
    """
    from scipy.special import stdtrit  # a tenth of what torch takes to import

    return float(stdtrit(max(1, draws - 1), 1 - CHANCE / 2))
