"""Where methods disagree about a player, and because of which effect: by hand."""

import pytest
import torch

from decompositions.effects.effects import Effects
from synergy import Game, compare
from synergy.comparison.comparison import Comparison
from synergy.comparison.disagreement import Cause, disagreements
from synergy.comparison.result import Result
from synergy.showing.sections.disagreements import _part, disagreements_said

# J: 0.25, −0.5, 0.75, of 1 and 2 −1.75, of all −1.5; Shapley (−0.25, −1.875, −0.625), Occlusion (−1.25, −3.75, −2.5)
VALUES = [0.0, 0.25, -0.5, -0.25, 0.75, 1.0, -1.5, -2.75]


def test_the_players_and_the_effects_behind():
    """Of all three Shapley gives each −0.5, Occlusion −1.5: more apart than of players 1 and 2, −0.875 and −1.75."""
    found = disagreements(compare(Game.from_values(VALUES), ["occlusion_1", "shapley"]))
    assert [each.player for each in found] == [1, 2, 0]
    given = [number for each in found for number in each.given]
    assert given == pytest.approx([-1.875, -3.75, -0.625, -2.5, -0.25, -1.25])
    assert {(each.more.name, each.less.name) for each in found} == {("shapley", "occlusion_1")}
    assert {each.cause for each in found} == {Cause((0, 1, 2), -1.5, -0.5, -1.5)}
    assert [each.share for each in found] == pytest.approx([1 / 1.875, 1 / 1.875, 1])


def test_the_cause_has_the_sign_of_the_difference():
    """Of {0, 1} = −3 Occlusion gives −3, Shapley −1.5; of {0, 2}, …, {0, 5} = 1 each 1 and 0.5: 2 − 1.5 more in all."""
    values = [(-3.0 * (s >> 1 & 1) + sum(s >> i & 1 for i in range(2, 6))) * (s & 1) for s in range(2**6)]
    comparison = compare(Game.from_values(values), ["occlusion_1", "shapley"])
    found = {each.player: each for each in disagreements(comparison, 6)}
    assert found[0].given == pytest.approx((1.0, 0.5))
    assert found[0].cause is not None
    assert (found[0].cause.effect, found[0].cause.more, found[0].cause.less) == (1.0, 1.0, 0.5)
    assert found[0].share == pytest.approx(1.0)
    assert found[1].more.name == "shapley"
    sentences = {each["name"]: each["cause"]["part"] for each in disagreements_said(comparison)}
    assert sentences["x1"] == "Most of that, 100%, is"


@pytest.mark.parametrize(
    ("share", "said"),
    [(0.3, "The largest part of that, 30%, is"), (1.4, "140% of that, of which other effects take some back, is")],
)
def test_most_is_said_of_more_than_half(share, said):
    assert _part(share) == said


def test_methods_that_agree():
    assert disagreements(compare(Game.from_values([0.0, 1.0, 2.0, 3.0]), ["occlusion_1", "shapley"])) == ()
    assert disagreements(compare(Game.from_values(VALUES), ["shapley"])) == ()


def given(name, values, error=None, target="f(x) − f(b)"):
    return Result(name, target, "", attribution=torch.tensor(values).double(), error=error)


def test_within_the_numerical_error_nobody_disagrees():
    effects = Effects(torch.tensor([0.0, 1.0, 1.0, 1.0]).double(), names=("a", "b"))
    doubtful = given("doubtful", [1.5, 3.0], torch.tensor([1.0, 0.1]))
    found = disagreements(Comparison(effects, None, "", (given("sure", [1.0, 1.0]), doubtful)))
    assert [each.player for each in found] == [1]
    assert found[0].cause is None  # no rows are known


def test_another_unit_is_no_disagreement():
    effects = Effects(torch.tensor([0.0, 1.0, 1.0, 1.0]).double(), names=("a", "b"))
    own = given("own", [70.0, 0.0], target="its own")
    assert disagreements(Comparison(effects, None, "", (given("sure", [1.0, 1.0]), own))) == ()
