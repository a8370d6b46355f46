"""Interactions of pairs beside m others."""

from fractions import Fraction
from math import comb

import numpy as np
import pytest
import torch
from twins import coalitions

from decompositions import degrees
from decompositions.effects.coalitions import Coalitions
from synergy import Effects, Game, harsanyi
from synergy.algorithms.differences import means
from synergy.interactions import interactions, multi_order


def exact_table(n):
    return np.array([Fraction(int(a), 3) for a in np.random.default_rng(n).integers(-9, 9, 2**n)], dtype=object)


@pytest.mark.parametrize("n", [2, 3, 5])
def test_it_is_the_mean_of_the_differences(n):
    values = exact_table(n)
    found = multi_order(Game.from_values(values))
    assert list(found.orders) == list(range(n - 1))
    for m in found.orders:
        expected = means(
            values, 2, lambda t, r, n, m=m: Fraction(int(r == m), comb(n - 2, m)) if t == 2 else Fraction(0)
        )
        for pair in found.pairs():
            assert found[pair][m] == expected[degrees.mask(pair)]


def test_their_mean_is_the_shapley_interaction_index():
    game = Game.from_values(exact_table(5))
    found, sii = multi_order(game), interactions(game, "SII")
    assert all(sum(found[pair]) / 4 == sii[pair] for pair in found.pairs())


def test_of_a_parity_that_three_players_decide():
    """All of three: nothing alone, everything beside the third. All of two beside a null player: the same at both m."""
    assert multi_order(Game.from_values([0.0] * 7 + [1.0]))[1, 2].tolist() == [0, 1]
    assert multi_order(Game.from_values([0.0, 0, 0, 1] * 2))[0, 1].tolist() == [1, 1]


def test_a_list_of_coalitions_gives_what_the_table_gives():
    values = torch.randn(2, 32, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    dense = harsanyi(Game.from_values(values))
    rows = Coalitions.of_members([tuple(sorted(each)) for each in coalitions(5)], 5)
    order = [degrees.mask(each) for each in rows]
    sparse = Effects(dense.values[..., order], names=dense.names, coalitions=rows)
    assert torch.allclose(multi_order(dense).array, multi_order(sparse).array, rtol=0, atol=1e-12)


def test_effects_up_to_an_order_give_the_small_m():
    game = Game.from_values(torch.randn(64, dtype=torch.float64, generator=torch.Generator().manual_seed(0)))
    found, whole = multi_order(harsanyi(game, order=4)), multi_order(game)
    assert list(found.orders) == [0, 1, 2]
    assert torch.allclose(found.array, whole.array[:3], rtol=0, atol=1e-12)
    assert "3 orders of 5; those of larger m need effects of more players" in repr(found)
    with pytest.raises(ValueError, match="needs the effects of all pairs"):
        multi_order(harsanyi(game, order=1))


def test_strength():
    found = multi_order(Game.from_values([0.0, 0, 0, 1, 0, 0, 0, 3]))
    assert np.allclose(found.strength, [2 * 1 / 8, 2 * 7 / 8])  # |1|, 0, 0 and |3|, |2|, |2|
    assert np.isnan(multi_order(Game.from_values([0.0] * 8)).strength).all()


def test_text_and_picture():
    found = multi_order(Game.from_values([0.0, 0, 0, 1, 0, 0, 0, 3]))
    assert [line.split()[:4] for line in str(found).splitlines()[1:]] == [
        ["m", "=", "0", "0.25"],
        ["m", "=", "1", "1.75"],
    ]
    pytest.importorskip("matplotlib")
    line = found.plot().axes[0].lines[0]
    assert np.allclose(line.get_xydata(), [[0, 0.25], [1, 1.75]])


def test_what_is_no_pair_is_refused():
    found = multi_order(Game.from_values([0.0] * 8))
    with pytest.raises(LookupError, match="interactions of pairs, and \\(0, 1, 2\\) has 3 players"):
        found[0, 1, 2]
    with pytest.raises(ValueError, match="has 1 twice"):
        found[1, 1]
    with pytest.raises(ValueError, match="two players at least"):
        multi_order(Game.from_values([0.0, 1.0]))
    with pytest.raises(TypeError, match="takes a Game or its Effects"):
        multi_order(3)
