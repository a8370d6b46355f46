"""Indices by sums over all coalitions, of which no table is made: against tables, closed forms and brute force."""

from itertools import combinations

import numpy as np
import pytest
import torch
from distributed import Client, LocalCluster
from torch import nn

from decompositions.evaluation import spans, sums
from synergy import Game, estimate, harsanyi
from synergy.interactions import interactions

N = 9


@pytest.fixture(autouse=True)
def few(monkeypatch):
    """Sums from 17 coalitions on, in ranges of 64 and blocks of 24."""
    monkeypatch.setattr("synergy.estimation.estimate.MOST", 16)
    monkeypatch.setattr(spans, "RANGE", 64)
    monkeypatch.setattr(spans, "RANGES", 8)
    monkeypatch.setattr(spans, "BATCHES", 1)
    monkeypatch.setattr(sums, "BLOCK", 24)


def game_of(n=N, offset=0.0, x=None):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(n, 16), nn.Tanh(), nn.Linear(16, 1)).double().eval()
    with torch.no_grad():
        net[2].bias += offset
    return Game.from_model(net, torch.randn(1, n).double() if x is None else x, 0.0, chunk=16)


PAIRS = ["sii", "STII", "FSII", "BII", "CHII"]


@pytest.mark.parametrize("index", ["shapley", "banzhaf", *PAIRS])
def test_the_index_of_the_table(index):
    game = game_of()
    found, effects = estimate(game, index, budget=2**N), harsanyi(game)
    order = 2 if index in PAIRS else 1
    name = {"sii": "SII", "shapley": "SV", "banzhaf": "BV"}.get(index, index)
    whole = interactions(effects, name, order=order)
    expected = np.zeros((N,) * order)
    for members in combinations(range(N), order):
        for place in {members, members[::-1]}:
            expected[place] = float(whole[members])
    np.testing.assert_allclose(found.values, expected, atol=1e-13)
    assert found.exact
    assert not found.error.any()
    assert found.calls == found.coalitions == 2**N
    assert str(found.notes).startswith("('exact: the values of all coalitions")


def test_sums_are_sums():
    game = game_of(6)
    table = game.cube.values(torch.tensor([[bool(mask >> i & 1) for i in range(6)] for mask in range(64)]))
    found, _ = sums.summed(game, game.cube, tuple(range(6)), 2)
    sizes, within = np.zeros(7), np.zeros((7, 6, 6))
    for mask, value in enumerate(table.tolist()):
        members = [i for i in range(6) if mask >> i & 1]
        sizes[len(members)] += value - table[0].item()
        within[len(members)][np.ix_(members, members)] += value - table[0].item()
    np.testing.assert_allclose(found.sizes, sizes, atol=1e-13)
    np.testing.assert_allclose(found.within, within, atol=1e-13)


def test_a_shift_of_all_values_changes_no_more_than_their_last_digits():
    near, far = (estimate(game_of(offset=offset), budget=2**N).values for offset in (0.0, 2.0**20))
    np.testing.assert_allclose(far, near, atol=2**-29)


def test_null_players_are_not_evaluated():
    x = torch.zeros(1, N).double()
    x[0, [1, 2, 4, 5, 7]] = torch.tensor([1.0, -1.0, 2.0, 0.5, 0.25]).double()
    game = game_of(x=x)
    found = estimate(game, budget=2**N)
    assert found.calls == 2**5
    np.testing.assert_allclose(found.values, harsanyi(game).values.numpy() @ shares(N), atol=1e-13)


def shares(n):
    """1/|S| of each member of each coalition."""
    return np.array([[(mask >> i & 1) / max(1, mask.bit_count()) for i in range(n)] for mask in range(2**n)])


def test_several_baselines_count_their_calls():
    torch.manual_seed(1)
    net = nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 1)).double()
    game = Game.from_model(net, torch.randn(1, 6).double(), torch.randn(3, 6).double())
    assert not estimate(game, budget=2 * 2**6, refuse=False).exact
    found = estimate(game, budget=3 * 2**6)
    assert (found.calls, found.coalitions) == (3 * 2**6, 2**6)
    np.testing.assert_allclose(found.values, harsanyi(game).values.numpy() @ shares(6), atol=1e-13)


def test_a_product_of_many_players_in_closed_form(monkeypatch):
    """v = [all of the first three are there]: a third for each of them, of 18 players."""
    monkeypatch.undo()
    monkeypatch.setattr("synergy.estimation.estimate.MOST", 2**17)
    game = Game.from_function(lambda z: z[:, :3].prod(1), torch.ones(18, dtype=torch.float64))
    found = estimate(game, budget=2**18)
    np.testing.assert_allclose(found.values, [1 / 3] * 3 + [0.0] * 15, atol=1e-12)
    pairs = estimate(game, "banzhaf", budget=2**18)
    np.testing.assert_allclose(pairs.values, [1 / 4] * 3 + [0.0] * 15, atol=1e-12)


def test_a_value_that_is_not_finite_names_its_coalition():
    def f(z):
        return torch.where((z.sum(1) == 8) & (z[:, 3] == 0), torch.inf, z.sum(1))

    with pytest.raises(ValueError, match=r"the output is inf for the coalition \{x0, x1, x2, x4, x5, x6, x7, x8\}"):
        estimate(Game.from_function(f, torch.ones(9, dtype=torch.float64)), budget=2**9)


class Growing(nn.Module):
    """Right on the first ranges, and then another function."""

    def __init__(self, after):
        super().__init__()
        self.calls, self.after = [0], after

    def forward(self, x):
        self.calls[0] += len(x)
        return x.sum(1) * (1.0 + (self.calls[0] > self.after))


def test_a_function_that_changes_on_the_way_is_refused():
    game = Game.from_model(Growing(400), torch.ones(1, N).double(), chunk=16)
    with pytest.raises(ValueError, match="gave"):
        estimate(game, budget=2**N)


def test_a_checkpoint_holds_the_values(tmp_path):
    game = game_of()
    plain, kept = estimate(game, "sii", budget=2**N), estimate(game, "sii", budget=2**N, checkpoint=tmp_path)
    np.testing.assert_allclose(kept.values, plain.values, atol=1e-14)
    paid = []
    again = estimate(Game(game.cube.watched(paid.append), game.names), "sii", budget=2**N, checkpoint=tmp_path)
    assert np.array_equal(again.values, kept.values)
    assert sum(paid) < 2**N
    assert torch.equal(harsanyi(game, checkpoint=tmp_path).values, harsanyi(game).values)


def test_workers_send_sums_and_the_index_is_the_same_to_the_last_bit(monkeypatch):
    monkeypatch.setattr(sums, "BLOCK", 2**15)  # as there
    sent = []

    def counted(*arguments):
        for span, answer in on_workers(*arguments):
            sent.append(sum(part.numel() for part in (answer[0].sizes, answer[0].within)))
            yield span, answer

    on_workers = sums.on_workers
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0", memory_limit=0) as cluster,
        Client(cluster) as client,
    ):
        monkeypatch.setattr(sums, "on_workers", counted)
        for index, numbers in (("shapley", 10 + 10 * N), ("STII", 10 + 10 * N * N)):
            here, there = (estimate(game_of(), index, budget=2**N, client=each) for each in (None, client))
            assert np.array_equal(here.values, there.values)
            assert sent == [numbers] * 7  # ranges of 64, of which the first is evaluated here
            sent.clear()
