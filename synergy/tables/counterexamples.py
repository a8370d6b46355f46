"""The smallest inputs on which a criterion fails; every method that fails one names its case."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from decompositions.games.game import Game
from synergy.tables.by_hand import FirstShare, game, linear, unit
from synergy.tables.hidden_zeros import split_zero


@dataclass(frozen=True)
class Counterexample:
    """A small question on which a method errs.

    Args:
        game: the question.
        says: what is wrong, beside the attributions themselves.
    """

    game: Callable[[], Game]
    says: str


ZERO = "relu(relu(x₁)−1−relu(x₂)) − relu(relu(x₁−1)−relu(x₂)) + relu(x₃)"


def counterexamples() -> dict[str, Counterexample]:
    """The smallest cases by their names: the function and the point."""
    return {
        "x₁x₂ at (2, 3)": Counterexample(
            lambda: Game.from_expression("x1*x2", {"x1": 2, "x2": 3}), "the one effect is 6"
        ),
        "x₁ at (2, 5), window {1, 2}": Counterexample(
            lambda: Game.from_expression("x1 + 0*x2", {"x1": 2, "x2": 5}), "player 2 has no effect"
        ),
        "A₁ of a 2×2 map, no pooling": Counterexample(_first_location, "only location 1 has an effect"),
        "relu(x₁ + x₂ − 1) at (1, 1)": Counterexample(
            lambda: game(unit([[1, 1]], [-1]), [1, 1], [0, 0]), "f(x) = 1, f(b) = 0"
        ),
        "relu(x₁ + 2x₂) at (1, 1)": Counterexample(lambda: game(unit([[1, 2]], [0]), [1, 1], [0, 0]), "f(x) = 3"),
        "1 − relu(1 − x₁) at 2": Counterexample(
            lambda: game(nn.Sequential(unit([[-1]], [1]), linear([[-1]], [1])), [2], [0]), "f(x) − f(b) = 1"
        ),
        "softmax(x₁, x₂)₁ at (8, 0)": Counterexample(
            lambda: game(FirstShare(), [8, 0], [0, 0]), "f(x) = 0.9997, f(x) − f(b) = 0.4997"
        ),
        "relu(2x₁ − x₂) at (1, 1)": Counterexample(
            lambda: game(unit([[2, -1]], [0]), [1, 1], [0, 0]), "x₁ gets it all"
        ),
        f"{ZERO} at (3, 1, 2)": Counterexample(
            lambda: game(split_zero(1.0, 1.0, None), [3, 1, 2], [0, 0, 0]), "it is relu(x₃): x₁, x₂ have no effect"
        ),
        f"{ZERO} at (−5, 5, 3.7), b = (5, −3.1, 0.1)": Counterexample(
            lambda: game(split_zero(1.0, 1.0, None), [-5, 5, 3.7], [5, -3.1, 0.1]),
            "it is relu(x₃): x₁, x₂ have no effect",
        ),
    }


def _first_location() -> Game:
    """f = A₁: a convolution that copies a 2×2 picture, and a linear head that reads one location of it."""
    copy = nn.Conv2d(1, 1, 1, bias=False, dtype=torch.float64)
    copy.weight = nn.Parameter(torch.ones(1, 1, 1, 1, dtype=torch.float64))
    net = nn.Sequential(copy, nn.Flatten(), linear([[1.0, 0.0, 0.0, 0.0]], [0.0]))
    return Game.from_model(net.eval(), torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]], dtype=torch.float64))
