"""g along the ways from the baseline to some end points."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import torch

from decompositions.arithmetic import Array
from decompositions.games.game import Game
from synergy.curves.curve import STRAIGHT, AbstractCurve


class AbstractWay(Protocol):
    """A function along lines, and numbers that add up to its slope: what a rule integrates, and its witness."""

    @property
    def game(self) -> Game:
        """The question, for its number system."""

    @property
    def ends(self) -> Array:
        """Of the lines, in the cube. Shape ``(m, n)``."""

    def __len__(self) -> int: ...

    def some(self, start: int, stop: int) -> AbstractWay:
        """Those to some of the end points."""

    def heights(self, places: Array) -> Array:
        """The function at places along every line. Shape ``(m, p)``."""

    def slopes(self, places: Array) -> Array:
        """The numbers at places along every line. Shape ``(m, …)`` → ``(m, …, numbers)``."""

    def gains(self) -> torch.Tensor:
        """The function at every end less that at the start. Shape ``(m,)``."""

    def everywhere(self, places: Array) -> Array:
        """The same places on every line. Shape ``(q,)`` → ``(m, q)``."""


@dataclass(frozen=True, eq=False)
class Way:
    r"""The curve e ∘ γ to every end point e, on which every player's slope integrates to its attribution.

    .. math:: a_i = \int_0^1 \partial_i g(e \circ \gamma(s))\; e_i\, \gamma_i'(s)\, ds

    Args:
        game: the question.
        ends: Shape ``(m, n)``.
        curve: γ.
    """

    game: Game
    ends: Array
    curve: AbstractCurve = STRAIGHT

    def __len__(self) -> int:
        return len(self.ends)

    def some(self, start: int, stop: int) -> Way:
        """Those to some of the end points."""
        return replace(self, ends=self.ends[start:stop])

    def heights(self, places: Array) -> Array:
        """g at places along every way. Shape ``(m, p)``."""
        points = self.ends[:, None] * self.curve.positions(places)
        return self.game(points.reshape(-1, self.game.n)).reshape(places.shape).to(self.ends)

    def slopes(self, places: Array) -> Array:
        """The integrand of every player at places along every way. Shape ``(m, ..., n)`` for places ``(m, ...)``."""
        ends = self.ends.reshape(len(self.ends), *(1,) * (places.ndim - 1), self.game.n)
        points = ends * self.curve.positions(places)
        gradient = self.game.gradient(points.reshape(-1, self.game.n)).reshape(*places.shape, self.game.n)
        return ends * self.curve.velocities(places) * gradient

    def gains(self) -> torch.Tensor:
        """g at every end less g at the baseline. Shape ``(m,)``."""
        return self.game(self.ends).to(self.ends) - self.game(self.ends * 0).to(self.ends)

    def everywhere(self, places: Array) -> Array:
        """The same places on every way. Shape ``(q,)`` → ``(m, q)``."""
        return self.ends[:, :1] * 0 + places
