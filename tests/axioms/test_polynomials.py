"""Polynomials in fractions, against SymPy."""

import random
from fractions import Fraction
from itertools import product

import pytest
import sympy

from synergy import METHODS, Game, method
from synergy.axioms.draws import random_polynomial
from synergy.axioms.functions.asking import game_of
from synergy.axioms.functions.bernstein import least_coefficient
from synergy.axioms.functions.polynomial import polynomial

Z = sympy.symbols("z1:4")
X, B = (Fraction(3, 2), Fraction(2), Fraction(-1)), (Fraction(-1), Fraction(1, 2), Fraction(0))
HALF = Fraction(1, 2)
ON_GAME = [name for name, cls in METHODS.items() if cls.scope == "game" and name != "smoothgrad_x_input"]


def some(count=6):
    generator = random.Random(7)
    return [random_polynomial(3, generator) for _ in range(count)]


def in_sympy(f):
    return sum((sympy.Rational(c.numerator, c.denominator) * sympy.prod([z**k for z, k in zip(Z, m, strict=True)])
                for m, c in f.terms), sympy.Integer(0))  # fmt: skip


def fractions(values):
    return [Fraction(int(value.p), int(value.q)) for value in map(sympy.Rational, values)]


def same(f, expression):
    return sympy.expand(in_sympy(f) - expression) == 0


@pytest.mark.parametrize("f", some(), ids=lambda f: f.text())
def test_the_algebra_is_sympys(f):
    g = random_polynomial(3, random.Random(1))
    rational = [sympy.Rational(v.numerator, v.denominator) for v in X]
    assert fractions([in_sympy(f).subs(dict(zip(Z, rational, strict=True)))]) == [f(X)]
    assert same(f.plus(g, HALF), in_sympy(f) + in_sympy(g) / 2)
    assert same(f.times(g), in_sympy(f) * in_sympy(g))
    assert same(f.swapped(0, 2), in_sympy(f).subs({Z[0]: Z[2], Z[2]: Z[0]}, simultaneous=True))
    assert same(f.without(1), in_sympy(f).subs(Z[1], 0))
    assert same(f.slope(2), sympy.diff(in_sympy(f), Z[2]))
    first, second = f.alike(0, 1)
    assert same(first.slope(0), sympy.diff(in_sympy(second), Z[1]))


@pytest.mark.parametrize("f", some(), ids=lambda f: f.text())
def test_functions_made_of_it_have_their_property(f):
    scale, shift = (Fraction(2), Fraction(-1), HALF), (Fraction(1), Fraction(3), Fraction(-2))
    there = tuple(c * z + d for c, z, d in zip(scale, X, shift, strict=True))
    assert f.moved(scale, shift)(there) == f(X)
    ridge = f.of_sum()
    assert ridge((X[0] + X[2], X[1], Fraction(0))) == ridge(X)
    corners = [tuple(x if k else b for x, b, k in zip(X, B, ends, strict=True)) for ends in product((0, 1), repeat=3)]
    twin = f.twin(B, X)
    assert [twin(corner) for corner in corners] == [f(corner) for corner in corners]
    assert all(max(m) <= 1 for m, _ in twin.terms)


def test_a_twin_where_an_input_does_not_change():
    f = polynomial(2, {(2, 3): 1, (0, 1): 1})
    assert f.twin((Fraction(0), Fraction(2)), (Fraction(3), Fraction(2)))((Fraction(3), Fraction(2))) == 9 * 8 + 2


def test_bernstein_coefficients_bound_a_polynomial_from_below():
    """Of t² − t they are 0, −1/2, 0; of (t − s)² the one at (1, 1) is −1/2; of 2t − t² they are 0, 1, 1."""
    assert least_coefficient({(2,): Fraction(1), (1,): Fraction(-1)}, 1) == -HALF
    assert least_coefficient({(2, 0): Fraction(1), (1, 1): Fraction(-2), (0, 2): Fraction(1)}, 2) == -HALF
    assert least_coefficient({(1,): Fraction(2), (2,): Fraction(-1)}, 1) == 0


@pytest.mark.parametrize("f", some(), ids=lambda f: f.text())
def test_rising_functions_rise(f):
    """On a grid of the box, and what rises already stays as it is."""
    x, b = (Fraction(2), Fraction(1), Fraction(3)), (Fraction(-1), Fraction(0), Fraction(1))
    risen = f.rising(b, x)
    steps = [[s + (e - s) * Fraction(k, 4) for k in range(5)] for s, e in zip(b, x, strict=True)]
    assert min(risen.slope(i)(z) for i in range(3) for z in product(*steps)) >= 0
    assert risen.rising(b, x) == risen


@pytest.mark.parametrize("name", ON_GAME)
@pytest.mark.parametrize("f", some(2), ids=lambda f: f.text())
def test_methods_give_what_they_give_for_the_expression(name, f):
    numbers = [sympy.Rational(v.numerator, v.denominator) for v in (*X, *B)]
    places = dict(zip(Z, numbers[:3], strict=True)), dict(zip(Z, numbers[3:], strict=True))
    expected = method(name).attribute(Game.from_expression(in_sympy(f), *places))
    assert list(method(name).attribute(game_of(f, X, B))) == fractions(expected)


def test_writing():
    assert polynomial(2, {(1, 1): 2, (2, 1): -1, (0, 0): HALF}).text() == "1/2 + 2z₁z₂ − z₁²z₂"
    assert polynomial(2, {(1, 0): -HALF, (0, 2): 1}).text() == "−1/2·z₁ + z₂²"
    assert polynomial(2, {(1, 0): -HALF, (0, 2): 1}).latex() == r"-\tfrac{1}{2}z_{1} + z_{2}^{2}"
    assert polynomial(1, {}).text() == "0"
