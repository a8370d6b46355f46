"""Taylor effects of polynomials, exactly."""

from fractions import Fraction
from itertools import product
from math import factorial

import numpy as np
import pytest
import sympy
import torch
from cases import BY_ID, GROUPED, NETWORKS, POLYNOMIALS, label
from twins import coalitions, dividends

from synergy import Game, harsanyi, taylor


def test_terms_by_hand_from_zero():
    """2xy + 3x² + yz² at (1, 2, 3): 4, 3, 18."""
    effects = taylor(BY_ID["squares"].game())
    assert effects.to_dict() == {(0, 0, 0): 0, (1, 1, 0): 4, (2, 0, 0): 3, (0, 1, 2): 18}
    assert effects.basis == "taylor"
    assert effects.remainder == 0


def test_terms_by_hand_from_another_baseline():
    """z³ − 2z + 5 from 1 to 3: f(1) = 4, f' = 1, f''/2 = 3, f'''/6 = 1; d = 2: 4, 2, 12, 8."""
    assert taylor(BY_ID["one-player"].game()).to_dict() == {(0,): 4, (1,): 2, (2,): 12, (3,): 8}


def test_terms_by_hand_over_several_baselines():
    """z² to 2 from 0 and from 1, weights 1 : 3: constants 0, 1; slopes 0, 2·1; squares 4, 1."""
    game = Game.from_expression("z**2", {"z": 2}, [{"z": 0}, {"z": 1}], weights=[1, 3])
    quarter = sympy.Rational(1, 4)
    assert taylor(game).to_dict() == {(0,): 3 * quarter, (1,): 6 * quarter, (2,): 4 * quarter + 3 * quarter}


@pytest.mark.parametrize("case", POLYNOMIALS, ids=label)
def test_every_term_is_the_derivative_at_the_baseline(case):
    """effect(κ) = E_b ∂^κ f(b)/κ! · (x − b)^κ, by differentiating."""
    effects = taylor(case.game())
    symbols = [sympy.Symbol(name) for name in case.x]
    highest = sympy.Poly(case.expression, *symbols).total_degree()
    for degree in product(range(highest + 1), repeat=case.n):
        if sum(degree) > highest:
            continue
        derivative = case.expression
        for symbol, k in zip(symbols, degree, strict=True):
            derivative = sympy.diff(derivative, symbol, k) if k else derivative
        expected = sympy.Integer(0)
        for baseline, weight in zip(case.baselines, case.weights, strict=True):
            term = derivative.subs(baseline) * sympy.Rational(weight, sum(case.weights))
            for name, k in zip(case.x, degree, strict=True):
                term *= (case.x[name] - baseline[name]) ** k / sympy.Integer(factorial(k))
            expected += term
        assert effects.degree(degree) == expected


@pytest.mark.parametrize("case", POLYNOMIALS, ids=label)
def test_sums_by_support_are_the_dividends(case):
    effects = taylor(case.game())
    expected = dividends(case.value, case.n)
    assert [effects[tuple(s)] for s in coalitions(case.n)] == expected
    assert list(effects.by_support().values) == expected
    assert list(effects.independent) == [expected[2**i] for i in range(case.n)]


@pytest.mark.parametrize("case", GROUPED, ids=label)
def test_sums_by_support_of_groups_are_the_dividends_of_the_groups(case):
    """Degrees of the entries of a player add; checked on g(t) itself against the masked inputs."""
    effects = taylor(case.on_cube())
    assert [effects[tuple(s)] for s in coalitions(case.n)] == dividends(case.value, case.n)


@pytest.mark.parametrize("degree", [0, 1, 2, 3, 9])
@pytest.mark.parametrize("case", POLYNOMIALS, ids=label)
def test_cut_off_and_remainder(case, degree):
    full, some = taylor(case.game()).to_dict(), taylor(case.game(), degree=degree)
    kept = {key: value for key, value in full.items() if sum(key) <= degree}
    assert some.to_dict() == kept
    assert some.remainder == sum(value for key, value in full.items() if sum(key) > degree)
    assert some.base + some.total + some.remainder == case.value(frozenset(range(case.n)))


def test_rows_start_with_the_constant_even_if_it_is_zero():
    effects = taylor(Game.from_expression("x*y", {"x": 1, "y": 1}))
    assert effects.key(0) == (0, 0)
    assert effects.base == 0


def test_exact_numbers_stay_exact():
    effects = taylor(Game.from_expression("x**2/3", {"x": Fraction(1, 7)}))
    assert effects.degree((2,)) == sympy.Rational(1, 147)
    irrational = taylor(Game.from_expression("x**2", {"x": sympy.sqrt(2)}))
    assert irrational.degree((2,)) == 2


def test_a_float_is_read_as_the_decimal_it_prints():
    assert taylor(Game.from_expression("x", {"x": 0.1})).degree((1,)) == sympy.Rational(1, 10)


def test_a_negative_degree_is_refused():
    with pytest.raises(ValueError, match="at least 0, not -1"):
        taylor(BY_ID["product"].game(), degree=-1)


@pytest.mark.parametrize("case", [case for case in NETWORKS if not case.smooth], ids=label)
def test_a_network_with_kinks_names_them(case):
    with pytest.raises(ValueError, match=r"kink.*ReLU '1'.*measure\(\).*smooth"):
        taylor(case.game())


def test_a_smooth_network_needs_a_degree():
    with pytest.raises(ValueError, match=r"does not end.*taylor\(game, degree=6\)"):
        taylor(BY_ID["softplus"].game())


def test_a_table_has_no_series():
    with pytest.raises(ValueError, match="Taylor series does not exist for a table"):
        taylor(Game.from_values(torch.zeros(4)))


def test_an_expression_that_is_no_polynomial_has_no_exact_series():
    game = Game.from_expression("exp(x)*y", {"x": 1, "y": 2})
    with pytest.raises(ValueError, match=r"no polynomial.*harsanyi"):
        taylor(game)
    assert harsanyi(game)[0, 1] == 2 * sympy.E - 2


def test_harsanyi_dividends_of_an_expression_are_exact_even_without_series():
    effects = harsanyi(Game.from_expression("1/(x + y)", {"x": 1, "y": 2}, {"x": 1, "y": 1}))
    assert effects.to_dict() == {(): sympy.Rational(1, 2), (0,): 0, (1,): sympy.Rational(-1, 6), (0, 1): 0}
    assert isinstance(effects.values, np.ndarray)
