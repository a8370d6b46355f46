"""Dividends of chosen coalitions: those of the whole table, bit for bit, from the values of their own subsets."""

from fractions import Fraction

import numpy as np
import pytest
import torch

from decompositions.dividends.known import known
from decompositions.dividends.subsets import closure, dividends, summed
from decompositions.effects.coalitions import Coalitions
from decompositions.mobius import mobius
from synergy import Game, harsanyi, method


def chosen(n, count, largest, seed=0):
    rng = np.random.default_rng(seed)
    masks = {int(mask) for mask in rng.integers(1, 2**n, count) if int(mask).bit_count() <= largest}
    return Coalitions.of_masks([0, *masks], n)


def test_every_subset_is_there_once():
    found = closure(Coalitions.of_members([(), (0, 70), (0, 1, 2)], 100))
    assert list(found) == [(), (0,), (1,), (2,), (70,), (0, 1), (0, 2), (1, 2), (0, 70), (0, 1, 2)]


def test_they_are_those_of_the_whole_table_bit_for_bit():
    values = torch.randn(3, 2**15, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    some = chosen(15, 200, 9)
    everything = closure(some)
    found = dividends(values[:, everything.masks()], everything, some)
    assert torch.equal(found, mobius(values)[:, some.masks()])


def test_exact_ones_too():
    values = np.array([Fraction(k * k, 7) for k in range(2**6)], dtype=object)
    some = chosen(6, 20, 6)
    everything = closure(some)
    assert dividends(values[everything.masks()], everything, some).tolist() == mobius(values)[some.masks()].tolist()
    assert summed(np.arange(64.0)[everything.masks()], everything, some)[0] == 0


def test_sums_over_all_subsets():
    some = Coalitions.of_members([(), (0, 2)], 3)
    assert summed(np.array([1.0, 10.0, 100.0, 1000.0]), closure(some), some).tolist() == [1.0, 1111.0]


def test_a_subset_without_a_value_is_no_zero():
    some = Coalitions.of_members([(), (0, 1)], 2)
    with pytest.raises(ValueError, match=r"not all subsets of \(0, 1\)"):
        dividends(torch.zeros(2), Coalitions.of_members([(), (0,)], 2), some)


def test_large_coalitions_are_refused():
    with pytest.raises(ValueError, match=r"2\^21; take coalitions of at most 20"):
        closure(Coalitions.of_members([(), range(21)], 30))


def test_low_orders_are_the_rows_of_the_whole_table():
    game = Game.from_values(torch.randn(2**15, dtype=torch.float64, generator=torch.Generator().manual_seed(1)))
    everything, lower = harsanyi(game), harsanyi(game, order=2)
    assert len(lower) == 1 + 15 + 105
    assert all(lower.values[row] == everything[lower.key(row)] for row in range(1, len(lower)))
    assert lower.remainder == pytest.approx(float(everything.total - lower.total))


def test_a_thousand_players_to_order_two():
    """Σ zᵢ + 3 z₀z₉₉₉: one dividend for each player, and one pair."""
    game = Game.from_function(lambda z: z.sum(1) + 3 * z[:, 0] * z[:, 999], torch.ones(1000))
    effects = harsanyi(game, order=2)
    assert len(effects) == 1 + 1000 + 499_500
    assert effects.top(1) == [((0, 999), 3.0)]
    assert effects.independent.tolist() == [1.0] * 1000
    assert effects.remainder == pytest.approx(0)


def test_a_subgame_knows_its_players_alone():
    """v = z₀ + 2 z₁z₃ + z₂: on {1, 3} the Shapley values are 1 and 1, whoever else is there."""
    game = Game.from_function(lambda z: z[:, 0] + 2 * z[:, 1] * z[:, 3] + z[:, 2], torch.ones(4))
    found = known(game, closure(Coalitions.of_members([(), (1, 3)], 4))).subgame((1, 3))
    assert found.n == 4
    assert found.cube.active() == (1, 3)
    assert method("shapley").attribute(found).tolist() == [0, 1, 0, 1]
    assert found(torch.tensor([[1.0, 1, 1, 1], [1, 1, 0, 0]])).tolist() == [2, 0]
    with pytest.raises(ValueError, match="knows the corners"):
        found.gradient(torch.ones(1, 4))
