"""Integrated Gradients at a kink: the closed forms against the method, SymPy's integrals and limits, and samples."""

import math
from fractions import Fraction
from itertools import pairwise

import mpmath
import pytest
import sympy
import torch

from synergy import Game, method
from synergy.continuity import share_above, share_from_anywhere, share_rounded, slope_on_the_kink


def kink(z):
    return torch.relu(z[:, 0] - z[:, 1])


def given(x, b, f=kink, name="integrated_gradients", **settings):
    x, b = (torch.tensor(each, dtype=torch.float64) for each in (x, b))
    return method(name, **settings).attribute(Game.from_function(f, x, b)).tolist()


@pytest.mark.parametrize(
    ("x", "b"),
    [((2.0, 1.0), (0.0, 0.5)), ((1.0, 3.0), (1.0, 0.0)), ((1.0, 2.0), (0.0, 0.5)), ((3.0, 1.0), (2.0, 1.5))],
    ids=["up", "down", "below", "above"],
)
def test_the_share_is_the_methods(x, b):
    share = float(share_above(b[0] - b[1], x[0] - x[1]))
    net = torch.nn.Sequential(torch.nn.Linear(2, 1, bias=False), torch.nn.ReLU(), torch.nn.Linear(1, 1, bias=False))
    for parameter, row in zip(net.parameters(), ([[1.0, -1.0]], [[1.0]]), strict=True):
        parameter.data = torch.tensor(row, dtype=torch.float64)
    game = Game.from_model(net, *(torch.tensor([end], dtype=torch.float64) for end in (x, b)))
    found = method("integrated_gradients").attribute(game).tolist()  # exact, a sum between the kinks
    assert found == pytest.approx([share * (x[0] - b[0]), -share * (x[1] - b[1])], abs=1e-12)


def test_a_jump_where_the_way_is_within_the_kink():
    """At (1 ± 1e-9, 1) from 0: (1, −1) and (0, 0); with the baseline .3 beside the kink there is none."""
    near = 1e-9
    assert given((1 + near, 1.0), (0.0, 0.0)) == pytest.approx([1, -1], abs=1e-8)
    assert given((1 - near, 1.0), (0.0, 0.0)) == pytest.approx([0, 0], abs=1e-8)
    beside = [given((1 + sign * 1e-6, 1.0), (0.3, 0.0)) for sign in (1, -1)]
    assert beside[0] == pytest.approx(beside[1], abs=1e-5)


def test_within_the_kink_there_is_no_share():
    with pytest.raises(ValueError, match=r"lies within the kink.*share_rounded"):
        share_above(0, 0)


@pytest.mark.parametrize("shift", [-2.0, 0.0, 2.0])
def test_every_rounding_has_another_share_within_the_kink(shift):
    """σ(c), by hand .119, .5, .881."""
    assert share_rounded(0, 0, 50, shift) == pytest.approx({-2.0: 0.1192029, 0.0: 0.5, 2.0: 0.8807971}[shift])


@pytest.mark.parametrize(
    ("u", "w", "beta"), [(0.3, -0.7, 5.0), (0.0, 0.2, 40.0), (-0.4, 0.9, 3.0), (0.1, 0.1 + 1e-9, 7.0)]
)
def test_the_rounded_share_is_the_integral_and_the_methods(u, w, beta):
    slope = mpmath.quad(lambda t: 1 / (1 + mpmath.exp(-beta * ((1 - t) * u + t * w))), mpmath.linspace(0, 1, 9))
    assert share_rounded(u, w, beta) == pytest.approx(float(slope), abs=1e-10)

    def rounded(z):
        return torch.nn.functional.softplus(z[:, 0] - z[:, 1], beta=beta, threshold=1e9)

    x, b = (1 + w, 1.0), (u, 0.0)
    assert given(x, b, rounded)[1] == pytest.approx(-share_rounded(u, w, beta), abs=1e-9)


def test_the_slope_of_the_rounded_kink():
    """SymPy's limit of the derivative of x₁ L(x₁ − 1) at x₁ → 1; 13 for β = 100, as was measured elsewhere."""
    w, beta = sympy.symbols("w beta", positive=True)
    share = (sympy.log(1 + sympy.exp(beta * w)) - sympy.log(2)) / (beta * w)
    slope = sympy.series(sympy.diff((1 + w) * share, w), w, 0, 1).removeO()
    assert sympy.simplify(slope - slope_on_the_kink(beta)) == 0
    step = 1e-5
    rise = (1 + step) * share_rounded(0, step, 100) - (1 - step) * share_rounded(0, -step, 100)
    assert rise / (2 * step) == pytest.approx(13, rel=1e-4)


@pytest.mark.parametrize("w", [-0.5, 1e-3, 0.25])
def test_the_mean_over_baselines_is_expected_gradients(w):
    """Baselines at the middles of 400 intervals; the mean of L is off by less than one of them."""
    middles = (torch.arange(400, dtype=torch.float64) + 0.5) / 200 - 1
    baselines = torch.stack([middles, torch.zeros(400, dtype=torch.float64)], 1)
    x = torch.tensor([1 + w, 1.0], dtype=torch.float64)
    game = Game.from_function(kink, x, baselines)
    found = method("expected_gradients").attribute(game)[1]
    assert float(found) == pytest.approx(-share_from_anywhere(w, 1.0), abs=1 / 400)


def test_the_mean_is_continuous_and_its_slope_is_a_logarithm():
    """From 0 to h it grows by h ln(1 + a/h)/(2a): by a factor of ten nearer, the slope is ln(10) larger for a = ½."""
    slopes = [(share_from_anywhere(h, 0.5) - 0.5) / h for h in (1e-2, 1e-3, 1e-4, 1e-5)]
    assert slopes == pytest.approx([3.93, 6.22, 8.52, 10.82], abs=0.01)
    assert [b - a for a, b in pairwise(slopes)] == pytest.approx([math.log(10)] * 3, abs=0.02)
    exact = (
        sympy.Rational(1, 2)
        + sympy.integrate(sympy.Rational(1, 4) / (sympy.Rational(1, 4) + sympy.Symbol("v")), (sympy.Symbol("v"), 0, 1))
        / 2
    )
    assert share_from_anywhere(0.25, 1.0) == pytest.approx(float(exact))


def test_exact_shares_are_fractions():
    assert share_above(Fraction(1, 3), Fraction(-2, 3)) == Fraction(1, 3)
    assert share_above(-1, 3) == Fraction(3, 4)


def test_a_smooth_function_has_a_bound():
    """|IG_i(x) − IG_i(z)| ≤ (K + |y_i| L/2) ‖x − z‖ for sin(z₁ + 2z₂): K = 2, and the gradient has L = 5."""
    torch.manual_seed(0)
    for _ in range(20):
        x, z = torch.randn(2, 2, dtype=torch.float64)
        parts = [given(end.tolist(), (0.0, 0.0), lambda p: torch.sin(p[:, 0] + 2 * p[:, 1])) for end in (x, z)]
        far = float((x - z).norm())
        for i in range(2):
            size = min(abs(float(x[i])), abs(float(z[i])))
            assert abs(parts[0][i] - parts[1][i]) <= (2 + size * 5 / 2) * far
