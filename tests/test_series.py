"""Taylor effects of elementary functions, exactly, against repeated differentiation."""

from itertools import product
from math import factorial

import pytest
import sympy

from synergy import Game, allocate, compare, harsanyi, method, taylor
from synergy.cli import app

CASES = {
    "sine": ("x1*x2 + sin(x1)*x3", {"x1": 1, "x2": 2, "x3": "1/2"}, {"x1": 0, "x2": 0, "x3": 0}, 4),
    "quotient-of-exp": ("exp(x1*x2)/(1 + x2**2)", {"x1": 1, "x2": 2}, {"x1": 1, "x2": "1/3"}, 4),
    "root-tanh-log": ("sqrt(1 + x1)*tanh(x2) + log(2 + x1*x2)", {"x1": 1, "x2": 2}, {"x1": 0, "x2": 1}, 4),
    "power-erf-atan": ("(1 + x1)**x2 + erf(x1) + atan(x2)", {"x1": 1, "x2": 2}, {"x1": 0, "x2": 1}, 3),
    "hyperbolic": ("cosh(x1)*sinh(x2) + tan(x1*x2)", {"x1": "1/2", "x2": 1}, {"x1": 0, "x2": "1/4"}, 4),
    "base-and-exponent": ("2**(x1*x2) * cos(x2)", {"x1": 1, "x2": 1}, {"x1": 1, "x2": 0}, 4),
}


def by_differentiation(text: str, x: dict, b: dict, degree: int) -> dict[tuple[int, ...], sympy.Expr]:
    """∂^κ f(b) / κ! · d^κ, one derivative after the other."""
    expression, symbols = sympy.sympify(text), [sympy.Symbol(name) for name in x]
    effects = {}
    for key in product(range(degree + 1), repeat=len(symbols)):
        if sum(key) <= degree:
            value = expression
            for symbol, order in zip(symbols, key, strict=True):
                value = value.diff(symbol, order) if order else value
            value = value.subs({s: sympy.Rational(b[s.name]) for s in symbols}, simultaneous=True)
            for symbol, order in zip(symbols, key, strict=True):
                change = sympy.Rational(x[symbol.name]) - sympy.Rational(b[symbol.name])
                value = value * change**order / factorial(order)
            effects[key] = value
    return effects


@pytest.mark.parametrize("name", CASES)
def test_effects_are_the_derivatives(name):
    text, x, b, degree = CASES[name]
    effects = taylor(Game.from_expression(text, x, b), degree)
    for key, value in by_differentiation(text, x, b, degree).items():
        assert sympy.simplify(effects.degree(key) - value) == 0, key
    assert not any(value.has(sympy.Float) for value in effects.values)


@pytest.mark.parametrize("name", CASES)
def test_effects_and_remainder_add_up_to_the_value(name):
    text, x, b, degree = CASES[name]
    game = Game.from_expression(text, x, b)
    effects = taylor(game, degree)
    assert effects.truncated
    assert sympy.simplify(effects.base + effects.total + effects.remainder - game([[1] * game.n])[0]) == 0


def test_within_the_radius_the_sums_by_support_approach_the_dividends():
    """exp(x1)·sin(x2) is entire: at degree 12 every coalition agrees to 1e-8."""
    game = Game.from_expression("exp(x1)*sin(x2)", {"x1": "1/2", "x2": "1/2"})
    series, dividends = taylor(game, 12).by_support(), harsanyi(game)
    for coalition, value in dividends.to_dict().items():
        assert abs(float(value - series.to_dict()[coalition])) < 1e-8


def test_a_series_that_does_not_reach_x_never_looks_complete():
    """1/(1 + (z1 + z2)²) has radius 1 in z1 + z2, and x is at 2: the partial sums grow."""
    game = Game.from_expression("1/(1 + (z1 + z2)**2)", {"z1": "1.2", "z2": "0.8"})
    remainders = [abs(float(taylor(game, degree).remainder)) for degree in (4, 8, 12)]
    assert remainders[0] < remainders[1] < remainders[2]
    effects = taylor(game, 8)
    criteria = allocate(effects, method("integrated_gradients").policy(game)).criteria()
    assert criteria.verdicts["completeness"] == "undecided"
    known = sum(abs(value) for value in effects.values[1:])
    assert criteria.residual == pytest.approx(float(abs(effects.remainder) / (known + abs(effects.remainder))))


@pytest.mark.parametrize(
    ("text", "names"),
    [("log(x1)", "log"), ("1/x1 + x2", "u = 0"), ("sqrt(x1*x2)", "u = 0"), ("exp(-1/x1**2)*x2", "u = 0")],
)
def test_a_singular_point_is_named(text, names):
    x = {"x1": 1, "x2": 1}
    with pytest.raises(ValueError, match=f"no Taylor series.*{names}|{names}.*no Taylor series"):
        taylor(Game.from_expression(text, x), 3)


def test_a_series_that_does_not_end_needs_a_degree():
    game = Game.from_expression("exp(x1)", {"x1": 1})
    with pytest.raises(ValueError, match="does not end"):
        taylor(game)
    assert compare(game, ["gradient_x_input"])["gradient_x_input"].theory is None
    assert compare(game, ["gradient_x_input"], degree=3)["gradient_x_input"].theory is not None


def test_a_kink_has_no_series():
    with pytest.raises(ValueError, match="no Taylor series"):
        taylor(Game.from_expression("Max(x1, x2)", {"x1": 1, "x2": 2}, {"x1": -1, "x2": 0}), 2)


def test_the_command_takes_a_degree(tmp_path, monkeypatch):
    from typer.testing import CliRunner

    monkeypatch.chdir(tmp_path)
    words = ["explain", "expression", "x1*x2 + sin(x1)*x3", "--at", "x1=1,x2=2,x3=1/2", "--degree", "6"]
    result = CliRunner().invoke(app, [*words, "--methods", "gradient_x_input,shapley"], catch_exceptions=False)
    assert result.exit_code == 0
    assert "undecided" in result.output
