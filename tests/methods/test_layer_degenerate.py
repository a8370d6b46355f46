"""Layer-wise methods where denominators vanish, and at pools and products."""

import copy

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from cases import close, draw, mlp, network_case
from layer_cases import DOUBLE, block, gated, parameter, sequence
from layer_definitions import mean_over_baselines, rescale
from layer_games import COMPLETE, DIFFERENCES, EXACT, FUSED, LAYER_WISE, _linear, numbers
from torch import nn

from synergy import Game, method, players


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("lrp_epsilon", {"epsilon": -1e-9}, "at least 0"),
        ("lrp_epsilon", {"epsilon": float("nan")}, "at least 0"),
        ("lrp_alpha_beta", {"alpha": 1.0, "beta": 1.0}, "alpha − beta must be 1, not 0"),
        ("lrp_alpha_beta", {"alpha": 2.0, "beta": -1.0}, "beta is the factor of the negative parts, .* at least 0"),
        ("lrp_alpha_beta", {"alpha": 0.5, "beta": -0.5}, "beta is the factor of the negative parts, .* at least 0"),
        ("lrp_alpha_beta", {"alpha": 2.0, "beta": 0.5}, "must be 1, not 1.5"),
        ("lrp_alpha_beta", {"alpha": float("nan"), "beta": 1.0}, "alpha"),
        ("lrp_alpha_beta", {"alpha": float("nan"), "beta": float("nan")}, "alpha|beta"),
    ],
)
def test_settings_that_make_no_method(name, settings, message):
    with pytest.raises(ValueError, match=message):
        method(name, **settings)


@pytest.mark.parametrize("name", LAYER_WISE)
def test_unknown_settings_are_named(name):
    with pytest.raises(TypeError, match=name):
        method(name, eps=1)


def test_fused_refuses_a_large_fan_in_by_the_name_of_the_layer():
    model = mlp(nn.ReLU, (17, 3, 1), seed=109)
    with pytest.raises(ValueError, match=r"'0\+1' has neurons of 17 inputs.*16.*fused=False"):
        method("deep_shap", fused=True).attribute(Game.from_model(model, draw(1, 17)))
    method("deep_shap").attribute(Game.from_model(model, draw(1, 17)))


def test_fused_takes_the_largest_fan_in_that_is_allowed():
    """Sixteen inputs; also where more are wired in but sixteen have a weight."""
    model, x = mlp(nn.Softplus, (17, 2, 1), seed=110), draw(1, 17)
    model[0].weight.data[0, 3] = model[0].weight.data[1, 16] = 0
    given = method("deep_shap", fused=True).attribute(Game.from_model(model, x))
    close(given.sum(), (model(x) - model(0 * x)).item(), 1e-11)


def test_an_empty_batch_of_baselines_is_refused():
    with pytest.raises(ValueError, match="at least one"):
        Game.from_model(mlp(nn.ReLU, (3, 2, 1)), draw(1, 3), torch.zeros(0, 3).double())


@pytest.mark.parametrize("activation", [nn.Softplus, nn.Tanh, nn.GELU])
@pytest.mark.parametrize(("name", "settings"), DIFFERENCES)
def test_no_change_means_no_attribution(name, settings, activation):
    model, x = mlp(activation, (4, 5, 2), seed=111), draw(1, 4)
    given = method(name, **settings).attribute(Game.from_model(model, x, x.clone(), target=1))
    assert given.tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize(("name", "settings"), DIFFERENCES)
def test_a_tiny_change_takes_the_slope(name, settings):
    """a = f′(x) Δx, however small Δx is; here Δz is below the threshold, in part exactly zero."""
    model, b = mlp(nn.Tanh, (4, 5, 2), seed=112), draw(1, 4, seed=113)
    x = b + 1e-12 * numbers(3, -2, 0, 0)
    leaf = b.clone().requires_grad_()
    model(leaf)[0, 1].backward()
    given = method(name, **settings).attribute(Game.from_model(model, x, b, target=1))
    close(given, (leaf.grad * (x - b))[0], 1e-9)
    assert given[2] == given[3] == 0


@pytest.mark.parametrize(("name", "settings"), DIFFERENCES)
def test_a_tiny_change_beside_a_large_one_takes_the_slope_of_its_rule(name, settings):
    """tanh(x1 + x2) from (0, 0) to (10⁻¹², −1): the secant for Rescale, the mean slope of both orders else."""
    model = nn.Sequential(_linear([[1, 1]]), nn.Tanh(), _linear([[1]])).eval()
    given = method(name, **settings).attribute(Game.from_model(model, numbers(1e-12, -1)))
    both_orders = name == "deeplift_reveal_cancel" or settings
    rate = (1 + 1 - np.tanh(1.0) ** 2) / 2 if both_orders else np.tanh(1.0)
    close(given[0], 1e-12 * rate, 1e-9)
    close(given[1], -np.tanh(1.0), 1e-9)


@pytest.mark.parametrize(("name", "settings"), DIFFERENCES)
def test_contributions_that_cancel_keep_their_credit(name, settings):
    """Two softplus neurons after z = x1 − x2 = 0 at (1, 1): Δz = 0, so the slope ½ of each is used by Rescale."""
    model = nn.Sequential(_linear([[1, -1]]), nn.Softplus(), _linear([[2]])).eval()
    given = method(name, **settings).attribute(Game.from_model(model, numbers(1, 1)))
    expected = 1.0  # 2 · σ′(0) · 1
    if name == "deeplift_reveal_cancel" or settings:  # the mean of both orders: of softplus(1) − softplus(0), …
        one, zero, minus = (np.log1p(np.exp(z)) for z in (1.0, 0.0, -1.0))
        expected = 2 * ((one - zero) + (zero - minus)) / 2
    close(given, [expected, -expected], 1e-12)


def test_fused_keeps_the_limit_of_an_input_that_does_not_change():
    """u2 stays at its reference; its multiplier is the mean slope over the orders, and nothing is divided by zero."""
    model = nn.Sequential(
        _linear([[1, 0], [1, 0]], [0, 0]), nn.ReLU(), _linear([[1, -1]], [0.5]), nn.Softplus(), _linear([[1]])
    ).eval()
    game = Game.from_model(model, numbers(2, 7), numbers(0, 3))
    close(method("deep_shap", fused=True).attribute(game), [0, 0], 1e-13, scale=1.0)


@pytest.mark.parametrize("bias", [True, False])
def test_a_neuron_whose_stabilised_value_is_zero_passes_nothing_on(bias):
    """tanh is 0 at 0, so a shift afterwards gives the neuron relevance while its value is zero."""
    model = nn.Sequential(_linear([[1, -1], [1, 1]], [0, 0]), nn.Softplus(), _linear([[1, 1]])).eval()
    game = Game.from_model(model, numbers(1, 1))
    given = method("lrp_epsilon", epsilon=0.0, bias=bias).attribute(game)
    close(given, [np.log1p(np.exp(2.0)) / 2] * 2, 1e-12)
    stabilised = method("lrp_epsilon", epsilon=0.5, bias=bias).attribute(game)
    assert torch.isfinite(stabilised).all()
    assert stabilised[0] > 0 > stabilised[1]  # sgn(0) = +1: ±log 2 / 0.5 and more


@pytest.mark.parametrize("settings", [{}, {"bias": False}, {"alpha": 1.0, "beta": 0.0}])
def test_neurons_without_contributions_give_finite_relevance(settings):
    model = nn.Sequential(_linear([[1, -1], [0, 0]], [0.0, 1.0]), nn.Softplus(), _linear([[1, 1]])).eval()
    for x in (numbers(0, 0), numbers(1, 1), numbers(1, 0), numbers(0, 1)):
        given = method("lrp_alpha_beta", **settings).attribute(Game.from_model(model, x))
        assert torch.isfinite(given).all()
        assert (given[x[0] == 0] == 0).all()


def test_a_max_pool_credits_a_rise_to_the_winner_at_x_and_a_fall_to_the_winner_at_the_reference():
    model = nn.Sequential(nn.MaxPool1d(2), nn.Flatten()).eval()

    def pooled(x, b, name="deeplift_rescale"):
        game = Game.from_model(model, torch.tensor([[x]], dtype=DOUBLE), torch.tensor([[b]], dtype=DOUBLE))
        return method(name).attribute(game).tolist()

    for name in COMPLETE:
        assert pooled([3.0, 2], [0, 0], name) == [3, 0]
        assert pooled([3.0, 2], [1, 2.5], name) == [0.5, 0]
        assert pooled([1.0, 2], [5, 4], name) == [-3, 0]
        assert pooled([1.0, 2], [1, 2], name) == [0, 0]
    assert pooled([3.0, 2], [9, 9], "lrp_epsilon") == [3, 0]
    assert pooled([3.0, 2], [9, 9], "deep_taylor") == [3, 0]


@pytest.mark.parametrize("name", LAYER_WISE)
def test_a_max_pool_of_single_entries_changes_nothing(name):
    """It is the identity, so whatever a unit carries goes through it."""
    layers = [nn.Linear(4, 5), nn.Tanh(), nn.MaxPool1d(1), nn.Linear(5, 4), nn.ReLU(), nn.Linear(4, 2)]
    for seed in range(4):
        model, x, b = sequence(*layers, seed=seed), draw(1, 1, 4, seed=117 + seed), draw(1, 1, 4, seed=127 + seed)
        with_pool = Game.from_model(model, x, b, target=(0, 1))
        without = Game.from_model(nn.Sequential(*layers[:2], *layers[3:]), x, b, target=(0, 1))
        close(method(name).attribute(with_pool), method(name).attribute(without), 1e-12)


def test_a_product_shares_its_change_equally_between_the_orders():
    """u·v from (1, 2) to (3, 5): u is given 2·(2 + 5)/2, v is given 3·(1 + 3)/2."""
    model = block(lambda m, x: m.u(x) * m.v(x), u=nn.Linear(2, 1, bias=False), v=nn.Linear(2, 1, bias=False))
    model.u.weight.data, model.v.weight.data = numbers(1, 0), numbers(0, 1)
    game = Game.from_model(model, numbers(3, 5), numbers(1, 2))
    for settings in ({}, FUSED):
        close(method("deep_shap", **settings).attribute(game), [7, 6], 1e-13)
    close(method("deeplift_rescale").attribute(game), [7, 6], 1e-13)


def test_a_gate_that_is_broadcast():
    """Σ_k x_k · mean(x): each x_k changes as a factor and as a part of the mean."""
    model = block(lambda m, x: m.out(x * x.mean(1, keepdim=True)), out=nn.Linear(3, 1, bias=False))
    model.out.weight.data = numbers(1, 1, 1)
    x, b = [1.0, 2, 6], [0.0, 4, -1]
    game = Game.from_model(model, numbers(*x), numbers(*b))
    mean = (sum(x) / 3 + sum(b) / 3) / 2
    total = (sum(x) + sum(b)) / 2
    expected = [(v - w) * mean + (v - w) / 3 * total for v, w in zip(x, b, strict=True)]
    close(method("deeplift_rescale").attribute(game), expected, 1e-13)


def test_gated_networks_are_complete():
    model, x = gated(), draw(1, 2, 6, 6)
    b = draw(1, 2, 6, 6, seed=114)
    game = Game.from_model(model, x, b, target=2)
    close(method("deeplift_rescale").attribute(game).sum(), (model(x) - model(b))[0, 2].item(), 1e-11)


def test_a_parameter_times_a_value_is_a_scaling():
    model = block(
        lambda m, x: m.out(F.softplus(m.one(x)) * m.s), one=nn.Linear(4, 3), s=parameter(3), out=nn.Linear(3, 1)
    )
    x, b = draw(1, 4), draw(1, 4, seed=115)
    case = network_case("scaled", _scaled_mlp(model), x[0], [b[0]], target=None)
    expected = mean_over_baselines(case, rescale)
    close(method("deeplift_rescale").attribute(Game.from_model(model, x, b)), expected, EXACT)


def _scaled_mlp(model):
    """The same network with the scaling put into the weights of its last layer."""
    last = _linear((model.out.weight * model.s).tolist(), model.out.bias.tolist())
    return nn.Sequential(model.one, nn.Softplus(), last)


def test_channels_that_cancel_on_the_way_are_refused_where_no_digit_is_left():
    """In float64 they add up to the output's change; in float32 to 1.8, where the output changes by 0.5."""
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=20, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64,
        initializer_range=0.5,
    )  # fmt: skip
    bert = transformers.BertForSequenceClassification(config).eval()
    reveal, ids = method("deeplift_reveal_cancel"), torch.tensor([[2, 5, 6, 7, 8, 9, 3]])
    for model in (bert, copy.deepcopy(bert).double()):
        game = Game.from_model(model, ids, 4, target=("logits", 1), players=players.features(ids))
        change = float(game(torch.ones(1, 7))[0] - game(torch.zeros(1, 7))[0])
        if model is bert:
            with pytest.raises(ValueError, match=r"add up to .* where the output changes by .*deeplift_rescale"):
                reveal.attribute(game)
        else:
            assert float(reveal.attribute(game).sum()) == pytest.approx(change, rel=1e-2)
