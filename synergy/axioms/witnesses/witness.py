"""What a witness is: a method that is known by what it gives of monomials."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

from decompositions.arithmetic import Array
from decompositions.games.game import Game, require_game
from synergy.axioms.functions.polynomial_cube import PolynomialCube
from synergy.method import AbstractMethod
from synergy.policies.policy import Policy


class AbstractWitness(AbstractMethod):
    """A method on polynomials, which is no method of practice and is not registered."""

    title: ClassVar[str]
    name: ClassVar[str]

    def attribute(self, game: Game, ends: Any = None) -> Array:
        cube = polynomial_of(game)
        effects = cube.effects()
        if len(effects) == 1:
            return effects.values[0] * cube.array([0] * effects.n)
        return (effects.values[1:, None] * self.policy(game).shares(effects.table(1, len(effects)))).sum(0)

    @abstractmethod
    def policy(self, game: Game) -> Policy:
        """What it gives of every monomial in x − b."""


def polynomial_of(game: Game) -> PolynomialCube:
    """The polynomial that a game is about.

    Raises:
        ValueError: another kind of game.
    """
    require_game(game, "an attribution method")
    if not isinstance(game.cube, PolynomialCube):
        raise ValueError("a witness is defined by what it gives of monomials, and asked of polynomials alone")
    return game.cube
