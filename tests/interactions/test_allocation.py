"""Interaction indices as allocations: effects × sets of players, in theory and measured, and their criteria."""

from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
import torch
from cases import close

from decompositions import Effects
from synergy import Game, harsanyi, taylor
from synergy.interactions import INDICES, LIFTS, interactions, joint_shapley, measure_interactions

NAMES = ("a", "b", "c", "d")
RANDOM = Game.from_values(torch.randn(16, dtype=torch.float64, generator=torch.Generator().manual_seed(3)), names=NAMES)
EXACT = Game.from_values([Fraction(k * k % 17, 1 + k % 3) for k in range(8)])
COMPLETE = {"SV", "STII", "k-SII", "FSII", "RS", "ARS"}  # at order 2


def order_of(name):
    return min(2, INDICES[name].largest or 2)


@pytest.mark.parametrize("name", INDICES)
def test_theory_and_practice_are_the_same_table(name):
    theory, measured = (
        interactions(RANDOM, name, order_of(name)).allocation,
        measure_interactions(name, RANDOM, order_of(name)),
    )
    assert theory.sets == measured.sets
    close(measured.values, theory.values, 1e-12)


@pytest.mark.parametrize("name", INDICES)
def test_the_columns_add_up_to_the_index(name):
    found = interactions(EXACT, name, order_of(name))
    sums = dict(zip(found.allocation.sets, found.allocation.attribution.tolist(), strict=True))
    assert sums == dict(found)


@pytest.mark.parametrize("name", LIFTS)
def test_the_columns_of_lifts_add_up_to_them(name):
    effects = taylor(Game.from_expression("x*y*z**2 + x*y - 3*z + 2*x**3*y", {"x": 2, "y": 1, "z": 3}))
    found = interactions(effects, name, 2)
    sums = dict(zip(found.allocation.sets, found.allocation.attribution.tolist(), strict=True))
    assert sums == {T: found[T] for T in found.allocation.sets}
    assert found.criteria.verdicts == {"coverage": "pass", "relevance": "pass", "completeness": "pass"}


def test_integrated_hessians_of_one_monomial_by_hand():
    """Of x y² at (1, 1): {x}: 1/9, {y}: 4/9, {x, y}: 4/9; a pure interaction feeds single players."""
    effects = taylor(Game.from_expression("x*y**2", {"x": 1, "y": 1}))
    table = interactions(effects, "IH", 2).allocation
    assert table.names == ("x", "y", "x·y")
    assert table[0, 1].tolist() == [Fraction(1, 9), Fraction(4, 9), Fraction(4, 9)]


@pytest.mark.parametrize("name", INDICES)
def test_verdicts_are_those_of_the_weights(name):
    verdicts = interactions(EXACT, name, order_of(name)).criteria.verdicts
    assert verdicts["relevance"] == "pass"
    assert (verdicts["completeness"] == "pass") is (name in COMPLETE)
    assert verdicts["coverage"] == ("fail" if name == "Moebius" else "pass")


def test_the_joint_shapley_value_leaks_to_pairs_with_null_players():
    """Of an effect of player 0 alone, of two: ⅔ to {0}, ⅓ to {0, 1}."""
    table = measure_interactions(joint_shapley, Game.from_values([Fraction(0), Fraction(1)] * 2))
    assert table.rows(1, 2)[0].tolist() == [Fraction(2, 3), 0, Fraction(1, 3)]
    criteria = table.criteria()
    assert criteria.verdicts["relevance"] == "fail"
    assert criteria.leakage == pytest.approx(1 / 3)


def test_a_set_belongs_to_an_effect_that_holds_all_of_it():
    table = interactions(RANDOM, "STII", 3).allocation
    members = np.array([[True, True, False, True], [False, False, True, False]])
    inside = [set(T) <= {0, 1, 3} for T in table.sets], [T == (2,) for T in table.sets]
    assert table.inside(members).tolist() == [*map(list, inside)]
    assert [T for T in table.sets if len(T) == 3] == list(combinations(range(4), 3))


def test_sparse_effects_of_many_players():
    """Of J({0, 7, 39}) = 6 and J({39}) = 1 each pair is given 2 by STII; and its verdict is known on all effects."""
    effects = harsanyi(
        Game.from_expression(
            "6*x0*x7*x39 + x39 + 0*" + "*".join(f"x{i}" for i in range(40)), {f"x{i}": 1 for i in range(40)}
        )
    )
    table = interactions(effects, "STII", 2).allocation
    given = {T: v for T, v in zip(table.sets, table.attribution.tolist(), strict=True) if v}
    x = effects.names.index
    assert given == {
        (x("x39"),): 1,
        **{tuple(sorted((x(a), x(b)))): 2 for a, b in combinations(("x0", "x7", "x39"), 2)},
    }


def test_missing_effects_do_not_hide_what_the_weights_prove():
    lower = harsanyi(RANDOM, order=2)
    assert set(interactions(lower, "STII", 2).criteria.verdicts.values()) == {"pass"}
    assert interactions(lower, "SII", 2).criteria.verdicts["completeness"] == "fail"


def test_pictures_and_tables_take_it(tmp_path):
    pandas = pytest.importorskip("pandas")
    table = interactions(RANDOM, "STII", 2).allocation
    frame = table.to_pandas()
    assert isinstance(frame, pandas.DataFrame)
    assert list(frame.columns)[-10:] == [*NAMES, "a·b", "a·c", "a·d", "b·c", "b·d", "c·d"]
    assert "a·b" in table._repr_html_()
    pytest.importorskip("matplotlib")
    table.plot(tmp_path / "table.png")
    assert (tmp_path / "table.png").stat().st_size > 10_000


def test_bad_input():
    with pytest.raises(LookupError, match="did you mean 'STII'"):
        measure_interactions("STI", RANDOM)
    with pytest.raises(ValueError, match="1 to 4"):
        measure_interactions("STII", RANDOM, order=5)
    with pytest.raises(TypeError, match="is measured as a mapping from sets to numbers"):
        measure_interactions(lambda values, order: [1.0], RANDOM)
    with pytest.raises(ValueError, match="10 players are the most"):
        measure_interactions("STII", Game.from_values([0.0] * 2**11))
    effects = Effects(
        torch.zeros(3), names=tuple(f"x{i}" for i in range(20_000)), degrees=np.eye(3, 20_000, -1, dtype=int)
    )
    with pytest.raises(ValueError, match="take a lower order, or the index itself"):
        interactions(effects, "STII", 2).allocation  # noqa: B018
