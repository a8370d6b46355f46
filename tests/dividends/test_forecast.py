"""What a decomposition will take: counts and bytes by hand, and the rate against the clock of a model that waits."""

import pytest
import torch
from distributed import Client, LocalCluster
from torch import nn

from decompositions.evaluation import spans
from synergy import Game, forecast, harsanyi
from synergy.examples import load


def game_of(n, chunk=None):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(n, 8), nn.Tanh(), nn.Linear(8, 1)).eval()
    return Game.from_model(net, torch.randn(1, n), 0.0, **({} if chunk is None else {"chunk": chunk}))


def test_thirty_players_by_hand():
    found = forecast(game_of(30, chunk=256))
    assert (found.players, found.coalitions, found.calls) == (30, 2**30, 2**30)
    assert (found.tasks, found.length) == (2**10, 2**20)
    assert found.values == 2**33
    assert found.sums(1) == 8 * (31 + 31 * 30)
    assert found.sums(2) == 8 * (31 + 31 * 900)
    assert found.time == pytest.approx(found.seconds * 2**30)
    said = str(found)
    for part in (
        "all 1,073,741,824 coalitions of 30 players",
        "1,024 ranges of 1,048,576 coalitions",
        "8 GiB",
        "218 KiB",
    ):
        assert part in said
    assert "sent" not in said


def test_what_is_said_is_what_is_paid(monkeypatch):
    """Calls, null players, several baselines, orders, shortcuts and ranges of the decomposition itself."""
    x = torch.tensor([[1.0, 0.0, 2.0, 3.0, 0.0, 1.0, 1.0, 1.0]])
    net = nn.Sequential(nn.Linear(8, 8), nn.Tanh(), nn.Linear(8, 1)).eval()
    for game, order in (
        (game_of(7), None),
        (game_of(9), 3),
        (Game.from_model(net, x), None),
        (Game.from_model(net, x, torch.randn(3, 8)), 2),
        (load("digits", players="grid:4x4").game, None),
    ):
        found, effects = forecast(game, order), harsanyi(game, order=order)
        assert found.calls == effects.calls
        assert found.how == effects.evaluation
        ranges = spans.spans(found.coalitions, found.length)
        assert len(ranges) == found.tasks


def test_the_rate_is_the_median_by_the_clock(monkeypatch):
    """Batches of ten that take 1 s, the first one and another 100 s."""
    clock = [0.0]
    monkeypatch.setattr("decompositions.dividends.forecast.time.perf_counter", lambda: clock[0])

    class Takes(nn.Module):
        long = (False,) * 100

        def forward(self, x):
            now, *self.long = self.long
            clock[0] += 100.0 if now else 1.0
            return x.sum(1)

    model = Takes()
    game = Game.from_model(model, torch.ones(1, 12), chunk=10)
    model.long = (True, False, False, True, False, False)
    found = forecast(game)
    assert (found.seconds, found.measured) == (0.1, 60)


def test_the_model_is_left_as_it_was_and_little_is_asked():
    asked = []

    class Counts(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("calls", torch.zeros(()))

        def forward(self, x):
            asked.append(len(x))
            self.calls += 1
            return x.sum(1)

    model = Counts()
    game = Game.from_model(model, torch.ones(1, 24), chunk=16)
    asked.clear()
    forecast(game)
    assert sum(asked) == 96
    assert not model.calls


def test_more_players_than_any_float():
    said = str(forecast(game_of(2000)))
    assert "all 2^2000 coalitions of 2,000 players" in said
    assert "years" in said
    assert "2^2003 B" in said


def test_on_a_cluster_what_travels_and_how_many_work():
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster, Client(cluster) as client:
        small, large = (forecast(game_of(n), client=client) for n in (20, 20_000))
    assert small.workers == large.workers == 2
    weights = 4 * 8 * 20_000
    assert weights < large.sent < weights + 8 * 20_000 * 4 + 2**14  # the weights, and x, the baseline, the players
    assert small.sent < 2**14
    assert "by 2 workers as fast" in str(small)


def test_what_has_no_forecast():
    with pytest.raises(ValueError, match="ask for its effects at once"):
        forecast(Game.from_values([0.0, 1.0]))
    with pytest.raises(ValueError, match="order is the largest number of players"):
        forecast(game_of(5), 0)
    with pytest.raises(TypeError, match=r"distributed\.Client"):
        forecast(game_of(5), client="here")
