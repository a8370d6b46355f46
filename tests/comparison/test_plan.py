"""What a comparison says beforehand that it will cost, against what it is seen to pay."""

import pytest
import torch
from counting import counted
from networks_of_ones_own import convolutional
from torch import nn

from synergy import METHODS, Game, compare, harsanyi, measure, method, plan, players, taylor
from synergy.calls import Calls
from synergy.examples import load

CLOSE = 0.1  # of what is paid
LARGER = ("digits", "digits-polynomial")  # examples of which every method is compared alone as well
ON_THE_WAY = {("digits", "deeplift_reveal_cancel")}  # signals outgrow float32 at an end point: paid up to there


def paid_and_promised(game, methods, **settings):
    """What a counter at the game sees, and the plan's total, of the same comparison and of a plan alone."""
    seen, said = Calls(), []
    comparison = compare(game.watched(seen), methods, announce=said.append, **settings)
    assert comparison.calls == seen.count
    promised = plan(game, methods, **settings)
    assert said[0] == str(promised)
    return seen.count, promised.total


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("kind", ["tabular", *(pytest.param(kind, marks=pytest.mark.slow) for kind in LARGER)])
def test_a_method_of_an_example_costs_what_was_said(kind, name):
    example = load(kind, None)
    chosen = method(name, **example.settings.get(name, {}))
    paid, promised = paid_and_promised(example.game, [chosen], budget=example.budget)
    if (kind, name) in ON_THE_WAY:
        assert paid <= promised
    else:
        assert promised == pytest.approx(paid, rel=CLOSE)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "players_", "names"),
    [
        ("sentence", None, None),
        ("sentence", "tokens", ["integrated_gradients", "lrp_epsilon", "smoothgrad_x_input"]),
        ("digits", None, None),
        ("digits-vit", None, ["expected_gradients", "deep_shap", "occlusion_1", "gradient_x_input"]),
        ("tabular", "features", None),
        ("photo", None, ["occlusion_1", "gradient_x_input", "shapley"]),
    ],
)
def test_an_example_costs_what_was_said(kind, players_, names):
    example = load(kind, None, players_)
    paid, promised = paid_and_promised(example.game, names, budget=example.budget)
    assert promised == pytest.approx(paid, rel=CLOSE)


@pytest.mark.parametrize("budget", [None, 300, 3_000])
def test_a_network_of_ones_own_costs_what_was_said(budget):
    x = torch.rand(1, 1, 8, 8, generator=torch.Generator().manual_seed(1))
    game = Game.from_model(convolutional(1), x, target=3, players=players.grid(x.shape, (2, 3)))
    paid, promised = paid_and_promised(game, None, budget=budget)
    assert promised == pytest.approx(paid, rel=CLOSE)


def test_more_players_than_can_be_decomposed():
    """A sample, the strongest effects in it and rows: 30 features of which all pairs are looked at."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(30, 8), nn.Tanh(), nn.Linear(8, 1)).eval()
    game = Game.from_model(net, torch.ones(1, 30))
    paid, promised = paid_and_promised(game, ["gradient_x_input", "occlusion_1", "deep_shap", "shapley"], budget=4000)
    assert promised == pytest.approx(paid, rel=CLOSE)


@pytest.mark.parametrize("order", [1, 2])
def test_an_order(order):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(8, 8), nn.Tanh(), nn.Linear(8, 1)).eval()
    game = Game.from_model(net, torch.ones(1, 8))
    paid, promised = paid_and_promised(game, ["gradient_x_input", "occlusion_1", "shapley"], order=order)
    assert promised == pytest.approx(paid, rel=CLOSE)  # which strong effects are looked at besides shows on the way


@pytest.mark.parametrize("name", ["smoothgrad_x_input", "occlusion_1", "deep_shap"])
def test_the_model_itself_is_given_as_many_rows(name):
    """8 coalitions of 2 baselines: the model sees what the plan says, and 6 coalitions once more, to be sure of it.

    A layer-wise method takes the network's steps in place of the model, once for every end point.
    """
    model, game = counted(torch.ones(3).double(), torch.rand(2, 3).double() / 2)
    promised = plan(game, [name])
    model.rows = 0
    compare(game, [name])
    if name == "deep_shap":
        assert promised.total == 16 + 2 + 16
        assert model.rows >= 16
    else:
        assert model.rows == promised.total + 6 * 2


def test_a_plan_by_hand():
    """A product of two: 4 coalitions, Gradient × Input at x and at 4 end points."""
    game = Game.from_function(lambda z: z[:, 0] * z[:, 1], [2.0, 3.0])
    promised = plan(game, ["occlusion_1", "gradient_x_input"])
    assert promised["values of all coalitions"].calls == 4
    assert promised["gradient_x_input"].calls == 4
    assert promised["occlusion_1"].calls == 0
    assert promised.total == promised.paid + sum(step.calls for step in promised.steps)
    lines = str(promised).splitlines()
    assert lines[0] == "2 players: 4 coalitions"
    assert lines[-1].split() == ["model", "calls", "in", "all", str(promised.total)]
    assert repr(promised) == f"Plan(2 players: 4 coalitions; {promised.total} model calls)"
    with pytest.raises(LookupError, match="no step 'lime'; there are values of all coalitions"):
        promised["lime"]


def test_methods_that_do_not_apply_are_named():
    promised = plan(Game.from_values([0.0, 1.0, 2.0, 7.0]), ["shapley", "gradient_x_input"])
    assert promised.left_out == ("gradient_x_input",)
    assert promised.total == 0
    assert str(promised).endswith("does not apply: gradient_x_input")


def test_the_rule_of_x_is_that_of_all_end_points():
    """A tanh that two Gauss–Legendre rules agree on at x: measured with the larger one, which costs the same at all."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 1)).double().eval()
    game = Game.from_model(net, torch.ones(1, 4).double())
    result = compare(game, ["integrated_gradients"]).results[0]
    assert result.settings.startswith("Gauss–Legendre, 16 nodes")
    assert result.measured.calls == 16 * (16 + 8 + 15 + 2)
    by_hand = measure(method("integrated_gradients", nodes=16), game, effects=harsanyi(game))
    assert torch.equal(result.measured.values, by_hand.values)


@pytest.mark.parametrize("degree", [None, 3])
def test_the_price_of_a_series(degree):
    from decompositions.series.taylor import price

    torch.manual_seed(0)
    weights = torch.rand(5, 5, dtype=torch.float64)
    game = Game.from_function(lambda z: ((z @ weights) ** 2).sum(1), torch.ones(1, 5).double())
    seen = Calls()
    taylor(game.watched(seen), degree)
    assert price(game, degree) == pytest.approx(seen.count, rel=CLOSE)
