"""From a function and two points to the question that a method is asked."""

from __future__ import annotations

from functools import lru_cache

import torch

from decompositions.games.game import Game
from synergy.axioms.functions.analytic import Analytic
from synergy.axioms.functions.function import AbstractFunction, Point, letter_names
from synergy.axioms.functions.polynomial import Polynomial
from synergy.axioms.functions.polynomial_cube import PolynomialCube
from synergy.axioms.functions.relu_network import ReluNetwork

GAMES = 4096  # that are kept, as many methods are asked the same
CHUNK = 256  # inputs at once


@lru_cache(maxsize=GAMES)
def game_of(function: AbstractFunction, x: Point, b: Point) -> Game:
    """The game of a function at x with baseline b, a player for each input; exact of polynomials, float64 of networks.

    Raises:
        TypeError: a function of another kind.
    """
    if isinstance(function, Polynomial):
        return Game(PolynomialCube(function, x, b), letter_names(function.n))
    if isinstance(function, ReluNetwork):
        rows = (torch.tensor([[float(value) for value in end]], dtype=torch.float64) for end in (x, b))
        return Game.from_model(function.module, *rows, names=letter_names(function.n), chunk=CHUNK)
    if isinstance(function, Analytic):
        ends = (torch.tensor([float(value) for value in end], dtype=torch.float64) for end in (x, b))
        return Game.from_function(function.evaluated, *ends, names=letter_names(function.n), chunk=CHUNK)
    raise TypeError(f"axioms are tried on polynomials and networks, not on {function!r}")
