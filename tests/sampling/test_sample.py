"""Samples: what is evaluated, paid, kept and refused."""

import numpy as np
import pytest
import torch

from decompositions.sampling.sample import sample, sample_all
from synergy import Game, estimate, estimate_all


def bumpy(z):
    return torch.sin(z @ torch.arange(1.0, z.shape[1] + 1, dtype=z.dtype)) + z[:, 0] * z[:, 1]


def test_null_players_are_left_out():
    game = Game.from_function(bumpy, [1.0, 2.0, 3.0, 1.0], [0.0, 2.0, 0.0, 0.0])
    found = sample(game, 8)
    assert found.active == (0, 2, 3)
    assert found.calls == found.coalitions == 8
    whole = torch.tensor(found.design.table()).double()
    points = torch.zeros(8, 4, dtype=torch.float64)
    points[:, [0, 2, 3]] = whole
    assert found.values.tolist() == game(points).tolist()


def test_a_coalition_that_is_drawn_twice_is_paid_once():
    """Of 8 players nearly all: some draws of four are void."""
    paid = []
    game = Game.from_function(bumpy, np.ones(8).tolist()).watched(paid.append)
    found = sample(game, 250)
    rows = len(np.unique(found.design.table(), axis=0))
    assert rows < len(found.design.table())
    assert sum(paid) == found.calls == rows
    points = torch.tensor(found.design.table()).double()
    assert found.values.tolist() == game(points).tolist()


def test_a_background_multiplies_the_price():
    game = Game.from_function(bumpy, np.ones(7).tolist(), np.zeros((3, 7)))
    found = sample(game, 90)
    assert len(found.design.table()) <= 30
    assert found.calls == 3 * found.coalitions <= 90


@pytest.mark.parametrize("n", [5, 9, 30])
def test_a_budget_that_is_too_small_says_the_least(n):
    game = Game.from_function(bumpy, np.ones(n).tolist())
    with pytest.raises(ValueError, match=f"of at least {min(2**n, 22)}, not 3"):
        sample(game, 3)
    sample(game, min(2**n, 22))


@pytest.mark.parametrize("wrong", [True, 100.0, "100", None])
def test_wrong_types(wrong):
    game = Game.from_function(bumpy, [1.0, 2.0])
    with pytest.raises(TypeError, match="budget is the number of model calls"):
        sample(game, wrong)
    with pytest.raises(TypeError, match="seed is that of the coalitions"):
        sample(game, 100, wrong)
    with pytest.raises(TypeError, match="asks a Game"):
        sample([0.0, 1.0])


def test_a_value_that_is_not_finite_is_named():
    def broken(z):
        return torch.where(z.sum(1) == 1, torch.nan, z.sum(1))

    game = Game.from_values([0.0, torch.nan, 1.0, 2.0])
    with pytest.raises(ValueError, match=r"nan for the coalition \{x0\}|nan for the coalition"):
        sample(game, 4)
    with pytest.raises(ValueError, match="nan for the coalition"):
        sample(Game.from_values(broken((torch.arange(2**9)[:, None] >> torch.arange(9) & 1).double())), 100)


def test_a_table_of_several_games_is_refused():
    with pytest.raises(ValueError, match="give them one by one"):
        sample(Game.from_values(np.zeros((2, 8))))


def test_an_interrupted_evaluation_goes_on_bit_for_bit(tmp_path):
    game = Game.from_model(
        torch.nn.Sequential(torch.nn.Linear(16, 8), torch.nn.Tanh(), torch.nn.Linear(8, 1)), torch.ones(1, 16), chunk=8
    )
    whole, paid = sample(game, 2000, 5), []

    def cut(calls):
        paid.append(calls)
        if sum(paid) > 1200:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt, match="coalitions are kept"):
        sample(game.watched(cut), 2000, 5, tmp_path / "kept")
    more = []
    again = sample(game.watched(more.append), 2000, 5, tmp_path / "kept")
    assert sum(more) < 1200
    assert again.values.tolist() == whole.values.tolist()
    assert again.calls == whole.calls
    with pytest.raises(
        ValueError, match=r"the coalitions \(2000 calls drawn with seed 5 there, 2000 calls drawn with seed 6 here"
    ):
        sample(game, 2000, 6, tmp_path / "kept")


def test_games_that_differ_in_the_target_share_their_calls_and_change_no_number():
    """Five games: three targets of one model, of which one is a function, another input, and a square."""
    torch.manual_seed(0)
    model, seen = torch.nn.Sequential(torch.nn.Linear(12, 9), torch.nn.Tanh(), torch.nn.Linear(9, 3)), []
    x, y = torch.rand(2, 1, 12)
    games = [Game.from_model(model, x, target=target) for target in (0, 2, lambda out: out[:, 0] - out[:, 1])]
    games += [Game.from_model(model, y, target=1), Game.from_function(lambda z: z.sum(1) ** 2 + z[:, 0], [0.5] * 12)]
    apart, single = [sample(game, 500, 3) for game in games], [estimate(game, budget=500, seed=3) for game in games]
    model.register_forward_hook(lambda module, given, out: seen.append(len(out)))
    together = sample_all(games, 500, 3)
    assert 1000 <= sum(seen) < 1500  # 500 of each input, not of each game, and about 100 of each to see its rounding
    assert [each.calls for each in together] == [500, 0, 0, 500, 500]
    for one, other in zip(apart, together, strict=True):
        assert (one.values == other.values).all()
        assert (one.noise, one.coalitions) == (other.noise, other.coalitions)
    for one, other in zip(single, estimate_all(games, budget=500, seed=3), strict=True):
        assert (one.values == other.values).all()
        assert (one.error == other.error).all()
    with pytest.raises(LookupError, match="no index"):
        estimate_all(games, "shaply")
    with pytest.raises(TypeError, match="a list of Games"):
        estimate_all(5)
