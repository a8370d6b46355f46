"""Synergy functions: pure, of their players alone, and all of f together."""

from itertools import combinations

import numpy as np
import pytest
import sympy
import torch

from decompositions import show
from decompositions.degrees import coalition
from synergy import Game, harsanyi, measure, method, synergy_function, taylor
from synergy.allocation.allocation import allocate

Z = sympy.symbols("z1:4")
EXPRESSIONS = ["z1*z2 + z1**2*z2**3*z3 + z3**2 + 5", "exp(z1 + 2*z2*z3)", "Max(z1, z2) + z3"]
X, B = {"z1": 2, "z2": 3, "z3": 1}, {"z1": 1, "z2": 0, "z3": -1}
SUBSETS = [s for size in range(4) for s in combinations(range(3), size)]


def network(dtype=torch.float64, inputs=4):
    torch.manual_seed(0)
    layers = [torch.nn.Linear(inputs, 8), torch.nn.Tanh(), torch.nn.Linear(8, 1)]
    return torch.nn.Sequential(*layers).to(dtype)


def network_game(**settings):
    torch.manual_seed(1)
    return Game.from_model(network(), torch.randn(1, 4).double(), torch.randn(1, 4).double(), **settings)


def by_hand(game, members, points):
    """Σ over T ⊆ S of (−1)^(|S| − |T|) g(t · 1_T), term by term."""
    total = 0
    for size in range(len(members) + 1):
        for some in combinations(members, size):
            there = torch.zeros(game.n, dtype=torch.float64)
            there[list(some)] = 1
            total = total + (-1) ** (len(members) - size) * game(points * there)
    return total


# --- expressions ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_of_an_expression_they_are_pure_and_sum_to_it(text):
    game = Game.from_expression(text, X, B)
    found = {s: synergy_function(game, s).cube.expression for s in SUBSETS}
    assert sympy.simplify(sum(found.values()) - game.cube.expression) == 0
    for members, expression in found.items():
        assert expression.free_symbols <= {Z[i] for i in members}
        for i in members:
            assert sympy.simplify(expression.subs(Z[i], B[Z[i].name])) == 0


@pytest.mark.parametrize("text", EXPRESSIONS)
@pytest.mark.parametrize("members", SUBSETS[1:], ids=str)
def test_the_synergies_of_a_synergy_are_itself_and_nothing_else(text, members):
    game = Game.from_expression(text, X, B)
    pure = synergy_function(game, members)
    for others in SUBSETS:
        again = synergy_function(pure, others).cube.expression
        assert sympy.simplify(again - (pure.cube.expression if others == members else 0)) == 0
    effects = harsanyi(pure)
    assert effects[members] == harsanyi(game)[members]
    assert sum(value != 0 for value in effects.values) <= 1


def test_by_hand():
    game = Game.from_expression("z1**2*z2 + 7*z1", {"z1": 3, "z2": 5}, {"z1": 1, "z2": 2})
    pure = synergy_function(game, ("z1", "z2"))
    z1, z2 = sympy.symbols("z1 z2")
    assert sympy.expand(pure.cube.expression - (z1**2 - 1) * (z2 - 2)) == 0
    assert pure([[1, 1]])[0] == 24
    assert str(show.formula(pure)) == "f(z1, z2) = z1**2*z2 - 2*z1**2 - z2 + 2"


def test_of_a_limit_at_the_baseline():
    game = Game.from_expression("sin(z1)/z1*z2", {"z1": 1, "z2": 2})
    assert harsanyi(synergy_function(game, (0, 1)))[0, 1] == 2 * sympy.sin(1) - 2


def test_of_several_baselines():
    game = Game.from_expression("a*z1*z2**2", {"z1": 1, "z2": 2}, [0, {"z1": 1, "z2": 1}], parameters=["a"])
    pure = synergy_function(game, (0, 1))
    a = sympy.Symbol("a")
    assert harsanyi(pure).to_dict() == {(): 0, (0,): 0, (1,): 0, (0, 1): 2 * a}
    assert method("integrated_gradients").attribute(pure).tolist() == [2 * a / 3, 4 * a / 3]


# --- networks -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("members", [(0,), (1, 3), (0, 1, 2), (0, 1, 2, 3)], ids=str)
def test_of_a_network_they_are_the_alternating_sum(members):
    game = network_game()
    points = torch.rand(9, 4, generator=torch.Generator().manual_seed(3)).double()
    torch.testing.assert_close(synergy_function(game, members)(points), by_hand(game, members, points))


@pytest.mark.parametrize("baselines", [1, 3])
def test_of_a_network_they_are_pure_bit_for_bit(baselines):
    torch.manual_seed(5)
    game = Game.from_model(network(torch.float32), torch.randn(1, 4), torch.randn(baselines, 4))
    pure = synergy_function(game, (0, 2, 3))
    points = torch.rand(16, 4, generator=torch.Generator().manual_seed(4)).double()
    for absent in (0, 2, 3):
        assert (pure(points * (torch.arange(4) != absent)) == 0).all()
    moved = points.clone()
    moved[:, 1] = 0.25
    assert torch.equal(pure(points), pure(moved))
    assert (abs(pure(points)) > 1e-5).any()


@pytest.mark.parametrize("baselines", [1, 3])
def test_their_dividends_are_those_of_their_players_alone(baselines):
    torch.manual_seed(5)
    game = Game.from_model(network(), torch.randn(1, 4).double(), torch.randn(baselines, 4).double())
    effects, whole = harsanyi(synergy_function(game, (0, 2))), harsanyi(game)
    for mask in range(16):
        expected = whole.values[mask] if coalition(mask) == (0, 2) else torch.tensor(0.0).double()
        torch.testing.assert_close(effects.values[mask], expected, atol=1e-14, rtol=0)


@pytest.mark.parametrize("baselines", [1, 2])
def test_gradient_and_slopes(baselines):
    torch.manual_seed(6)
    x, b = torch.randn(1, 4).double(), torch.randn(baselines, 4).double()
    game = Game.from_model(network(), x, b, players=[0, 1, 1, 2])
    pure = synergy_function(game, (0, 1))
    point = torch.tensor([[0.3, 0.7, 0.9]]).double()
    step, eye = 1e-6, torch.eye(3).double()
    by_differences = [(by_hand(game, (0, 1), point + step * e) - by_hand(game, (0, 1), point - step * e)) for e in eye]
    torch.testing.assert_close(pure.gradient(point)[0], torch.cat(by_differences) / (2 * step), atol=1e-8, rtol=1e-6)
    assert pure.slopes(point)[0, 2] == 0
    entry = Game.from_model(network(), x, b).cube.gradient(torch.tensor([[0.3, 0.7, 0.7, 0.9]]).double())
    assert entry.shape == (1, 4)


def test_at_the_baseline_the_gradient_is_not_lost():
    game = Game.from_function(lambda z: z[:, 0] * z[:, 1], [2.0, 3.0])
    assert synergy_function(game, (0, 1)).gradient([[0.0, 1.0]]).tolist() == [[6.0, 0.0]]


def test_integrated_gradients_of_it_are_the_measured_row():
    game = network_game()
    table = measure("integrated_gradients", game)
    for members in [(1,), (0, 3), (1, 2, 3)]:
        given = method("integrated_gradients").attribute(synergy_function(game, members))
        torch.testing.assert_close(given, table[members], atol=1e-10, rtol=0)


def test_its_series_is_that_of_f_with_its_support():
    game = Game.from_model(network(torch.float32, 3), torch.full((1, 3), 0.2), torch.zeros(1, 3))
    pure, whole = taylor(synergy_function(game, (0, 2)), 5), taylor(game, 5)
    for row in range(len(whole)):
        degrees = tuple(whole.degrees[row].tolist())
        inside = tuple(i for i, k in enumerate(degrees) if k) == (0, 2)
        assert abs(float(pure.degree(degrees)) - inside * float(whole.degree(degrees))) < 1e-10


def test_of_token_ids_it_is_asked_at_the_embedding():
    torch.manual_seed(7)
    model = torch.nn.Sequential(torch.nn.Embedding(9, 5), torch.nn.Flatten(), torch.nn.Linear(15, 1)).double()
    model = torch.nn.Sequential(model, torch.nn.Tanh())
    game = Game.from_model(model, torch.tensor([[1, 2, 3]]), torch.tensor([[0, 0, 0]]))
    pure = synergy_function(game, (0, 2))
    torch.testing.assert_close(harsanyi(pure)[0, 2], harsanyi(game)[0, 2])
    given = method("integrated_gradients").attribute(pure)
    torch.testing.assert_close(given, measure("integrated_gradients", game)[0, 2], atol=1e-10, rtol=0)


def test_of_rows_of_a_table():
    game = Game.from_function(lambda rows: rows[:, 0] * rows[:, 1], np.array([2.0, 3.0]), np.array([[0.0, 1.0]]))
    assert harsanyi(synergy_function(game, (0, 1))).to_dict()[0, 1] == 4.0


def test_what_cancels_is_in_the_noise():
    game = Game.from_function(lambda z: 1e8 + z[:, 0] * z[:, 1] / 3, [1.0, 1.0])
    effects = harsanyi(synergy_function(game, (0, 1)))
    error = abs(float(effects[0, 1]) - 1 / 3)
    assert 1e-9 < error <= effects.noise_floor()[3] < 1e-6


def test_of_values_with_leading_axes():
    game = Game.from_values(torch.arange(16.0).reshape(2, 8) ** 2)
    pure = harsanyi(synergy_function(game, (0, 2))).values
    assert pure.tolist() == [[0, 0, 0, 0, 0, 8, 0, 0]] * 2


def test_allocations_of_all_of_them_are_that_of_f():
    game = Game.from_expression(EXPRESSIONS[0], X, B)
    policy = method("integrated_gradients").policy(game)
    parts = [allocate(taylor(synergy_function(game, s)), policy).attribution for s in SUBSETS[1:]]
    assert (sum(parts) == allocate(taylor(game), policy).attribution).all()


# --- bad input ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("game", "members", "error", "said"),
    [
        ("game", (0,), TypeError, "asks a Game"),
        (None, (0, 0), ValueError, "holds a player once"),
        (None, (7,), IndexError, "the players are 0 to 3"),
        (None, ("x9",), LookupError, "no player is named 'x9'"),
        (None, (0.5,), TypeError, "a coalition is made of players"),
    ],
)
def test_refused(game, members, error, said):
    with pytest.raises(error, match=said):
        synergy_function(network_game() if game is None else game, members)


def test_too_many_players():
    game = Game.from_function(lambda z: z.sum(1), torch.ones(25))
    with pytest.raises(ValueError, match=r"2\^s values of f, of at most 20 players; this coalition has 25"):
        synergy_function(game, range(25))


def test_no_formula_of_a_network():
    with pytest.raises(TypeError, match="a formula is written of an expression's game"):
        show.formula(network_game())
