"""Characterizations: every hypothesis is needed, by a method that keeps all others."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from synergy.axioms import CHARACTERIZATIONS, WITNESSES, characterize, check
from synergy.axioms.functions.polynomial import polynomial
from synergy.axioms.functions.polynomial_cube import PolynomialCube
from synergy.axioms.witnesses.of_sets import HalfBelow, InProportion, Nothing, OverAllSets, PowersOverAllSets

BOOKS = (Path(__file__).parents[2] / "docs" / "references.bib").read_text("utf8")


@pytest.mark.parametrize("name", CHARACTERIZATIONS)
def test_every_hypothesis_is_needed(name):
    found = characterize(name)
    assert found.holds
    assert [row.without for row in found.rows] == ["", *found.of.without]
    assert f"{{{found.of.reference}," in BOOKS
    for row in found.rows:
        assert {each for each, result in row.checks.items() if result.falsified} == {row.without} - {""}


def test_one_that_is_wrong_does_not_hold():
    """Occlusion-1 is not complete, and Integrated Gradients keep dummies."""
    right = CHARACTERIZATIONS["shapley"]
    assert not characterize(replace(right, method="occlusion_1")).holds
    assert not characterize(replace(right, without={**right.without, "dummy": "integrated_gradients"})).holds


def test_the_gap_in_the_claim_about_ensembles():
    """z₁³z₂ rises, and 2 is given 1/4 + (1 − 3)·3/10 = −7/20; the five axioms before are kept."""
    for axiom in ("completeness", "linearity", "dummy", "symmetry", "affine_scale_invariance"):
        assert not check(WITNESSES["antisymmetric"], axiom).falsified
    found = check(WITNESSES["antisymmetric"], "non_decreasing_positivity").witness
    assert found.asked[0].function == polynomial(2, {(3, 1): 1})
    assert found.given[0] == (Fraction(27, 20), Fraction(-7, 20))


def effects(terms):
    n = len(next(iter(terms)))
    return PolynomialCube(polynomial(n, terms), (Fraction(1),) * n, (Fraction(0),) * n).effects()


def test_rules_for_sets_by_hand():
    """Of z₁²z₂z₃ with a fourth input, k = 2."""
    triple = effects({(2, 1, 1, 0): 1})
    assert Nothing().give(triple, 2) == {}
    assert set(OverAllSets().give(triple, 2).values()) == {Fraction(1, 6)}
    powers = PowersOverAllSets().give(triple, 2)
    assert powers[0, 1] == Fraction(3, 12)
    assert powers[1, 3] == Fraction(1, 12)
    assert sum(powers.values()) == 1
    half = HalfBelow().give(triple, 2)
    assert half[0,] == Fraction(1, 4)
    assert half[0, 1] == Fraction(3, 16)
    assert sum(half.values()) == 1
    assert InProportion("Moebius").give(effects({(1, 0): 3, (0, 1): -1}), 2) == {
        (0,): Fraction(3, 2), (1,): Fraction(1, 2), (0, 1): 0
    }  # fmt: skip


def test_what_it_prints():
    said = repr(characterize("monotone"))
    assert said.startswith("completeness, symmetric monotonicity ⇒ Integrated Gradients\n")
    assert "Gradient × Input      ✗             ✓" in said
    assert "Shapley value: without symmetric monotonicity" in said
    assert "✗" in characterize("monotone")._repr_html_()


def test_bad_input():
    with pytest.raises(LookupError, match="did you mean 'shapley'"):
        characterize("shaply")
    with pytest.raises(LookupError, match="there are moebius, shapley"):
        characterize("qqqq")
    with pytest.raises(TypeError, match="asked for by its name"):
        characterize(3)
