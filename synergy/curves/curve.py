"""What a curve through the cube is; and the straight one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

from decompositions.arithmetic import Array


class AbstractCurve(ABC):
    r"""A curve γ from 0 to 1 in the cube; to an end point e it is e ∘ γ, so that who is absent stays at the baseline.

    .. math:: \gamma : [0, 1] \to [0, 1]^n, \qquad \gamma(0) = 0, \quad \gamma(1) = 1
    """

    @property
    @abstractmethod
    def degree(self) -> int | None:
        """Of its polynomials, the largest; None where it is made of other functions."""

    @abstractmethod
    def positions(self, s: Array) -> Array:
        """γ at numbers of [0, 1]. Shape ``(...,)`` → ``(..., n)``, or ``(..., 1)`` where all players go together."""

    @abstractmethod
    def velocities(self, s: Array) -> Array:
        """dγ/ds, of the shape of the positions, or a number that it is everywhere."""

    @abstractmethod
    def require(self, n: int) -> None:
        """Refuse another number of players.

        Raises:
            ValueError: says how many the curve has.
        """


@dataclass(frozen=True)
class Straight(AbstractCurve):
    """All players at the same pace, γᵢ(s) = s."""

    @property
    def degree(self) -> int | None:
        return 1

    def positions(self, s: Array) -> Array:
        return s[..., None]

    def velocities(self, s: Array) -> Array:
        return 1

    def require(self, n: int) -> None:
        """Any number of players will do."""


STRAIGHT = Straight()


def require_count(expected: int, n: int, what: str) -> None:
    """Refuse a game of another number of players than a curve has.

    Raises:
        ValueError: says both.
    """
    if expected != n:
        raise ValueError(f"a curve has one position for every player; this one has {expected}, and {what} {n}")
