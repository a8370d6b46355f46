"""Path methods of any curve: exact weights and attributions, quadratures with their errors, single orders."""

import math
from fractions import Fraction
from itertools import permutations, product

import hard_paths
import numpy as np
import pytest
import sympy
import torch
from cases import close

from synergy import Game, allocate, compare, harsanyi, measure, method, path_method, taylor
from synergy.axioms.witnesses.paths import AxisPath, PowerPath, ReturningPath
from synergy.curves.written import PolynomialCurve, WrittenCurve, curve_of
from synergy.paths import power_path, single_order
from synergy.policies.path_policy import path_policy

F = Fraction
T = sympy.Symbol("t", positive=True)
CURVES = {  # as a person writes them, and in SymPy
    "straight": (lambda s: (s, s, s), (T, T, T)),
    "powers": (power_path(1, 2, 3), (T, T**2, T**3)),
    "rational-powers": (power_path(1, F(1, 2), 2), (T, sympy.sqrt(T), T**2)),
    "mixed": (lambda s: (s, 1 - (1 - s) ** 2, s**2 / 3 + 2 * s / 3), (T, 2 * T - T**2, T**2 / 3 + 2 * T / 3)),
}
Z = sympy.symbols("z1:4")
POLYNOMIAL = "z1**2*z2 - 2*z1*z2*z3**2 + z3**3 + 4*z2"
X, B = {"z1": 2, "z2": 3, "z3": -1}, {"z1": 1, "z2": 0, "z3": 1}
DEGREES = [k for k in product(range(4), repeat=3) if any(k)]


def by_sympy(expression, places):
    """∫ ∂ᵢf(γ) γᵢ′ dt in SymPy, for a path γ in the space of inputs."""
    at = dict(zip(Z, places, strict=True))
    parts = [sympy.diff(expression, z).subs(at, simultaneous=True) * sympy.diff(at[z], T) for z in Z]
    return [sympy.integrate(sympy.expand(part), (T, 0, 1)) for part in parts]


def exact_game():
    return Game.from_expression(POLYNOMIAL, X, B)


def network_game(activation=torch.nn.Tanh, dtype=torch.float64):
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Linear(3, 8), activation(), torch.nn.Linear(8, 1)).to(dtype)
    return Game.from_model(net, torch.randn(1, 3).to(dtype), torch.randn(1, 3).to(dtype))


# --- exactly ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CURVES)
def test_attributions_are_the_integral(name):
    curve, written = CURVES[name]
    game = exact_game()
    places = [B[z.name] + (X[z.name] - B[z.name]) * place for z, place in zip(Z, written, strict=True)]
    expected = by_sympy(game.cube.expression, places)
    chosen = path_method(curve)
    assert chosen.attribute(game).tolist() == expected
    assert allocate(taylor(game), chosen.policy(game)).attribution.tolist() == expected


@pytest.mark.parametrize("name", CURVES)
def test_weights_are_the_integral(name):
    curve, written = CURVES[name]
    table = np.array([[F(k) for k in row] for row in DEGREES], dtype=object)
    weights = path_policy(curve_of(curve)).weights(table)
    for row, given in zip(DEGREES, weights, strict=True):
        monomial = sympy.prod([z**k for z, k in zip(Z, row, strict=True)])
        assert given.tolist() == by_sympy(monomial, written)
    floats = path_policy(curve_of(curve)).weights(torch.tensor(DEGREES).double())
    close(floats, weights.astype(float), 1e-13)


def test_every_row_is_shared_as_it_is_measured():
    game = exact_game()
    for curve, _ in CURVES.values():
        chosen = path_method(curve)
        theory, practice = allocate(taylor(game), chosen.policy(game)), measure(chosen, game)
        for coalition in [(0,), (1,), (2,), (0, 1), (0, 2), (1, 2), (0, 1, 2)]:
            assert (theory[coalition] == practice[coalition]).all()
        assert practice.criteria().passes == (True, True, True)


def test_a_written_polynomial_is_found_to_be_one():
    assert curve_of(lambda s: (s, s**2)) == PolynomialCurve(((F(0), F(1)), (F(0), F(0), F(1))))
    assert isinstance(curve_of(lambda s: (s, 0.5 * s + 0.5 * s**2)), WrittenCurve)
    assert isinstance(curve_of(lambda s: (s, torch.sin(s * math.pi / 2))), WrittenCurve)


def test_powers_are_the_same_curve_up_to_a_factor():
    first, second = (path_method(power_path(*p)) for p in ((1, 0.5, 2), (4, 2, 8)))
    assert first.attribute(exact_game()).tolist() == second.attribute(exact_game()).tolist()


def test_weights_are_those_of_the_witnesses_of_the_axioms():
    table = np.array([[F(k) for k in row] for row in DEGREES], dtype=object)
    game = Game.from_expression("z1*z2*z3", {"z1": 1, "z2": 1, "z3": 1})
    turning = path_method(lambda s: (16 * s**3 - 24 * s**2 + 9 * s, s, s), monotone=False)
    for chosen, witness in (
        (path_method(power_path(1, 2, 3)), PowerPath()),
        (turning, ReturningPath()),
        (single_order(0, 1, 2), AxisPath()),
    ):
        assert (chosen.policy(game).shares(table) == witness.policy(game).shares(table)).all()


# --- one order ------------------------------------------------------------------------------------------------------


def test_the_mean_over_all_orders_is_the_shapley_value():
    game = exact_game()
    orders = [single_order(*order) for order in permutations(range(3))]
    values = sum(each.attribute(game) for each in orders)
    assert [value / 6 for value in values] == method("shapley").attribute(game).tolist()
    effects = harsanyi(game)
    tables = sum(allocate(effects, each.policy(game)).values for each in orders)
    assert (tables / 6 == allocate(effects, method("shapley").policy(game)).values).all()


def test_an_order_by_hand():
    game = Game.from_values(torch.tensor([[0.0, 1, 2, 7], [0, 0, 0, 1]]))
    assert single_order(1, 0).attribute(game).tolist() == [[5, 2], [1, 0]]
    ends = single_order(0, 1).attribute(game, [[1, 0], [0, 1], [1, 1]])
    assert ends.tolist() == [[[1, 0], [0, 2], [1, 6]], [[0, 0], [0, 0], [0, 1]]]


def test_an_order_is_the_limit_of_power_paths():
    table = torch.tensor(DEGREES).double()
    late = path_policy(power_path(1, 10**4, 10**8)).weights(table)
    close(late, single_order(0, 1, 2).policy(network_game()).shares(table), 5e-4)


@pytest.mark.parametrize("order", [(2, 0, 1), (1, 2, 0)])
def test_an_order_is_shared_as_it_is_measured(order):
    for game in (exact_game(), network_game()):
        theory = allocate(harsanyi(game), single_order(*order).policy(game))
        close(theory.values, measure(single_order(*order), game).values, 1e-14)


# --- by quadrature ------------------------------------------------------------------------------------------------


def by_steps(game, places, speeds, steps=200_000):
    """∫ ∂ᵢg(γ) γᵢ′ ds by the middles of many steps."""
    s = (torch.arange(steps).double() + 0.5) / steps
    points = torch.stack([place(s) for place in places], -1)
    return (game.gradient(points) * torch.stack([speed(s) for speed in speeds], -1)).mean(0)


@pytest.mark.parametrize("activation", [torch.nn.Tanh, torch.nn.ReLU])
def test_along_a_network(activation):
    game = network_game(activation)
    chosen = path_method(lambda s: (s.sin() / math.sin(1), s**2, s))
    found = chosen.integrate(game)
    speeds = [lambda s: s.cos() / math.sin(1), lambda s: 2 * s, lambda s: s**0]
    expected = by_steps(game, [lambda s: s.sin() / math.sin(1), lambda s: s**2, lambda s: s], speeds)
    error = abs(found.values - expected)
    assert (error <= found.errors + 1e-5 * (activation is torch.nn.ReLU) + 1e-9).all()
    if activation is torch.nn.Tanh:
        assert error.max() < 1e-9
        assert found.errors.max() < 1e-8
        policy = chosen.policy(game)
        near = Game.from_model(game.model, game.cube.baseline + 0.1, game.cube.baseline)
        close(allocate(taylor(near, 8), policy).attribution, chosen.attribute(near), 1e-8)


def test_the_error_holds_on_hard_functions():
    torch.manual_seed(3)
    for name, f in hard_paths.functions(11, 3).items():
        if name.startswith(("sin-300", "step-5000")):
            continue
        x = torch.tensor([[0.9, -0.7, 1.2]]).double()
        game = Game.from_function(f, x, torch.zeros_like(x))
        found = path_method(power_path(1, 2, 3)).integrate(game)
        s = torch.linspace(0, 1, 200_001, dtype=torch.float64)
        s = (s[1:] + s[:-1]) / 2
        z = (x * torch.stack([s, s**2, s**3], -1)).requires_grad_()
        (slopes,) = torch.autograd.grad(f(z).sum(), z)
        truth = (slopes * x * torch.stack([s**0, 2 * s, 3 * s**2], -1)).mean(0)
        assert (abs(found.values[: game.n] - truth) <= found.errors + 2e-5 * abs(truth).max()).all(), name


def test_the_straight_curve_is_integrated_gradients():
    game = network_game()
    expected = method("integrated_gradients", nodes=16).attribute(game)
    close(path_method(lambda s: (s, s, s), nodes=16).attribute(game), expected, 1e-15)
    close(path_method(power_path(2, 2, 2), nodes=16).attribute(game), expected, 1e-15)


def test_several_baselines_and_players_of_several_entries():
    torch.manual_seed(1)
    net = torch.nn.Sequential(torch.nn.Linear(4, 6), torch.nn.Tanh(), torch.nn.Linear(6, 1)).double()
    x, b = torch.randn(1, 4).double(), torch.randn(3, 4).double()
    chosen = path_method(power_path(1, 2))
    whole = chosen.attribute(Game.from_model(net, x, b, players=[0, 0, 1, 1]))
    parts = [chosen.attribute(Game.from_model(net, x, b[k : k + 1], players=[0, 0, 1, 1])) for k in range(3)]
    close(whole, sum(parts) / 3, 1e-12)


def test_weights_of_curves_with_singular_ends():
    curve = curve_of(lambda s: (torch.sqrt(s), s))
    close(
        path_policy(curve).weights(torch.tensor([[1.0, 1], [2, 3]]).double()), [[1 / 3, 2 / 3], [1 / 4, 3 / 4]], 1e-10
    )


def test_weights_that_a_rule_does_not_find_are_refused():
    jump = curve_of(lambda s: (s, torch.where(s < 0.437, s / 2, (s - 0.437) * (1 - 0.2185) / 0.563 + 0.2185)))
    with pytest.raises(ValueError, match=r"are known to .* only.*without jumps and kinks"):
        path_policy(jump).weights(torch.tensor([[1.0, 2]]).double())


def test_in_a_comparison():
    found = compare(network_game(), ["integrated_gradients", path_method(power_path(1, 2, 3)), single_order(2, 0, 1)])
    assert [each.name for each in found.results] == ["integrated_gradients", "path", "single_order"]
    assert "along power_path(1, 2, 3)" in found.results[1].settings


# --- bad input ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("curve", "error", "said"),
    [
        (3, TypeError, r"a curve is a function from s in \[0, 1\]"),
        (lambda: 1, TypeError, "a curve is a function from s"),
        (lambda s: None, TypeError, "a curve is a function from s"),
        (lambda s: (), TypeError, "gives no positions"),
        (lambda s: (s, 1 + s), ValueError, "starts at b: 0 for every player at s = 0; player 1 is at 1; scale"),
        (lambda s: (s / 2, s), ValueError, "ends at x: 1 for every player at s = 1; player 0 is at 0.5; scale"),
        (lambda s: (s, 4 * s**2 - 3 * s), ValueError, "without turning back; player 1 goes from 0 at s = 0 to"),
        (lambda s: (s, s + torch.sin(20 * math.pi * s)), ValueError, "without turning back; player 1"),
        (lambda s: (s, s / s), ValueError, "finite positions everywhere"),
    ],
)
def test_refused_curves(curve, error, said):
    with pytest.raises(error, match=said):
        path_method(curve)


def test_a_path_that_goes_back_may_be_asked_for():
    chosen = path_method(lambda s: (s, 4 * s**2 - 3 * s), monotone=False)
    assert chosen.attribute(Game.from_expression("z1*z2", {"z1": 1, "z2": 1})).tolist() == [F(-1, 6), F(7, 6)]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: path_method(power_path(1, 2)).attribute(exact_game()), "has 2, and the game has 3"),
        (lambda: path_method(power_path(1, 2)).policy(exact_game()), "has 2, and the game has 3"),
        (lambda: path_method(lambda s: (s, torch.sin(s * math.pi / 2), s)).attribute(exact_game()), "from_function"),
        (lambda: power_path(1, 0), "exponents of a power path are positive"),
        (lambda: power_path(), "there are none"),
        (lambda: single_order(0, 0), "names every player once"),
        (lambda: single_order(1, 0).attribute(exact_game()), "the game has the players 0 to 2"),
        (lambda: path_method(power_path(1, 2, 3)).attribute(Game.from_values([0.0, 1, 2, 3, 4, 5, 6, 7])), "table"),
    ],
)
def test_refused(call, said):
    with pytest.raises(ValueError, match=said):
        call()


def test_exact_weights_of_a_curve_of_floats_are_refused():
    policy = path_policy(curve_of(lambda s: (s, torch.sin(s * math.pi / 2))))
    game = Game.from_expression("z1*z2", {"z1": 1, "z2": 1})
    with pytest.raises(ValueError, match=r"no exact numbers.*Fractions as coefficients"):
        allocate(taylor(game), policy).attribution  # noqa: B018
