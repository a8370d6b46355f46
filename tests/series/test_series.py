"""Taylor effects of elementary functions, exactly, against repeated differentiation."""

from fractions import Fraction
from importlib.util import find_spec
from itertools import product
from math import factorial

import numpy as np
import pytest
import sympy
from cases import BY_ID

from decompositions.expressions.expansion.atoms import Constants, atoms_of
from decompositions.expressions.expansion.rings import FlintRing, SympyRing, polynomial_ring
from decompositions.expressions.normal_form import settled, vanishes
from decompositions.series.exact import series
from synergy import Game, allocate, compare, harsanyi, measure, method, taylor
from synergy.command.cli import app

RINGS = [
    pytest.param(SympyRing, id="sympy"),
    pytest.param(
        FlintRing,
        id="flint",
        marks=pytest.mark.skipif(find_spec("flint") is None, reason="python-flint (extra `fast`) is not installed"),
    ),
]

CASES = {
    "sine": ("x1*x2 + sin(x1)*x3", {"x1": 1, "x2": 2, "x3": "1/2"}, {"x1": 0, "x2": 0, "x3": 0}, 4),
    "quotient-of-exp": ("exp(x1*x2)/(1 + x2**2)", {"x1": 1, "x2": 2}, {"x1": 1, "x2": "1/3"}, 4),
    "root-tanh-log": ("sqrt(1 + x1)*tanh(x2) + log(2 + x1*x2)", {"x1": 1, "x2": 2}, {"x1": 0, "x2": 1}, 4),
    "power-erf-atan": ("(1 + x1)**x2 + erf(x1) + atan(x2)", {"x1": 1, "x2": 2}, {"x1": 0, "x2": 1}, 3),
    "hyperbolic": ("cosh(x1)*sinh(x2) + tan(x1*x2)", {"x1": "1/2", "x2": 1}, {"x1": 0, "x2": "1/4"}, 4),
    "base-and-exponent": ("2**(x1*x2) * cos(x2)", {"x1": 1, "x2": 1}, {"x1": 1, "x2": 0}, 4),
}


# Every function at rational points where it is regular, inside a product and a sum with another player.
FUNCTIONS = {
    "exp": ("exp(u)", ["0", "1", "-2/3"]),
    "log": ("log(u)", ["1", "3", "1/4"]),
    "sin": ("sin(u)", ["0", "1", "-5/2"]),
    "cos": ("cos(u)", ["0", "1", "pi/3"]),
    "tan": ("tan(u)", ["0", "1/2", "pi/4"]),
    "tanh": ("tanh(u)", ["0", "1", "-1/3"]),
    "sinh": ("sinh(u)", ["0", "2"]),
    "cosh": ("cosh(u)", ["0", "-1/2"]),
    "atan": ("atan(u)", ["0", "1", "-7/3"]),
    "asin": ("asin(u)", ["0", "1/3", "-1/2"]),
    "acos": ("acos(u)", ["0", "1/3"]),
    "asinh": ("asinh(u)", ["0", "3/4"]),
    "acosh": ("acosh(u)", ["2", "5/4"]),
    "atanh": ("atanh(u)", ["0", "-1/3"]),
    "erf": ("erf(u)", ["0", "1/2"]),
    "sqrt": ("sqrt(u)", ["1", "2", "4/9"]),
    "cube-root": ("u**(2/3)", ["1", "5"]),
    "inverse-power": ("u**(-5/2)", ["1", "3"]),
    "square-of-a-pole": ("1/(u - 7)**2", ["0", "1/2"]),
    "power-of-pi": ("u**pi", ["1", "2"]),
    "base": ("3**u", ["0", "1/2"]),
    "self-power": ("u**u", ["1", "1/2"]),
    "sigmoid": ("sigmoid(u)", ["0", "1", "-3/2"]),
    "softplus": ("softplus(u)", ["0", "1"]),
    "gamma": (sympy.gamma(sympy.Symbol("u")), ["1", "2"]),
}
PLAIN = {"sigmoid": lambda u: 1 / (1 + sympy.exp(-u)), "softplus": lambda u: sympy.log(1 + sympy.exp(u))}


def by_differentiation(text: str, x: dict, b: dict, degree: int) -> dict[tuple[int, ...], sympy.Expr]:
    """∂^κ f(b) / κ! · d^κ, one derivative after the other."""
    expression, symbols = sympy.sympify(text, locals=PLAIN), [sympy.Symbol(name) for name in x]
    effects = {}
    for key in product(range(degree + 1), repeat=len(symbols)):
        if sum(key) <= degree:
            value = expression
            for symbol, order in zip(symbols, key, strict=True):
                value = value.diff(symbol, order) if order else value
            value = value.subs({s: sympy.sympify(b[s.name]) for s in symbols}, simultaneous=True)
            for symbol, order in zip(symbols, key, strict=True):
                change = sympy.sympify(x[symbol.name]) - sympy.sympify(b[symbol.name])
                value = value * change**order / factorial(order)
            effects[key] = value
    return effects


def equal(first: sympy.Expr, second: sympy.Expr) -> bool:
    """The same number, by SymPy: over a common denominator, or simplified; numbers that differ by 1e-9 are not."""
    difference = sympy.expand(first - second)
    if not difference.free_symbols and abs(complex(difference.evalf(30))) > 1e-9:
        return False
    over_one = sympy.expand(sympy.together(difference).as_numer_denom()[0])
    return over_one == 0 or sympy.simplify(difference) == 0


@pytest.fixture(params=RINGS)
def ring(request, monkeypatch):
    """Both kinds of ring in turn, whatever is installed otherwise."""
    monkeypatch.setattr(series, "polynomial_ring", lambda names: request.param(tuple(names)))
    return request.param


@pytest.mark.parametrize(("name", "place"), [(name, b) for name, (_, places) in FUNCTIONS.items() for b in places])
def test_every_function_at_every_place(name, place, ring):
    """φ(x1 + x1·x2/2) − x2·φ, at x1 = place and x2 = 0, so that u₀ is the place."""
    text, _ = FUNCTIONS[name]
    outer = sympy.sympify(text, locals=PLAIN)
    x1, x2, u = sympy.symbols("x1 x2 u")
    expression = (1 - x2) * outer.subs(u, x1 + x1 * x2 / 2)
    x, b = {"x1": f"{place} + 1/3", "x2": "1/2"}, {"x1": place, "x2": "0"}
    effects = taylor(Game.from_expression(expression, x, b), 3)
    expected = by_differentiation(expression, x, b, 3)
    for key, value in expected.items():
        assert equal(effects.degree(key), value), (key, effects.degree(key), value)
    kept = {key for key, value in expected.items() if not equal(value, sympy.Integer(0))}
    assert set(effects.to_dict()) == kept | {(0, 0)}


def test_the_two_functions_that_sympy_lacks():
    """sigmoid: 1/2, 1/4, 0, −1/48; softplus: log 2, 1/2, 1/8, 0, −1/192 (x = 1, b = 0)."""
    found = taylor(Game.from_expression("sigmoid(z)", {"z": 1}), 4).to_dict()
    assert found == {(0,): Fraction(1, 2), (1,): Fraction(1, 4), (3,): Fraction(-1, 48)}
    found = taylor(Game.from_expression("softplus(z)", {"z": 1}), 4).to_dict()
    assert found == {
        (0,): sympy.log(2), (1,): Fraction(1, 2), (2,): Fraction(1, 8), (4,): Fraction(-1, 192)
    }  # fmt: skip


def test_rings_give_the_same_numbers(monkeypatch):
    """Rational, irrational and symbolic coefficients, entry for entry and in one order."""
    if find_spec("flint") is None:
        pytest.skip("python-flint (extra `fast`) is not installed")
    texts = ["exp(x1*x2/3)*sin(x1 + x2)/(1 + x1 + x2**2)", "sqrt(a + x1)*tanh(x2)", "x1**3*x2 - a*x2"]
    for text, b in product(texts, [{"x1": 0, "x2": 0}, {"x1": "1/2", "x2": "-1/3"}]):
        found = []
        for kind in (SympyRing, FlintRing):
            monkeypatch.setattr(series, "polynomial_ring", lambda names, kind=kind: kind(tuple(names)))
            found.append(taylor(Game.from_expression(text, {"x1": 1, "x2": "3/4"}, b, parameters=["a"]), 5))
        assert list(found[0].values) == list(found[1].values)
        assert (found[0].degrees == found[1].degrees).all()
        assert found[0].remainder == found[1].remainder
        assert len(found[0]) > 2


def test_the_fast_ring_is_taken_where_it_is_installed():
    assert isinstance(polynomial_ring(["z"]), SympyRing if find_spec("flint") is None else FlintRing)


def test_rows_are_sorted_by_degree_the_constant_first(ring):
    table = taylor(Game.from_expression("exp(x + 2*y)*z", {"x": 1, "y": 1, "z": 1}), 3).degrees
    order = [(int(row.sum()), tuple(-row)) for row in table]
    assert order == sorted(order)
    assert not table[0].any()


@pytest.mark.parametrize(
    ("text", "b", "rows"),
    [
        ("sin(x1)**2 + cos(x1)**2", 1, {(0, 0): 1}),
        ("cosh(x1)**2 - sinh(x1)**2", "1/3", {(0, 0): 1}),
        ("exp(x1)*exp(-x1)*x2", 1, {(0, 0): 1, (0, 1): 2}),
        ("sqrt(x1)**2", 2, {(0, 0): 2, (1, 0): 1}),
        ("(1 + exp(x1))/(exp(x1) + 1) + x2", 1, {(0, 0): 2, (0, 1): 2}),
        ("x1/(1 + exp(x1)) + x1*exp(x1)/(1 + exp(x1))", 1, {(0, 0): 1, (1, 0): 2}),
        ("exp(x1) - sinh(x1) - cosh(x1)", 1, {(0, 0): 0}),
        ("tan(x1) - sin(x1)/cos(x1)", 1, {(0, 0): 0}),
        ("sqrt(x1)*sqrt(x2) - sqrt(x1*x2)", 2, {(0, 0): 0}),
        ("log(x1*x2) - log(x1) - log(x2)", 2, {(0, 0): 0}),
        ("exp(2*x1) - exp(x1)**2", "1/2", {(0, 0): 0}),
    ],
)
def test_what_vanishes_identically_is_no_effect(text, b, rows, ring):
    effects = taylor(Game.from_expression(text, {"x1": 3, "x2": 3}, b), 4)
    assert effects.to_dict() == rows
    assert effects.remainder == 0


def test_a_hidden_pole_is_found():
    """sin² + cos² − x2 is 0 at x2 = 1, though no rule of arithmetic says so."""
    game = Game.from_expression("1/(sin(x1)**2 + cos(x1)**2 - x2)", {"x1": 3, "x2": 2}, {"x1": 2, "x2": 1})
    with pytest.raises(ValueError, match=r"no Taylor series of 1/u is known at u = .*\(x1 = 2, x2 = 1\)"):
        taylor(game, 2)


def test_near_misses_are_not_zero():
    """e^{π√163} is an integer to 12 digits, and 10⁻⁵⁰ is not nothing, nor is 10⁻⁴⁰⁰, which no evaluation shows."""
    one = sympy.sin(1) ** 2 + sympy.cos(1) ** 2
    assert vanishes(one - 1) is True
    assert vanishes(one - 1 + sympy.Rational(1, 10**400)) is False
    assert settled(one - 1 + sympy.sqrt(2) / 10**220) != 0
    near = sympy.exp(sympy.pi * sympy.sqrt(163)) - 262537412640768744
    assert vanishes(near) is False
    assert settled(sympy.sqrt(2) + sympy.Rational(1, 10**50) - sympy.sqrt(2)) == sympy.Rational(1, 10**50)
    effects = taylor(
        Game.from_expression("(exp(x1) - exp(1) + 1/10**45)*x2", {"x1": 2, "x2": 1}, {"x1": 1, "x2": 0}), 2
    )
    assert effects.degree((0, 1)) == sympy.Rational(1, 10**45)


def test_a_root_is_zero_only_for_all_values_of_its_symbol():
    p, q = sympy.Symbol("p"), sympy.Symbol("q", positive=True)
    assert vanishes(sympy.sqrt(p**2) - p) is False
    assert vanishes(sympy.sqrt(q**2) - q) is True
    assert vanishes(sympy.sin(p) ** 2 + sympy.cos(p) ** 2 - 1) is True


def test_constants_share_their_atoms():
    """√2 and its powers, e and its powers, 1/(1 + e): three atoms, and e before what is made of it."""
    e, root = sympy.E, sympy.sqrt(2)
    values = [2 ** sympy.Rational(3, 2), e**3, (1 + e) ** -2, 5 + root, sympy.Rational(1, 3)]
    atoms = atoms_of(values)
    assert set(atoms) == {root, e, 1 / (1 + e)}
    assert atoms.index(e) < atoms.index(1 / (1 + e))
    constants = Constants(polynomial_ring(["t", *"abc"]), 1, atoms)
    for value in values:
        terms = [(monomial[1:], scalar) for monomial, scalar in constants.ring.terms(constants.element(value))]
        assert sympy.simplify(constants.value(terms) - value) == 0


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
    [
        ("log(x1)", "log"),
        ("1/x1 + x2", "u = 0"),
        ("sqrt(x1*x2)", "u = 0"),
        ("exp(-1/x1**2)*x2", "u = 0, the value of x1 at the baseline .x1 = 0, x2 = 0"),
        ("asin(x1 + 1)", "asin.u. is known at u = 1"),
        ("tan(x1 + pi/2)", "cot.u. is known at u = 0"),
        ("atanh(x1 - 1)", "atanh.u. is known at u = -1"),
        ("log(x1 - 2)", "log.u. is known at u = -2"),
        ("(x1 - 8)**(1/3)", "at u = -8"),
    ],
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
        taylor(Game.from_expression("Max(x1, x2)", {"x1": 1, "x2": 2}, {"x1": 0, "x2": 0}), 2)


@pytest.mark.parametrize(
    "expression",
    [
        sympy.Function("f")(sympy.Symbol("x1")),
        sympy.floor(sympy.Symbol("x1")),
        sympy.besselj(sympy.Symbol("x1"), sympy.Symbol("x1")),
    ],
    ids=["undefined", "floor", "order-of-bessel"],
)
def test_a_function_without_a_series_is_named(expression):
    with pytest.raises(ValueError, match=f"no Taylor series.*{expression.func.__name__}.*harsanyi"):
        taylor(Game.from_expression(expression, {"x1": 1}, {"x1": "1/2"}), 2)


def test_where_a_series_does_not_converge_the_remainder_is_exact():
    """1/(1 + s²) with s = z1 + z2 = 2: 1 − 4 + 16 − 64 + 256 = 205 of 1/5 up to degree 8."""
    game = Game.from_expression("1/(1 + (z1 + z2)**2)", {"z1": "6/5", "z2": "4/5"})
    effects = taylor(game, 8)
    assert effects.base + effects.total == 205
    assert effects.remainder == sympy.Rational(1, 5) - 205
    assert effects.truncated


def numbers_of(value):
    """All the numbers that an exact value is made of."""
    if isinstance(value, np.ndarray):
        return [number for entry in value.reshape(-1) for number in numbers_of(entry)]
    if isinstance(value, sympy.Basic):
        return [atom for atom in sympy.preorder_traversal(value) if atom.is_Number]
    return [value]


EXACT = {
    "rational": ("x1**2*x2/3 + exp(x1)*x2", {"x1": 0.1, "x2": Fraction(2, 7)}, 0, ()),
    "irrational": ("x1**2*x2/3 + sigmoid(x1)*x2", {"x1": "0.3", "x2": 2}, {"x1": "1/2", "x2": 1}, ()),
    "root": ("x1**2*x2 + x2/7", {"x1": sympy.sqrt(2), "x2": 0.25}, 0, ()),
    "symbols": ("a*x1**2*x2 + 0.5*erf(x1)", {"x1": "p", "x2": 1.5}, {"x1": "1/3", "x2": 0}, ("a", "p")),
}


@pytest.mark.parametrize("name", EXACT)
def test_exact_means_exact(name, ring):
    """No float in effects, remainders, allocations, measured tables and attributions; rational stays rational."""
    text, x, b, parameters = EXACT[name]
    game = Game.from_expression(text, x, b, parameters=parameters)
    dividends, effects, some = harsanyi(game), taylor(game, 4), harsanyi(game, order=1)
    found = [dividends.values, effects.values, effects.by_support().values, effects.remainder, some.remainder]
    for chosen in map(method, ("gradient_x_input", "occlusion_1", "shapley", "integrated_gradients")):
        policy = chosen.policy(game)
        table = allocate(dividends if policy.reads == "support" else effects, policy)
        found += [table.values, table.attribution, table.unexplained]
    for chosen in ("gradient_x_input", "occlusion_1", "shapley"):
        table = measure(chosen, game)
        found += [table.values, table.attribution, method(chosen).attribute(game)]
    numbers = [number for value in found for number in numbers_of(value)]
    assert len(numbers) > 50
    assert all(isinstance(number, (int, Fraction, sympy.Rational)) for number in numbers)
    if name == "rational":
        assert all(value.is_Rational for value in effects.values)


def test_the_walk_sees_floats():
    p = sympy.Symbol("p")
    assert any(isinstance(n, sympy.Float) for n in numbers_of(sympy.sin(p * 0.5) + 1))
    assert any(isinstance(n, float) for n in numbers_of(np.array([Fraction(1), 0.5], dtype=object)))


@pytest.mark.parametrize("name", ["triple", "squares", "phantom", "baselines", "rational"])
def test_sums_of_a_polynomial_by_support_are_its_dividends_on_both_rings(name, ring):
    game = BY_ID[name].game()
    assert list(taylor(game).by_support().values) == list(harsanyi(game).values)


def test_weights_of_baselines_may_be_irrational():
    """z² at 2 from 0 and 1 with weights 1 : √2: the constant is √2/(1 + √2) = 2 − √2."""
    game = Game.from_expression("z**2", {"z": 2}, [{"z": 0}, {"z": 1}], weights=[1, sympy.sqrt(2)])
    assert equal(taylor(game).base, 2 - sympy.sqrt(2))


def test_the_command_takes_a_degree(tmp_path, monkeypatch):
    from typer.testing import CliRunner

    monkeypatch.chdir(tmp_path)
    words = ["explain", "expression", "x1*x2 + sin(x1)*x3", "--at", "x1=1,x2=2,x3=1/2", "--degree", "6"]
    result = CliRunner().invoke(app, [*words, "--methods", "gradient_x_input,shapley"], catch_exceptions=False)
    assert result.exit_code == 0
    assert "undecided" in result.output
    assert "in dividends: f(x) = 0 [f(b)] + 2 [x1·x2] + sin(1)/2 [x1·x3]" in result.output
    assert (
        "in Taylor effects: f(x) = 0 [f(b)] + 2 [x1·x2] + 1/2 [x1·x3] - 1/12 [x1³·x3] + 1/240 [x1⁵·x3]" in result.output
    )
