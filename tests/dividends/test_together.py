"""Several games from one set of forward passes: the same numbers as one by one, for fewer calls."""

from types import SimpleNamespace

import pytest
import torch
from torch import nn

from decompositions.evaluation.prefix import prefix
from synergy import Game, harsanyi, harsanyi_all

DOUBLE = torch.float64
AGAIN = 5 + 4  # of 32 coalitions: alone and in one batch, to see whether the model gives the same
COUNT = SimpleNamespace(rows=0, batches=0)  # no attribute of the model, which would be put back


class Counting(nn.Module):
    """A small network that counts the rows it is given, and how often."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.net = nn.Sequential(nn.Linear(5, 7), nn.Tanh(), nn.Linear(7, 4)).double()

    def forward(self, x):
        COUNT.rows += len(x)
        COUNT.batches += 1
        return self.net(x)


def inputs(count):
    torch.manual_seed(1)
    return torch.randn(count, 1, 5, dtype=DOUBLE)


def one_by_one(games):
    return [harsanyi(game).values for game in games]


def test_targets_share_every_forward_pass():
    model = Counting()
    games = [Game.from_model(model, inputs(1)[0], 0.5, target=t) for t in (2, 0, 3)]
    COUNT.rows = 0
    found = harsanyi_all(games)
    assert COUNT.rows == 32 + AGAIN
    assert [effects.calls for effects in found] == [32, 0, 0]
    for effects, expected in zip(found, one_by_one(games), strict=True):
        torch.testing.assert_close(effects.values, expected, rtol=0, atol=1e-14)


def test_inputs_fill_common_batches_whatever_their_null_players():
    model = Counting()
    xs = inputs(6)
    xs[1, 0, 2] = 0.0  # as at the baseline: 16 coalitions instead of 32
    games = [Game.from_model(model, x, 0.0, target=1, chunk=50) for x in xs]
    COUNT.rows = COUNT.batches = 0
    found = harsanyi_all(games)
    assert COUNT.rows == 5 * (32 + AGAIN) + 16 + 5 + 2
    assert COUNT.batches == 4 + 6 * (5 + 1)
    assert [effects.calls for effects in found] == [32, 16, 32, 32, 32, 32]
    for effects, expected in zip(found, one_by_one(games), strict=True):
        torch.testing.assert_close(effects.values, expected, rtol=0, atol=1e-13)


def test_games_of_other_kinds_are_decomposed_on_their_own_and_keep_their_place():
    model, x = Counting(), inputs(1)[0]
    games = [
        Game.from_expression("a*b", {"a": 2, "b": 3}),
        Game.from_model(model, x, target=0),
        Game.from_values(torch.tensor([0.0, 1.0, 2.0, 7.0], dtype=DOUBLE)),
        Game.from_model(model, x, torch.zeros(2, 5, dtype=DOUBLE) + torch.tensor([[0.1], [0.2]]), target=0),
        Game.from_model(model, x, target=lambda out: out[:, 0] - out[:, 1]),
    ]
    found = harsanyi_all(games)
    assert found[0][0, 1] == 6
    assert found[2][0, 1] == 4
    for i in (1, 3, 4):
        torch.testing.assert_close(found[i].values, harsanyi(games[i]).values, rtol=0, atol=1e-14)


def test_targets_share_a_prefix_too(monkeypatch):
    monkeypatch.setattr(prefix, "WORTH", 0)
    torch.manual_seed(2)
    net = nn.Sequential(nn.Flatten(), nn.Linear(400, 6), nn.ReLU(), nn.Linear(6, 3)).double()
    x = torch.randn(1, 4, 100, dtype=DOUBLE)
    table = torch.arange(10).repeat_interleave(10).expand(4, 100)
    games = [Game.from_model(net, x, target=t, players=table) for t in range(3)]
    found = harsanyi_all(games)
    monkeypatch.setattr(prefix, "WORTH", 10**18)
    for effects, expected in zip(found, one_by_one(games), strict=True):
        assert "each player's share" in effects.evaluation
        torch.testing.assert_close(effects.values, expected, rtol=0, atol=1e-11)


def test_the_limit_is_that_of_all_together():
    games = [Game.from_model(Counting(), x, target=0) for x in inputs(3)]
    with pytest.raises(ValueError, match="takes 96 model calls, above the limit of 95"):
        harsanyi_all(games, limit=95)


def test_no_games_have_no_effects():
    assert harsanyi_all([]) == []


def test_a_value_that_is_not_finite_is_named():
    class Pole(nn.Module):
        def forward(self, x):  # infinite for {x0, x2, x4} alone
            return torch.stack([x[:, 0], x.sum(1) / (x @ (2.0 ** torch.arange(5, dtype=DOUBLE)) - 21)], 1)

    games = [Game.from_model(Pole(), torch.ones(1, 5, dtype=DOUBLE), target=target) for target in (1, 0)]
    with pytest.raises(ValueError, match="not finite"):
        harsanyi_all(games)


def test_a_target_that_works_in_place_spoils_no_other():
    torch.manual_seed(0)
    model, x = nn.Linear(3, 3).double(), torch.randn(1, 3, dtype=DOUBLE)
    targets = (lambda out: out.sub_(out.mean(1, keepdim=True))[:, 0], 1, 2)
    games = [Game.from_model(model, x, target=target) for target in targets]
    for effects, expected in zip(harsanyi_all(games), one_by_one(games), strict=True):
        torch.testing.assert_close(effects.values, expected, rtol=0, atol=1e-14)


def test_a_model_whose_output_changes_is_found():
    class Moody(nn.Module):
        calls = 0

        def forward(self, x):
            Moody.calls += 1
            return x.sum(1) + (0.1 if Moody.calls > 4 else 0.0)

    Moody.calls = -1000
    games = [Game.from_model(Moody(), torch.ones(1, 7, dtype=DOUBLE), chunk=64) for _ in range(1)]
    Moody.calls = 3
    with pytest.raises(ValueError, match="its output changes between calls"):
        harsanyi_all(games)
