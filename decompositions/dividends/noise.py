"""How far rounding moves the values that dividends are made of."""

from __future__ import annotations

from decompositions.arithmetic import Array
from decompositions.games.game import Game


def evaluation_noise(game: Game, values: Array) -> float:
    """The rounding error of one value of g: the epsilon of its type times the largest value."""
    if not game.cube.precision:
        return 0.0
    smallest, largest = values.aminmax()
    return game.cube.precision * float(max(-smallest, largest))
