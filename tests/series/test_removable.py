"""Quotients that are 0/0 at the baseline but regular: values and series by hand, poles refused by name."""

import time
from fractions import Fraction
from math import factorial

import pytest
import sympy

from decompositions.expressions.expansion.limits import value_by_limit
from decompositions.expressions.expansion.removable import order_on, zero
from decompositions.expressions.expansion.rings import FlintRing, SympyRing
from decompositions.series.exact import series as series_
from synergy import Game, harsanyi, measure, taylor

x, y = sympy.symbols("x y")
E = sympy.E
F = Fraction

ONE = {"x": 1}
SERIES = {  # expression, x, b, degree and all effects
    "sine": ("sin(x)/x", ONE, 0, 6, {(0,): 1, (2,): F(-1, 6), (4,): F(1, 120), (6,): F(-1, 5040)}),
    "cosine": ("(1 - cos(x))/x**2", ONE, 0, 4, {(0,): F(1, 2), (2,): F(-1, 24), (4,): F(1, 720)}),
    "exponential": ("(exp(x) - 1)/x", ONE, 0, 3, {(0,): 1, (1,): F(1, 2), (2,): F(1, 6), (3,): F(1, 24)}),
    "logarithm": ("log(1 + x)/x", ONE, 0, 3, {(0,): 1, (1,): F(-1, 2), (2,): F(1, 3), (3,): F(-1, 4)}),
    "far": ("sin(x)/x", {"x": 2}, 0, 4, {(0,): 1, (2,): F(-4, 6), (4,): F(16, 120)}),
    "bernoulli": ("x/(exp(x) - 1)", ONE, 0, 5, {(0,): 1, (1,): F(-1, 2), (2,): F(1, 12), (4,): F(-1, 720)}),
    "square": ("(sin(x)/x)**2", ONE, 0, 4, {(0,): 1, (2,): F(-1, 3), (4,): F(2, 45)}),
    "inside": ("exp(sin(x)/x)", ONE, 0, 2, {(0,): E, (2,): -E / 6}),
    "twice": ("(exp(sin(x)/x) - E)/x**2", ONE, 0, 1, {(0,): -E / 6}),
    "not-at-zero": ("log(x)/(x - 1)", {"x": 2}, 1, 2, {(0,): 1, (1,): F(-1, 2), (2,): F(1, 3)}),
    "irrational": ("(exp(x) - E)/(x - 1)", {"x": 2}, 1, 2, {(0,): E, (1,): E / 2, (2,): E / 6}),
    "poles-cancel": ("exp(x)/x - 1/x", ONE, 0, 2, {(0,): 1, (1,): F(1, 2), (2,): F(1, 6)}),
    "two-functions": ("1/sin(x) - 1/x", ONE, 0, 3, {(0,): 0, (1,): F(1, 6), (3,): F(7, 360)}),
    "a-parameter": ("(exp(a*x) - 1)/x", ONE, 0, 1, {(0,): sympy.Symbol("a"), (1,): sympy.Symbol("a") ** 2 / 2}),
    "arcs": ("tanh(x)/sin(2*x) + atan(x)/x", ONE, 0, 2, {(0,): F(3, 2), (2,): F(1, 6) - F(1, 3)}),
    "both": (
        "sin(x)*sin(y)/(x*y)",
        {"x": 1, "y": 2},
        0,
        4,
        {(0, 0): 1, (2, 0): F(-1, 6), (0, 2): F(-4, 6), (4, 0): F(1, 120), (2, 2): F(4, 36), (0, 4): F(16, 120)},
    ),
    "product": ("sin(x*y)/(x*y)", {"x": 1, "y": 2}, 0, 8, {(0, 0): 1, (2, 2): F(-4, 6), (4, 4): F(16, 120)}),
    "an-axis": (  # at x = 0, y = 1: y² x² is (1 + t_y)² t_x² for y to 2
        "sin(x*y)/(x*y)",
        {"x": 1, "y": 2},
        {"x": 0, "y": 1},
        4,
        {(0, 0): 1, (2, 0): F(-1, 6), (2, 1): F(-2, 6), (2, 2): F(-1, 6), (4, 0): F(1, 120)},
    ),
    "difference": (
        "sin(x - y)/(x - y)",
        {"x": 2, "y": 1},
        0,
        2,
        {(0, 0): 1, (2, 0): F(-4, 6), (1, 1): F(4, 6), (0, 2): F(-1, 6)},
    ),
    "polynomials": ("(x**2 - y**2)/(x - y)", {"x": 2, "y": 1}, 1, 3, {(0, 0): 2, (1, 0): 1}),
    "factors": ("(x**4 - y**4)/(x**2 - y**2)", {"x": 1, "y": 2}, 0, 3, {(0, 0): 0, (2, 0): 1, (0, 2): 4}),
    "cosines": (  # −2 sin(s/2) sin(d/2) over s d, of s = x + y and d = x − y: −½ (1 − (s² + d²)/24)
        "(cos(x) - cos(y))/(x**2 - y**2)",
        {"x": 1, "y": 2},
        0,
        2,
        {(0, 0): F(-1, 2), (2, 0): F(1, 24), (0, 2): F(4, 24)},
    ),
    "sum": (
        "(exp(x + y) - 1)/(x + y)",
        {"x": 1, "y": 1},
        0,
        2,
        {(0, 0): 1, (1, 0): F(1, 2), (0, 1): F(1, 2), (2, 0): F(1, 6), (1, 1): F(1, 3), (0, 2): F(1, 6)},
    ),
    "one-part": ("x*y/(exp(x*y) - 1)", {"x": 1, "y": 1}, 0, 4, {(0, 0): 1, (1, 1): F(-1, 2), (2, 2): F(1, 12)}),
    "squares": (
        "sin(x**2 + y**2)/(x**2 + y**2)",
        {"x": 1, "y": 1},
        0,
        5,
        {(0, 0): 1, (4, 0): F(-1, 6), (2, 2): F(-2, 6), (0, 4): F(-1, 6)},
    ),
}


@pytest.mark.parametrize("kind", [SympyRing, FlintRing], ids=["sympy", "flint"])
@pytest.mark.parametrize("name", SERIES)
def test_series(name, kind, monkeypatch):
    if kind is FlintRing:
        pytest.importorskip("flint")
    monkeypatch.setattr(series_, "polynomial_ring", lambda names: kind(tuple(names)))
    text, end, start, degree, expected = SERIES[name]
    parameters = ["a"] if name == "a-parameter" else ()
    effects = taylor(Game.from_expression(text, end, start, parameters=parameters), degree)
    found = effects.to_dict()
    assert {key: sympy.simplify(value) for key, value in found.items() if value != 0 or not any(key)} == {
        key: value for key, value in expected.items() if value != 0 or not any(key)
    }
    assert effects.truncated


@pytest.mark.parametrize("name", SERIES)
def test_effects_and_remainder_add_up(name):
    text, end, start, degree, _ = SERIES[name]
    game = Game.from_expression(text, end, start, parameters=["a"] if name == "a-parameter" else ())
    effects = taylor(game, degree)
    whole = game([[1] * game.n])[0]
    assert sympy.simplify(effects.base + effects.total + effects.remainder - whole) == 0
    assert sympy.simplify(effects.base - game([[0] * game.n])[0]) == 0


DIVIDENDS = {
    "sine": ("sin(x)/x", ONE, 0, {(): 1, (0,): sympy.sin(1) - 1}),
    "cosine": ("(1 - cos(x))/x**2", ONE, 0, {(): F(1, 2), (0,): F(1, 2) - sympy.cos(1)}),
    "exponential": ("(exp(x) - 1)/x", ONE, 0, {(): 1, (0,): E - 2}),
    "logarithm": ("log(1 + x)/x", ONE, 0, {(): 1, (0,): sympy.log(2) - 1}),
    "at-x": ("sin(x)/x", {"x": 0}, 1, {(): sympy.sin(1), (0,): 1 - sympy.sin(1)}),
    "at-corners": (
        "sin(x*y)/(x*y) + y",
        {"x": 1, "y": 2},
        0,
        {(): 1, (0,): 0, (1,): 2, (0, 1): sympy.sin(2) / 2 - 1},
    ),
    "diagonal": ("(x**2 - y**2)/(x - y)", {"x": 2, "y": 2}, 0, {(): 0, (0,): 2, (1,): 2, (0, 1): 0}),
    "does-not-move": ("y*sin(x)/x", {"x": 0, "y": 3}, 0, {(): 0, (0,): 0, (1,): 3, (0, 1): 0}),
    "beside-a-kink": ("relu(x) + sin(x)/x", ONE, 0, {(): 1, (0,): sympy.sin(1)}),
}


@pytest.mark.parametrize("name", DIVIDENDS)
def test_dividends_are_those_of_the_limit(name):
    text, end, start, expected = DIVIDENDS[name]
    assert harsanyi(Game.from_expression(text, end, start)).to_dict() == expected


def test_gradients_have_limits_too():
    """(sin(x)/x)′ is 0 at 0 and cos 1 − sin 1 at 1."""
    values = measure("gradient_x_input", Game.from_expression("sin(x)/x", ONE)).values
    assert [value for (value,) in values] == [0, sympy.cos(1) - sympy.sin(1)]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("cos(x)/x", "1/u is known at u = 0, the value of x"),
        ("sin(x)/x**2", r"u\*\*\(-2\) is known at u = 0, the value of x"),
        ("x/(1 - cos(x))", "1/u is known at u = 0, the value of 1 - cos"),
        ("exp(x)/x - 2/x", "1/u is known at u = 0"),
        ("x*y/(x + y)", "1/u is known at u = 0, the value of x . y"),
        ("(x + y**10)/x", "1/u is known at u = 0, the value of x"),  # a pole wherever x = 0 and y is not
        ("sin(x*y)/(x**2*y)", r"u\*\*\(-2\) is known at u = 0, the value of x"),
        ("sin(x)*sin(y)/(x - y)", "the value of x - y"),
        ("sin(x)/x**9999", "is known at u = 0"),
        ("x*y/(x**2 + y**2)", "the value of x..2 . y..2 at"),
    ],
)
def test_a_pole_is_refused_by_name(text, names):
    start = time.process_time()
    with pytest.raises(ValueError, match=f"no Taylor series of .*{names}"):
        taylor(Game.from_expression(text, {"x": 2, "y": 1}), 3)
    with pytest.raises(ValueError, match="no finite value at x = 0, y = 0"):
        harsanyi(Game.from_expression(text, {"x": 2, "y": 1}))
    assert time.process_time() - start < 3


def test_a_denominator_that_stays_zero_is_refused_by_name():
    with pytest.raises(ValueError, match="stays so up to x; write its limit"):
        taylor(Game.from_expression("y*sin(x)/x", {"x": 0, "y": 1}), 3)


def test_an_identity_that_the_series_does_not_see_is_refused():
    game = Game.from_expression("(tan(x) - sin(x)/cos(x) + y)/y", {"x": 2, "y": 1}, {"x": 1, "y": 0})
    with pytest.raises(ValueError, match="only by an identity"):
        taylor(game, 3)
    assert harsanyi(game).to_dict() == {(): 1, (0,): 0, (1,): 0, (0, 1): 0}


def test_several_baselines():
    """sin(x)/x at π from 0 and π/2, half each: (1 + 2/π)/2 at the baseline."""
    game = Game.from_expression("sin(x)/x", {"x": sympy.pi}, [{"x": 0}, {"x": sympy.pi / 2}])
    assert sympy.simplify(taylor(game, 2).base - (1 + 2 / sympy.pi) / 2) == 0


def test_a_high_power_keeps_its_degrees():
    """(sin x/x)¹² = 1 − 2x² + …; the coefficient of x⁴ is 12/120 + 66/36."""
    found = taylor(Game.from_expression("sin(x)**12/x**12", ONE), 4).to_dict()
    assert found == {(0,): 1, (2,): -2, (4,): F(12, 120) + F(66, 36)}


@pytest.mark.parametrize(
    ("text", "end", "radius"),
    [
        ("1/(1 + (exp(x + y) - 1)/(x + y)) + 0*x", {"x": 3, "y": 1}, None),
        ("log(1 + x + y)/(x + y)", {"x": 1, "y": 1}, 0.5),
        ("tan(x)/x", {"x": 1}, float(sympy.pi) / 2),
        ("x/(exp(x) - 1)", {"x": 1}, float(sympy.pi) * 2),
    ],
)
def test_how_far_such_a_series_reaches(text, end, radius):
    """A pole of the quotient elsewhere; lines on which the denominator is 0 all the way are left out."""
    found = taylor(Game.from_expression(text, end), 8).radius
    assert not found > 1e9
    assert radius is None or found == pytest.approx(radius, rel=0.02)


def test_a_branch_is_chosen_by_the_limit():
    """max(sin(x)/x, 1/2) at 0 is sin(x)/x; at 3 it is below a half."""
    near = taylor(Game.from_expression("Max(sin(x)/x, 1/2)", ONE), 2)
    assert near.to_dict() == {(0,): 1, (2,): F(-1, 6)}
    far = taylor(Game.from_expression("Max(sin(x)/x, 1/2)", {"x": 3}), 2)
    assert far.to_dict() == {(0,): 1, (2,): F(-9, 6)}
    assert 3 * far.radius == pytest.approx(1.8954942670339809)  # where sin(x) is x/2
    assert "kink" in far.note


def test_how_a_factor_vanishes():
    start, end = {x: sympy.Integer(0), y: sympy.Integer(0)}, {x: sympy.Integer(3), y: sympy.Integer(1)}
    found = zero(1 - sympy.cos(x), start, end)  # x²/2, x = 3 t
    assert (found.root, found.order, found.scale) == ((x, 0), 2, F(9, 2))
    found = zero(2 * x - 3 * y + x * y, start, end)  # 6 t_x − 3 t_y
    assert (found.order, found.scale, found.slopes) == (1, 6, {x: 1, y: F(-1, 2)})
    assert sympy.simplify(found.root[1] - 3 * y / (2 + y)) == 0
    assert zero(x**2 + y**2, start, end) is None


def test_how_often_a_numerator_vanishes():
    root = (x, sympy.Integer(0))
    assert order_on(sympy.sin(x * y) ** 2 * (sympy.exp(x) - 1), root, 5) == 3
    assert order_on(x * y + y**10, root, 5) == 0
    assert order_on(sympy.cos(x) - 1, root, 1) == 1  # no further than asked


def test_values_by_limits():
    place = {x: sympy.Integer(0)}
    expression = sum(sympy.sin(x) ** k / x**k / factorial(k) for k in range(3))
    assert value_by_limit(expression, place) == F(5, 2)
    assert value_by_limit(sympy.Abs(x) + (sympy.exp(x) - 1) / x, place) == 1
    assert not value_by_limit(sympy.cos(x) / x, place).is_finite
