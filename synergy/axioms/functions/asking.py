"""From a function and two points to the question that a method is asked."""

from __future__ import annotations

from decompositions.games.game import Game
from synergy.axioms.functions.function import AbstractFunction, Point, letter_names
from synergy.axioms.functions.polynomial import Polynomial
from synergy.axioms.functions.polynomial_cube import PolynomialCube


def game_of(function: AbstractFunction, x: Point, b: Point) -> Game:
    """The game of a function at x with baseline b, one player for each input; exact of polynomials.

    Raises:
        TypeError: a function of another kind.
    """
    if isinstance(function, Polynomial):
        return Game(PolynomialCube(function, x, b), letter_names(function.n))
    raise TypeError(f"axioms are tried on polynomials and networks, not on {function!r}")
