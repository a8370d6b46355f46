"""Which axioms the search finds broken, against the table that was worked out by hand and by other means."""

from fractions import Fraction

import pytest

from synergy import Policy
from synergy.axioms import WITNESSES, check
from synergy.axioms.functions.asking import game_of
from synergy.axioms.functions.polynomial import polynomial

BANZHAF = Policy(lambda s: s * 2 / 2 ** s.sum(-1, keepdims=True), formula="2^(1−|S|)", reads="support")
SUBJECTS = {
    "IG": "integrated_gradients", "Sh": "shapley", "Bz": BANZHAF, "Oc": "occlusion_1", "Gr": "gradient",
    "GI": "gradient_x_input", "eq": WITNESSES["equal"], "ax": WITNESSES["axis_path"], "pw": WITNESSES["power_path"],
    "in": WITNESSES["input_dependent_path"], "re": WITNESSES["returning_path"], "hh": WITNESSES["half_and_half"],
    "an": WITNESSES["antisymmetric"], "ab": WITNESSES["absolute_shares"],
}  # fmt: skip
BROKEN = {  # who breaks it; of the others the axiom is proven or was not falsified by other searches
    "completeness": "Bz Oc Gr GI",
    "linearity": "ab",
    "dummy": "eq",
    "symmetry": "ax pw re",
    "equivariance": "ax pw re",
    "affine_scale_invariance": "Gr in",
    "proportionality": "Sh Bz Oc Gr eq ax pw in re hh an",
    "symmetric_monotonicity": "Sh Bz Oc Gr eq ax pw in re hh an ab",
    "marginality": "eq ab",
    "strong_monotonicity": "eq ab re an",  # the last two below, by hand
    "sensitivity": "Gr GI",
    "non_decreasing_positivity": "re an",
    "demand_monotonicity": "IG Gr GI pw in re hh an ab",
    "binary_feature": "IG Gr GI pw in re hh an ab",
}


@pytest.mark.parametrize("axiom", BROKEN)
def test_who_breaks_it(axiom):
    found = {name for name, subject in SUBJECTS.items() if check(subject, axiom).falsified}
    assert found == set(BROKEN[axiom].split())


SMALLEST = [  # terms and degree of counter-examples that are known
    ("Bz", "completeness", 1, 3),  # z₁z₂z₃ → 3/4
    ("IG", "binary_feature", 1, 3),  # z₁²z₂ beside z₁z₂
    ("Sh", "proportionality", 4, 12),  # (z₁ + z₂)³
    ("Sh", "symmetric_monotonicity", 4, 12),  # the same
    ("IG", "demand_monotonicity", 2, 5),  # 2z₁z₂ − z₁²z₂
    ("Gr", "sensitivity", 2, 3),  # 2z₁ − z₁²
]


@pytest.mark.parametrize(("subject", "axiom", "terms", "degree"), SMALLEST)
def test_counterexamples_are_no_larger_than_known_ones(subject, axiom, terms, degree):
    assert check(SUBJECTS[subject], axiom).witness.size <= (terms, degree)


def test_banzhaf_gives_three_quarters_of_a_triple():
    assert check(BANZHAF, "completeness").witness.claim.left == Fraction(3, 4)


def test_demand_falls_for_integrated_gradients():
    """A₁ = x₁ − 2x₁²/3 for x₂ = 1 falls from 3/4 on: 3/8 there, 1/3 at 1."""
    f = polynomial(2, {(1, 1): 2, (2, 1): -1})
    found = check("integrated_gradients", "demand_monotonicity").witness
    assert found.asked[0].function == f
    before = found.asked[0].x[0]
    assert found.given[0][0] == before - Fraction(2, 3) * before**2
    assert found.given[1][0] == Fraction(1, 3)


def test_two_witnesses_break_the_inequality_of_strong_monotonicity_and_keep_its_equality():
    """∂₁ of z₁z₂ − z₁z₂² is z₂ − z₂² ≥ 0 on [0, 1]²; on the way back 1 is given ∫ (t − t²)(48t² − 48t + 9) dt = −1/10.

    ∂₁ of z₁z₂³ is z₂³ ≥ 0; with third derivatives 1 is given 1/4 + (1 − 3)·3/10 = −7/20.
    """
    ones, zeros = (Fraction(1), Fraction(1)), (Fraction(0), Fraction(0))
    peaked = game_of(polynomial(2, {(1, 1): 1, (1, 2): -1}), ones, zeros)
    assert WITNESSES["returning_path"].attribute(peaked)[0] == Fraction(-1, 10)
    cubic = game_of(polynomial(2, {(1, 3): 1}), ones, zeros)
    assert WITNESSES["antisymmetric"].attribute(cubic)[0] == Fraction(-7, 20)
