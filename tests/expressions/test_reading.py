"""Reading expressions: what is too large is refused before it is computed, what does not parse says why."""

import math
import time
from decimal import Decimal
from fractions import Fraction

import mpmath
import numpy as np
import pytest
import sympy

from decompositions.expressions.parser import read
from synergy import Game, harsanyi, taylor

SUM = "+".join(f"x{i}" for i in range(300))
BOMBS = {
    "tower-of-powers": "(9**9999)**9999",
    "decimal": "1e999999999",
    "small-decimal": "1e-999999999",
    "root-of-a-power": "sqrt(10**9999 + 1)",
    "root": "sqrt(10**2000 + 1)",
    "minuses": "-" * 10**6 + "x",
    "some-minuses": "-" * 10**4 + "x",
    "spaced-minuses": "- " * 10**4 + "x",
    "signs-in-powers": "x**-" * 2000 + "x",
    "tower": "2**2**2**2**2**2",
    "tower-of-x": "**".join(["x"] * 1000),
    "brackets": "(" * 10**4 + "x" + ")" * 10**4,
    "open-brackets": "(" * 10**5,
    "fine-exponent": "x**(1/10**3000)",
    "e-and-logarithm": "exp(10**9*log(2))",
    "E-and-logarithm": "E**(10**9*log(2))",
    "root-to-a-power": "sqrt(2)**(10**9)",
    "exponentials": "Max(exp(exp(exp(exp(100)))), 2)",
    "sine-of-exponentials": "sin(exp(exp(exp(100)))) + x",
    "digits": "1" * 5000,
    "sum": "+".join(["x"] * 10**4),
    "long": "x + " * 10**6 + "x",
    "maximum": "Max(" + ",".join(f"x{i}" for i in range(200)) + ")",
    "large-exponent": "x**10**9",
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_at_once_and_not_repeated(name):
    start = time.process_time()
    with pytest.raises(ValueError, match=r".") as caught:
        read(BOMBS[name])
    assert time.process_time() - start < 1
    assert len(str(caught.value)) < 600
    assert "sys.set_int" not in str(caught.value)


@pytest.mark.parametrize("x", [2, Fraction(1, 3), 1e300])
def test_a_bomb_of_sympy_is_refused_before_it_is_computed(x):
    z = sympy.Symbol("x")
    for bomb in (z ** (10**9), (z**9999) ** 9999, (1 + sympy.sqrt(z)) ** (10**9)):
        with pytest.raises(ValueError, match="digits"):
            Game.from_expression(bomb, {"x": x})


def test_what_is_large_but_bounded_is_read():
    assert read("9**1000") == 9**1000
    assert read("1e300") == 10**300
    assert read(SUM) == sympy.Add(*sympy.symbols("x0:300"))
    assert read("x - y - z/2*3/4 - -2") == sympy.sympify("x - y - 3*z/8 + 2")
    assert read("-2**2 + 2**-1 + 2^3") == sympy.Rational(9, 2)
    assert read("2**0.123456789") == 2 ** sympy.Rational(123456789, 10**9)
    assert harsanyi(Game.from_expression("x**100 - x", {"x": 3}))[(0,)] == 3**100 - 3


UNREADABLE = ["", "x +* y", "x > 1", "foo(x)", "sin(x", "sin()", "sin(x, y)", "1j", "'a'", "x.y", "relu(u=x)", "x[0]"]


@pytest.mark.parametrize("text", UNREADABLE)
def test_what_does_not_parse_says_the_rule_and_what_came(text):
    with pytest.raises(ValueError, match=r"an expression has numbers|takes at most") as caught:
        read(text)
    assert repr(text) in str(caught.value)


WRONG = {
    "none": (None, TypeError),
    "dict": ({"x": 1}, TypeError),
    "list": (["x"], TypeError),
    "bytes": (b"x", TypeError),
    "function": (max, TypeError),
    "true": (True, TypeError),
    "relation": (sympy.Symbol("x") > 1, TypeError),
    "megabytes": ("x*" * 10**6, ValueError),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_expression_is_refused(name):
    expression, kind = WRONG[name]
    with pytest.raises(kind, match="an expression") as caught:
        Game.from_expression(expression, {"x": 1})
    assert len(str(caught.value)) < 600


VALUES = {
    "nan": float("nan"), "inf": float("inf"), "numpy-nan": np.float64("nan"), "complex": 1j, "i": sympy.I, "none": None,
    "text": "two", "dict": {}, "list": [1, 2], "true": True, "oo": sympy.oo, "far": Decimal("1e999999999"),
    "sympy-far": sympy.Float("1e9999"), "sympy-beyond": sympy.Float(10) ** 999999,
    "sympy-tiny": sympy.Float(10) ** -999999, "mpmath": mpmath.mpf(10) ** 10**9,
    "inside": sympy.Float(10) ** 999999 * sympy.sqrt(2), "power": "9**9999", "megabytes": "9" * 10**6,
}  # fmt: skip


@pytest.mark.parametrize("place", ["x", "baseline"])
@pytest.mark.parametrize("name", VALUES)
def test_values_that_are_no_numbers_are_refused(name, place):
    places = {"x": {"x": 1}, "baseline": {"x": 0}} | {place: {"x": VALUES[name]}}
    with pytest.raises((ValueError, TypeError), match="give an int, a Fraction") as caught:
        Game.from_expression("2*x", places["x"], places["baseline"])
    assert len(str(caught.value)) < 600


def test_a_series_of_too_many_terms_is_refused_with_their_number():
    """Of 20 players to degree 12 there are C(32, 12) monomials."""
    names = [f"x{i}" for i in range(20)]
    game = Game.from_expression(f"sin({'+'.join(names)})", dict.fromkeys(names, 1))
    start = time.process_time()
    with pytest.raises(ValueError, match="225,792,840 terms"):
        taylor(game, 12)
    with pytest.raises(ValueError, match=r"limit=9\d\d\d"):
        taylor(Game.from_expression("exp(x + y + z)", {"x": 1, "y": 1, "z": 1}), 36, limit=5000)
    assert time.process_time() - start < 2
    few = Game.from_expression(f"sin({'*'.join(names)})", dict.fromkeys(names, 1))
    assert len(taylor(few, 20)) == 2


@pytest.mark.parametrize("text", ["(x + y + z)**300", "((x + y + z)**20 + 1)**15", "(x + 2*y)**150*(y - z)**150"])
def test_powers_of_sums_are_counted_before_they_are_expanded(text):
    """C(303, 3) monomials, and nothing to degree 2 of the first one and the last."""
    game = Game.from_expression(text, {"x": 1, "y": 1, "z": 1})
    start = time.process_time()
    with pytest.raises(ValueError, match=r"may have [\d,]{6,} terms"):
        taylor(game, limit=20_000)
    effects = taylor(game, 2)
    assert effects.truncated
    assert effects.radius == math.inf
    assert "the series ends" in effects.note
    assert time.process_time() - start < 2


@pytest.mark.parametrize("degree", [2001, 10**5, 10**9, 10**5000], ids=["next", "large", "huge", "endless"])
def test_the_degree_of_a_series_that_does_not_end_has_a_bound(degree):
    start = time.process_time()
    with pytest.raises(
        ValueError, match=r"is found up to degree 2,000, .* not up to .*; take a lower degree, or harsan"
    ):
        taylor(Game.from_expression("exp(x)", {"x": 1}), degree)
    assert time.process_time() - start < 1


@pytest.mark.parametrize("degree", [3000, 10**5, 10**9, 10**5000], ids=["its own", "large", "huge", "endless"])
def test_a_polynomial_takes_any_degree(degree):
    start = time.process_time()
    effects = taylor(Game.from_expression("x**3000 + 2*x", {"x": 1}), degree)
    assert effects.to_dict() == {(0,): 0, (1,): 2, (3000,): 1}
    assert not effects.truncated
    assert time.process_time() - start < 2


def test_a_series_of_the_highest_degree_is_found():
    """1/(1 + x) at 1/2: its last term is 2⁻²⁰⁰⁰."""
    effects = taylor(Game.from_expression("1/(1 + x)", {"x": sympy.Rational(1, 2)}), 2000)
    assert len(effects) == 2001
    assert effects.values[-1] == sympy.Rational(1, 2**2000)


def test_the_degree_of_a_polynomial_is_that_after_it_is_expanded():
    """(x + y)³ − x³ − y³ − 3x²y = 3xy²: the cubes cancel, but the degree is three; (x + 1)² − x² has degree one."""
    effects = taylor(Game.from_expression("(x + 1)**2 - x**2", {"x": 3}), 1)
    assert effects.to_dict() == {(0,): 1, (1,): 6}
    assert not effects.truncated


def test_floats_inside_of_a_value_are_read_exactly():
    """0.1·√2 is √2/10."""
    game = Game.from_expression("2*x", {"x": sympy.Float("0.1") * sympy.sqrt(2)})
    assert taylor(game).to_dict() == {(0,): 0, (1,): sympy.sqrt(2) / 5}
