"""What is said of a comparison: every number and claim by hand, and nothing where the contrary holds."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from synergy import Game, Policy, compare, harsanyi
from synergy.allocation.allocation import allocate
from synergy.comparison.comparison import Comparison
from synergy.comparison.finding import Finding, finding, share, standing
from synergy.comparison.result import Result


def said(values, methods=("shapley", "occlusion_1"), output="the rating", **facts):
    return finding(compare(Game.from_values(values, **facts), list(methods)), output)


def effects_said(values, **facts):
    return str(Finding(said(values, **facts).effects, ()))


def test_an_interaction_that_is_stronger_than_its_players():
    """J: −0.2, 0.7, and −0.39 − 0.5 = −0.89 of both."""
    text = effects_said([0.0, -0.2, 0.7, -0.39], names=("not", "happy"))
    assert text == (
        "Together, ‘not’ and ‘happy’ lower the rating by 0.89 beyond what each brings alone (−0.2 and +0.7), more than "
        "either: the strongest effect."
    )


def test_an_interaction_that_is_weaker_than_its_players():
    """J: 2, 3 and 0.5: not more than either, and not the strongest effect."""
    text = effects_said([0.0, 2.0, 3.0, 5.5], names=("a", "b"))
    assert text == (
        "‘b’ alone raises the rating by 3, the strongest effect. Together, ‘a’ and ‘b’ raise the rating by 0.5 beyond "
        "what each brings alone (+2 and +3): the strongest interaction."
    )


def test_stronger_than_one_of_its_players_is_not_more_than_either():
    assert "more than either" not in effects_said([0.0, 2.0, 3.0, 7.5])  # J: 2, 3, 2.5


def test_three_together():
    """z₀ z₁ z₂, and nothing else."""
    text = effects_said([0.0] * 7 + [-4.0])
    assert text == (
        "Together, ‘x0’, ‘x1’ and ‘x2’ lower the rating by 4 beyond what fewer of them bring: the strongest effect."
    )


def test_many_together_are_not_all_named():
    assert "‘x0’, ‘x1’, ‘x2’ and 3 others raise" in effects_said([0.0] * 63 + [1.0])


def test_no_interaction():
    text = effects_said([0.0, 1.0, -2.0, -1.0])
    assert text == (
        "‘x1’ alone lowers the rating by 2, the strongest effect. No interaction rises above the noise floor: the "
        "players act one by one."
    )


def test_nothing_at_all():
    text = effects_said([3.0] * 4)
    assert text == "No effect rises above the noise floor: as far as it tells, the rating is the same at x and at b."


def test_of_some_effects_it_is_said():
    game = Game.from_function(lambda z: z[:, 0] * z[:, 1] + z[:, 2:].prod(1), torch.ones(40, dtype=torch.float64))
    text = str(finding(compare(game, ["occlusion_1"], order=2, budget=2000)))
    assert "alone (0 and 0), more than either: the strongest effect of those that were computed." in text


def test_exact_numbers_stay_exact():
    game = Game.from_expression("x*y/3", {"x": 1, "y": 1})
    assert "raise the output by 1/3 beyond" in str(finding(compare(game, ["shapley"])))


def given(effects, name, weight):
    """A method that gives every member so many times its equal share."""
    table = allocate(effects, Policy(lambda s: weight * s / s.sum(-1, keepdims=True), reads="support"))
    return Result(name, "f(x) − f(b)", "", attribution=table.attribution, theory=table, title=name)


def methods_said(*weights):
    effects = harsanyi(Game.from_values([0.0, 1.0, 0.0, 5.0]))
    results = tuple(given(effects, f"M{place}", weight) for place, weight in enumerate(weights))
    return str(Finding((), finding(Comparison(effects, None, "", results)).methods))


@pytest.mark.parametrize(
    ("weights", "text"),
    [
        ((1, 1), "Every method hands this interaction out in full. Of 2 methods judged, M0 and M1 meet all three "
                 "criteria; none fails any."),
        ((1, 0), "M1 does not see this interaction. Of 2 methods judged, M0 meets all three criteria; 1 fails at least "
                 "one."),
        ((0, 0), "M0 and M1 do not see this interaction. Of 2 methods judged, none meets all three criteria for "
                 "certain; 2 fail at least one."),
        ((2, 1, -0.5), "M2 gives its players −0.5 × this interaction. Of 3 methods judged, M1 meets all three "
                       "criteria; 2 fail at least one."),
        ((1, 0.004), "M1 gives its players less than 1 % of this interaction. Of 2 methods judged, M0 meets all three "
                     "criteria; 1 fails at least one."),
        ((-710,), "M0 gives its players −710 × this interaction. Of 1 method judged, none meets all three criteria for "
                  "certain; 1 fails at least one."),
        ((1,), "The method hands this interaction out in full. Of 1 method judged, M0 meets all three criteria; none "
               "fails any."),
        ((0,) * 6, "M0, M1, M2 and 3 more do not see this interaction. Of 6 methods judged, none meets all three "
                   "criteria for certain; 6 fail at least one."),
    ],
)  # fmt: skip
def test_who_tells_it_truthfully(weights, text):
    assert methods_said(*weights) == text


def test_a_method_stands_as_it_was_measured():
    effects = harsanyi(Game.from_values([0.0, 1.0, 0.0, 5.0]))
    fair, twice = given(effects, "fair", 1), given(effects, "twice", 2)
    assert (standing(fair), standing(twice)) == ("pass", "fail")
    both = Result("m", "", "", attribution=fair.attribution, theory=fair.theory, measured=twice.theory)
    assert standing(both) == "fail"
    assert share(both, effects, (0, 1)).given == pytest.approx(2)
    assert standing(Result("m", "", "")) == ""


def test_what_the_error_does_not_carry_is_not_said():
    """2 × with an error of one effect is not told from all of it."""
    effects = harsanyi(Game.from_values([0.0, 1.0, 0.0, 5.0]))
    table = allocate(effects, Policy(lambda s: 2 * s / s.sum(-1, keepdims=True), reads="support"))
    doubted = replace(table, error=np.full(4, 5.0))
    result = Result("m", "", "", attribution=table.attribution, measured=doubted)
    assert share(result, effects, (0, 1)).full
    assert not share(result, effects, (0, 1)).unseen


def test_where_no_interaction_was_computed_none_is_denied():
    """Rows of single players know of no pair."""
    game = Game.from_function(lambda z: z[:, 0] * z[:, 1] + z.sum(1), torch.ones(40, dtype=torch.float64))
    found = finding(compare(game, ["occlusion_1"], order=1, budget=1)).effects
    assert found[-1] == ("No interaction was computed.",)


def test_why_a_method_is_undecided():
    effects = harsanyi(Game.from_values([0.0, 1.0, 0.0, 5.0]))
    table = allocate(effects, Policy(lambda s: 2 * s / s.sum(-1, keepdims=True), reads="support"))
    noisy = Result("noisy", "", "", attribution=table.attribution, measured=replace(table, error=np.full(4, 5.0)))
    text = str(finding(Comparison(effects, None, "", (noisy,))))
    assert text.endswith("none fails any, 1 undecided (of the size of the numerical error).")
