"""Effects that are expressions: symbols in x, in the baseline and as parameters."""

from itertools import product
from math import factorial

import numpy as np
import pytest
import sympy
from cases import GAME_METHODS, WEIGHTS_AT_X
from twins import coalitions, dividends

from decompositions.arithmetic import to_float
from synergy import Effects, Game, Policy, allocate, compare, harsanyi, measure, method, taylor
from synergy.policies.policy import degree_shares, equal_shares, full_credit

a, b, c, p, q = sympy.symbols("a b c p q")
EXACT_METHODS = [name for name in GAME_METHODS if name not in WEIGHTS_AT_X]

# expression, x, baseline, parameters; polynomials in the players
GAMES = {
    "parameter": ("a*x1**2*x2 + x3*x1/2 - c", {"x1": 1, "x2": 2, "x3": "1/3"}, 0, ("a", "c")),
    "x": ("x1**2*x2 - x2", {"x1": "p", "x2": "p*q"}, 0, ("p", "q")),
    "baseline": ("x1**2*x2 + x1", {"x1": 2, "x2": 3}, {"x1": "p", "x2": "q - 1"}, ("p", "q")),
    "all": ("a*x1**3*x2 + (x1 - p)*x3", {"x1": p, "x2": "1/2", "x3": q}, {"x1": 1, "x2": b, "x3": "2*b"}, (a, b, p, q)),
    "null-player": ("a*x1*x2 + x3", {"x1": "p", "x2": 2, "x3": 1}, {"x1": "p", "x2": 0, "x3": 0}, ("a", "p")),
}
NUMBERS = [{a: 3, b: sympy.Rational(-1, 2), c: 7, p: 2, q: sympy.Rational(5, 3)}, {a: -1, b: 4, c: 0, p: -3, q: 1}]


def build(name):
    text, x, baseline, parameters = GAMES[name]
    return Game.from_expression(text, x, baseline, parameters=parameters)


def with_numbers(name, numbers):
    """The same game, with numbers for the symbols from the start."""
    text, x, baseline, _ = GAMES[name]

    def put(value):
        return sympy.sympify(value).subs(numbers)

    start = {k: put(v) for k, v in baseline.items()} if isinstance(baseline, dict) else baseline
    return Game.from_expression(sympy.sympify(text).subs(numbers), {k: put(v) for k, v in x.items()}, start)


def numeric(values, numbers):
    return [sympy.sympify(value).subs(numbers) for value in np.asarray(values, dtype=object).reshape(-1)]


def test_dividends_by_hand():
    """f = a·x1·x2 + x1 from 0 to (p, 2): p, 0 and 2·a·p."""
    game = Game.from_expression("a*x1*x2 + x1", {"x1": "p", "x2": 2}, parameters=("a", "p"))
    effects = harsanyi(game)
    assert effects.to_dict() == {(): 0, (0,): p, (1,): 0, (0, 1): 2 * a * p}
    assert effects.symbols == ("a", "p")


def test_attributions_by_hand():
    """f = a·x1²·x2 from 0 to (p, 1): Shapley halves a·p², Integrated Gradients gives two thirds and one."""
    game = Game.from_expression("a*x1**2*x2", {"x1": "p", "x2": 1}, parameters=("a", "p"))
    half, third = a * p**2 / 2, a * p**2 / 3
    assert list(allocate(harsanyi(game), equal_shares).attribution) == [half, half]
    assert list(allocate(taylor(game), degree_shares).attribution) == [2 * third, third]


@pytest.mark.parametrize("name", GAMES)
def test_dividends_are_those_of_the_definition(name):
    """J(S) by sums over subsets of the values, put in and expanded."""
    text, x, baseline, _ = GAMES[name]
    names = list(x)

    def value(coalition):
        start = baseline if isinstance(baseline, dict) else dict.fromkeys(names, baseline)
        places = {sympy.Symbol(s): sympy.sympify(x[s] if i in coalition else start[s]) for i, s in enumerate(names)}
        return sympy.expand(sympy.sympify(text).subs(places, simultaneous=True))

    assert list(harsanyi(build(name)).values) == [sympy.expand(v) for v in dividends(value, len(names))]


@pytest.mark.parametrize("numbers", NUMBERS, ids=["first", "second"])
@pytest.mark.parametrize("name", GAMES)
def test_numbers_may_be_put_in_before_or_after(name, numbers):
    symbolic, plain = build(name), with_numbers(name, numbers)
    assert numeric(harsanyi(symbolic).values, numbers) == list(harsanyi(plain).values)
    after, before = taylor(symbolic), taylor(plain)
    assert {
        key: after.degree(key).subs(numbers) for key in after.to_dict() if after.degree(key).subs(numbers) != 0
    } == {key: value for key, value in before.to_dict().items() if value != 0}
    for policy in (degree_shares, equal_shares, full_credit):
        assert numeric(allocate(after, policy).attribution, numbers) == list(allocate(before, policy).attribution)


@pytest.mark.parametrize("name", GAMES)
@pytest.mark.parametrize("chosen", EXACT_METHODS)
def test_theory_is_practice_row_by_row(chosen, name):
    game, rule = build(name), method(chosen)
    policy = rule.policy(game)
    effects = harsanyi(game) if policy.reads == "support" else taylor(game)
    theory, measured = allocate(effects, policy).by_support(), measure(rule, game)
    assert (theory.values == measured.values).all()
    assert list(theory.attribution) == list(measured.attribution)
    assert list(rule.attribute(game)) == list(measured.attribution), "expanded as it comes"
    assert (measured.values != 0).any()


@pytest.mark.parametrize("name", GAMES)
def test_taylor_effects_sum_to_the_dividends_identically(name):
    game = build(name)
    assert list(taylor(game).by_support().values) == list(harsanyi(game).values)


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("exp(a*x1)*sin(x2)", {"x1": "p", "x2": 0}),
        ("log(a + x1)*x2", {"x1": 0, "x2": "q"}),
        ("sqrt(x1)/(x2 + a)", {"x1": "p", "x2": 1}),
        ("x1**a*tanh(x2)", {"x1": 2, "x2": "p"}),
        ("sigmoid(a*x1) + erf(x2)", {"x1": 0, "x2": "p"}),
        ("atan(x1*x2/a)", {"x1": "p", "x2": 1}),
    ],
)
def test_series_at_a_symbolic_point_are_the_derivatives(text, start):
    """Up to degree 2, with x = b + 1, so that an effect is ∂^κ f(b)/κ!."""
    x = {name: sympy.sympify(value) + 1 for name, value in start.items()}
    effects = taylor(Game.from_expression(text, x, start, parameters=("a", "p", "q")), 2)
    symbols = sympy.symbols("x1 x2")
    f = sympy.sympify(text, locals={"sigmoid": lambda u: 1 / (1 + sympy.exp(-u))})
    for key in product(range(3), repeat=2):
        if sum(key) <= 2:
            value = f
            for symbol, k in zip(symbols, key, strict=True):
                value = value.diff(symbol, k) / factorial(k) if k else value
            value = value.subs({s: sympy.sympify(start[s.name]) for s in symbols}, simultaneous=True)
            assert sympy.simplify(effects.degree(key) - value) == 0, key
    whole = f.subs({s: x[s.name] for s in symbols}, simultaneous=True)
    assert sympy.simplify(effects.base + effects.total + effects.remainder - whole) == 0


@pytest.mark.parametrize(
    ("text", "x"),
    [
        ("(x1 + a)**2 - x1**2 - a**2 - 2*a*x1", {"x1": 1}),
        ("sin(a*x1)**2 + cos(a*x1)**2", {"x1": 2}),
        ("exp(a*x1)*exp(-a*x1)", {"x1": "p"}),
        ("x1*(1 + a)/(1 + a)**2 - x1/(1 + a)", {"x1": "p"}),
    ],
)
def test_effects_that_vanish_identically_are_zero(text, x):
    game = Game.from_expression(text, x, 1, parameters=("a", "p"))
    assert harsanyi(game)[0] == 0
    assert taylor(game, 3).total == 0
    assert taylor(game, 3).remainder == 0


def test_a_player_that_does_not_move_is_null():
    game = Game.from_expression(
        "x1*x2", {"x1": "p*(q + 1)", "x2": 1}, {"x1": "p*q + p", "x2": 0}, parameters=["p", "q"]
    )
    assert game.cube.active() == (1,)
    assert harsanyi(game).to_dict() == {(): 0, (0,): 0, (1,): p * q + p, (0, 1): 0}


def test_symbols_keep_what_is_known_of_them():
    """√(r²) is r for a positive r, whether it is named by the expression or by a string in x."""
    r, x1 = sympy.Symbol("r", positive=True), sympy.Symbol("x1")
    game = Game.from_expression(sympy.sqrt(r**2) * x1, {"x1": "r"}, parameters=("r",))
    assert harsanyi(game)[0] == r**2


def test_several_baselines_with_symbols():
    """z² to 2 from 0 and p with equal weights: the mean of 4 and 4 − p²."""
    game = Game.from_expression("z**2", {"z": 2}, [{"z": 0}, {"z": "p"}], parameters=("p",))
    assert harsanyi(game)[0] == 4 - p**2 / 2
    assert taylor(game).total == 4 - p**2 / 2


VERDICTS = {
    "shapley": ("pass", "pass", "pass"),
    "occlusion_1": ("pass", "pass", "fail"),
    "gradient_x_input": ("pass", "pass", "fail"),
    "integrated_gradients": ("pass", "pass", "pass"),
}


@pytest.mark.parametrize("side", ["theory", "measured"])
@pytest.mark.parametrize("chosen", VERDICTS)
def test_criteria_hold_identically_or_fail(chosen, side):
    """a·x1²·x2 + x1 for all a and p; the number of a criterion that fails is NaN."""
    game = Game.from_expression("a*x1**2*x2 + x1", {"x1": "p", "x2": 1}, parameters=("a", "p"))
    policy = method(chosen).policy(game)
    effects = harsanyi(game) if policy.reads == "support" else taylor(game)
    criteria = (allocate(effects, policy) if side == "theory" else measure(chosen, game)).criteria()
    assert tuple(criteria.verdicts.values()) == VERDICTS[chosen]
    assert (criteria.coverage, criteria.leakage) == (1, 0)
    complete = VERDICTS[chosen][2] == "pass"
    assert criteria.residual == 0 if complete else np.isnan(criteria.residual)
    assert (criteria.worst is None) == complete
    assert "completeness" in str(criteria)


def test_criteria_see_leakage_and_what_nobody_is_given():
    """All of every effect to player 1: the effects of player 2 alone leak, and nobody in them is given anything."""
    game = Game.from_expression("a*x1 + p*x2", {"x1": 1, "x2": 1}, parameters=("a", "p"))
    first = Policy(lambda s: s * 0 + np.array([1, 0]), reads="support")
    criteria = allocate(harsanyi(game), first).criteria()
    assert dict(criteria.verdicts) == {"coverage": "fail", "relevance": "fail", "completeness": "fail"}
    assert np.isnan([criteria.coverage, criteria.leakage, criteria.residual]).all()
    assert criteria.worst == (1,)


def test_criteria_with_missing_effects_are_undecided():
    game = Game.from_expression("exp(a*x1)*x2", {"x1": 1, "x2": 1}, parameters=("a",))
    criteria = allocate(taylor(game, 3), degree_shares).criteria()
    assert dict(criteria.verdicts) == {"coverage": "undecided", "relevance": "pass", "completeness": "undecided"}
    assert allocate(taylor(game, 3), full_credit).criteria().verdicts["completeness"] == "fail"


def test_a_criterion_that_holds_for_some_values_only_fails():
    """a shares of a²: complete for a = 1, not identically."""
    game = Game.from_expression("a**2*x1", {"x1": 1}, parameters=("a",))
    allocation = allocate(harsanyi(game), Policy(lambda s: s / a, reads="support"))
    assert list(allocation.attribution) == [a]
    assert allocation.criteria().verdicts["completeness"] == "fail"


def test_texts_of_effects_with_symbols():
    effects = harsanyi(Game.from_expression("a*x1*x2 - x2", {"x1": 1, "x2": 2}, parameters=("a",)))
    assert repr(effects) == "Effects(harsanyi, 2 players, 4 rows; in the symbols a)"
    assert str(effects) == "f(x) = 0 [f(b)] - 2 [x2] + 2*a [x1·x2]"


@pytest.mark.parametrize("name", GAMES)
def test_effects_with_symbols_go_to_disk_and_back(name, tmp_path):
    for effects in (harsanyi(build(name)), taylor(build(name))):
        effects.save(tmp_path / "effects.npz")
        assert list(Effects.load(tmp_path / "effects.npz").values) == list(effects.values)


NEED_NUMBERS = {
    "top": (lambda game, effects: effects.top(3), ValueError, r"top\(\) needs numbers.*symbols a"),
    "to_float": (lambda game, effects: to_float(effects.values), TypeError, "hold symbols .a."),
    "compare": (lambda game, effects: compare(game), ValueError, r"compare\(\) needs numbers"),
    "shapiq": (lambda game, effects: effects.to_shapiq(), ValueError, "shapiq needs numbers"),
}


@pytest.mark.parametrize("name", NEED_NUMBERS)
def test_what_needs_numbers_says_so(name):
    if name == "shapiq":
        pytest.importorskip("shapiq")
    run, kind, message = NEED_NUMBERS[name]
    game = Game.from_expression("a*x1*x2", {"x1": 1, "x2": 2}, parameters=("a",))
    with pytest.raises(kind, match=message):
        run(game, harsanyi(game))


BAD = {
    "undeclared parameter": (lambda: Game.from_expression("a*x", {"x": 1}), r"no number for a.*parameters=\('a',\)"),
    "undeclared in x": (lambda: Game.from_expression("x", {"x": "p"}), r"'p' is not.*parameters=\('p',\)"),
    "undeclared in b": (
        lambda: Game.from_expression("x", {"x": 1}, {"x": p}, parameters=("a",)),
        r"p is not a finite.*parameters=\('p',\)",
    ),
    "player and parameter": (
        lambda: Game.from_expression("a*x", {"x": 1, "a": 2}, parameters=("a",)),
        "player.*or a parameter, not both: a",
    ),
    "player in x": (lambda: Game.from_expression("x*y", {"x": "y", "y": 1}, parameters=("a",)), "'y' is not a finite"),
    "infinite": (lambda: Game.from_expression("x", {"x": p / 0}, parameters=("p",)), "not a finite"),
    "no number": (lambda: Game.from_expression("x", {"x": "1 +"}, parameters=("p",)), "'1 .' is not a number"),
    "pole": (
        lambda: taylor(Game.from_expression("1/(x - p)", {"x": 1}, {"x": "p"}, parameters=("p",)), 2),
        "no Taylor series of 1/u is known at u = 0",
    ),
    "no end": (lambda: taylor(Game.from_expression("exp(a*x)", {"x": 1}, parameters=("a",))), "does not end"),
    "negative degree": (
        lambda: taylor(Game.from_expression("exp(a*x)", {"x": 1}, parameters=("a",)), -2),
        "at least 0, not -2",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_named(name):
    run, message = BAD[name]
    with pytest.raises(ValueError, match=message):
        run()


def test_one_parameter_needs_no_tuple():
    assert harsanyi(Game.from_expression("alpha*x", {"x": 2}, parameters="alpha"))[0] == 2 * sympy.Symbol("alpha")


def test_every_coalition_has_a_row():
    assert len(harsanyi(build("all"))) == len(coalitions(3))
