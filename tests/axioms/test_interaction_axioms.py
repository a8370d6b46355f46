"""Axioms of interaction indices, against the table that was worked out in exact fractions on all monomials."""

from fractions import Fraction

import pytest

from synergy.axioms import ATTRIBUTION, INTERACTION, check
from synergy.axioms.functions.polynomial import polynomial
from synergy.axioms.functions.pure import leading, pure

INDICES = ["Moebius", "SII", "BII", "k-SII", "STII", "FSII", "FBII", "RS", "ARS", "RIG", "ARIG", "SP"]
BROKEN = {  # by those of order 2 and of order 3 alike
    "completeness": "Moebius SII BII FBII",
    "linearity": "",
    "null": "",
    "symmetry": "",
    "baseline_test": "SII BII RS RIG",
    "interaction_distribution": "SII BII k-SII FSII FBII RS ARS RIG ARIG",
    "non_negative_weights": "k-SII FSII FBII",
    "binary_feature": "RIG ARIG SP",
    "top_weights": "SII BII k-SII STII FSII FBII RS ARS RIG ARIG",  # of Möbius all are zero
}


@pytest.mark.parametrize("order", [2, 3])
@pytest.mark.parametrize("axiom", BROKEN)
def test_who_breaks_it(axiom, order):
    assert {name for name in INDICES if check(name, axiom, order=order).falsified} == set(BROKEN[axiom].split())


def test_every_axiom_of_interactions_is_in_the_table():
    assert set(BROKEN) == set(INTERACTION)


SMALLEST = [  # monomials on which it is known to fail, and what is given there
    ("SII", "completeness", 2, (1, 1), 2),
    ("FBII", "completeness", 2, (1, 1, 1), Fraction(3, 4)),
    ("FBII", "completeness", 3, (1, 1, 1, 1, 1), Fraction(15, 16)),
    ("Moebius", "completeness", 2, (1, 1, 1), 0),
    ("BV", "completeness", 1, (1, 1, 1), Fraction(3, 4)),
    ("RS", "baseline_test", 2, (1, 1), Fraction(1, 4)),
    ("IH", "baseline_test", 2, (1, 1), Fraction(1, 4)),
    ("k-SII", "interaction_distribution", 2, (1, 1, 1), Fraction(-1, 6)),
    ("FSII", "interaction_distribution", 2, (1, 1, 1), Fraction(-1, 6)),
    ("ARIG", "interaction_distribution", 2, (1, 1, 1), Fraction(1, 9)),
]


@pytest.mark.parametrize(("index", "axiom", "order", "exponents", "value"), SMALLEST)
def test_the_smallest_counterexamples(index, axiom, order, exponents, value):
    found = check(index, axiom, order=order).witness
    assert found.asked[0].function == polynomial(len(exponents), {exponents: 1})
    assert found.claim.left == value


@pytest.mark.parametrize("index", ["ARIG", "SP"])
def test_binary_features_of_order_two_first_differ_at_three_inputs(index):
    found = check(index, "binary_feature", order=2).witness
    assert found.size <= (1, 4)
    assert len([k for k in found.asked[0].function.terms[0][0] if k]) == 3


def test_joint_shapley_values_are_no_policy():
    """Of z₁ with a null player beside it: 2/3 for {1}, and 1/3 for {1, 2}."""
    found = check("JointSV", "null").witness
    assert found.asked[0].function == polynomial(2, {(1, 0): 1})
    assert found.given == ({(0,): Fraction(2, 3), (1,): 0, (0, 1): Fraction(1, 3)},)


def test_pure_interactions_vanish_with_any_of_their_inputs():
    f = polynomial(3, {(1, 1, 0): 2, (2, 1, 0): -1, (1, 0, 0): 5, (0, 1, 1): 7})
    b = (Fraction(1), Fraction(-2), Fraction(3))
    for given in (pure(f, b)[0], leading(f, b)):
        S = pure(f, b)[1]
        assert len(S) == 2
        for i in S:
            assert given(tuple(b[k] if k == i else Fraction(11 + k) for k in range(3))) == 0
        other = next(k for k in range(3) if k not in S)
        assert not given.reads(other)


def test_bad_input():
    with pytest.raises(ValueError, match="order is the largest number of players of a set, a whole number from 1 to 6"):
        check("STII", "completeness", order=0)
    with pytest.raises(ValueError, match="from 1 to 6"):
        check("STII", "completeness", order=7)
    with pytest.raises(ValueError, match="from 2 to 2"):
        check("IH", "completeness", order=3)
    with pytest.raises(ValueError, match="'baseline_test' is an axiom of interactions, and this is asked of attribut"):
        check("shapley", "baseline_test")
    with pytest.raises(ValueError, match="'sensitivity' is an axiom of attributions, and this is asked of inter"):
        check("STII", "sensitivity")
    with pytest.raises(LookupError, match="did you mean 'STII'"):
        check("STI", "completeness")
    with pytest.raises(LookupError, match="no attribution method or interaction index"):
        check("qqqqqq", "completeness")
    with pytest.raises(TypeError, match="an order is asked of an interaction index"):
        check("shapley", "completeness", order=2)
    with pytest.raises(TypeError, match="no other settings, not window"):
        check("STII", "completeness", window=2)
    assert set(ATTRIBUTION) & set(INTERACTION) == {"completeness", "linearity", "symmetry", "binary_feature"}


def test_many_sets_are_counted():
    assert "I = 3/16 of 5 sets of 1, −1/4 of 10 sets of 2, 1/4 of 10 sets of 3" in repr(
        check("FBII", "completeness", order=3)
    )
