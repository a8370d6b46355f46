"""Methods of the gradient, and the laws of all methods."""

import numpy as np
import pytest
import scipy.integrate
import sympy
import torch
from cases import (
    BY_ID,
    EXPRESSIONS,
    GAME_METHODS,
    NETWORKS,
    close,
    draw,
    label,
)
from method_cases import tolerance_of

from synergy import METHODS, Game, measure, method, taylor

SMOOTH = [case for case in NETWORKS if case.smooth]


def slope(case, place, k=0):
    """∂f/∂z at an input, by autograd on a batch of one."""
    z = place.clone()[None].requires_grad_()
    case.f(z).sum().backward()
    return z.grad[0]


def by_player(case, entries):
    """Sums of entries by player."""
    return [
        sum(float(e) for e, p in zip(entries.reshape(-1), case.players.reshape(-1), strict=True) if int(p) == i)
        for i in range(case.n)
    ]


def mean_over_baselines(case, single):
    total = sum(case.weights)
    parts = [
        np.array(by_player(case, single(b))) * w / total for b, w in zip(case.baselines, case.weights, strict=True)
    ]
    return sum(parts)


@pytest.mark.parametrize("case", NETWORKS, ids=label)
def test_gradient_x_input(case):
    """(x − b) ∂f(x), with several baselines the mean of it."""
    expected = mean_over_baselines(case, lambda b: (case.x - b) * slope(case, case.x))
    close(method("gradient_x_input").attribute(case.game()), expected, tolerance_of(case))


@pytest.mark.parametrize("case", EXPRESSIONS, ids=label)
def test_gradient_x_input_of_expressions(case):
    expected = [sympy.Integer(0)] * case.n
    for baseline, weight in zip(case.baselines, case.weights, strict=True):
        for i, name in enumerate(case.x):
            derivative = sympy.diff(case.expression, sympy.Symbol(name)).subs(case.x)
            expected[i] += (case.x[name] - baseline[name]) * derivative * sympy.Rational(weight, sum(case.weights))
    assert list(method("gradient_x_input").attribute(case.game())) == expected


@pytest.mark.parametrize("case", SMOOTH, ids=label)
@pytest.mark.parametrize("name", ["integrated_gradients", "expected_gradients"])
def test_path_methods_are_the_integral_of_the_gradient(name, case):
    """E_b (x − b) ∫ ∂f(b + s(x − b)) ds by adaptive quadrature."""

    def single(b):
        mean, _ = (
            scipy.integrate.quad_vec(
                lambda s: slope(case, b + s * (case.x - b)).numpy().astype(float), 0, 1, epsabs=1e-12, epsrel=1e-12
            )
            if case.epsilon < 1e-10
            else scipy.integrate.fixed_quad(
                lambda s: np.stack([slope(case, b + float(p) * (case.x - b)).numpy().astype(float) for p in s], -1),
                0,
                1,
                n=40,
            )
        )
        return (case.x - b) * torch.tensor(mean)

    expected = mean_over_baselines(case, single)
    close(method(name).attribute(case.game()), expected, tolerance_of(case))


@pytest.mark.parametrize("case", EXPRESSIONS, ids=label)
@pytest.mark.parametrize("name", ["integrated_gradients", "expected_gradients"])
def test_path_methods_of_expressions_by_symbolic_integration(name, case):
    s = sympy.Symbol("s")
    expected = [sympy.Integer(0)] * case.n
    for baseline, weight in zip(case.baselines, case.weights, strict=True):
        line = {n: baseline[n] + s * (case.x[n] - baseline[n]) for n in case.x}
        for i, n in enumerate(case.x):
            inside = sympy.diff(case.expression, sympy.Symbol(n)).subs(line, simultaneous=True)
            part = (case.x[n] - baseline[n]) * sympy.integrate(sympy.expand(inside), (s, 0, 1))
            expected[i] += part * sympy.Rational(weight, sum(case.weights))
    assert list(method(name).attribute(case.game())) == expected


def test_the_path_of_an_expression_that_is_no_polynomial_is_refused():
    with pytest.raises(ValueError, match=r"no exact quadrature.*from_function"):
        method("integrated_gradients").attribute(Game.from_expression("exp(x)", {"x": 1}))


@pytest.mark.parametrize(("nodes", "degree"), [(1, 2), (2, 4), (5, 10), (8, 16)])
def test_gauss_nodes_are_exact_to_their_degree(nodes, degree):
    """q nodes integrate the derivative of z^(2q) exactly, and not that of z^(2q + 1)."""
    chosen = method("integrated_gradients", nodes=nodes)
    game = Game.from_function(lambda z: z[:, 0] ** degree, [1.5])
    close(chosen.attribute(game), [1.5**degree], 1e-13)
    game = Game.from_function(lambda z: z[:, 0] ** (degree + 1), [1.5])
    assert abs(chosen.attribute(game).item() / 1.5 ** (degree + 1) - 1) > 1e-9


@pytest.mark.parametrize("name", ["integrated_gradients", "expected_gradients"])
def test_the_error_of_the_quadrature_is_said_and_is_of_its_size(name):
    """relu(z1 + z2 − 1) at (1, 1) from 0: each gets 1/2; 9 nodes miss it by what the estimate says, up to ten times."""
    game = Game.from_function(lambda z: (z[:, 0] + z[:, 1] - 0.9).relu(), [1.0, 1.0])
    values, errors = method(name, nodes=9).estimate(game)
    off = abs(values - 0.55)
    assert (off > 1e-4).all()
    assert (errors > off / 10).all()
    assert (errors < off * 100).all()
    _, errors = method(name).estimate(Game.from_function(lambda z: z.prod(1), [2.0, 3.0]))
    assert errors.max() < 1e-13


@pytest.mark.parametrize(
    "case", [*NETWORKS, BY_ID["rational-floats"], BY_ID["groups-floats"], BY_ID["groups-baselines-floats"]], ids=label
)
def test_smoothgrad_is_the_mean_over_its_own_noise(case):
    """E_b E_e (x − b) ∂f(x + e), by a loop over the list of noise."""
    chosen = method("smoothgrad_x_input", sigma=0.3, samples=7, seed=11)
    game = case.game()
    noise = chosen.noise(game)
    assert noise.shape == (7, case.x.numel())
    slopes = [slope(case, case.x + torch.tensor(row).reshape(case.x.shape).to(case.x.dtype)) for row in noise]
    mean = sum(slopes) / 7
    expected = mean_over_baselines(case, lambda b: (case.x - b) * mean)
    close(chosen.attribute(game), expected, tolerance_of(case))
    singles = np.stack([mean_over_baselines(case, lambda b, g=g: (case.x - b) * g) for g in slopes])
    values, errors = chosen.estimate(game)
    close(values, expected, tolerance_of(case))
    close(errors, singles.std(0, ddof=1) / 7**0.5, max(tolerance_of(case), 1e-9) * 100)


def test_smoothgrad_noise_is_normal_seeded_and_the_same_for_both_halves():
    game = BY_ID["softplus"].game()
    chosen = method("smoothgrad_x_input", sigma=2.0, samples=4000)
    noise = chosen.noise(game)
    assert abs(noise.mean()) < 0.05
    assert noise.std() == pytest.approx(2, rel=0.02)
    assert abs(np.corrcoef(noise.T) - np.eye(4)).max() < 0.06
    assert (noise == chosen.noise(game)).all()
    assert (noise != method("smoothgrad_x_input", sigma=2.0, samples=4000, seed=1).noise(game)).all()


def test_smoothgrad_without_noise_is_gradient_x_input():
    for case in (BY_ID["softplus"], BY_ID["triple"], BY_ID["softplus-groups"]):
        quiet = method("smoothgrad_x_input", sigma=0.0, samples=2).attribute(case.game())
        close(quiet, method("gradient_x_input").attribute(case.game()), 0 if case.exact else 1e-13)


def test_smoothgrad_by_hand():
    """z1·z2 at (2, 3): 2·(3 + mean e2) and 3·(2 + mean e1)."""
    chosen = method("smoothgrad_x_input", sigma=0.5, samples=5)
    game = BY_ID["product-floats"].game()
    mean = chosen.noise(game).mean(0)
    close(chosen.attribute(game), [2 * (3 + mean[1]), 3 * (2 + mean[0])], 1e-14)


@pytest.mark.parametrize(
    ("case", "words"),
    [("groups-floats", "one entry each"), ("baselines", "one baseline"), ("null-player", "zero for a player")],
)
def test_smoothgrad_has_no_weights_for_groups_baselines_and_null_players(case, words):
    with pytest.raises(ValueError, match=words):
        method("smoothgrad_x_input").policy(BY_ID[case].game())


@pytest.mark.parametrize(
    ("name", "settings", "error", "words"),
    [
        ("smoothgrad_x_input", {"sigma": -1.0}, ValueError, "sigma is .* at least 0, not -1.0"),
        ("smoothgrad_x_input", {"sigma": float("nan")}, ValueError, "sigma is .*not nan"),
        ("smoothgrad_x_input", {"sigma": float("inf")}, ValueError, "sigma is .* a finite number.*not inf"),
        ("smoothgrad_x_input", {"sigma": "a"}, TypeError, "sigma is .*not 'a'"),
        ("smoothgrad_x_input", {"sigma": None}, TypeError, "sigma is .*not None"),
        ("smoothgrad_x_input", {"samples": 0}, ValueError, "samples is .* from 1 to 1,000,000, not 0"),
        ("smoothgrad_x_input", {"samples": 1.5}, TypeError, "samples is .* a whole number.*not 1.5"),
        ("smoothgrad_x_input", {"samples": True}, TypeError, "samples is .*not True"),
        ("smoothgrad_x_input", {"seed": -1}, ValueError, "seed is .* at least 0, not -1"),
        ("smoothgrad_x_input", {"seed": 1.5}, TypeError, "seed is .*not 1.5"),
        ("smoothgrad_x_input", {"seed": None}, TypeError, "seed is .*not None"),
        ("integrated_gradients", {"nodes": 0}, ValueError, "nodes is .* from 1 to 2,048, not 0"),
        ("integrated_gradients", {"nodes": -1}, ValueError, "nodes is .* from 1 to 2,048, not -1"),
        ("integrated_gradients", {"nodes": 2.5}, TypeError, "nodes is .* a whole number.*not 2.5"),
        ("expected_gradients", {"nodes": True}, TypeError, "nodes is .*not True"),
        ("expected_gradients", {"nodes": "8"}, TypeError, "nodes is .*not '8'"),
        ("shapley", {"limit": 0}, ValueError, "limit is .* at least 1, not 0"),
        ("shapley", {"limit": None}, TypeError, "limit is .*not None"),
    ],
    ids=str,
)
def test_settings_that_make_no_sense(name, settings, error, words):
    with pytest.raises(error, match=words):
        method(name, **settings)


def test_settings_may_be_whole_numbers_of_numpy():
    game = BY_ID["softplus"].game()
    chosen = method("smoothgrad_x_input", sigma=np.float32(0.5), samples=np.int64(3), seed=np.uint8(4))
    close(chosen.attribute(game), method("smoothgrad_x_input", sigma=0.5, samples=3, seed=4).attribute(game), 0)
    eight = method("integrated_gradients", nodes=np.int32(8))
    close(eight.attribute(game), method("integrated_gradients", nodes=8).attribute(game), 0)


def test_smoothgrad_weights_follow_renamed_players():
    """Players given in another order than the entries: the differences go with the players."""
    x, b = torch.tensor([[2.0, -1.0, 3.0]]).double(), torch.tensor([[1.0, 2.0, 0.5]]).double()

    def f(z):
        return z[:, 0] ** 2 * z[:, 1] * z[:, 2] - z[:, 0] ** 3

    game = Game.from_function(f, x, b, players=[[2, 0, 1]])
    chosen = method("smoothgrad_x_input", sigma=0.25, samples=3)
    twin = Game.from_expression(
        "z0**2*z1*z2 - z0**3", {"z1": -1, "z2": 3, "z0": 2}, {"z1": 2, "z2": sympy.Rational(1, 2), "z0": 1}
    )
    effects = taylor(twin)
    weights = chosen.policy(game).shares(torch.tensor(effects.degrees[1:], dtype=torch.float64))
    values = torch.tensor(effects.values[1:].astype(float))
    close(weights.T @ values, chosen.attribute(game), 1e-12)


COMPLETE = ["integrated_gradients", "expected_gradients", "shapley"]


@pytest.mark.parametrize("case", [*SMOOTH, *EXPRESSIONS], ids=label)
@pytest.mark.parametrize("name", COMPLETE)
def test_complete_methods_add_up(name, case):
    values = method(name).attribute(case.game())
    expected = case.value(frozenset(range(case.n))) - case.value(frozenset())
    scale = None if case.exact else abs(float(expected)) + 1
    close([values.sum()], [expected], tolerance_of(case), scale)


@pytest.mark.parametrize("name", GAME_METHODS)
def test_methods_are_linear_in_the_function(name):
    """A(f + 2h) = A(f) + 2A(h) on the same players."""
    x, b = draw(3), draw(3, seed=2)

    def build(f):
        return Game.from_function(f, x[None], b[None])

    def f(z):
        return z[:, 0].exp() * z[:, 1] + z[:, 2]

    def h(z):
        return (z[:, 0] - z[:, 2] * z[:, 1]).tanh()

    chosen = method(name)
    both = chosen.attribute(build(lambda z: f(z) + 2 * h(z)))
    close(both, chosen.attribute(build(f)) + 2 * chosen.attribute(build(h)), 1e-10)


@pytest.mark.parametrize("name", GAME_METHODS)
def test_renaming_the_players_renames_the_attributions(name):
    x, b = draw(4), draw(4, seed=2)

    def f(z):
        return z[:, 0].exp() * z[:, 1] + (z[:, 2] * z[:, 3]).sin()

    order = [2, 0, 3, 1]
    plain = method(name).attribute(Game.from_function(f, x[None], b[None]))
    renamed = method(name).attribute(Game.from_function(f, x[None], b[None], players=[order]))
    close(renamed[order], plain, 1e-12)


@pytest.mark.parametrize("name", [name for name in GAME_METHODS if METHODS[name].corners is True])
def test_the_laws_of_mean_games(name):
    """With several baselines a method is the weighted mean of itself on the single games."""
    case = BY_ID["softplus-baselines"]
    parts = [method(name).attribute(game) * w for w, game in case.rebased(frozenset(range(4)))]
    close(method(name).attribute(case.game()), sum(parts), 1e-12)


@pytest.mark.parametrize(
    "case", [BY_ID["baselines"], BY_ID["softplus-baselines"], BY_ID["groups-baselines-floats"]], ids=label
)
@pytest.mark.parametrize(
    ("one", "other"), [("integrated_gradients", "expected_gradients"), ("occlusion_1", "prediction_difference")]
)
def test_the_mean_game_makes_pairs_of_methods_one(one, other, case):
    game = case.game()
    close(method(one).attribute(game), method(other).attribute(game), 0 if case.exact else 1e-12)
    close(measure(one, game).values, measure(other, game).values, 0 if case.exact else 1e-12)
