"""Path integrals by quadrature: the rule is said, and the stated error holds."""

import copy
from dataclasses import replace

import pytest
import scipy.integrate
import torch
from cases import BY_ID, close, draw, mlp
from hard_paths import hard_paths
from torch import nn

from synergy import Game, compare, method
from synergy.algorithms.path import piecewise, rules
from synergy.algorithms.path.way import Way
from synergy.calls import Calls


@pytest.mark.parametrize("seed", range(6))
def test_a_smooth_network_says_its_rule_and_an_error_above_the_true_one(seed):
    model, x, b = mlp(nn.Softplus, (4, 6, 5, 2), seed=seed), draw(1, 4, seed=seed + 50), draw(1, 4, seed=seed + 80)

    def at(s):
        place = (b + s * (x - b)).requires_grad_()
        return (torch.autograd.grad(model(place)[0, 1], place)[0] * (x - b))[0].numpy()

    reference, _ = scipy.integrate.quad_vec(at, 0, 1, epsabs=1e-14, epsrel=1e-14)
    found = method("integrated_gradients").integrate(Game.from_model(model, x, b, target=1))
    assert found.rule in ("Gauss–Legendre, 16 nodes", "Gauss–Legendre, 32 nodes")
    off = abs(found.values - torch.tensor(reference))
    assert (off <= found.errors + 1e-15).all()
    assert found.errors.max() < 1e-9 * abs(found.values).max()


@pytest.mark.parametrize("place", [0.05, 0.3, 0.77, 1.0, 1.234, 1.7, 1.9, 1.99, 1.999, 1.99999])
def test_a_function_with_a_kink_that_cannot_be_read_is_no_further_off_than_it_says(place):
    """relu(z1 + z2 − c) at (1, 1): each gets (2 − c)/2, also where no node of a fixed rule sees the rise."""
    game = Game.from_function(lambda z: (z[:, 0] + z[:, 1] - place).relu(), [1.0, 1.0])
    ends = torch.tensor([[1, 1], [1, 0.9]], dtype=torch.float64)
    found = method("integrated_gradients").integrate(game, ends)
    rise = (1.9 - place) / 1.9 if place < 1.9 else 0.0
    truth = torch.tensor([[(2 - place) / 2] * 2, [rise, rise * 0.9]], dtype=torch.float64).double()
    off = abs(found.values - truth)
    assert (off <= found.errors + 1e-15).all()
    assert off.max() < 5e-3


def test_a_rise_between_the_nodes_is_looked_for_where_the_gain_is():
    """relu(z1 + z2 − 1.999) at (1, 1): no node of the first panels lies on the rise."""
    game = Game.from_function(lambda z: (z[:, 0] + z[:, 1] - 1.999).relu(), [1.0, 1.0])
    found = method("integrated_gradients").integrate(game)
    assert found.rule == "adaptive, 195 nodes"
    assert abs(found.values - 5e-4).max() < 1e-4


def test_the_adaptive_rule_is_exact_for_polynomials_and_its_error_that_of_the_smaller_rule(monkeypatch):
    """15 Kronrod nodes are exact to the derivative's degree 22, 7 Gauss nodes to 13."""
    monkeypatch.setattr(rules, "PANELS", 1)
    monkeypatch.setattr(rules, "CUTS", 0)
    for degree, seen in ((13, False), (14, True), (22, True)):
        game = Game.from_function(lambda z, d=degree: (6 * z[:, 0]) ** (d + 1), [1.0])
        found = rules.adaptive(Way(game, game.ends()))
        close(found.values[0], [6.0 ** (degree + 1)], 1e-13)
        assert (found.errors.item() > 1e-12 * found.values.item()) == seen


def test_a_rule_costs_at_most_what_is_said():
    paid = Calls()
    game = Game.from_model(mlp(nn.Softplus, (4, 6, 5, 2)), draw(1, 4), draw(2, 4, seed=9), target=0)
    price = method("integrated_gradients").price(game)
    method("integrated_gradients").attribute(game.watched(paid))
    assert 0 < paid.count <= price


@pytest.mark.parametrize("name", ["relu", "relu-float32", "captum-multilayer", "implementation-f"])
def test_the_price_of_an_exact_sum_is_foreseen_without_computing_it(name, monkeypatch):
    paid, game = Calls(), BY_ID[name].game()
    method("integrated_gradients").attribute(game.watched(paid))
    monkeypatch.setattr(piecewise, "_Pass", None)
    assert abs(method("integrated_gradients").price(game) - paid.count) <= max(1, paid.count / 4)


def test_the_rule_and_its_error_are_shown():
    game = Game.from_model(mlp(nn.ReLU, (3, 4, 4, 2)), draw(1, 3), 0.0, target=0)
    comparison = compare(game, ["shapley", "integrated_gradients", method("expected_gradients", nodes=8)])
    assert comparison["integrated_gradients"].settings.startswith("exact, ")
    assert comparison["expected_gradients"].settings.startswith("Gauss–Legendre, 8 nodes, error ")
    assert "settings: integrated_gradients exact, " in comparison.table()
    exact = Game.from_expression("x1*x2", {"x1": 2, "x2": 3})
    assert compare(exact, ["integrated_gradients"])["integrated_gradients"].settings == "exact"


def lost_along(case):
    """The mean along the path of |float32 gradient − float64 gradient|, no jumps, times |x − b|. Shape ``(n,)``."""
    total = torch.zeros_like(case.x[0])
    for b in case.baselines:
        z = b + torch.linspace(0, 1, 257)[:, None].double() * (case.x[0] - b)
        slopes = []
        for dtype in (torch.float32, torch.float64):
            points = z.to(dtype).requires_grad_()
            slopes.append(torch.autograd.grad(case.f(points).sum(), points)[0].double())
        lost = abs(slopes[0] - slopes[1]).sort(0).values[:-3].mean(0)
        total += lost * abs(case.x[0] - b) / len(case.baselines)
    return total


def held(players, seeds, dtype, **settings):
    """For every hard path: the largest of true error ÷ stated error over the players, and of stated ÷ true error.

    What float32 loses in the gradient itself, as a saturated sigmoid's by cancellation, is no error of a rule.
    """
    worst, width = {}, {}
    for case in hard_paths(players, seeds):
        truth = case.truth()
        if dtype == torch.float32 and abs(truth).max() < 1e-30:
            continue  # below what float32 holds
        found = method("integrated_gradients", **settings).integrate(
            Game.from_function(case.f, case.x.to(dtype), case.baselines.to(dtype))
        )
        off, known = abs(found.values - truth), 3e-7 * abs(truth).max()  # to which the truth itself is known
        if dtype == torch.float32:
            off = (off - lost_along(case)).clamp(min=0)
        worst[case.name] = float(((off - known).clamp(min=0) / found.errors.clamp(min=1e-300)).max())
        if off.max() > 5 * known:
            width[case.name] = float(found.errors.max() / off.max())
    return worst, sorted(width.values())


@pytest.mark.parametrize("nodes", [None, 200])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_stated_error_holds_on_hard_paths_and_is_not_absurdly_wide(dtype, nodes):
    worst, width = held((1, 2, 5, 12), (0, 2), dtype, nodes=nodes)
    assert len(worst) >= 180
    assert {name: ratio for name, ratio in worst.items() if ratio > 0.9} == {}
    assert width[len(width) // 2] < 15
    assert width[len(width) // 4] > 3


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_stated_error_holds_on_more_hard_paths(dtype):
    worst, width = held((3, 30), range(4, 8), dtype)
    assert {name: ratio for name, ratio in worst.items() if ratio > 1} == {}
    assert width[len(width) // 2] < 15


@pytest.mark.parametrize("exponent", [-664, 664])
def test_the_errors_of_hard_paths_are_those_of_numbers_of_any_size(exponent):
    """A power of two, about 1e±200, so that every rounding is the same; the model's own is taken as the same."""
    for case in hard_paths((2,), (0,)):
        plain, scaled = (
            Game.from_function(lambda z, f=case.f, s=s: f(z) * s, case.x, case.baselines) for s in (1.0, 2.0**exponent)
        )
        scaled = replace(scaled, cube=replace(scaled.cube, rounding=plain.cube.rounding))
        one, other = (method("integrated_gradients").integrate(game) for game in (plain, scaled))
        assert other.rule == one.rule
        assert torch.equal(other.values / 2.0**exponent, one.values)
        close(other.errors / 2.0**exponent, one.errors, 1e-12 * float(one.errors.max()))


@pytest.mark.parametrize("nodes", [1, 2, 3])
def test_rules_of_few_nodes_have_an_error(nodes):
    """z1⁴ z2⁴ at (1, 1): 1/2 each; one node gives 4 · 2⁻⁷."""
    found = method("integrated_gradients", nodes=nodes).integrate(
        Game.from_function(lambda z: z.prod(1) ** 4, [1.0, 1.0])
    )
    off = abs(found.values - 0.5)
    assert (off > 1e-3).all()
    assert (off <= found.errors).all()


@pytest.mark.slow
def test_a_photo_has_too_many_kinks():
    """EfficientNet-Lite0: a hundred thousand kinks after its first layer alone."""
    photo = pytest.importorskip("synergy.examples.photo")
    game = photo.example().game
    paid = [0]

    def count(calls):
        paid[0] += calls

    found = method("integrated_gradients").integrate(game.watched(count))
    assert found.rule == "adaptive, 195 nodes"
    assert paid[0] <= 210
    gain = game([[1] * 9]) - game([[0] * 9])
    assert abs(found.values.sum() - gain) <= found.errors.norm()
    assert (found.errors > 1e-3).all(), "the gradient is rough"
    assert found.errors.max() < 0.1 * abs(found.values).max()


def test_batch_normalisation_is_folded_with_all_digits():
    """A float32 network without a kink on the way: the gradient is the same everywhere, and known in float64."""
    torch.manual_seed(3)
    norm = nn.BatchNorm1d(4)
    norm.running_mean.normal_()
    norm.running_var.uniform_(0.5, 2.0)
    model = nn.Sequential(nn.Linear(3, 4), norm, nn.Linear(4, 1)).eval()
    x = torch.randn(1, 3)
    found = method("integrated_gradients").integrate(Game.from_model(model, x))
    fine, leaf = copy.deepcopy(model).double(), x.double().requires_grad_()
    fine(leaf).backward()
    off = (found.values - (leaf.grad * leaf)[0].detach()).abs()
    assert found.rule.startswith("exact")
    assert (off <= 10 * found.errors + 1e-15).all()
