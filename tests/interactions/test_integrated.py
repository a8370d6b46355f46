"""Interactions on functions without finite series: recursive integrals, Sum of Powers, and what kinks do to them."""

from fractions import Fraction
from itertools import combinations, product

import numpy as np
import pytest
import scipy.integrate
import torch
from cases import close

from decompositions import degrees
from synergy import Game, harsanyi, method, taylor
from synergy.algorithms.path.log_derivatives import log_derivatives
from synergy.algorithms.path.log_rule import log_rule, log_rule_on_panels
from synergy.interactions import INDICES, Recursive, interactions
from synergy.policies.policy import degree_shares

S, W = (torch.tensor(part) / 2 for part in np.polynomial.legendre.leggauss(32))
S = S + 0.5


def exponential(z):
    return torch.exp(z[:, 0] + 2 * z[:, 1] * z[:, 2])


def network(activation=torch.nn.Tanh, inputs=3, dtype=torch.float64):
    torch.manual_seed(0)
    layers = [torch.nn.Linear(inputs, 7), activation(), torch.nn.Linear(7, 6), activation(), torch.nn.Linear(6, 1)]
    return torch.nn.Sequential(*layers).to(dtype)


def network_game(activation=torch.nn.Tanh, inputs=3, dtype=torch.float64):
    model = network(activation, inputs, dtype)
    torch.manual_seed(2)
    return Game.from_model(model, torch.randn(1, inputs).to(dtype), torch.randn(1, inputs).to(dtype))


SMOOTH = {
    "exponential": lambda: Game.from_function(exponential, [1.0, 1.0, 1.0]),
    "network": network_game,
}


# --- the rule ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [1, 2, 3, 4])
@pytest.mark.parametrize("nodes", [1, 2, 8, 32])
def test_the_rule_is_exact_for_polynomials(nodes, order):
    places, weights = log_rule(nodes, order)
    assert ((places > 0) & (places < 1)).all()
    for m in range(2 * nodes):
        assert abs(weights @ places**m * (m + 1) ** order - 1) < 1e-12


@pytest.mark.parametrize("order", [1, 2, 3])
def test_the_rule_on_panels(order):
    places, weights = log_rule_on_panels(16, order, 5)
    kernel = lambda u: (-np.log(u)) ** (order - 1) / max(1, order - 1)  # noqa: E731  ((k − 1)! of 1, 2, 3)
    truth = scipy.integrate.quad(lambda u: np.cos(9 * u) * kernel(u), 0, 1, epsabs=1e-13)[0]
    assert abs(weights @ np.cos(9 * places) - truth) < 1e-11


def test_derivatives_by_logarithms():
    """θ of t₁ t₂³ multiplies by the exponents."""
    game = Game.from_function(lambda z: z[:, 0] * z[:, 1] ** 3, [2.0, 1.0])
    found = log_derivatives(game.cube, torch.tensor([[0.5, 2.0]]).double(), 2)
    assert found.tolist() == [[[8.0, 24.0], [24.0, 72.0]]]


# --- recursive ----------------------------------------------------------------------------------------------------


def integrated_hessians(game):
    """Janizek's double integrals, ∬ αβ ∂ᵢⱼg(αβ) and ∬ ∂ᵢg(αβ) besides on the diagonal, by a product rule."""
    n, places = game.n, (S[:, None] * S).reshape(-1)
    weights = (W[:, None] * W).reshape(-1)
    step = torch.eye(n, dtype=torch.float64) * 1e-4
    points = places[:, None].expand(-1, n)
    slopes = game.gradient(points)
    bends = torch.stack([(game.gradient(points + e) - game.gradient(points - e)) / 2e-4 for e in step], 1)
    table = torch.einsum("q,qij->ij", weights * places, bends) + torch.diag(weights @ slopes)
    single = {(i,): float(table[i, i]) for i in range(n)}
    return single | {(i, j): float(table[i, j] + table[j, i]) for i, j in combinations(range(n), 2)}


@pytest.mark.parametrize("name", SMOOTH)
def test_integrated_hessians_are_the_double_integrals(name):
    game = SMOOTH[name]()
    found, expected = interactions(game, "IH"), integrated_hessians(game)
    scale = max(map(abs, expected.values()))
    assert set(found) == {*expected}
    assert max(abs(found[players] - expected[players]) for players in expected) < 1e-6 * scale
    assert found.noise.max() < 1e-8 * scale
    assert dict(interactions(game, "RIG")) == dict(found)


@pytest.mark.parametrize("name", SMOOTH)
def test_their_rows_add_up_to_integrated_gradients(name):
    game = SMOOTH[name]()
    found = interactions(game, "IH")
    rows = [
        found[(i,)] + sum(found[pair] for pair in combinations(range(game.n), 2) if i in pair) / 2
        for i in range(game.n)
    ]
    close(torch.tensor(rows, dtype=torch.float64), method("integrated_gradients").attribute(game), 1e-9)


def nested(f, players):
    """IG of IG of … from 0, each by a Gauss rule of its own, as a function."""
    if not players:
        return f
    inner, i = nested(f, players[1:]), players[0]

    def outer(z):
        points = (S[:, None, None] * z).reshape(-1, z.shape[1])
        points = points if points.requires_grad else points.requires_grad_()
        (slopes,) = torch.autograd.grad(inner(points).sum(), points, create_graph=True)
        return z[:, i] * (W @ slopes[:, i].reshape(len(S), -1))

    return outer


@pytest.mark.parametrize("order", [2, 3])
def test_recursive_integrated_gradients_are_nested(order, monkeypatch):
    monkeypatch.setitem(globals(), "S", torch.tensor(log_rule(12, 1)[0]))
    monkeypatch.setitem(globals(), "W", torch.tensor(log_rule(12, 1)[1]))
    f = lambda z: torch.sin(z[:, 0] + z[:, 0] * z[:, 1])  # noqa: E731
    found = interactions(Game.from_function(f, [0.8, 0.5]), "RIG", 2)
    if order == 3:
        found = interactions(Game.from_function(lambda z: f(z) + 0 * z[:, 2], [0.8, 0.5, 1.0]), "RIG", 3)
    x = torch.tensor([[0.8, 0.5]], dtype=torch.float64)
    expected = {}
    for players in product(range(2), repeat=order):
        key = tuple(sorted({*players}))
        expected[key] = expected.get(key, 0) + float(nested(f, players)(x).detach())
    for key, value in expected.items():
        assert abs(found[key] - value) < 1e-11


POLYNOMIAL = "z0**2*z1*z2 + z1**3*z2 - z0*z2"
X, B = [1.0, 2.0, 0.5], [0.5, 0.0, -1.0]


@pytest.mark.parametrize("index", ["IH", "RIG", "ARIG", "SP"])
@pytest.mark.parametrize("order", [1, 2, 3])
def test_integrals_are_the_exact_values_of_a_polynomial(index, order):
    if index == "IH" and order != 2:
        pytest.skip("Integrated Hessians are of order 2")
    exact = Game.from_expression(POLYNOMIAL, *({f"z{i}": Fraction(v) for i, v in enumerate(p)} for p in (X, B)))
    f = lambda z: z[:, 0] ** 2 * z[:, 1] * z[:, 2] + z[:, 1] ** 3 * z[:, 2] - z[:, 0] * z[:, 2]  # noqa: E731
    found, expected = interactions(Game.from_function(f, X, B), index, order), interactions(exact, index, order)
    for players in found:
        error = abs(found[players] - float(expected[players]))
        assert error <= found.noise[found.sets.index(players)] + 1e-14
    assert found.noise.max() < 1e-11
    assert abs(float(found.total) - float(exact([[1, 1, 1]])[0] - exact([[0, 0, 0]])[0])) < 1e-12


def test_augmented_ones_keep_small_effects_and_are_recursive_on_the_rest():
    game = network_game()
    found, effects = interactions(game, "ARIG", 2), harsanyi(game)
    rest = Game.from_function(lambda z: _above(game, z, 2), torch.ones(3), 0.0)
    expected = interactions(rest, "RIG", 2)
    for players in found:
        assert abs(found[players] - float(effects[players]) - expected[players]) < 1e-9


def _above(game, t, order):
    """Σ of φ_S over |S| > order, by the 2ⁿ values of g at t · 1_T, differentiable in t."""
    total, x, b = 0, game.cube.x, game.cube.baseline
    for mask in range(8):
        present = torch.tensor([float(mask >> i & 1) for i in range(3)], dtype=torch.float64)
        sizes = [s for s in range(8) if s & mask == mask and s.bit_count() > order]
        weight = sum((-1) ** (s.bit_count() - mask.bit_count()) for s in sizes)
        total = total + weight * game.cube.f(b + t.double() * present * (x - b))
    return total


def test_float32_is_computed_in_float64():
    found = interactions(network_game(dtype=torch.float32), "IH")
    model = network(dtype=torch.float32).double()
    cube = network_game(dtype=torch.float32).cube
    expected = interactions(Game.from_model(model, cube.x.double(), cube.baseline.double()), "IH")
    close(found.array, expected.array, 1e-12)


def test_several_baselines_are_their_mean():
    torch.manual_seed(4)
    x, b = torch.randn(1, 3).double(), torch.randn(2, 3).double()
    whole = interactions(Game.from_model(network(), x, b), "IH").array
    parts = [interactions(Game.from_model(network(), x, each[None]), "IH").array for each in b]
    close(whole, sum(parts) / 2, 1e-9)


def test_of_ids_at_their_embedding():
    torch.manual_seed(7)
    model = torch.nn.Sequential(torch.nn.Embedding(9, 4), torch.nn.Flatten(), torch.nn.Linear(12, 5), torch.nn.Tanh())
    model = torch.nn.Sequential(*model, torch.nn.Linear(5, 1)).double()
    game = Game.from_model(model, torch.tensor([[1, 2, 3]]), torch.tensor([[0, 0, 0]]))
    found = interactions(game, "IH")
    close(found.array, interactions(game.embedded, "IH").array, 1e-14)
    assert abs(float(found.total) - float(game([[1, 1, 1]]) - game([[0, 0, 0]]))) < 1e-9


# --- kinks ----------------------------------------------------------------------------------------------------------


def relu(z):
    return torch.relu(z[:, 0] + z[:, 1] - 1)


class Hidden(torch.autograd.Function):
    """A ReLU that nobody can look into."""

    @staticmethod
    def forward(ctx, z):
        ctx.save_for_backward(z)
        return torch.from_numpy(np.maximum(z.detach().numpy(), 0))

    @staticmethod
    def backward(ctx, grad):
        return grad * (ctx.saved_tensors[0] > 0)


@pytest.mark.parametrize("index", ["IH", "RIG", "ARIG"])
def test_a_kink_is_refused(index):
    game = Game.from_function(relu, [1.0, 1.0])
    with pytest.raises(ValueError, match=rf"{index} integrates second derivatives.*kink.*relu.*'SP'.*softened\(50\)"):
        interactions(game, index)
    with pytest.raises(ValueError, match="there is a kink between b and x"):
        interactions(network_game(torch.nn.ReLU), index)


def test_a_kink_that_nobody_sees_is_missed_in_the_sums():
    game = Game.from_function(lambda z: Hidden.apply(z[:, 0] + z[:, 1] - 1), [1.0, 1.0])
    with pytest.raises(ValueError, match=r"of 'x.' add up to 0\.15.*, and its Integrated Gradient is 0\.[45]"):
        interactions(game, "IH")


def test_a_kink_that_is_not_on_the_way_is_none():
    game = Game.from_function(lambda z: torch.relu(z[:, 0] + 1) * z[:, 1], [1.0, 1.0])
    close(interactions(game, "IH").array, torch.tensor([0.25, 1.25, 0.5]), 1e-12)


def test_the_limit_of_a_kink():
    """relu(z1 + z2 − 1) at (1, 1): {1, 2} gets ln 2 / 2, the rest is halved; softplus comes up to it."""
    game = Game.from_function(relu, [1.0, 1.0])
    by_sharpness = [interactions(game.softened(beta), "IH") for beta in (50, 400)]
    close(by_sharpness[0].array, torch.tensor([0.3269, 0.3269, 0.3462]), 1e-3)
    limit = torch.tensor([(1 - np.log(2) / 2) / 2] * 2 + [np.log(2) / 2])
    for found, near in zip(by_sharpness, (1e-3, 1e-4), strict=True):
        assert (abs(found.array - limit) <= torch.tensor(found.noise) + near).all()


# --- Sum of Powers ----------------------------------------------------------------------------------------------------


def sum_of_powers(game, order):
    """Σ over i in T of STII of order k − 1 of T \\ i, in the game R ↦ IGᵢ(x_(R ∪ i)), by its own definition."""
    n = game.n
    ends = degrees.bits(0, 2**n, n)
    gradients = method("integrated_gradients").attribute(game, ends)
    found = dict.fromkeys(combinations(range(n), order), 0.0)
    for i in range(n):
        others = [j for j in range(n) if j != i]
        masks = [(1 << i) + sum(1 << others[j] for j in degrees.coalition(m)) for m in range(2 ** (n - 1))]
        for mask, value in INDICES["STII"].definition(gradients[masks, i], order - 1).items():
            players = tuple(sorted([i, *(others[j] for j in degrees.coalition(mask))]))
            if len(players) == order:
                found[players] += float(value)
    return found


@pytest.mark.parametrize("activation", [torch.nn.ReLU, torch.nn.Tanh])
@pytest.mark.parametrize("order", [2, 3])
def test_sum_of_powers_by_first_derivatives(activation, order):
    game = network_game(activation, inputs=4)
    found, expected, effects = interactions(game, "SP", order), sum_of_powers(game, order), harsanyi(game)
    for players in found:
        value = expected[players] if len(players) == order else float(effects[players])
        assert abs(found[players] - value) <= found.noise[found.sets.index(players)] + 1e-14
    assert abs(float(found.total) - float(game([[1] * 4]) - game([[0] * 4]))) < 1e-9
    assert found.noise.max() < (1e-11 if activation is torch.nn.ReLU else 1e-8)


def test_sum_of_powers_of_a_kink():
    """relu(z1 + z2 − 1): nothing is there without the other."""
    found = interactions(Game.from_function(relu, [1.0, 1.0]), "SP")
    close(found.array, torch.tensor([0.0, 0.0, 1.0]), 1e-14)


def test_sum_of_powers_with_a_null_player():
    game = Game.from_function(lambda z: z[:, 0] * z[:, 2] ** 2, [1.0, 2.0, 1.0], [0.0, 2.0, 0.0])
    assert {t: round(v, 12) for t, v in interactions(game, "SP").items() if abs(v) > 1e-12} == {(0, 2): 1.0}
    first = interactions(game, "SP", 1)
    close(first.array, torch.tensor([1 / 3, 0, 2 / 3], dtype=torch.float64), 1e-12)


# --- noise --------------------------------------------------------------------------------------------------------


def test_values_of_taylor_effects_carry_their_noise():
    """Large terms that cancel: what rounding leaves of them is within the noise."""
    f = lambda z: 1e7 * (z[:, 0] * z[:, 1] - z[:, 0] ** 2 * z[:, 1] / 3) + z[:, 0] ** 3  # noqa: E731
    effects = taylor(Game.from_function(f, [1.0, 1.0]), 3)
    found = interactions(effects, "IH")
    truth = {(0,): 1e7 * (1 / 4 - 4 / 27) + 1, (1,): 1e7 * (1 / 4 - 1 / 27), (0, 1): 1e7 * (1 / 2 - 4 / 27)}
    for players, value in truth.items():
        assert abs(found[players] - value) <= 4 * found.noise[found.sets.index(players)] + 1e-8
    assert 0 < found.noise.max() < 1e-5


def test_exact_values_have_none():
    game = Game.from_expression("z1*z2**2", {"z1": 1, "z2": 1})
    assert interactions(game, "IH").noise.tolist() == [0, 0, 0]


def test_too_many_derivatives_are_refused():
    game = Game.from_function(lambda z: z.sum(1), torch.ones(3000))
    with pytest.raises(ValueError, match="3,000 players have 9,000,000 derivatives of order 2"):
        interactions(game, "IH")


def test_a_lift_of_ones_own_name_is_integrated_too():
    game = SMOOTH["exponential"]()
    found = interactions(game, Recursive(degree_shares, "mine"))
    close(found.array, interactions(game, "IH").array, 1e-14)
