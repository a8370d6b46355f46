"""The layer-wise algorithms against their definitions neuron by neuron, known answers, and what must hold for them."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from cases import close, draw, implementation_f, minimum, mlp
from layer_cases import DOUBLE, READABLE, block, readable, sequence
from layer_definitions import (
    PERCEPTRONS,
    fused_shapley,
    lrp_alpha_beta,
    lrp_epsilon,
    mean_over_baselines,
    rescale,
    reveal_cancel,
    units,
)
from layer_games import DIFFERENCES, EXACT, FUSED, LAYER_WISE, _linear, numbers
from torch import nn

from synergy import Game, method
from synergy.algorithms.layerwise.relevance import ledger

RELEVANCE = ["lrp_epsilon", "lrp_alpha_beta", "deep_taylor", "attn_lrp"]


def named(cases):
    return pytest.mark.parametrize("case", cases, ids=lambda case: case.id)


def test_the_methods_of_the_layers_are_these():
    assert {*RELEVANCE, *(name for name, _ in DIFFERENCES)} == set(LAYER_WISE)


@named(PERCEPTRONS)
def test_rescale_neuron_by_neuron(case):
    expected = mean_over_baselines(case, rescale)
    close(method("deeplift_rescale").attribute(case.game()), expected, EXACT)
    close(method("deep_shap").attribute(case.game()), expected, EXACT)


@named(PERCEPTRONS)
def test_reveal_cancel_in_both_orders(case):
    close(
        method("deeplift_reveal_cancel").attribute(case.game()),
        mean_over_baselines(case, reveal_cancel),
        EXACT,
    )


def test_reveal_cancel_where_a_fall_raises_the_output():
    """GELU falls below −0.75: from −0.75 to −2 its negative channel is positive, from −2 to −0.75 the other way."""
    model = nn.Sequential(
        _linear([[1, 0], [0, 1], [1, -1]], [0, 0, 0.5]), nn.GELU(), _linear([[1, -2, 1], [1, 1, -1]], [0.2, -0.1]),
        nn.Tanh(), _linear([[1, 1]]),
    )  # fmt: skip
    for x, b in (([-2.0, 1.0], [-0.75, 0.0]), ([-0.75, 0.0], [-2.0, 1.0]), ([-2.0, -0.8], [-0.8, -3.0])):
        expected = reveal_cancel(units(model), x, b, 0)
        game = Game.from_model(model.eval(), numbers(*x), numbers(*b))
        close(method("deeplift_reveal_cancel").attribute(game), expected, EXACT)


@named(PERCEPTRONS)
def test_fused_deep_shap_order_by_order(case):
    close(method("deep_shap", fused=True).attribute(case.game()), mean_over_baselines(case, fused_shapley), EXACT)


@named(PERCEPTRONS)
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("epsilon", [0.0, 1e-6, 0.05])
def test_lrp_epsilon_neuron_by_neuron(case, epsilon, bias):
    expected = lrp_epsilon(units(case.model), case.x.tolist(), case.target, epsilon, bias)
    close(method("lrp_epsilon", epsilon=epsilon, bias=bias).attribute(case.game()), expected, EXACT)


@named(PERCEPTRONS)
@pytest.mark.parametrize("attention", ["uniform", "constant"])
@pytest.mark.parametrize("epsilon", [0.0, 1e-6, 0.05])
def test_attn_lrp_neuron_by_neuron(case, epsilon, attention):
    """Without attention it is LRP-ε with a stabiliser that has no sign."""
    expected = lrp_epsilon(units(case.model), case.x.tolist(), case.target, epsilon, True, signed=False)
    close(method("attn_lrp", epsilon=epsilon, attention=attention).attribute(case.game()), expected, EXACT)


@named(PERCEPTRONS)
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(("alpha", "beta"), [(2.0, 1.0), (1.0, 0.0), (3.0, 2.0)])
def test_lrp_alpha_beta_neuron_by_neuron(case, alpha, beta, bias):
    expected = lrp_alpha_beta(units(case.model), case.x.tolist(), case.target, alpha, beta, bias)
    close(method("lrp_alpha_beta", alpha=alpha, beta=beta, bias=bias).attribute(case.game()), expected, EXACT)


@named(PERCEPTRONS)
def test_deep_taylor_neuron_by_neuron(case):
    expected = lrp_alpha_beta(units(case.model), case.x.tolist(), case.target, 1.0, 0.0, bias=False)
    close(method("deep_taylor").attribute(case.game()), expected, EXACT)


def test_the_defaults():
    assert method("attn_lrp") == method("attn_lrp", attention="uniform", epsilon=1e-6)
    assert method("lrp_epsilon") == method("lrp_epsilon", epsilon=1e-6, bias=True)
    assert method("lrp_alpha_beta") == method("lrp_alpha_beta", alpha=2.0, beta=1.0, bias=True)
    assert method("deep_shap") == method("deep_shap", fused=False)


def _convolutions():
    """A picture through two convolutions and what a dense network of the same neurons is, for the twins."""
    model = sequence(
        nn.Conv2d(1, 2, 2, stride=1, padding=1),
        nn.ReLU(),
        nn.Conv2d(2, 2, 2, stride=2),
        nn.Softplus(),
        nn.Flatten(),
        nn.Linear(8, 2),
        seed=5,
    )
    x, shapes = draw(1, 1, 3, 3, seed=61), [(1, 3, 3), (2, 4, 4), (8,)]
    modules = []
    for shape, affine, activation in zip(
        shapes, (model[0], model[2], model[5]), (nn.ReLU(), nn.Softplus(), None), strict=True
    ):
        jacobian = torch.autograd.functional.jacobian(
            lambda u, layer=affine: layer(u[None])[0], torch.zeros(shape).double()
        )
        size = torch.zeros(shape).numel()
        dense = nn.Linear(size, jacobian.numel() // size, dtype=DOUBLE)
        dense.weight.data = jacobian.reshape(-1, size)
        dense.bias.data = affine(torch.zeros(1, *shape, dtype=DOUBLE)).flatten().detach()
        modules += [dense, activation] if activation else [dense]
    return model, nn.Sequential(nn.Flatten(), *modules), x


@pytest.mark.parametrize("name", ["deeplift_rescale", "deeplift_reveal_cancel", "lrp_epsilon", "lrp_alpha_beta"])
def test_a_convolution_is_a_dense_layer_with_shared_weights(name):
    model, dense, x = _convolutions()
    b = draw(1, 1, 3, 3, seed=62)
    layers, flat, start = units(dense), x.flatten().tolist(), b.flatten().tolist()
    twins = {
        "deeplift_rescale": lambda: rescale(layers, flat, start, 1),
        "deeplift_reveal_cancel": lambda: reveal_cancel(layers, flat, start, 1),
        "lrp_epsilon": lambda: lrp_epsilon(layers, flat, 1, 1e-6, True),
        "lrp_alpha_beta": lambda: lrp_alpha_beta(layers, flat, 1, 2.0, 1.0, True),
    }
    close(method(name).attribute(Game.from_model(model, x, b, target=1)), twins[name](), EXACT)


def _dummy():
    """relu(relu(x1) − 1 − relu(x2)) − relu(relu(x1−1) − relu(x2)) + relu(x3), which is relu(x3) everywhere."""
    return nn.Sequential(
        _linear([[1, 0, 0], [0, 1, 0], [1, 0, 0], [0, 0, 1]], [0, 0, -1, 0]),
        nn.ReLU(),
        _linear([[1, -1, 0, 0], [0, -1, 1, 0], [0, 0, 0, 1]], [-1, 0, 0]),
        nn.ReLU(),
        _linear([[1, -1, 1]]),
    ).eval()


def _fused_dummy():
    """relu(relu(x1+x2) − 1) − relu(x1+x2−1) + relu(x3), which is relu(x3) everywhere."""
    return nn.Sequential(
        _linear([[1, 1, 0], [1, 1, 0], [0, 0, 1]], [0, -1, 0]),
        nn.ReLU(),
        _linear([[1, 0, 0], [0, 1, 0], [0, 0, 1]], [-1, 0, 0]),
        nn.ReLU(),
        _linear([[1, -1, 1]]),
    ).eval()


def _skip():
    """x + 5·ones(2, 2) x."""
    return block(lambda m, x: x + m.five(x), five=nn.Linear(2, 2, bias=False))


def _set_to_five(model):
    model.five.weight.data = torch.full((2, 2), 5.0, dtype=DOUBLE)
    return model


KNOWN = {
    # name: (model, x, baseline, target, method, settings, expected, tolerance); sources beside them
    # captum, tests/attr/test_lrp.py
    "lrp-model": (
        lambda: nn.Sequential(_linear([[2.0] * 3] * 3), nn.ReLU(), _linear([[3.0] * 3])),
        numbers(1, 2, 3), 0.0, None, "lrp_epsilon", {}, [18, 36, 54], 1e-6,
    ),
    "lrp-skip": (
        lambda: _set_to_five(_skip()), numbers(2, 3), 0.0, 1, "lrp_epsilon", {}, [10, 18], 1e-6,
    ),
    # captum, tests/attr/test_deeplift_basic.py
    "deeplift-relu": (
        lambda: nn.Sequential(_linear([[1, 0], [0, 1]], [0, -1.5]), nn.ReLU(), _linear([[2, 2]])),
        numbers(1, 2), 0.0, None, "deeplift_rescale", {}, [2, 1], 1e-12,
    ),
    # captum 0.9.0
    "deeplift-tanh": (
        lambda: nn.Sequential(_linear([[1, 0], [0, 1]], [0, -1.5]), nn.Tanh(), _linear([[2, 2]])),
        numbers(-1, -2), 0.0, None, "deeplift_rescale", {}, [-1.523188, -0.186059], 1e-6,
    ),
    # captum 0.9.0: players without any effect are given something
    "dummy-rescale": (_dummy, numbers(3, 1, 2), 0.0, None, "deeplift_rescale", {}, [-0.5, 0.5, 2], 1e-12),
    # from the definitions
    "dummy-reveal-cancel": (
        _dummy, numbers(-5, 5, 3.7), numbers(5, -3.1, 0.1), None, "deeplift_reveal_cancel", {}, [-2 / 9, 2 / 9, 3.6],
        1e-12,
    ),
    "dummy-deep-shap-fused": (
        _fused_dummy, numbers(4, -1, 2), 0.0, None, "deep_shap", FUSED, [-1 / 6, 1 / 6, 2], 1e-12,
    ),
    # relu(x1 − x2) does not change, yet both its members do: x1 − relu(x1 − x2) at (1, 4) shares like Shapley
    "minimum-at-1-4": (minimum, numbers(1, 4), 0.0, None, "deep_shap", FUSED, [0.5, 0.5], 1e-12),
    "minimum-at-1-4-rescale": (minimum, numbers(1, 4), 0.0, None, "deeplift_rescale", {}, [1, 0], 1e-12),
    "minimum-at-3-1-fused": (minimum, numbers(3, 1), 0.0, None, "deep_shap", FUSED, [0.5, 0.5], 1e-12),
    # one neuron relu(x1 + x2 + 1) keeps the constant's share; all contributions positive: α2β1 doubles
    "bias-keeps-its-share": (
        lambda: nn.Sequential(_linear([[1, 1]], [1]), nn.ReLU()), numbers(1, 1), 0.0, None, "lrp_epsilon",
        {"epsilon": 0.0}, [1, 1], 1e-12,
    ),
    "alpha-doubles": (
        lambda: nn.Sequential(_linear([[1, 2]]), nn.ReLU()), numbers(1, 1), 0.0, None, "lrp_alpha_beta", {}, [2, 4],
        1e-12,
    ),
    # 2·x1 − x2 at (1, 1): what belongs to x2 lands on x1
    "negative-part-lands-on-the-positive": (
        lambda: nn.Sequential(_linear([[2, -1]]), nn.ReLU()), numbers(1, 1), 0.0, None, "deep_taylor", {}, [1, 0],
        1e-12,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", KNOWN)
def test_known_answers(name):
    model, x, baseline, target, chosen, settings, expected, tolerance = KNOWN[name]
    game = Game.from_model(model().eval(), x, baseline, target=target)
    close(method(chosen, **settings).attribute(game), expected, tolerance)


@pytest.mark.parametrize("model", [_dummy, _fused_dummy])
def test_the_dummy_players_have_no_effect(model):
    x = 4 * draw(200, 3, seed=63)
    close(model()(x).squeeze(1).detach(), x[:, 2].clamp(min=0), 1e-12)


def test_the_known_implementations_differ_although_the_function_is_one():
    """relu(x1) − 1 − relu(x2) inside or outside: the layer-wise methods do not promise implementation invariance."""
    one = Game.from_model(implementation_f(), numbers(3, 1))
    other = nn.Sequential(_linear([[1, 0], [0, 1]], [-1, 0]), nn.ReLU(), _linear([[1, -1]]), nn.ReLU()).eval()
    other = Game.from_model(other, numbers(3, 1))
    assert one.model(numbers(3, 1)) == other.model(numbers(3, 1)) == 1
    close(method("deeplift_rescale").attribute(one), [1.5, -0.5], 1e-12)
    close(method("deeplift_rescale").attribute(other), [2, -1], 1e-12)


NO_GATES = [name for name in READABLE if "gate" not in name]


def _target(model, x):
    """The index of the last entry of the output."""
    shape = model(x.clone()).shape[1:]
    return tuple(size - 1 for size in shape) or None


def _complete(name, chosen):
    """For the entry of the output that changes most."""
    model, x = readable(name)
    b = torch.stack([draw(*x.shape[1:], seed=43 + k) for k in range(2)])
    at = [model(each.clone()).detach()[0] for each in (x, b[:1], b[1:])]
    change = at[0] - (at[1] + 3 * at[2]) / 4
    target = tuple(int(i) for i in np.unravel_index(int(change.abs().argmax()), change.shape)) or None
    game = Game.from_model(model, x.clone(), b.clone(), target=target, weights=[1.0, 3.0])
    assert change.abs().max() > 1e-5
    close(chosen.attribute(game).sum(), change.flatten()[change.abs().argmax()].item(), EXACT)


@pytest.mark.parametrize("name", READABLE)
def test_rescale_is_complete(name):
    _complete(name, method("deeplift_rescale"))


@pytest.mark.parametrize("name", NO_GATES)
def test_reveal_cancel_is_complete(name):
    _complete(name, method("deeplift_reveal_cancel"))


SMALL_FAN_IN = {
    "mlp": lambda: (mlp(nn.ReLU, (6, 7, 5, 2), seed=90), draw(1, 6)),
    "gelu": lambda: (mlp(nn.GELU, (6, 7, 5, 2), seed=91), draw(1, 6)),
    "conv-pool": lambda: (
        sequence(
            nn.Conv2d(1, 3, 2),
            nn.BatchNorm2d(3),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(3, 2, 2),
            nn.Tanh(),
            nn.Flatten(),
        ),
        draw(1, 1, 6, 6),
    ),
    "residual": lambda: (
        block(
            lambda m, x: m.out(torch.relu(m.two(torch.relu(m.one(x))) + m.one_more(x))),
            one=nn.Linear(4, 5),
            two=nn.Linear(5, 3),
            one_more=nn.Linear(4, 3),
            out=nn.Linear(3, 2),
        ),
        draw(1, 4),
    ),
    "concat-average": lambda: (
        block(
            lambda m, x: m.out(F.softplus(m.average(torch.cat([torch.tanh(m.one(x)), x], 1))).flatten(1)),
            one=nn.Conv1d(2, 2, 3, padding=1),
            average=nn.AvgPool1d(3),
            out=nn.Linear(8, 2),
        ),
        draw(1, 2, 6),
    ),
    "gate": lambda: (
        block(
            lambda m, x: m.out(torch.relu(m.one(x)) * torch.sigmoid(m.two(x))),
            one=nn.Linear(4, 3),
            two=nn.Linear(4, 3),
            out=nn.Linear(3, 2),
        ),
        draw(1, 4),
    ),
}


@pytest.mark.parametrize("name", SMALL_FAN_IN)
def test_fused_deep_shap_is_complete(name):
    model, x = SMALL_FAN_IN[name]()
    b = draw(*x.shape, seed=92)
    game = Game.from_model(model, x, b, target=1)
    total = (model(x) - model(b))[0, 1].item()
    close(method("deep_shap", fused=True).attribute(game).sum(), total, EXACT, scale=1.0)


@named(PERCEPTRONS)
@pytest.mark.parametrize(("name", "settings"), DIFFERENCES)
def test_the_attributions_of_perceptrons_add_up(case, name, settings):
    total = case.value(frozenset(range(case.n))) - case.value(frozenset())
    close(method(name, **settings).attribute(case.game()).sum(), total, EXACT, scale=1.0)


def _gradient_x_input(model, x, target):
    leaf = x.clone().requires_grad_()
    model(leaf)[:, target].sum().backward()
    return (leaf.grad * x).flatten()


RELU_NETWORKS = {
    "mlp": lambda: (mlp(nn.ReLU, (5, 7, 6, 3), seed=93), draw(1, 5)),
    "mlp-no-bias": lambda: (mlp(nn.ReLU, (5, 7, 6, 3), bias=False, seed=94), draw(1, 5)),
    "leaky": lambda: (sequence(nn.Linear(5, 6), nn.LeakyReLU(0.2), nn.Linear(6, 2)), draw(1, 5)),
    "residual": lambda: readable("residual-network"),
    "concatenation": lambda: readable("concatenation-network"),
    "pooling": lambda: (
        sequence(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(16, 2)),
        draw(1, 1, 6, 6),
    ),
}


@pytest.mark.parametrize("name", RELU_NETWORKS)
def test_lrp_0_on_a_relu_network_is_gradient_x_input_with_or_without_biases(name):
    model, x = RELU_NETWORKS[name]()
    game = Game.from_model(model, x, draw(*x.shape, seed=95), target=1)
    close(method("lrp_epsilon", epsilon=0.0).attribute(game), _gradient_x_input(model, x, 1), 1e-10)


def test_lrp_0_without_biases_is_complete_and_with_them_it_lacks_the_gradients_of_the_biases():
    model, x = RELU_NETWORKS["mlp-no-bias"]()
    chosen = method("lrp_epsilon", epsilon=0.0)
    close(chosen.attribute(Game.from_model(model, x, target=1)).sum(), model(x)[0, 1].item(), EXACT)
    model, x = RELU_NETWORKS["mlp"]()
    model(x)[0, 1].backward()
    kept = sum((module.bias * module.bias.grad).sum() for module in model if isinstance(module, nn.Linear)).item()
    given = chosen.attribute(Game.from_model(model, x, target=1)).sum()
    assert abs(kept) > 0.01
    close(given + kept, model(x)[0, 1].item(), 1e-10)


def test_relevance_rules_do_not_look_at_the_baseline():
    model, x = RELU_NETWORKS["mlp"]()
    for name in RELEVANCE:
        games = [Game.from_model(model, x, b, target=0) for b in (0.0, draw(1, 5, seed=96), draw(3, 5, seed=97))]
        first, *others = [method(name).attribute(game) for game in games]
        for other in others:
            close(other, first, 1e-14)


LEDGERS = [
    ("attn_lrp", {}),
    ("lrp_epsilon", {}),
    ("lrp_epsilon", {"epsilon": 0.05}),
    ("lrp_alpha_beta", {}),
    ("deep_taylor", {}),
]


@pytest.mark.parametrize(("name", "settings"), LEDGERS)
@pytest.mark.parametrize("network", ["residual-network", "concatenation-network", "maxpool2d", "linear-no-bias"])
def test_the_ledger_accounts_for_all_relevance(network, name, settings):
    """What comes back to the output is f(x); what is passed on minus what came in, over all steps, is the gap."""
    model, x = readable(network)
    target = _target(model, x)
    game = Game.from_model(model, x, target=target)
    chosen = method(name, **settings)
    entries = ledger(game, chosen.rule())
    value = model(x)[(0, *target)].item()
    assert entries[0][1] == pytest.approx(value, rel=1e-12)
    gap = sum(passed - came for _, came, passed in entries)
    scale = max(abs(came) for _, came, _ in entries)
    close(chosen.attribute(game).sum(), value + gap, EXACT, scale=scale)


def test_the_ledger_of_one_network_by_hand():
    """relu(2·x1 − x2), relu(−x1 − x2), relu(x1 + x2 + 1) at (1, 1), added up: 1 + 0 + 3."""
    model = nn.Sequential(_linear([[2, -1], [-1, -1], [1, 1]], [0, 0, 1]), nn.ReLU(), _linear([[1, 1, 1]])).eval()
    game = Game.from_model(model, numbers(1, 1))
    epsilon = method("lrp_epsilon", epsilon=0.0)
    assert ledger(game, epsilon.rule()) == [("2", 4.0, 4.0), ("1", 4.0, 4.0), ("0", 4.0, pytest.approx(3))]
    taylor = method("deep_taylor")
    assert ledger(game, taylor.rule()) == [("2", 4.0, 4.0), ("1", 4.0, 4.0), ("0", 4.0, pytest.approx(4))]
    alpha_beta = method("lrp_alpha_beta")  # (1: 2·1 − 1·1), (0), (2·3·2/3) of twice what came
    assert ledger(game, alpha_beta.rule()) == [("2", 4.0, 8.0), ("1", 8.0, 8.0), ("0", 8.0, pytest.approx(2 + 8))]


@pytest.mark.parametrize("seed", range(8))
def test_deep_taylor_loses_relevance_only_in_neurons_without_a_positive_part(seed):
    """Step by step, by hand: the relevance of the neurons of an affine step whose contributions are all ≤ 0."""
    model, x = mlp(nn.Tanh, (3, 4, 3, 2), seed=seed), draw(1, 3, seed=seed + 100)
    layers = units(model)
    values = [x[0].tolist()]
    for layer in layers:
        values.append(layer.outputs(values[-1]))
    relevance = [values[-1][0], 0.0]
    lost = []
    for layer, u in zip(reversed(layers), values[-2::-1], strict=True):
        given, gone = [0.0] * len(u), 0.0
        for row, r in zip(layer.weights, relevance, strict=True):
            up = [max(w * v, 0.0) for w, v in zip(row, u, strict=True)]
            if not sum(up):
                gone += r
                continue
            given = [g + part / sum(up) * r for g, part in zip(given, up, strict=True)]
        lost.append(gone)
        relevance = given
    entries = ledger(Game.from_model(model, x, target=0), method("deep_taylor").rule())
    reported = [came - passed for name, came, passed in entries if isinstance(model[int(name)], nn.Linear)]
    close(reported, lost, 1e-12, scale=1.0)
    assert all(came == passed for name, came, passed in entries if isinstance(model[int(name)], nn.Tanh))


def test_some_of_these_networks_do_lose_relevance():
    losses = []
    for seed in range(8):
        model, x = mlp(nn.Tanh, (3, 4, 3, 2), seed=seed), draw(1, 3, seed=seed + 100)
        value = model(x)[0, 0].item()
        losses.append(abs(value - method("deep_taylor").attribute(Game.from_model(model, x, target=0)).sum().item()))
    assert max(losses) > 0.01
    assert min(losses) < 1e-12
