"""Taylor effects of networks: against closed forms, exact arithmetic, dividends, and the methods when measured.

Expected numbers come from Fractions, from SymPy, from sums over all subsets of values of the function itself
(``twins.dividends``), or from attribution methods at the masked inputs; never from the series.
"""

from fractions import Fraction
from functools import cache
from importlib.util import find_spec
from math import factorial, prod

import numpy as np
import pytest
import sympy
import torch
from cases import GAME_METHODS, NOISY, close
from hypothesis import given
from hypothesis import strategies as st
from taylor_cases import (
    F64,
    Square,
    by_definition,
    degree_vectors,
    gentle,
    two_ridges,
    vector,
    worst,
)
from torch import nn
from twins import coalitions, gradient_rows

from decompositions.series.jets.interpolation import coefficients, directions
from synergy import Game, allocate, measure, method, taylor
from synergy.examples import load
from synergy.policies.policy import degree_credit


@pytest.mark.parametrize("degree", range(7))
@pytest.mark.parametrize("n", range(1, 6))
def test_a_polynomial_is_found_from_its_parts_along_lines(n, degree):
    """a_k(d) = Σ_{|κ|=k} c_κ d^κ, summed term by term; back come the c_κ."""
    generator = np.random.default_rng(10 * n + degree)
    expected = {kappa: float(generator.integers(-99, 100)) for kappa in degree_vectors(n, degree)}
    lines = directions(n, degree)
    along = np.zeros((degree + 1, len(lines)))
    for kappa, c in expected.items():
        along[sum(kappa)] += c * prod(lines[:, i] ** kappa[i] for i in range(n))
    table, values = coefficients(torch.as_tensor(along), n)
    assert len(table) == len(expected)
    found = {tuple(row): value for row, value in zip(table.tolist(), values.tolist(), strict=True)}
    largest = max(map(abs, expected.values()))
    assert max(abs(found[kappa] - c) for kappa, c in expected.items()) <= 1e-12 * largest
    assert [sum(row) for row in table.tolist()] == sorted(sum(row) for row in table.tolist())


def compiled(expression, symbols):
    f = sympy.lambdify(symbols, expression, modules=[])
    return lambda z: f(*z.unbind(1)) + 0 * z[:, 0]


RATIONALS = st.fractions(-2, 2, max_denominator=8)


@st.composite
def sparse_polynomials(draw):
    """An expression in at most five symbols of degree at most six, with its x and its baseline."""
    n = draw(st.integers(1, 5))
    exponents = st.lists(st.integers(0, n - 1), max_size=6)
    terms = draw(st.lists(st.tuples(RATIONALS, exponents), min_size=1, max_size=6))
    symbols = sympy.symbols(f"z0:{n}")
    total = sum(sympy.Rational(c) * prod((symbols[i] for i in chosen), start=sympy.Integer(1)) for c, chosen in terms)
    ends = [dict(zip(symbols, draw(st.lists(RATIONALS, min_size=n, max_size=n)), strict=True)) for _ in range(2)]
    return sympy.sympify(total), symbols, *ends


@given(sparse_polynomials())
def test_random_polynomials_in_floats_are_those_in_fractions(drawn):
    expression, symbols, x, baseline = drawn
    exactly = taylor(Game.from_expression(expression, x, baseline)).to_dict()
    rows = [[float(end[symbol]) for symbol in symbols] for end in (x, baseline)]
    effects = taylor(Game.from_function(compiled(expression, symbols), *rows))
    assert not effects.truncated
    assert effects.note == ""
    largest = max(1e-3, *(abs(float(value)) for value in exactly.values()))
    for kappa in {*exactly, *effects.to_dict()}:
        assert abs(float(effects.degree(kappa)) - float(exactly.get(kappa, 0))) <= 1e-11 * largest


def test_a_polynomial_that_vanishes_on_the_diagonals_is_seen():
    """z1² − z2² is zero on every line to a corner of the cube of signs."""
    effects = taylor(Game.from_function(lambda z: z[:, 0] ** 2 - z[:, 1] ** 2, [1.0, 1.0]))
    assert effects.degree((2, 0)) == pytest.approx(1, abs=1e-14)
    assert effects.degree((0, 2)) == pytest.approx(-1, abs=1e-14)


def test_terms_that_count_as_zero_are_within_the_noise():
    """1/(1 + t/10) ends where its terms count as zero; those left out are small, but larger than rounding."""
    effects = taylor(Game.from_function(lambda z: 1 / (1 + z[:, 0] / 10), [1.0]))
    top = int(effects.degrees.max())
    assert top < 15
    assert 0.1 ** (top + 1) <= effects.noise < 1e-12


def test_small_effects_on_a_large_constant_are_seen():
    effects = taylor(Game.from_function(lambda z: 1e6 + 1e-7 * z[:, 0] * z[:, 1], [1.0, 1.0]))
    assert effects.degree((1, 1)) == pytest.approx(1e-7, rel=1e-12)


def test_high_powers():
    effects = taylor(Game.from_function(lambda z: z[:, 0] ** 17 * z[:, 1], [1.0, 2.0]))
    assert effects.degree((17, 1)) == pytest.approx(2, rel=1e-9)
    assert not effects.truncated


@pytest.mark.parametrize(("n", "degree"), [(1, 12), (2, 10), (3, 8), (5, 6)])
def test_all_effects_of_ridge_functions(n, degree):
    game, *ridges = two_ridges(n, degree)
    error, largest = worst(taylor(game, degree), *ridges)
    assert error <= 1e-13 * largest


@pytest.mark.slow
def test_ten_players_to_degree_eight():
    game, *ridges = two_ridges(10, 8)
    effects = taylor(game, 8)
    assert len(effects) - 1 == 43_757
    error, largest = worst(effects, *ridges)
    assert error <= 1e-12 * largest
    assert error <= effects.noise


@pytest.mark.parametrize(("n", "degree"), [(2, 6), (2, 14), (3, 8), (3, 13), (5, 6), (8, 4)])
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("form", ["exp", "power", "geometric"])
def test_the_noise_bounds_the_error_of_every_effect(form, n, degree, seed):
    """Also that of a form of high degree, whose coefficients follow from its values with the loss of many digits."""
    slopes = [Fraction(int(k), 16) for k in np.random.default_rng(seed).integers(-15, 16, n)]
    a = torch.tensor([float(each) for each in slopes], dtype=F64)
    f, series = {
        "exp": (lambda z: (z @ a).exp(), [Fraction(1, factorial(k)) for k in range(degree + 1)]),
        "power": (lambda z: (z @ a) ** degree, [Fraction(k == degree) for k in range(degree + 1)]),
        "geometric": (lambda z: 1 / (8 - z @ a), [Fraction(1, 8 ** (k + 1)) for k in range(degree + 1)]),
    }[form]
    effects = taylor(Game.from_function(f, [1.0] * n), degree)
    error, largest = worst(effects, (series, slopes))
    assert error <= effects.noise <= 1e-7 * largest


def test_effects_of_a_transcendental_function_are_its_derivatives():
    """exp(z1 z2) + log(2 + z1)/(1 + z2²) from b = (1/2, −1/4) to x = (1, 1/3), derivative by derivative."""
    z1, z2 = symbols = sympy.symbols("z1 z2")
    expression = sympy.exp(z1 * z2) + sympy.log(2 + z1) / (1 + z2**2)
    b, x = (sympy.Rational(1, 2), -sympy.Rational(1, 4)), (sympy.Integer(1), sympy.Rational(1, 3))
    rows = [[float(each) for each in end] for end in (x, b)]
    effects = taylor(
        Game.from_function(lambda z: (z[:, 0] * z[:, 1]).exp() + (2 + z[:, 0]).log() / (1 + z[:, 1] ** 2), *rows), 5
    )
    for i, j in degree_vectors(2, 5):
        derivative = expression.diff(z1, i, z2, j) if i + j else expression
        at = derivative.subs(dict(zip(symbols, b, strict=True)))
        expected = at * (x[0] - b[0]) ** i * (x[1] - b[1]) ** j / (factorial(i) * factorial(j))
        assert effects.degree((i, j)) == pytest.approx(float(expected), rel=1e-12, abs=1e-14)


class Exponential(nn.Module):
    def forward(self, u):
        return u.exp()


def asked(model, n, seed, **settings):
    draws = torch.randn(3, n, generator=torch.Generator().manual_seed(seed), dtype=F64) / 2
    return Game.from_model(model, draws[:1], settings.pop("baseline", draws[1:2]), **settings)


POLYNOMIAL = {
    "squares": lambda: asked(gentle(Square, (4, 5, 4, 2), 0, 1.0), 4, 1, target=1),
    "squares-groups": lambda: asked(gentle(Square, (6, 5, 1), 2, 1.0), 6, 3, players=torch.tensor([0, 1, 0, 2, 2, 1])),
    "squares-baselines": lambda: asked(
        gentle(Square, (3, 4, 4, 1), 4, 1.0),
        3,
        5,
        baseline=torch.randn(3, 3, generator=torch.Generator().manual_seed(6), dtype=F64),
        weights=[1, 2, 0.5],
    ),
}
ENTIRE = {
    "exp": lambda: asked(gentle(Exponential, (3, 4, 2), 7), 3, 8, target=0),
    "tanh": lambda: asked(gentle(nn.Tanh, (3, 4, 3, 2), 9, 0.3), 3, 10, target=1),
    "softplus": lambda: asked(gentle(nn.Softplus, (3, 5, 2), 11), 3, 12, target=1),
    "gelu": lambda: asked(gentle(nn.GELU, (3, 5, 3, 1), 13), 3, 14),
    "sigmoid-probability": lambda: asked(gentle(nn.Sigmoid, (3, 4, 3), 15), 3, 16, target=2, output="probability"),
    "tanh-log-odds": lambda: asked(gentle(nn.Tanh, (3, 4, 3), 17, 0.3), 3, 18, target=0, output="log_odds"),
    "one-probability": lambda: asked(gentle(nn.Tanh, (3, 4, 1), 17, 0.3), 3, 18, output="probability"),
    "function": lambda: asked(
        gentle(nn.SiLU, (3, 4, 3), 19), 3, 20, target=lambda out: out[:, 0] * out[:, 1] - out[:, 2].sin()
    ),
    "baselines": lambda: asked(
        gentle(nn.Tanh, (3, 4, 1), 21, 0.3), 3, 22, baseline=torch.stack([vector(0, 0, 0), vector(0.5, -0.5, 0.25)])
    ),
}
DEGREE = 16


@cache
def polynomial_game(name):
    game = POLYNOMIAL[name]()
    return game, taylor(game)


@cache
def entire_game(name):
    game = ENTIRE[name]()
    return game, taylor(game, DEGREE)


@pytest.mark.parametrize("name", POLYNOMIAL)
def test_dividends_of_a_polynomial_network_are_its_effects_by_support(name):
    game, effects = polynomial_game(name)
    expected = by_definition(game)
    assert max(map(abs, expected)) > 0.01
    close(effects.by_support().values, expected, 1e-13, scale=max(map(abs, expected)))
    assert effects.radius == float("inf")
    assert not effects.truncated
    assert effects.note == ""
    assert abs(effects.gaps).max() <= 2**game.n * effects.noise
    assert int(effects.degrees.sum(1).max()) == 2 ** (2 if name != "squares-groups" else 1)


@pytest.mark.parametrize("name", ENTIRE)
def test_dividends_of_a_smooth_network_are_its_effects_by_support_up_to_the_gaps(name):
    game, effects = entire_game(name)
    expected = torch.tensor(by_definition(game), dtype=F64)
    missed = effects.by_support().values - expected
    assert abs(missed).max() <= 1e-9 * abs(expected).max()
    torch.testing.assert_close(effects.gaps, missed, rtol=0, atol=1e-14)
    assert effects.radius > 1.5
    assert float(effects.remainder) == pytest.approx(float(expected[1:].sum() - effects.total), abs=1e-14)


@pytest.mark.parametrize("degree", [1, 3])
def test_gaps_are_what_a_low_degree_misses(degree):
    game, _ = entire_game("tanh")
    effects = taylor(game, degree)
    missed = effects.by_support().values - torch.tensor(by_definition(game), dtype=F64)
    assert abs(missed).max() > 1e-6
    torch.testing.assert_close(effects.gaps, missed, rtol=0, atol=1e-14)
    assert effects.truncated
    assert "above this degree" in effects.note


def theory(name, game, effects, degree):
    chosen = method(name, **({"samples": 3, "sigma": 0.05} if name in NOISY else {}))
    if name == "gradient":
        chosen.policy(game)
        return chosen, np.array(gradient_rows(effects.degrees.tolist(), effects.values, game.cube.differences()[0]))
    if name in NOISY:
        shares = allocate(taylor(game.smoothed(torch.as_tensor(chosen.noise(game))), degree), degree_credit)
    else:
        shares = allocate(effects, chosen.policy(game))
    return chosen, shares.by_support().values


def agree(chosen, game, expected, tolerance):
    measured = measure(chosen, game).values
    assert measured.shape == expected.shape == (2**game.n, game.n)
    assert abs(expected).max() > 1e-3
    close(measured, expected, tolerance, scale=float(abs(expected).max()))


@pytest.mark.parametrize("case", POLYNOMIAL)
@pytest.mark.parametrize("name", GAME_METHODS)
def test_practice_is_theory_in_every_row_of_a_polynomial_network(name, case):
    game, effects = polynomial_game(case)
    if name == "gradient" and case != "squares":
        with pytest.raises(ValueError, match="one entry each and one baseline"):
            method(name).policy(game)
        return
    chosen, expected = theory(name, game, effects, None)
    agree(chosen, game, expected, 1e-12)


@pytest.mark.parametrize("case", ["exp", "tanh", "softplus", "gelu", "tanh-log-odds"])
@pytest.mark.parametrize("name", GAME_METHODS)
def test_practice_is_theory_in_every_row_of_a_smooth_network(name, case):
    """Up to what the series leaves out: κᵢ times the terms above degree 16, of which the dividends see 1e-9."""
    game, effects = entire_game(case)
    chosen, expected = theory(name, game, effects, DEGREE)
    agree(chosen, game, expected, 1e-8)


def test_a_network_is_given_its_own_theory_and_no_other():
    """A row of another method's theory is found out."""
    game, effects = polynomial_game("squares")
    _, expected = theory("shapley", game, effects, None)
    with pytest.raises(AssertionError, match="off, more than"):
        agree(method("integrated_gradients"), game, expected, 1e-6)


def digits():
    for package in ("sklearn", "safetensors"):
        if find_spec(package) is None:
            pytest.skip(f"needs {package}, of the extra 'demo'")
    return load("digits-polynomial", "7", "grid:3x3").game


def test_practice_is_theory_in_every_row_of_the_polynomial_of_digits():
    game = digits()
    effects = taylor(game)
    assert not effects.truncated
    assert int(effects.degrees.sum(1).max()) == 4
    expected = by_definition_of_many(game)
    close(effects.by_support().values, expected, 1e-12, scale=abs(expected).max())
    for name in GAME_METHODS:
        if name == "gradient":  # its players are of several pixels
            continue
        chosen, rows = theory(name, game, effects, None)
        agree(chosen, game, rows, 1e-11)


def by_definition_of_many(game):
    """Dividends by the recursion J(S) = v(S) − Σ_{T⊊S} J(T)."""
    everyone = coalitions(game.n)
    values = game([[int(i in s) for i in range(game.n)] for s in everyone]).tolist()
    found = {}
    for s, value in sorted(zip(everyone, values, strict=True), key=lambda pair: len(pair[0])):
        found[s] = value - sum(found[t] for t in found if t < s)
    return np.array([found[s] for s in everyone])
