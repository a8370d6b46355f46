"""On which scale the methods of a comparison are shown."""

import pytest
import torch

from decompositions import Effects
from synergy.comparison.comparison import Comparison
from synergy.comparison.result import Result
from synergy.comparison.scale import own_scale, strongest_players, unit
from synergy.showing.sections.panels import on_its_own, panels


def comparison(*attributions, targets=None):
    n = len(attributions[0])
    effects = Effects(torch.arange(2.0**n).double(), names=tuple("abcdefgh"[:n]))
    targets = targets or ["f(x)"] * len(attributions)
    results = [
        Result(f"m{k}", target, "", attribution=torch.tensor(values).double(), theory_note="none", measured_note="none")
        for k, (values, target) in enumerate(zip(attributions, targets, strict=True))
    ]
    return Comparison(effects, None, "", tuple(results))


def test_one_that_would_hide_all_others_has_a_scale_of_its_own():
    """Sizes 2, 3, 4 and 2e8, whose median is 3.5: 2e8 is apart, and the others share 4."""
    asked = comparison([1.0, -2.0], [3.0, 0.5], [4.0, 0.0], [-1e8, 2e8])
    assert [own_scale(asked, result) for result in asked.results] == [False, False, False, True]
    assert [unit(asked, result) for result in asked.results] == [4, 4, 4, 2e8]
    assert unit(asked) == 4
    shown = panels(asked, None)
    assert [tint.text for tint in shown[3].tints] == ["−1e8", "+2e8"]
    assert [tint.share for tint in shown[3].tints] == [-0.5, 1.0]
    assert [tint.text for tint in shown[0].tints] == ["+1.00", "−2.00"]


@pytest.mark.parametrize("other", [0.0, 1e-9, 29.0])
def test_those_within_thirty_times_share_a_scale(other):
    asked = comparison([1.0, 1.0], [1.0, -1.0], [other, 0.0])
    assert not any(own_scale(asked, result) for result in asked.results)


def test_another_unit_has_its_own_and_does_not_count():
    asked = comparison([1.0, 2.0], [1e6, 0.0], targets=["f(x)", "its own"])
    assert [own_scale(asked, result) for result in asked.results] == [False, True]
    assert unit(asked) == 2


def test_nothing_at_all_has_a_unit():
    asked = comparison([0.0, 0.0], [0.0, 0.0])
    assert unit(asked) == 1
    assert not own_scale(asked, asked.results[0])


def test_the_strongest_players_are_those_of_every_scale():
    """b is the strongest of the first, c of the one that is apart; raw sizes alone would choose c and d."""
    asked = comparison([1.0, 9.0, 1.0, 0.0], [1.0, 8.0, 0.0, 0.0], [0.0, 0.0, 1e9, 1e8])
    assert strongest_players(asked, 2) == [1, 2]


def test_what_is_not_seen_on_the_scale_is_said():
    """0.02 is 0.5 % of 4."""
    shown = panels(comparison([4.0, -2.0], [0.02, 0.0], [1e9, 0.0], [0.0, 0.0], [3.0, 0.0]), None)
    faint = "all but nothing on this scale: at most 0.02"
    assert [panel.scale for panel in shown] == ["", faint, "on a scale of its own", "", ""]


def test_alone_a_method_is_coloured_up_to_its_largest():
    asked = comparison([4.0, -2.0], [3.0, 0.0], [0.02, -0.005], [1e-12, 0.0])
    own = [on_its_own(asked, panel) for panel in panels(asked, None)]
    assert [each.end for each in own] == ["4.000", "3.000", "0.02000", "4.000"]  # what is rounding is not blown up
    assert [[tint.share for tint in each.tints] for each in own[:3]] == [[1, -0.5], [1, 0], [1, -0.25]]
    assert [tint.text for tint in own[2].tints] == ["+0.0200", "−0.0050"]
    assert [each.note for each in own[1:3]] == ["the largest of this method", "all but nothing beside other methods"]
