"""How far a series reaches: functions whose singularities are known, series with gaps among them.

The right radius is the distance of the nearest singularity of s ↦ g(s, …, s), found by hand. An estimate may be unknown
(NaN); it is never infinite for a series that does not end, and never on the wrong side of x.
"""

import math
from functools import cache

import numpy as np
import pytest
import sympy
import torch

from decompositions.series.jets.jets import jets
from decompositions.series.terms import convergence
from synergy import Game, compare, taylor

F64 = torch.float64


def pair(s, r, angle):
    """A pair of poles r e^{±i angle}: its terms come and go."""
    return 1 / (1 - 2 * math.cos(angle) * s / r + s * s / r**2)


SHAPES = {  # of s, the radius r and the gap g: singular where (s/r)^g = ±1, or as said
    "pole": lambda s, r, g: 1 / (1 + (s / r) ** g),
    "double": lambda s, r, g: (1 + (s / r) ** g) ** -2.0,
    "log": lambda s, r, g: (1 + (s / r) ** g).log(),
    "root": lambda s, r, g: (1 + (s / r) ** g).sqrt(),
    "sigmoid": lambda s, r, g: (math.pi * (s / r) ** g).sigmoid(),
    "tanh": lambda s, r, g: (math.pi / 2 * (s / r) ** g).tanh() + s * s,
    "shifted": lambda s, r, g: s / (1 - (s / r) ** g) + 3 * s * s + s,
    "beside-exp": lambda s, r, g: s.exp() + 1 / (1 + (s / r) ** g),
    "pair": lambda s, r, g: pair(s**g, r**g, 1.0) if g < 4 else pair(s, r, g / 2 - 1.7),
    "log-pair": lambda s, r, g: pair(s, r, 0.3 + 0.4 * g).log(),
}
RADII = (0.35, 0.5, 0.8, 0.92, 1.1, 1.4, 2.5)


@cache
def sizes(f, *settings):
    """The sizes of the terms of degree 0 to 48 of f(s, r, g) for every r at once. Shape ``(49, r)``."""
    *rates, gap = settings
    start = torch.zeros(len(rates), 1, dtype=F64)
    rates = torch.tensor(rates, dtype=F64)
    return jets(lambda z: f(z[:, 0], rates, gap), start, torch.ones_like(start), 48).abs().numpy()


GAPS_OF_POWERS = (1, 2, 3, 4, 6, 8)


@pytest.mark.parametrize("degree", [5, 6, 8, 9, 12, 16, 24, 36, 48])
@pytest.mark.parametrize("shape", SHAPES)
def test_an_estimate_is_on_the_right_side_of_x_or_unknown(shape, degree):
    for gap in GAPS_OF_POWERS:
        for r, growth in zip(RADII, sizes(SHAPES[shape], *RADII, gap).T, strict=True):
            found = convergence.radius(growth[: degree + 1])
            assert found != math.inf
            assert np.isnan(found) or (found > 1) == (r > 1), (gap, r, found)
            assert np.isnan(found) or degree < 24 or found == pytest.approx(r, rel=0.15), (gap, r)


@pytest.mark.parametrize("shape", ["pole", "double", "log", "root", "shifted"])
@pytest.mark.parametrize("gap", [1, 2, 3, 4])
def test_an_estimate_is_known_where_there_are_terms_enough(shape, gap):
    for r, growth in zip(RADII, sizes(SHAPES[shape], *RADII, gap).T, strict=True):
        assert convergence.radius(growth) == pytest.approx(r, rel=0.05)


ENTIRE = {
    "exp": lambda s, c, g: (c * s**g).exp(),
    "sin": lambda s, c, g: (c * s**g).sin(),
    "bell": lambda s, c, g: (-c * s ** (2 * g)).exp(),
    "erf": lambda s, c, g: (c * s**g).erf(),
    "cosh": lambda s, c, g: (c * s**g).cosh(),
}


@pytest.mark.parametrize("degree", [6, 9, 12, 24, 48])
@pytest.mark.parametrize("name", ENTIRE)
def test_entire_functions_never_seem_to_end_or_to_stop_short(name, degree):
    for gap in (1, 2, 3, 4):
        for growth in sizes(ENTIRE[name], 0.5, 1.0, 2.0, gap).T:
            found = convergence.radius(growth[: degree + 1])
            assert np.isnan(found) or 1 < found < math.inf, (gap, found)


# --- the inputs that were wrong ------------------------------------------------------------------------------------

XYZ = dict.fromkeys(("x", "y", "z"), 1)
GAPS = {  # f, the radius along the diagonal to x, and the expression
    "pole": (lambda p: 1 / (1 + 8 * p), 0.5, "1/(1 + 8*x*y*z)"),
    "sigmoid": (lambda p: (4 * p).sigmoid(), (math.pi / 4) ** (1 / 3), "1/(1 + exp(-4*x*y*z))"),
    "log": (lambda p: (1 + 3 * p).log(), 3 ** (-1 / 3), "log(1 + 3*x*y*z)"),
    "reaches": (lambda p: 1 / (1 + p / 8), 2.0, "1/(1 + x*y*z/8)"),
}


@pytest.mark.parametrize("name", GAPS)
@pytest.mark.parametrize("degree", [3, 5, 9, 10, 11, 12])
@pytest.mark.parametrize("kind", ["function", "expression"])
def test_series_of_a_product(name, degree, kind):
    f, r, text = GAPS[name]
    if kind == "function":
        game = Game.from_function(lambda z: f(z.prod(1)), [1.0, 1.0, 1.0])
    else:
        game = Game.from_expression(text, XYZ)
    effects = taylor(game, degree)
    assert effects.radius == pytest.approx(r, rel=0.03)
    assert ("does not reach x" in effects.note) == (r < 1)
    assert "shrink" not in effects.note
    assert ("the series reaches x" in effects.note) == (r > 1)


@pytest.mark.parametrize("kind", ["function", "expression"])
@pytest.mark.parametrize("name", ["pole", "sigmoid", "log"])
def test_a_comparison_shows_no_theory_of_a_series_that_does_not_reach(name, kind):
    f, _, text = GAPS[name]
    function = Game.from_function(lambda z: f(z.prod(1)), [1.0, 1.0, 1.0])
    comparison = compare(
        function if kind == "function" else Game.from_expression(text, XYZ), ["gradient_x_input"], degree=9
    )
    assert comparison.series is None
    assert "does not reach x" in comparison.series_note


def test_a_comparison_shows_no_theory_whose_terms_grow_though_the_radius_is_unknown():
    """1/(1 + (4z)¹⁰⁰): the terms vanish to degree 99, those of z/(1 − 2z¹⁸) are too few; both are wrong at x."""
    for f in (lambda s: 1 / (1 + (4 * s) ** 100), lambda s: s / (1 - 2 * s**18)):
        game = Game.from_function(lambda z, f=f: f(z[:, 0]), [1.0])
        effects = taylor(game, 19)
        assert not effects.radius > 1
        assert effects.truncated
        assert "shrink" not in effects.note
        assert "do not add up" in effects.note


@pytest.mark.parametrize("text", ["sin(x*y*z)", "exp(x*y)", "exp(-x**2*y**2) + z", "sinh(x**3) + y + z"])
@pytest.mark.parametrize("degree", [4, 9, 12])
def test_entire_expressions_reach_x(text, degree):
    effects = taylor(Game.from_expression(text, XYZ), degree)
    assert math.isnan(effects.radius) or 1 < effects.radius < math.inf
    assert "does not reach" not in effects.note
    assert "shrink" not in effects.note


def test_polynomials_end():
    whole = taylor(Game.from_expression("(x + y)**4*z", XYZ))
    cut = taylor(Game.from_expression("(x + y)**4*z", XYZ), 3)
    floats = taylor(Game.from_function(lambda z: z[:, :2].sum(1) ** 4 * z[:, 2], [1.0] * 3), 3)
    assert [each.radius for each in (whole, cut, floats)] == [math.inf] * 3
    assert [each.truncated for each in (whole, cut, floats)] == [False, True, True]
    assert "16" in cut.note
    assert "16" in floats.note


def test_terms_along_lines_are_those_of_the_exact_series():
    """exp(x y) + y/(1 + x) from (0, 1) to (1, 2), along the diagonal: by SymPy's own series in s."""
    from decompositions.series.exact.cube_branches import CubeBranches
    from decompositions.series.exact.lines import along_lines

    game = Game.from_expression("exp(x*y) + y/(1 + x)", {"x": 1, "y": 2}, {"x": 0, "y": 1})
    s = sympy.Symbol("s")
    expected = sympy.series(sympy.exp(s * (1 + s)) + (1 + s) / (1 + s), s, 0, 8).removeO()
    found = along_lines(CubeBranches(game.cube))[:8, 0]
    assert found == pytest.approx([float(expected.coeff(s, k)) for k in range(8)], rel=1e-12)


def test_what_grows():
    assert convergence.grows(np.array([1.0, 0, 0, 8, 0, 0, 64]))
    assert not convergence.grows(np.array([1.0, 8, 0, 4, 0, 2]))
    assert not convergence.grows(np.zeros(9))
