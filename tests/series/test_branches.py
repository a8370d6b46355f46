"""Series of functions with kinks: those of the branch at the baseline, as far as it holds; values by hand."""

import math
from fractions import Fraction

import pytest
import sympy

from decompositions.series.exact.branch_reach import branch_reach
from decompositions.series.exact.branches import Branch, Margin
from decompositions.series.exact.ranges import bounds
from synergy import Game, compare, harsanyi, method, taylor

u, x, y = sympy.symbols("u x y")
STEP = sympy.Piecewise((u**2, u > 1), (sympy.sin(u), True))


def series(expression, end, start, degree=None, **settings):
    return taylor(Game.from_expression(expression, end, start, **settings), degree)


WHOLE = {  # expression, x, b and all effects: the branch holds on the whole cube
    "abs": ("Abs(u)", {"u": 3}, {"u": 1}, {(0,): 1, (1,): 2}),
    "abs-below": ("Abs(u)*u", {"u": -3}, {"u": -1}, {(0,): -1, (1,): -4, (2,): -4}),
    "relu": ("relu(x1 - x2)", {"x1": 3, "x2": 1}, {"x1": 2, "x2": 0}, {(0, 0): 2, (1, 0): 1, (0, 1): -1}),
    "relu-off": ("x1*relu(x2)", {"x1": 1, "x2": -1}, {"x1": 0, "x2": -2}, {(0, 0): 0}),
    "touching": ("relu(x1 - x2)", {"x1": 3, "x2": 1}, {"x1": 1, "x2": 0}, {(0, 0): 1, (1, 0): 2, (0, 1): -1}),
    "max": (
        "Max(x, y, 1)**2 + Min(x, y)",  # (3 + t_x)² + 2 − t_y
        {"x": 4, "y": 1},
        {"x": 3, "y": 2},
        {(0, 0): 11, (1, 0): 6, (2, 0): 1, (0, 1): -1},
    ),
    "nested": ("Abs(Abs(x) - 2)", {"x": "3/2"}, {"x": 1}, {(0,): 1, (1,): Fraction(-1, 2)}),
    "piecewise": (STEP, {"u": 3}, {"u": 2}, {(0,): 4, (1,): 4, (2,): 1}),
    "sign": (sympy.sign(u - 1) * u, {"u": -1}, {"u": 0}, {(0,): 0, (1,): 1}),
    "step": (sympy.Heaviside(u) * u, {"u": 2}, {"u": 1}, {(0,): 1, (1,): 1}),
}


@pytest.mark.parametrize("name", WHOLE)
def test_where_the_branch_holds_to_x_it_is_the_function(name):
    expression, end, start, expected = WHOLE[name]
    effects = series(expression, end, start)
    assert effects.to_dict() == expected
    assert not effects.truncated
    assert effects.remainder == 0
    assert effects.radius == math.inf
    assert not any(effects.gaps)


BEYOND = {  # expression, x, b, effects, where the kink is on the way, and what is missing at x
    "abs": ("Abs(u)", {"u": -2}, {"u": 1}, {(0,): 1, (1,): -3}, 1 / 3, 4),
    "relu": ("relu(x1 - x2)", {"x1": 3, "x2": 5}, {"x1": 2, "x2": 0}, {(0, 0): 2, (1, 0): 1, (0, 1): -5}, 0.4, 2),
    "relu-off": ("relu(u)", {"u": 1}, {"u": -3}, {(0,): 0}, 0.75, 1),
    "corner-alone": ("Max(x, y)", {"x": 0, "y": -5}, {"x": 4, "y": 2}, {(0, 0): 4, (1, 0): -4}, 0.5, 0),
    "nested": ("Abs(Abs(x) - 2)", {"x": -1}, {"x": 1}, {(0,): 1, (1,): 2}, 0.5, -2),
    "piecewise": (STEP, {"u": 0}, {"u": 2}, {(0,): 4, (1,): -8, (2,): 4}, 0.5, 0),
}


@pytest.mark.parametrize("degree", [None, 3])
@pytest.mark.parametrize("name", BEYOND)
def test_a_kink_on_the_way_is_said(name, degree):
    """The effects are those of the branch, never called all there is, and no theory is shown of them."""
    expression, end, start, expected, reach, missing = BEYOND[name]
    game = Game.from_expression(expression, end, start)
    effects = taylor(game, degree)
    assert effects.to_dict() == expected
    assert effects.truncated
    assert effects.remainder == missing
    assert effects.radius == pytest.approx(reach, rel=1e-6)
    assert "does not reach x" in effects.note
    assert "kink" in effects.note
    comparison = compare(game, ["gradient_x_input"], degree=degree)
    assert comparison.series is None
    assert comparison["gradient_x_input"].theory is None
    assert "kink" in comparison.series_note


def test_a_cut_series_of_a_branch_beyond_its_kink():
    """|u| e^u from 1 to −2: u e^u = e (1 + 2·(−3) + 3/2·9) + … to degree 2."""
    effects = series("Abs(u)*exp(u)", {"u": -2}, {"u": 1}, 2)
    e = sympy.E
    assert effects.to_dict() == {(0,): e, (1,): -6 * e, (2,): 27 * e / 2}
    assert sympy.simplify(effects.remainder - (2 * sympy.exp(-2) - e * (1 - 6 + Fraction(27, 2)))) == 0
    assert effects.radius == pytest.approx(1 / 3)


def test_a_cut_series_of_a_branch_before_its_kink():
    effects = series("Abs(u)*exp(u)", {"u": 2}, {"u": 1}, 2)
    assert effects.to_dict() == {(0,): sympy.E, (1,): 2 * sympy.E, (2,): Fraction(3, 2) * sympy.E}
    assert effects.radius > 1 or math.isnan(effects.radius)
    assert "kink" not in effects.note


def test_a_kink_at_x_itself_does_not_end_a_cut_series():
    """|u| e^(u/5) from −1 to 0: the branch −u e^(u/5) ends at x, where both are 0."""
    effects = series("Abs(u)*exp(u/5)", {"u": 0}, {"u": -1}, 8)
    assert effects.radius > 1 or math.isnan(effects.radius)
    assert abs(effects.gaps.astype(float)).max() < 1e-8
    assert "kink" not in effects.note


def test_a_bend_that_is_not_known_to_hold_is_not_known():
    """x² − x + 1/2 > 0 for all x, though its parts alone do not say so."""
    effects = series("Abs(x**2 - x + 1/2)", {"x": 1}, {"x": 0})
    assert effects.to_dict() == {(0,): Fraction(1, 2), (1,): -1, (2,): 1}
    assert effects.truncated
    assert math.isnan(effects.radius)
    assert "not known" in effects.note


@pytest.mark.parametrize(
    ("expression", "end", "start", "says"),
    [
        ("Abs(u - 1)", {"u": 2}, {"u": 1}, "Abs.u - 1. .*u = 1.*kink"),
        ("Max(x, y)", {"x": 1, "y": 2}, {"x": 1, "y": 1}, "Max.x, y. .*kink there, where x - y is 0"),
        ("relu(x*y)", {"x": 1, "y": 2}, 0, "Max.0, x.y. .*kink"),
        ("Min(x, y) + exp(x)", {"x": 1, "y": 2}, 3, "Min.x, y. .*kink"),
        ("Abs(sin(x)**2 + cos(x)**2 - y)", {"x": 1, "y": 2}, {"x": 5, "y": 1}, "kink"),
        (STEP, {"u": 2}, {"u": 1}, "Piecewise.*kink there, where u - 1 is 0"),
        (sympy.sign(x), {"x": 2}, 0, "sign.x. .*kink"),
    ],
)
def test_a_baseline_on_a_kink_is_refused_by_name(expression, end, start, says):
    with pytest.raises(ValueError, match=f"no Taylor series of {says}|no Taylor series of .*{says}"):
        series(expression, end, start, 3)


def test_a_side_that_depends_on_a_parameter_is_refused():
    with pytest.raises(ValueError, match=r"Max.*not known on which side of it 1 - a is; give numbers"):
        series("relu(x - a)", {"x": 3}, {"x": 1}, 3, parameters=["a"])


def test_every_baseline_has_a_branch_of_its_own():
    """|u| at 2 from 1 and −1, half each: (1 + t)/2 + (1 − 3t)/2 = 1 − t, where the kink is a third of the way."""
    game = Game.from_expression("Abs(u)", {"u": 2}, [{"u": 1}, {"u": -1}])
    effects = taylor(game)
    assert effects.to_dict() == {(0,): 1, (1,): -1}
    assert effects.remainder == 2
    assert effects.radius == pytest.approx(1 / 3)


def test_dividends_of_relu():
    """relu(x1 − x2) at (3, 1): 3, 0 and 2 − 3 − 0 = −1."""
    assert harsanyi(Game.from_expression("relu(x1 - x2)", {"x1": 3, "x2": 1})).to_dict() == {
        (): 0, (0,): 3, (1,): 0, (0, 1): -1
    }  # fmt: skip


@pytest.mark.parametrize(
    ("expression", "end", "start", "right"),
    [
        ("Abs(u)", {"u": -2}, {"u": 1}, [3]),  # at x: −1 · −3
        ("relu(x1 - x2)*x1", {"x1": 3, "x2": 1}, 0, [15, -3]),  # (2·3 − 1)·3, −3·1
        ("Max(x, y)", {"x": 3, "y": 1}, 0, [3, 0]),
    ],
)
def test_gradients_of_kinked_functions(expression, end, start, right):
    game = Game.from_expression(expression, end, start)
    assert list(method("gradient_x_input").attribute(game)) == right


def test_margins_are_positive_at_the_place():
    branch = Branch({x: sympy.Integer(1), y: sympy.Integer(5)})
    assert branch.smooth(sympy.Min(x, y, 7) + sympy.Abs(x - y)) == y
    assert all(margin.value.subs(branch.places) > 0 for margin in branch.margins)


@pytest.mark.parametrize(
    ("margin", "reach"),
    [
        (Margin(1 - x), 1.0000000000000002),  # 0 at x = 1 alone: still on the branch
        (Margin(1 - x, True), 1.0),
        (Margin(2 - x), 2.0),
        (Margin(1 + x * y), math.inf),
        (Margin(1 - x * y / 2), math.sqrt(2)),
        (Margin(sympy.exp(-x) - sympy.exp(-2)), 2.0),
        (Margin(3 - x - y), 1.5),
        (Margin(1 - 2 * y), 0.5),
    ],
)
def test_how_far_a_margin_holds(margin, reach):
    start, end = {x: sympy.Integer(0), y: sympy.Integer(0)}, {x: sympy.Integer(1), y: sympy.Integer(1)}
    assert branch_reach([margin], start, end) == pytest.approx(reach, rel=1e-6)


@pytest.mark.parametrize(
    ("expression", "low", "high"),
    [
        (x**2, 0, 4), (x**3, -1, 8), (x * y, -3, 6), (1 / y, Fraction(1, 3), 1), (1 / x, -math.inf, math.inf),
        (sympy.sqrt(y), 1, math.sqrt(3)), (sympy.log(x), -math.inf, math.inf), (sympy.exp(y), math.e, math.exp(3)),
        (sympy.cos(x), -1, 1), (y**-2, Fraction(1, 9), 1), (sympy.pi - y, math.pi - 3, math.pi - 1),
        (x**sympy.Symbol("a"), -math.inf, math.inf),
    ],
)  # fmt: skip
def test_ranges(expression, low, high):
    box = {x: (Fraction(-1), Fraction(2)), y: (Fraction(1), Fraction(3))}
    assert bounds(expression, box) == (pytest.approx(low), pytest.approx(high))
