"""The size of each player's equal share, by hand and by a loop over all rows."""

import math
from fractions import Fraction

import numpy as np
import pytest
import torch

from decompositions.effects.coalitions import Coalitions
from decompositions.refinement import strength as module
from decompositions.refinement.strength import strength
from synergy import Effects, Game, harsanyi, taylor


def game(n, f=lambda z: z.sum(1)):
    return Game.from_function(f, torch.ones(1, n).double())


def slowly(effects):
    """|Σ J(S) / |S||, row by row."""
    shares = [0.0] * effects.n
    for key, value in effects.by_support().to_dict().items():
        for player in key:
            shares[player] += float(value) / len(key)
    return np.abs(shares)


def test_three_players_by_hand():
    """f = z₀ − 5 z₁ + 2 z₀z₁ + 6 z₀z₁z₂: shares 1 + 1 + 2, −5 + 1 + 2, and 2."""
    asked = game(3, lambda z: z[:, 0] - 5 * z[:, 1] + 2 * z[:, 0] * z[:, 1] + 6 * z.prod(1))
    assert strength(asked, harsanyi(asked)).tolist() == pytest.approx([4, 2, 2])
    assert strength(asked, harsanyi(asked, order=2)).tolist() == pytest.approx([2, 4, 0])


def test_taylor_effects_go_by_who_takes_part():
    """f = z₀² z₁ + z₀ z₁²: two terms of the same pair."""
    asked = game(2, lambda z: z[:, 0] ** 2 * z[:, 1] + z[:, 0] * z[:, 1] ** 2)
    assert strength(asked, taylor(asked)).tolist() == pytest.approx([1, 1])


@pytest.mark.parametrize("n", [1, 5, 15, 17])
def test_of_all_effects(n):
    names = tuple(f"x{i}" for i in range(n))
    effects = Effects(torch.randn(2**n, generator=torch.Generator().manual_seed(n)).double(), names=names)
    assert strength(game(n), effects).tolist() == pytest.approx(slowly(effects))


@pytest.mark.parametrize("block", [2**22, 500])
def test_of_some_effects_of_many_players(monkeypatch, block):
    """In one block, and in several."""
    monkeypatch.setattr(module, "BLOCK", block)
    rows = Coalitions.up_to(range(0, 100, 7), 100, 2)
    names = tuple(f"x{i}" for i in range(100))
    values = torch.randn(len(rows), generator=torch.Generator().manual_seed(0)).double()
    effects = Effects(values, names=names, coalitions=rows, truncated=True)
    assert strength(game(100), effects).tolist() == pytest.approx(slowly(effects))


def test_of_fractions():
    values = np.array([Fraction(0), Fraction(1, 3), Fraction(-1, 2), Fraction(1)], dtype=object)
    assert strength(game(2), Effects(values, names=("x0", "x1"))).tolist() == pytest.approx([5 / 6, 0])


@pytest.mark.parametrize(
    "numbers", [[3, -4], (3.0, -4.0), np.array([3, -4], dtype=np.int8), torch.tensor([3.0, -4.0], requires_grad=True)]
)
def test_of_a_number_for_each_player(numbers):
    assert strength(game(2), numbers).tolist() == [3, 4]


SYMBOLS = Game.from_expression("a*z1*z2", {"z1": 1, "z2": 1}, parameters=("a",))
WRONG = {
    "effects of other players": (lambda: harsanyi(game(3)), ValueError, "effects are of the players"),
    "effects of several games": (lambda: Effects(torch.rand(2, 4), names=("x0", "x1")), ValueError, "of one game"),
    "an effect that is not finite": (
        lambda: Effects(torch.tensor([0, math.nan, 1, 1]), names=("x0", "x1")), ValueError, "what player 'x0' has",
    ),
    "effects with symbols": (lambda: harsanyi(SYMBOLS), ValueError, "needs numbers.*symbols a"),
    "too few numbers": (lambda: [1.0], ValueError, r"one number for each of them, 2 here.*shape \(1,\)"),
    "a table of numbers": (lambda: [[1.0, 2.0]], ValueError, r"shape \(1, 2\)"),
    "one number": (lambda: 3, ValueError, r"shape \(\)"),
    "a number that is not finite": (lambda: [1.0, math.inf], ValueError, "what player 'x1' has is not"),
    "no numbers": (lambda: ["a", "b"], TypeError, "one number for each of them, not"),
    "complex ones": (lambda: torch.tensor([1j, 2]), TypeError, "one number for each"),
    "nothing": (lambda: None, TypeError, "not None"),
    "a mapping": (lambda: {"x0": 1, "x1": 2}, TypeError, "one number for each of them, not {"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_what_ranks_no_players_is_refused(case):
    make, error, words = WRONG[case]
    effects = make()
    with pytest.raises(error, match=words):
        strength(game(2), effects)
