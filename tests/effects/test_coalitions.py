"""Coalitions as bitsets, and effects that have them, of any number of players."""

import numpy as np
import pytest
import torch

from decompositions.effects.coalitions import Coalitions, packed, unpacked
from decompositions.effects.strata import Strata, Stratum, drawn
from synergy import METHODS, Effects, Game, allocate, compare, method, taylor

MANY = 200
RNG = np.random.default_rng(0)


def some_members(n, count, seed=0):
    rng = np.random.default_rng(seed)
    found = {tuple(sorted(rng.choice(n, rng.integers(1, 6), replace=False).tolist())) for _ in range(count)}
    return [(), *sorted(found)]


@pytest.mark.parametrize("n", [1, 5, 63, 64, 65, 128, 200])
def test_three_ways_to_write_a_coalition_agree(n):
    rng = np.random.default_rng(n)
    table = np.unique(rng.integers(0, 2, (40, n), dtype=np.uint8), axis=0)
    table = np.concatenate([table[:1] * 0, table[table.any(1)]])
    masks = [sum(1 << i for i in np.flatnonzero(row).tolist()) for row in table]
    members = [tuple(np.flatnonzero(row).tolist()) for row in table]
    for made in (Coalitions.of_table(table), Coalitions.of_masks(masks, n), Coalitions.of_members(members, n)):
        assert (made.table() == table).all()
        assert made.masks() == masks
        assert list(made) == members
        assert made.sizes.tolist() == [len(each) for each in members]
        assert [made.row(mask) for mask in masks] == list(range(len(masks)))
    assert (unpacked(packed(table), n) == table).all()


def test_a_coalition_that_is_not_there_has_no_row():
    made = Coalitions.of_members([(), (3,), (3, 150)], MANY)
    assert made.row(1 << 150) is None
    assert made.row(1 << 500) is None
    assert made.meeting(1 << 150).tolist() == [False, False, True]


@pytest.mark.parametrize(("players", "order"), [((), 2), ((0, 2, 3), 1), ((0, 2, 3), 2), ((1, 70, 99), 5)])
def test_all_up_to_an_order(players, order):
    from itertools import combinations

    wanted = [chosen for size in range(min(order, len(players)) + 1) for chosen in combinations(players, size)]
    assert list(Coalitions.up_to(players, 100, order)) == wanted


@pytest.mark.parametrize(
    ("bits", "n", "error", "said"),
    [
        ([[0], [1]], 3, TypeError, "64-bit words"),
        (np.zeros((2, 1), dtype=np.uint64), 3, ValueError, r"\(\) is there twice"),
        (np.array([[1]], dtype=np.uint64), 3, ValueError, r"the first coalition is the empty one, not \(0,\)"),
        (np.array([[0], [8]], dtype=np.uint64), 3, ValueError, "beyond the 3"),
        (np.zeros((1, 2), dtype=np.uint64), 64, ValueError, "rows of 1 words"),
        (np.zeros((0, 1), dtype=np.uint64), 3, ValueError, "the empty one first"),
    ],
)
def test_what_is_no_list_of_coalitions_is_refused(bits, n, error, said):
    with pytest.raises(error, match=said):
        Coalitions(bits, n)


def sparse(n=MANY, count=3000):
    """A game of many players whose dividends are known, and by how much each player gains in Shapley's way, by hand."""
    members = some_members(n, count)
    values = np.random.default_rng(1).standard_normal(len(members))
    effects = Effects(
        torch.from_numpy(values), names=tuple(f"p{i}" for i in range(n)), coalitions=Coalitions.of_members(members, n)
    )
    shapley, whole = np.zeros(n), np.zeros(n)
    for each, value in list(zip(members, values, strict=True))[1:]:
        shapley[list(each)] += value / len(each)
        whole[list(each)] += value
    return effects, members, values, shapley, whole


def test_effects_of_many_players_are_read_as_any_others(tmp_path):
    effects, members, values, *_ = sparse()
    assert len(effects) == len(members)
    assert effects[members[7]] == values[7]
    names = [f"p{i}" for i in members[7]]
    assert effects[names] == values[7]
    assert effects[0, 1, 2, 3, 4, 5, 6] == 0
    assert effects.key(7) == members[7]
    order = np.argsort(-np.abs(values[1:])) + 1
    assert effects.top(3) == [(members[row], values[row]) for row in order[:3]]
    assert effects.independent.tolist() == [values[members.index((i,))] if (i,) in members else 0 for i in range(MANY)]
    assert effects.interactions == {e: v for e, v in zip(members, values, strict=True) if len(e) > 1}
    assert effects.noise_floor(7, 8) == effects.noise * 2 ** (len(members[7]) / 2)
    assert "200 players" in repr(effects)
    effects.save(tmp_path / "many.npz")
    again = Effects.load(tmp_path / "many.npz")
    assert again.to_dict() == effects.to_dict() == dict(zip(members, values, strict=True))
    assert again.names == effects.names


def test_effects_of_many_players_are_shared_out_and_judged():
    effects, _, _, shapley, whole = sparse()
    game = Game.from_function(lambda z: z.sum(1), torch.ones(3))
    for name, by_hand in {"shapley": shapley, "occlusion_1": whole, "prediction_difference": whole}.items():
        allocation = allocate(effects, method(name).policy(game))
        assert allocation.attribution.numpy() == pytest.approx(by_hand, abs=1e-12)
        criteria = allocation.criteria()
        assert criteria.coverage == pytest.approx(1)
        assert criteria.verdicts["completeness"] == ("pass" if name == "shapley" else "fail")
    assert {name for name, cls in METHODS.items() if cls.corners is True} == {
        "shapley", "occlusion_1", "prediction_difference"
    }  # fmt: skip  # and Occlusion-patch without a window, which is Occlusion-1


def test_a_row_that_was_not_computed_is_no_zero():
    members = [(), (0,), (1,), (2,), (0, 1)]
    facts = {"names": ("a", "b", "c", "d"), "coalitions": Coalitions.of_members(members, 4), "truncated": True}
    chosen = Effects(torch.arange(5.0), **facts)
    with pytest.raises(LookupError, match=r"\(0, 2\) is not among the 5 coalitions whose dividends were computed"):
        chosen[0, 2]
    with pytest.raises(LookupError, match=r"\(3,\) is not among"):
        chosen[(3,)]
    lower = Effects(torch.arange(5.0), strata=Strata(1), **facts)
    assert lower[(3,)] == 0  # all of order 1 are there, so the player without a row is a null player
    with pytest.raises(LookupError, match="not among"):
        lower[2, 3]


def test_strata_are_kept_in_a_file(tmp_path):
    strata = Strata(1, (Stratum(2, 3, np.array([4])),))
    coalitions = Coalitions.of_members([(), (0,), (1,), (2,), (0, 1)], 3)
    effects = Effects(torch.arange(5.0), names=("a", "b", "c"), coalitions=coalitions, truncated=True, strata=strata)
    effects.save(tmp_path / "e.npz")
    again = Effects.load(tmp_path / "e.npz").strata
    assert (again.order, again.largest, again.sampled) == (1, 2, True)
    assert [(size, population, rows.tolist()) for size, population, rows in again.drawn] == [(2, 3, [4])]


def test_coalitions_are_of_the_players():
    coalitions = Coalitions.of_members([(), (0,)], 2)
    with pytest.raises(ValueError, match="2 players, and 3 have names"):
        Effects(torch.zeros(2), names=("a", "b", "c"), coalitions=coalitions)
    with pytest.raises(ValueError, match="those of Harsanyi dividends"):
        Effects(torch.zeros(2), names=("a", "b"), coalitions=coalitions, basis="taylor", degrees=np.eye(2, dtype=int))
    with pytest.raises(TypeError, match=r"Coalitions\.of_members"):
        Effects(torch.zeros(2), names=("a", "b"), coalitions=[(), (0,)])


def test_taylor_effects_of_many_players_are_summed_by_support():
    """x₀ + 2 x₀x₁ + 3 x₀²x₁ + 5 x₃₉ at 1: J(0) = 1, J(0, 1) = 5, J(39) = 5; nothing of size 2⁴⁰ is made."""
    variables = {f"x{i}": 1 for i in range(40)}
    series = taylor(Game.from_expression("x0 + 2*x0*x1 + 3*x0**2*x1 + 5*x39", variables))
    dividends = series.by_support()
    assert dividends.to_dict() == {(): 0, (0,): 1, (0, 1): 5, (39,): 5}
    shares = allocate(series, method("integrated_gradients").policy(None or Game.from_values([0.0, 1.0]))).by_support()
    assert [str(value) for value in shares.attribution[:2]] == ["4", "2"]  # 1 + 1 + 2 and 1 + 1
    assert str(shares[0, 1].sum()) == "5"


def test_drawn_coalitions_are_uniform_and_all_there_are_where_there_are_few():
    found = drawn(range(6), [2, 3, 6], 8, seed=3)
    assert {size: len(some) for size, some in found.items()} == {2: 8, 3: 8, 6: 1}
    assert all(len(set(some)) == len(some) for some in found.values())
    counts = np.zeros(6)
    for seed in range(400):
        for members in drawn(range(6), [2], 3, seed)[2]:
            counts[list(members)] += 1
    assert counts / 400 == pytest.approx(np.full(6, 1.0), abs=0.15)  # 3 pairs of 2 of 6 players; s.e. 0.04


def test_an_estimate_of_a_sum_is_unbiased_and_its_spread_by_hand():
    """Of q = 1, 2, 3, 4 a sample of two, standing for four: Σ is 2 (q₁ + q₂); resampled 2 (2 q₁, q₁ + q₂, 2 q₂)."""
    strata = Strata(0, (Stratum(1, 4, np.array([1, 2])),))
    table = np.array([[0.0], [1.0], [3.0]])
    assert strata.weights(np.array([0, 1, 1])) @ table[:, 0] == 8
    replicates = strata.resampled(table, 4000)
    assert sorted(set(replicates[:, 0].tolist())) == [4.0, 8.0, 12.0]
    assert replicates.mean() == pytest.approx(8, abs=0.2)


def test_a_comparison_of_one_order_shows_itself():
    game = Game.from_values(torch.arange(8.0) ** 2)
    assert "up to" not in str(compare(game, ["shapley"]))


def test_coalitions_of_one_key_are_told_apart(monkeypatch):
    """Whatever the keys by which they are looked for are worth: with two keys in all, nothing changes."""
    members = some_members(MANY, 300)
    wanted = Coalitions.of_members([*members, (198, 199)], MANY).bits
    monkeypatch.setattr("decompositions.effects.coalitions._keys", lambda bits: bits[:, 0] & np.uint64(1))
    made = Coalitions.of_members(members, MANY)
    assert made.rows(wanted).tolist() == [*range(len(members)), -1]
    with pytest.raises(ValueError, match=r"\(3, 150\) is there twice"):
        Coalitions.of_members([(), (3, 150), (5,), (3, 150)], MANY)
