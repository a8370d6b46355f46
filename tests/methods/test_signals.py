"""The plain gradient, guided backpropagation and the deconvolutional network: by hand, and against captum."""

import warnings

import pytest
import sympy
import torch
from cases import SIGNALS, WITH_INPUTS, close, draw, label, mlp
from layer_cases import block, readable, sequence
from torch import nn

from synergy import Game, allocate, measure, method, taylor
from synergy.tables.by_hand import linear, unit

CAPTUM = {
    "gradient": ("Saliency", {"abs": False}),
    "guided_backprop": ("GuidedBackprop", {}),
    "deconvnet": ("Deconvolution", {}),
}


@pytest.mark.parametrize("case", WITH_INPUTS, ids=label)
def test_the_gradient_is_the_derivative_added_up_by_player(case):
    """By SymPy where there is an expression, by torch's own gradient of f elsewhere; the mean over baselines is it."""
    if case.exact:
        everyone = frozenset(range(case.n))
        expected = [sympy.diff(case.expression, name).subs(case.masked(everyone)) for name in case.x]
        close(method("gradient").attribute(case.game()), expected, 0)
        return
    x = case.x[None].clone().requires_grad_()
    (slopes,) = torch.autograd.grad(case.f(x).sum(), x)
    owners = case.players.expand(case.x.shape).flatten()
    expected = [slopes[0].flatten()[owners == i].double().sum().item() for i in range(case.n)]
    close(method("gradient").attribute(case.game()), expected, 1e-12 if case.epsilon < 1e-10 else 1e-5)


def test_the_gradient_of_a_player_that_does_not_differ_from_the_baseline_is_there():
    game = Game.from_expression("x*y + y**2", {"x": 2, "y": 3}, {"x": 2, "y": 0})
    assert list(method("gradient").attribute(game)) == [3, 8]
    with pytest.raises(ValueError, match="divide by xᵢ − bᵢ, which is zero"):
        method("gradient").policy(game)


def test_the_gradient_is_gradient_times_input_over_the_difference():
    game = Game.from_expression("x**2*y + y", {"x": 3, "y": 2}, {"x": 1, "y": 1})
    slopes, credits = (method(name).attribute(game) for name in ("gradient", "gradient_x_input"))
    assert list(slopes) == [12, 10]
    assert [s * d for s, d in zip(slopes, (2, 1), strict=True)] == list(credits)
    assert list(allocate(taylor(game), method("gradient").policy(game)).attribution) == [12, 10]


@pytest.mark.parametrize("players", [[[0, 0, 1]], [[0, 1, 2]]], ids=["groups", "baselines"])
def test_there_is_no_policy_for_groups_or_several_baselines(players):
    baselines = torch.zeros(1 if players == [[0, 0, 1]] else 2, 3, dtype=torch.float64)
    game = Game.from_model(mlp(nn.Tanh, (3, 4, 1)), draw(1, 3), baselines, target=0, players=players)
    with pytest.raises(ValueError, match="one entry each and one baseline"):
        method("gradient").policy(game)
    assert torch.isfinite(measure("gradient", game).values).all()


def test_the_gradient_of_ids_is_that_of_their_vectors():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Embedding(5, 3), nn.Flatten(), nn.Linear(6, 1)).double().eval()
    game = Game.from_model(model, torch.tensor([[1, 4]]), torch.tensor([[0, 0]]), embedding="0")
    expected = model[2].weight.reshape(2, 3).sum(1).detach()
    close(method("gradient").attribute(game), expected, 1e-14)


NETWORKS = {
    "perceptron": lambda: (mlp(nn.ReLU, (5, 12, 10, 3)), (1, 5)),
    "convolutions": lambda: (
        sequence(
            nn.Conv2d(2, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2, 1), nn.Conv2d(8, 8, 2), nn.ReLU(),
            nn.AvgPool2d(2), nn.Flatten(), nn.Linear(8, 9), nn.ReLU(), nn.Linear(9, 3), seed=5,
        ),
        (1, 2, 6, 6),
    ),
    "residual": lambda: (readable("residual-network")[0], (1, 2, 6, 6)),
}  # fmt: skip


@pytest.mark.parametrize("kind", NETWORKS)
@pytest.mark.parametrize("name", CAPTUM)
@pytest.mark.parametrize("target", [0, 2])
def test_captum(name, kind, target):
    attr = pytest.importorskip("captum.attr", reason="captum is not installed")
    model, shape = NETWORKS[kind]()
    chosen, settings = CAPTUM[name]
    largest = 0.0
    for seed in range(5):
        x = draw(*shape, seed=seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it announces its hooks
            expected = getattr(attr, chosen)(model).attribute(x.clone().requires_grad_(), target=target, **settings)
        found = method(name).attribute(Game.from_model(model, x, 0.1, target=target))
        close(found, expected.flatten().detach(), 1e-12)
        largest = max(largest, expected.abs().max().item())
    assert largest > 1e-2


def test_three_units_by_hand():
    """relu(x), relu(−x), relu(x + 1) at 1 with weights 2, 3, −5: only the first is on and wanted."""
    net = nn.Sequential(linear([[1], [-1], [1]], [0, 0, 1]), nn.ReLU(), linear([[2, 3, -5]], [0])).eval()
    game = Game.from_model(net, torch.ones(1, 1, dtype=torch.float64))
    found = {name: method(name).attribute(game).tolist() for name in CAPTUM}
    assert found == {"gradient": [2 - 5], "guided_backprop": [2], "deconvnet": [2 - 3]}


@pytest.mark.parametrize("name", CAPTUM)
def test_sensitivity_fails(name):
    """1 − relu(1 − x) goes from 0 to 1 on the way from 0 to 2, where it is flat: all three give nothing."""
    net = nn.Sequential(unit([[-1]], [1]), linear([[-1]], [1])).eval()
    game = Game.from_model(net, torch.full((1, 1), 2.0, dtype=torch.float64))
    assert (game([[1.0]]) - game([[0.0]])).item() == 1
    assert method(name).attribute(game).abs().item() == 0


@pytest.mark.parametrize("name", SIGNALS)
def test_a_signal_is_raw(name):
    """Twice the input, half the weights: the function is the same, and the signal half."""
    model = mlp(nn.ReLU, (4, 6, 1), seed=3)
    x = draw(1, 4)
    before = method(name).attribute(Game.from_model(model, x, target=0))
    model[0].weight.data /= 2
    after = method(name).attribute(Game.from_model(model, 2 * x, target=0))
    assert before.abs().max() > 0.01
    close(after, before / 2, 1e-14)


REFUSED = {
    "Softplus": nn.Softplus(),
    "LeakyReLU": nn.LeakyReLU(),
    "PReLU": nn.PReLU(),
    "Tanh": nn.Tanh(),
    "GELU": nn.GELU(),
    "Hardtanh": nn.Hardtanh(),
    "Softmax": nn.Softmax(1),
    "ELU": nn.ELU(),
}


@pytest.mark.parametrize("activation", REFUSED)
@pytest.mark.parametrize("name", SIGNALS)
def test_other_activations_are_refused(name, activation):
    model = sequence(nn.Linear(3, 4), REFUSED[activation], nn.Linear(4, 1))
    with pytest.raises(ValueError, match=r"'1.*is neither affine nor pooling nor a ReLU .* take gradient"):
        method(name).attribute(Game.from_model(model, draw(1, 3), target=0))
    assert torch.isfinite(method("gradient").attribute(Game.from_model(model, draw(1, 3), target=0))).all()


@pytest.mark.parametrize("name", SIGNALS)
def test_products_are_refused(name):
    model = block(lambda m, x: m.a(x).relu() * x, a=nn.Linear(4, 4))
    with pytest.raises(ValueError, match="is not defined"):
        method(name).attribute(Game.from_model(model, draw(1, 4), target=0))


@pytest.mark.parametrize("written", [nn.ReLU6, nn.ReLU], ids=["ReLU6", "ReLU"])
@pytest.mark.parametrize("name", SIGNALS)
def test_a_bounded_rectifier_is_one(name, written):
    """At 8, 2, −1 with weights 1: ReLU6 is flat at 8, which stops the guided signal and not the other."""
    net = nn.Sequential(written(), linear([[1, 1, 1]], [0])).eval()
    game = Game.from_model(net, torch.tensor([[8.0, 2, -1]], dtype=torch.float64))
    on = float(written is nn.ReLU)
    assert method(name).attribute(game).tolist() == ([on, 1, 0] if name == "guided_backprop" else [1, 1, 1])


@pytest.mark.parametrize("name", SIGNALS)
def test_there_is_no_policy_and_the_reason_is_said(name):
    game = Game.from_model(mlp(nn.ReLU, (3, 4, 1)), draw(1, 3), target=0)
    with pytest.raises(ValueError, match=r"has no policy: .* its measured allocation stands"):
        method(name).policy(game)
    assert measure(name, game).values.shape == (8, 3)


def test_a_unit_that_is_off_has_no_effects_and_a_signal_all_the_same():
    """relu(x − 5) at 1 is 0 wherever x goes: the deconvolutional network gives it 1."""
    net = nn.Sequential(linear([[1]], [-5]), nn.ReLU(), linear([[1]], [0])).eval()
    game = Game.from_model(net, torch.ones(1, 1, dtype=torch.float64))
    criteria = measure("deconvnet", game).criteria()
    assert method("deconvnet").attribute(game).tolist() == [1]
    assert not criteria.effects
    assert method("guided_backprop").attribute(game).tolist() == [0]
