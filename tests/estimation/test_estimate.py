"""Estimates: unbiased whatever the surrogate is worth, with errors that hold, and refused where they are noise."""

import numpy as np
import pytest
import torch

from decompositions.sampling import left_out
from decompositions.sampling.kernel import Kernel
from decompositions.sampling.sample import sample, sample_all
from synergy import Game, Policy, estimate, method
from synergy.estimation.estimate import estimated

N, BUDGET = 8, 100
SQUARE = Policy(lambda s: s / s.sum(-1, keepdims=True) ** 2, formula="1/|S|²", reads="support")


def bumpy(z):
    return torch.sin(z @ torch.arange(1.0, z.shape[1] + 1, dtype=z.dtype)) + 3 * z[:, 0] * z[:, 1] + z.sum(1)


@pytest.fixture(scope="module")
def game():
    points = (torch.arange(2**N)[:, None] >> torch.arange(N) & 1).double()
    return Game.from_values(bumpy(points))


def absurd(table, values, parity):
    """A kernel that has nothing to do with the values, and a mean of 7 of the even part."""
    linear, mean = (2.0, 0.0) if parity < 0 else (0.0, 7.0)
    return Kernel(torch.linspace(0.1, 3.0, table.shape[1], dtype=torch.float64), 1.0, linear, 30.0, mean, parity)


INDICES = {"shapley": "shapley", "banzhaf": "banzhaf", "sii": "sii", "STII": "STII", "FSII": "FSII", "policy": SQUARE}


@pytest.fixture(scope="module")
def trained(game):
    return [sample(game, BUDGET, seed) for seed in range(40)]


@pytest.fixture(scope="module")
def useless(game):
    """Samples with a surrogate that hurts: what it adds to an absurd mean has little to do with the values."""

    found = [sample(game, BUDGET, seed) for seed in range(200)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(left_out, "fitted", absurd)
        assert all(half.surrogate.even.kernel.mean == 7.0 for each in found for half in each.halves)
    return found


@pytest.mark.parametrize("index", INDICES)
@pytest.mark.parametrize("kind", ["trained", "useless"])
def test_unbiased(game, index, kind, request):
    """The mean of many seeds is within its error of the truth; the surrogate's own values are not."""
    truth = estimate(game, INDICES[index], budget=2**N).values
    found = [estimated(each, INDICES[index]) for each in request.getfixturevalue(kind)]

    def away(values):
        """In standard errors of the mean of all seeds."""
        error = values.std(0, ddof=1) / len(values) ** 0.5
        return np.abs(values.mean(0) - truth) / np.where(error, error, 1.0)

    values = np.array([each.values for each in found])
    assert away(values).max() < 4
    if kind == "useless":
        assert away(np.array([each.surrogate for each in found])).max() > 20
        stated = np.array([each.error for each in found])
        assert np.sqrt((stated**2).mean()) == pytest.approx(np.sqrt(values.var(0).mean()), rel=0.1)


@pytest.mark.parametrize("index", ["shapley", "sii"])
@pytest.mark.parametrize("budget", [44, 52, 60])
def test_unbiased_where_pairs_run_out(index, budget, monkeypatch):
    """Of 64 coalitions, with an absurd surrogate: nearly all pairs of some sizes are drawn, and some draws are void."""

    monkeypatch.setattr(left_out, "fitted", absurd)
    game = Game.from_values(bumpy((torch.arange(64)[:, None] >> torch.arange(6) & 1).double()))
    truth = estimate(game, index, budget=64).values
    values = np.array([estimated(sample(game, budget, seed), index).values for seed in range(300)])
    error = values.std(0, ddof=1) / len(values) ** 0.5
    assert (np.abs(values.mean(0) - truth) / np.where(error, error, 1.0)).max() < 4


def test_shares_of_the_shapley_value_add_up(game):
    found = estimate(game, budget=BUDGET)
    ends = game(np.array([[0] * N, [1] * N]))
    assert found.values.sum() == pytest.approx(float(ends[1] - ends[0]), rel=1e-9)


def test_a_policy_is_the_index_that_it_is(game):
    """By another way: size by size rather than by an integral."""
    equal = Policy(lambda s: s / s.sum(-1, keepdims=True), formula="1/|S|", reads="support")
    halving = Policy(lambda s: 2 * s / 2 ** s.sum(-1, keepdims=True), formula="2/2^|S|", reads="support")
    some = sample(game, BUDGET)
    for policy, name in ((equal, "shapley"), (halving, "banzhaf")):
        one, other = estimate(some, policy), estimate(some, name)
        np.testing.assert_allclose(one.values, other.values, rtol=1e-9)
        np.testing.assert_allclose(one.error, other.error, rtol=1e-9)


def test_one_sample_serves_several_indices(game):
    paid = []
    bought = sample(game.watched(paid.append), BUDGET)
    before = sum(paid)
    assert (estimate(bought).values == estimate(game, budget=BUDGET).values).all()
    assert (estimate(bought, "banzhaf").values == estimate(game, "banzhaf", budget=BUDGET).values).all()
    assert sum(paid) == before


@pytest.mark.parametrize("factor", [1e-200, -3.0, 1e150])
def test_units(game, factor):
    found = estimate(Game.from_values(game.cube.table * factor), budget=BUDGET)
    plain = estimate(game, budget=BUDGET)
    np.testing.assert_allclose(found.values, factor * plain.values, rtol=1e-2, atol=0.02 * abs(factor))
    assert found.trust == pytest.approx(plain.trust, rel=0.2)


def test_a_large_base_costs_no_digits(game):
    found = estimate(Game.from_values(game.cube.table + 2.0**20), budget=BUDGET)
    np.testing.assert_allclose(found.values, estimate(game, budget=BUDGET).values, atol=1e-6)


def test_values_that_do_not_vary():
    found = estimate(Game.from_values(np.full(2**9, 4.0)), budget=100)
    assert not found.values.any()
    assert found.error.max() < 1e-15  # by which fours may differ without a word
    assert found.trust == 0
    assert "the same at all these coalitions" in str(found)


def test_the_unbiased_part_stands_where_no_surrogate_can_be_trained(game, monkeypatch):
    def fail(*_):
        raise torch.linalg.LinAlgError

    monkeypatch.setattr(left_out, "fitted", fail)
    found = estimate(game, budget=200)
    truth = estimate(game, budget=2**N)
    assert "no surrogate could be trained" in str(found)
    assert np.abs(found.values - truth.values).max() < 4 * found.error.max()


def noisy(n):
    rng = np.random.default_rng(0)
    return Game.from_values(rng.normal(size=2**n))


def test_noise_is_refused_with_the_budget_that_it_would_take():
    with pytest.raises(ValueError, match=r"is noise .* give budget=64 \(all coalitions\), or take coarser players"):
        estimate(noisy(6), "sii", budget=40, seed=1)
    with pytest.warns(UserWarning, match="is noise"):
        found = estimate(noisy(10), "sii", budget=100, refuse=False)
    assert found.trust > 0.5
    assert found.undecided.sum() == 90


def test_a_game_that_shares_the_calls_of_another_is_told_the_same_budget():
    """The second game pays none, and neither 0 calls nor a budget of 0 says anything of it."""

    class Wild(torch.nn.Module):
        def forward(self, x):
            return torch.sin(900 * (x * torch.arange(1, 15) ** 2).sum(1, keepdim=True)).expand(-1, 2)

    model = Wild()
    samples = sample_all([Game.from_model(model, torch.ones(1, 14), target=target) for target in (0, 1)], 60)
    assert [each.calls for each in samples] == [60, 0]
    said = []
    for each in samples:
        with pytest.raises(ValueError, match=r"from 60 calls; .* give budget=[\d_]{4,}, or take") as refused:
            estimate(each)
        said.append(str(refused.value))
    assert said[0] == said[1]


def test_a_sample_in_which_nothing_is_left_to_err_is_not_all_that_there_is():
    """Of 2³⁰ coalitions of a sum of players 100 are seen: pairs are 0 to rounding, but not known to be."""
    pairs = estimate(Game.from_function(lambda z: z.sum(1), torch.ones(30)), "sii", budget=100, refuse=False)
    constant = estimate(Game.from_values(np.full(2**10, 3.3)), budget=100)
    for found in (pairs, constant):
        assert not found.exact
        assert "all that there are" not in str(found)
    assert estimate(Game.from_values(np.full(2**3, 3.3))).exact


def test_a_doubtful_estimate_is_a_warning():
    game = Game.from_values(noisy(10).cube.table + 2.0 * torch.arange(2**10).bitwise_and(3).double())
    with pytest.warns(UserWarning, match="of this estimate of 'shapley' is noise"):
        assert 0.25 < estimate(game, budget=40, seed=1).trust < 0.5


def test_weights_of_high_order_are_refused_by_their_errors():
    """(−1)^|S| weighs values by 3¹²."""
    alternating = Policy(lambda s: s * (-1) ** s.sum(-1, keepdims=True), formula="(−1)^|S|", reads="support")
    with pytest.raises(ValueError, match="is noise"):
        estimate(noisy(12), alternating, budget=500)


def test_bars_cover(game):
    truth = estimate(game, budget=2**N).values
    found = [estimate(game, budget=BUDGET, seed=seed) for seed in range(20)]
    inside = np.mean([np.abs(each.values - truth) <= 1.96 * each.error for each in found])
    assert inside > 0.8


def test_how_it_reads(game):
    text = str(estimate(Game.from_values(game.cube.table, names=[*"abcdefgh"]), budget=BUDGET))
    assert text.startswith("shapley of 8 players from ")
    assert "± s.e." in text
    assert "undecided (below 3.5 standard errors): " in text
    assert str(estimate(game, budget=2**N)).splitlines()[0].endswith("all that there are: exact")


def test_more_coalitions_of_a_size_than_floats_count():
    """1,100 players: far too many for these calls, yet the values add up."""
    weights = torch.cos(torch.arange(1100, dtype=torch.float64))
    game = Game.from_function(lambda z: z @ weights, torch.ones(1100, dtype=torch.float64))
    found = estimated(sample(game, 600), "shapley")
    assert np.isfinite(found.error).all()
    assert found.values.sum() == pytest.approx(weights.sum().item(), abs=1e-6)


def test_the_shapley_method_points_here():
    game = Game.from_function(lambda z: z.sum(1), np.ones(30).tolist())
    with pytest.raises(ValueError, match=r"take estimate\(game\), which gives standard errors, or fewer players"):
        method("shapley").attribute(game)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("start", [0.0, 1 / 3])
def test_zero_is_not_noise_that_a_budget_would_help(dtype, start):
    """Players that only add up have no pairs: what is seen is rounding, decided by no bar and refused by no gate."""
    game = Game.from_function(lambda z: start + z.sum(1) * 0.1, torch.ones(30, dtype=dtype))
    pairs = estimate(game, "sii", budget=400)
    assert (pairs.undecided | np.eye(30, dtype=bool)).all()
    assert pairs.trust == 0
    assert np.abs(pairs.values).max() < 1e3 * torch.finfo(dtype).eps
    alone = estimate(game, "shapley", budget=400)
    assert not alone.undecided.any()
    assert np.abs(alone.values - 0.1).max() <= 5 * alone.error.max() < 1e-4
