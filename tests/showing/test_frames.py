"""Results as DataFrames, against numbers made by hand."""

import builtins
from fractions import Fraction

import numpy as np
import pytest
import torch

from synergy import Game, allocate, and_or, compare, estimate, harsanyi, method, plan, straight_line, taylor


@pytest.fixture(scope="module")
def game():
    """2 a + 3 a c at (1, 1): effects 2 and 3, Shapley 3.5 and 1.5, Occlusion 5 and 3."""
    return Game.from_function(lambda z: 2 * z[:, 0] + 3 * z[:, 0] * z[:, 1], torch.ones(2).double(), names=["a", "c"])


def test_effects(game):
    frame = harsanyi(game).to_pandas()
    assert frame.index.name == "effect"
    assert frame["value"].to_dict() == {"∅": 0, "a": 2, "c": 0, "a·c": 3}
    assert frame["size"].tolist() == [0, 1, 1, 2]
    assert (frame["noise"] > 0).all()
    assert list(harsanyi(game).to_pandas(1).index) == ["a·c"]


def test_a_straight_line(game):
    """g = 2α + 3α², with slopes 2 + 3α and 3α."""
    frame = straight_line(game, 2).to_pandas()
    assert frame.index.tolist() == [0, 0.5, 1]
    assert frame["g"].tolist() == [0, 1.75, 5]
    assert frame["a"].tolist() == [2, 3.5, 5]
    assert frame["c"].tolist() == [0, 1.5, 3]


def test_taylor_effects_and_exact_ones():
    exact = Game.from_expression("x1**2*x2/3", {"x1": 1, "x2": 2})
    frame = taylor(exact).to_pandas()
    assert frame.loc["x1²·x2", "degree"] == 3
    assert Fraction(str(frame.loc["x1²·x2", "value"])) == Fraction(2, 3)


def test_an_allocation_and_its_criteria(game):
    allocation = allocate(harsanyi(game), method("occlusion_1").policy(game))
    frame = allocation.to_pandas()
    assert frame.loc["a·c"].tolist() == [3, 3, 3]
    assert frame[["a", "c"]].sum().tolist() == [5, 3]
    criteria = allocation.criteria().to_pandas()
    assert criteria["verdict"].to_dict() == {"coverage": "pass", "relevance": "pass", "completeness": "fail"}
    assert criteria.loc["completeness", "number"] == pytest.approx(3 / 5)


def test_a_comparison_and_a_result(game):
    comparison = compare(game, ["shapley", "lrp_epsilon"])
    frame = comparison.to_pandas()
    assert frame["shapley"].to_dict() == {"a": 3.5, "c": 1.5}
    assert frame["lrp_epsilon"].isna().all()
    own = comparison["shapley"].to_pandas()
    assert own["attribution"].tolist() == [3.5, 1.5]
    assert list(own.index) == ["a", "c"]
    with pytest.raises(ValueError, match="lrp_epsilon has no attributions"):
        comparison["lrp_epsilon"].to_pandas()


def test_estimates_of_players_and_pairs(game):
    assert estimate(game).to_pandas()["value"].tolist() == pytest.approx([3.5, 1.5])
    pairs = estimate(game, "sii").to_pandas()
    assert pairs.index.tolist() == [("a", "c")]
    assert pairs["value"].tolist() == pytest.approx([3.0])


def test_interactions_and_a_plan(game):
    strongest = and_or(harsanyi(game)).to_pandas()
    assert strongest["kind"].iloc[0] == "and"
    assert strongest["value"].sum() == pytest.approx(5)
    promised = plan(game, ["shapley"])
    assert promised.to_pandas()["calls"].sum() == promised.total


def test_several_games_are_refused():
    with pytest.raises(ValueError, match="one game"):
        harsanyi(Game.from_values(np.arange(8.0).reshape(2, 4))).to_pandas()


def test_without_pandas_the_extra_is_named(game, monkeypatch):
    plain = builtins.__import__

    def without(name, *rest, **settings):
        if name == "pandas":
            raise ImportError(name)
        return plain(name, *rest, **settings)

    effects = harsanyi(game)
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match=r"pip install 'synergy-effects\[pandas\]'"):
        effects.to_pandas()
