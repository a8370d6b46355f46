"""Witness methods against their own definitions, in SymPy."""

import random
from fractions import Fraction
from itertools import pairwise

import pytest
import sympy

from synergy import Game
from synergy.axioms import WITNESSES, check
from synergy.axioms.draws import random_polynomial
from synergy.axioms.functions.asking import game_of
from synergy.axioms.functions.polynomial import polynomial

T = sympy.Symbol("t", nonnegative=True)
Z = sympy.symbols("z1:4")
X, B = (Fraction(3, 2), Fraction(-2), Fraction(1)), (Fraction(-1, 2), Fraction(0), Fraction(0))
PLACES = {
    "power_path": [T, T**2, T**3],
    "input_dependent_path": [T**3, T**3, T**2],  # 1 + |x − b| is 3, 3, 2
    "returning_path": [16 * T**3 - 24 * T**2 + 9 * T, T, T],
}


def rational(value):
    return sympy.Rational(value.numerator, value.denominator)


def expression(f):
    return sum(
        (rational(c) * sympy.prod([z**k for z, k in zip(Z, m, strict=True)]) for m, c in f.terms), sympy.Integer(0)
    )


def along(f, places):
    """The integral of the gradient along a path, as it is written."""
    path = [rational(b) + p * rational(x - b) for p, x, b in zip(places, X, B, strict=True)]
    slopes = [sympy.diff(expression(f), z).subs(dict(zip(Z, path, strict=True))) for z in Z]
    return [sympy.integrate(sympy.expand(s * sympy.diff(p, T)), (T, 0, 1)) for s, p in zip(slopes, path, strict=True)]


def some():
    generator = random.Random(11)
    return [random_polynomial(3, generator) for _ in range(4)]


@pytest.mark.parametrize("name", PLACES)
@pytest.mark.parametrize("f", some(), ids=lambda f: f.text())
def test_paths(name, f):
    given = WITNESSES[name].attribute(game_of(f, X, B))
    assert [rational(value) for value in given] == along(f, PLACES[name])


@pytest.mark.parametrize("f", some(), ids=lambda f: f.text())
def test_two_bent_paths(f):
    """x − b is (2, −2, 1): the bend is 1 in the first two inputs' units, half of each difference."""
    bend = T * (1 - T) / 2
    both = [along(f, [T + sign * bend, T + sign * bend, T]) for sign in (1, -1)]
    given = WITNESSES["bent_paths"].attribute(game_of(f, X, B))
    assert [rational(value) for value in given] == [(one + other) / 2 for one, other in zip(*both, strict=True)]


@pytest.mark.parametrize("f", some(), ids=lambda f: f.text())
def test_along_the_axes_every_input_is_given_what_it_adds(f):
    corners = [(*X[:k], *B[k:]) for k in range(4)]
    steps = [f(after) - f(before) for before, after in pairwise(corners)]
    assert list(WITNESSES["axis_path"].attribute(game_of(f, X, B))) == steps


@pytest.mark.parametrize("f", some(), ids=lambda f: f.text())
def test_the_antisymmetric_part_is_of_third_derivatives(f):
    y, at = [rational(x - b) for x, b in zip(X, B, strict=True)], dict(zip(Z, map(rational, X), strict=True))

    def third(i, j, k):
        return sympy.diff(expression(f), Z[i], Z[j], Z[k]).subs(at)

    straight = along(f, [T, T, T])
    for i, given in enumerate(WITNESSES["antisymmetric"].attribute(game_of(f, X, B))):
        parts = (
            rational(y[i] * y[j]) * (rational(y[i]) * third(i, i, j) - rational(y[j]) * third(i, j, j))
            for j in range(3)
        )
        assert rational(given) == straight[i] + sum(parts) / 10


def test_the_others_by_hand():
    """Of z₁z₂² at (1, 1): IG (1/3, 2/3), Shapley (1/2, 1/2); of z₁ − z₂ shares of a gain of 0 are 0."""
    one, zero = (Fraction(1), Fraction(1)), (Fraction(0), Fraction(0))
    f = game_of(polynomial(2, {(1, 2): 1}), one, zero)
    assert list(WITNESSES["half_and_half"].attribute(f)) == [Fraction(5, 12), Fraction(7, 12)]
    assert list(WITNESSES["equal"].attribute(f)) == [Fraction(1, 2)] * 2
    assert list(WITNESSES["absolute_shares"].attribute(f)) == [Fraction(1, 3), Fraction(2, 3)]
    assert list(WITNESSES["absolute_shares"].attribute(game_of(polynomial(2, {(1, 0): 3, (0, 1): -1}), one, zero))) == [
        Fraction(3, 2), Fraction(1, 2)
    ]  # fmt: skip


def test_they_are_asked_of_polynomials():
    with pytest.raises(ValueError, match="asked of polynomials alone"):
        WITNESSES["equal"].attribute(Game.from_values([0.0, 1.0]))


BASELINES = {"beside_baselines": [(1, 0, 0), (0, 1, 0), (0, 0, 1)], "first_baselines": [(0, 0, 0), (1, 0, 0)]}


@pytest.mark.parametrize("name", BASELINES)
@pytest.mark.parametrize("f", some(), ids=lambda f: f.text())
def test_means_over_baselines(name, f):
    """Straight paths from b + c (x − b), c 1/2 in the inputs that are moved; they add up to F(x) − E F(b)."""
    moved = [[sympy.Rational(k, 2) for k in each] for each in BASELINES[name]]
    paths = [along(f, [c + (1 - c) * T for c in each]) for each in moved]
    given = WITNESSES[name].attribute(game_of(f, X, B))
    assert [rational(value) for value in given] == [sum(parts) / len(paths) for parts in zip(*paths, strict=True)]
    starts = [[b + Fraction(k, 2) * (x - b) for k, x, b in zip(each, X, B, strict=True)] for each in BASELINES[name]]
    assert sum(given) == f(X) - sum(f(tuple(start)) for start in starts) / len(starts)


def test_one_input_beside_its_baseline_may_change_f_and_be_given_nothing():
    """3z − z² is 2 at 1 and at 2, and 0 at 0: sensitivity speaks of F(x) − E F(b)."""
    given = WITNESSES["beside_baselines"].attribute(
        game_of(polynomial(1, {(1,): 3, (2,): -1}), (Fraction(2),), (Fraction(0),))
    )
    assert list(given) == [0]


INHERITED = {
    "linearity": "both", "dummy": "both", "affine_scale_invariance": "both", "non_decreasing_positivity": "both",
    "marginality": "both", "symmetry": "alike", "equivariance": "alike", "completeness": "none",
    "proportionality": "none", "symmetric_monotonicity": "none", "binary_feature": "none",
}  # fmt: skip


@pytest.mark.parametrize("axiom", INHERITED)
def test_what_means_over_baselines_inherit(axiom):
    kept = {name for name in BASELINES if not check(WITNESSES[name], axiom).falsified}
    assert kept == {"both": set(BASELINES), "alike": {"beside_baselines"}, "none": set()}[INHERITED[axiom]]
