"""The strongest dividends: exact, whatever proposes them."""

from fractions import Fraction

import numpy as np
import pytest
import torch

from decompositions.sampling import left_out
from decompositions.sampling.proposals import proposals
from decompositions.sampling.sample import sample
from synergy import Effects, Game, allocate, harsanyi, strongest
from synergy.policies.policy import equal_shares

N = 10


def few(z):
    """Some strong dividends among many weak ones."""
    strong = (
        3 * z[:, 0] * z[:, 4] * z[:, 7] - 2 * z[:, 1] * z[:, 2] + 4 * z[:, 9] + z[:, 2] * z[:, 3] * z[:, 8] * z[:, 9]
    )
    return strong + 0.1 * torch.sin(z @ torch.arange(1.0, z.shape[1] + 1, dtype=z.dtype))


@pytest.fixture
def paid():
    return []


@pytest.fixture
def game(paid):
    return Game.from_function(few, np.ones(N).tolist()).watched(paid.append)


def members(effects):
    return [effects.coalitions.members(row) for row in range(1, len(effects))]


def test_every_row_is_exact_and_the_strong_ones_are_there(game, paid):
    before = sum(paid)
    found = strongest(game, 12, order=4, budget=500)
    assert sum(paid) - before == found.calls <= 500
    whole = harsanyi(game)
    for coalition in members(found):
        assert found[coalition].item() == pytest.approx(whole[coalition].item(), abs=1e-12)
    assert len(found) == 13
    assert {(0, 4, 7), (1, 2), (9,), (2, 3, 8, 9)} <= set(members(found))
    ends = game(np.array([[0] * N, [1] * N]))
    assert found.base == ends[0]
    assert found.remainder + found.total == pytest.approx(float(ends[1] - ends[0]))
    assert found.truncated
    with pytest.raises(LookupError, match="is not among"):
        found[3, 5, 6]


def test_all_values_known(game):
    whole, found = harsanyi(game), strongest(game, 5, order=3, budget=2**N)
    order = sorted(
        (tuple(key) for key, _ in whole.top(2**N) if 0 < len(key) <= 3), key=lambda key: -abs(whole[key].item())
    )
    assert set(members(found)) == set(order[:5])
    assert found.calls == 2**N


def test_a_sample_is_not_paid_again(game, paid):
    bought = sample(game, 400)
    before = sum(paid)
    found = strongest(bought, order=3, budget=60)
    assert sum(paid) - before == found.calls - bought.calls <= 60
    before = sum(paid)
    nothing = strongest(bought, order=3, budget=0)
    assert sum(paid) == before
    assert nothing[9].item() == pytest.approx(harsanyi(game)[9].item(), abs=1e-12)


def test_without_a_surrogate_rows_are_exact_too(game, monkeypatch):
    def fail(*_):
        raise torch.linalg.LinAlgError

    monkeypatch.setattr(left_out, "fitted", fail)
    found, whole = strongest(game, 20, order=3, budget=300), harsanyi(game)
    for coalition in members(found):
        assert found[coalition].item() == pytest.approx(whole[coalition].item(), abs=1e-12)


def test_exact_numbers_stay_exact():
    game = Game.from_expression("3*a*b + c/7 + a*b*c", {"a": 1, "b": 2, "c": 3})
    found = strongest(game, 2, order=2)
    assert found[0, 1] == 6
    assert found[2] == Fraction(3, 7)
    assert found.remainder == 6


def test_null_players_have_no_rows():
    f = lambda z: few(z) * (1 + z[:, 5])  # noqa: E731
    game = Game.from_function(f, np.ones(N).tolist(), [0.0] * 5 + [1.0] + [0.0] * 4)
    found = strongest(game, 30, order=3, budget=200)
    assert not any(5 in each for each in members(found))
    assert found[0, 4, 7].item() == pytest.approx(6, abs=0.9)


def test_they_are_effects_like_any(game, tmp_path):
    found = strongest(game, 12, order=4, budget=500)
    found.save(tmp_path / "found.npz")
    again = Effects.load(tmp_path / "found.npz")
    assert again.values.tolist() == found.values.tolist()
    assert again.remainder == found.remainder
    shared = allocate(found, equal_shares)
    assert shared[1, 2].tolist() == pytest.approx([0, *[found[1, 2].item() / 2] * 2, *[0] * 7])
    assert "remainder" in str(shared.criteria()) or shared.criteria().verdicts


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"k": 0, "order": 2}, "k is the number of effects"),
        ({"order": 0}, "order is the largest number of players"),
        ({"order": 21}, "order is the largest number of players"),
        ({"order": 2, "budget": 5}, "of at least 22"),
    ],
)
def test_bad_settings(game, settings, message):
    with pytest.raises(ValueError, match=message):
        strongest(game, **settings)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_few_players(n):
    game = Game.from_values(np.arange(2**n) ** 2)
    found, whole = strongest(game, 99, order=9), harsanyi(game)
    for coalition in members(found):
        assert found[coalition] == whole[coalition]
    assert len(found) == 2**n
    assert not found.truncated


def test_many_coalitions_are_grown_from_the_strongest():
    """Of 120 players C(120, 4) are too many to list; the strong one is a product of strong ones."""
    from decompositions.sampling.kernel import Kernel
    from decompositions.sampling.surrogate import Surrogate

    n, strong = 120, [3, 50, 77, 119]
    decay = torch.full((n,), 1e-3, dtype=torch.float64)
    decay[strong] = 1.0
    centre = torch.ones(1, n, dtype=torch.float64)
    g = Surrogate(Kernel(decay, 1.0, 0.0, 1.0, 0.0), centre, torch.ones(1, dtype=torch.float64))
    first = [coalition for coalition, _ in zip(proposals([g], 4), range(15), strict=False)]
    assert tuple(strong) in first
    assert set(first) == {c for c in first if set(c) <= set(strong)}


def test_what_has_no_effect_is_not_among_the_strongest():
    """Of z₀z₁ + z₂z₃ and nothing else two rows are there, whatever is asked for; of no players at all none."""
    game = Game.from_function(lambda z: z[:, 0] * z[:, 1] + z[:, 2] * z[:, 3], torch.ones(12).double())
    found = strongest(game, 5, order=3, budget=80)
    assert set(found.to_dict()) <= {(), (0, 1), (2, 3)}
    assert strongest(Game.from_values([5.0]), 3, order=2).to_dict() == {(): 5.0}
