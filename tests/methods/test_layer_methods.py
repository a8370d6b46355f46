"""The layer-wise algorithms against their definitions neuron by neuron, known answers, and what must hold for them."""

import copy

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from cases import close, draw, implementation_f, minimum, mlp, network_case
from layer_cases import (
    DOUBLE,
    PERCEPTRONS,
    READABLE,
    block,
    fused_shapley,
    gated,
    lrp_alpha_beta,
    lrp_epsilon,
    mean_over_baselines,
    parameter,
    readable,
    rescale,
    reveal_cancel,
    sequence,
    units,
)
from torch import nn
from twins import coalitions, subsets

from decompositions import players
from synergy import METHODS, Game, measure, method
from synergy.algorithms.layerwise.relevance import ledger

LAYER_WISE = [name for name in METHODS if METHODS[name].scope == "layer"]
RELEVANCE = ["lrp_epsilon", "lrp_alpha_beta", "deep_taylor"]
DIFFERENCES = [
    ("deeplift_rescale", {}),
    ("deeplift_reveal_cancel", {}),
    ("deep_shap", {}),
    ("deep_shap", {"fused": True}),
]
EXACT = 1e-11


def numbers(*values):
    return torch.tensor([values], dtype=DOUBLE)


def named(cases):
    return pytest.mark.parametrize("case", cases, ids=lambda case: case.id)


def test_the_methods_of_the_layers_are_these():
    assert {*RELEVANCE, *(name for name, _ in DIFFERENCES)} == set(LAYER_WISE)


# The definitions.


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


# Known answers.


def _linear(weight, bias=None):
    layer = nn.Linear(len(weight[0]), len(weight), bias=bias is not None, dtype=DOUBLE)
    layer.weight.data = torch.tensor(weight, dtype=DOUBLE)
    if bias is not None:
        layer.bias.data = torch.tensor(bias, dtype=DOUBLE)
    return layer


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


FUSED = {"fused": True}
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


# Completeness.

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


# Where relevance is lost.

LEDGERS = [("lrp_epsilon", {}), ("lrp_epsilon", {"epsilon": 0.05}), ("lrp_alpha_beta", {}), ("deep_taylor", {})]


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


# Games: end points, chunks, types, targets.


def digits(dtype=DOUBLE, cells=(2, 4), baseline=0.0, chunk=256):
    example = pytest.importorskip("synergy.examples.digits")
    for package in ("sklearn", "safetensors"):
        pytest.importorskip(package, reason="the demo's packages are not installed")
    x, digit = example.choose("7")
    grid = players.grid(x.shape, cells)
    model = copy.deepcopy(example.model()).to(dtype)
    return Game.from_model(model, x.to(dtype), baseline, target=digit, players=grid, chunk=chunk)


ON_DIGITS = [name for name in METHODS if METHODS[name].scope != "game"]
COMPLETE = ["deeplift_rescale", "deeplift_reveal_cancel", "deep_shap"]


@pytest.mark.parametrize("name", ON_DIGITS)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
def test_measured_on_digits(name, dtype):
    game = digits(dtype)
    table = measure(name, game)
    active = len(game.cube.active())
    assert active in (7, 8)
    tolerance = 1e-11 if dtype == DOUBLE else 1e-4
    close(table.attribution, method(name).attribute(game), tolerance)
    if name not in COMPLETE:
        return
    dividends = table.effects.values.numpy()
    close(table.values.numpy().sum(-1)[1:], dividends[1:], tolerance, scale=abs(dividends).max())
    criteria = table.criteria()
    assert criteria.verdicts["completeness"] == ("pass" if dtype == DOUBLE else criteria.verdicts["completeness"])
    assert criteria.residual < (1e-9 if dtype == DOUBLE else 1e-2)


@pytest.mark.parametrize("name", ON_DIGITS)
def test_rows_of_coalitions_with_players_that_do_not_differ_are_zero(name):
    game = digits(cells=(1, 8))
    active = set(game.cube.active())
    assert len(active) < game.n
    values = measure(name, game).values
    for row, coalition in enumerate(coalitions(game.n)):
        if coalition - active:
            assert (values[row] == 0).all()


@pytest.mark.parametrize("name", COMPLETE)
def test_a_row_of_the_measured_table_by_the_definition(name):
    """M_i(S) = Σ_{T⊆S} (−1)^{|S|−|T|} A_i(x_T), with a game of its own for every x_T."""
    model, x, b = mlp(nn.ReLU, (3, 5, 1), seed=98), draw(1, 3), draw(1, 3, seed=99)
    table = measure(name, Game.from_model(model, x, b)).values
    for row, coalition in enumerate(coalitions(3)):
        expected = np.zeros(3)
        for part in subsets(coalition):
            mixed = torch.tensor([[x[0, i] if i in part else b[0, i] for i in range(3)]], dtype=DOUBLE)
            given = method(name).attribute(Game.from_model(model, mixed, b))
            expected += (-1) ** (len(coalition) - len(part)) * given.numpy()
        close(table[row], expected, 1e-12, scale=1.0)


BATCHED = [(name, {}) for name in ON_DIGITS if name != "deep_shap"] + [("deep_shap", {})]


@pytest.mark.parametrize(("name", "settings"), BATCHED)
def test_a_batch_of_end_points_is_one_at_a_time(name, settings):
    game, chosen = digits(), method(name, **settings)
    ends = (draw(5, game.n, seed=101) > 0).double()
    rows = torch.stack([chosen.attribute(game, end[None])[0] for end in ends])
    assert rows.shape == (5, game.n)
    close(chosen.attribute(game, ends), rows, 1e-12)
    close(chosen.attribute(game), chosen.attribute(game, torch.ones(1, game.n))[0], 1e-14)


@pytest.mark.parametrize("fused", [False, True])
def test_a_batch_of_end_points_of_deep_shap_with_several_baselines(fused):
    model, x, b = mlp(nn.Softplus, (4, 5, 2), seed=102), draw(1, 4), draw(3, 4, seed=103)
    game, chosen = Game.from_model(model, x, b, target=1, weights=[1, 2, 3]), method("deep_shap", fused=fused)
    ends = torch.tensor([[1.0, 0, 1, 0], [0, 0, 0, 0], [1, 1, 1, 1], [0, 1, 1, 1]])
    expected = torch.zeros(4, 4, dtype=DOUBLE)
    for k, weight in enumerate((1 / 6, 2 / 6, 3 / 6)):
        for row, end in enumerate(ends):
            mixed = torch.where(end[None] == 1, x, b[k : k + 1])
            expected[row] += weight * chosen.attribute(Game.from_model(model, mixed, b[k : k + 1], target=1))
    close(chosen.attribute(game, ends), expected, 1e-12)
    assert (chosen.attribute(game, ends)[1] == 0).all()


@pytest.mark.parametrize("name", ON_DIGITS)
@pytest.mark.parametrize("chunk", [1, 3, 1000])
def test_the_chunk_does_not_matter(name, chunk):
    start = 0.3 * draw(2, 1, 8, 8, seed=104).abs()
    ends = (draw(7, 8, seed=105) > 0).double()
    expected = method(name).attribute(digits(baseline=start), ends)
    close(method(name).attribute(digits(baseline=start, chunk=chunk), ends), expected, 1e-12)


@pytest.mark.parametrize("name", ON_DIGITS)
def test_calls_are_counted(name):
    calls = []
    game = digits(baseline=torch.zeros(2, 1, 8, 8, dtype=DOUBLE)).watched(calls.append)
    method(name).attribute(game, torch.ones(3, game.n))
    assert sum(calls) == 6


@pytest.mark.parametrize("name", LAYER_WISE)
def test_float32_is_close_to_float64(name):
    single, double = method(name).attribute(digits(torch.float32)), method(name).attribute(digits())
    assert single.dtype == torch.float64
    close(single, double, 1e-4)


@pytest.mark.parametrize("name", LAYER_WISE)
def test_players_of_several_entries_are_given_the_sum_of_their_entries(name):
    model, x, b = mlp(nn.ReLU, (6, 5, 2), seed=106), draw(1, 6), draw(1, 6, seed=107)
    fine = method(name).attribute(Game.from_model(model, x, b, target=1))
    owners = [2, 0, 1, 0, 2, 2]
    coarse = [sum(fine[k].item() for k in range(6) if owners[k] == i) for i in range(3)]
    game = Game.from_model(model, x, b, target=1, players=torch.tensor([owners]))
    close(method(name).attribute(game), coarse, 1e-13)


def _picture_to_picture():
    return sequence(nn.Conv2d(1, 3, 3, padding=1), nn.ReLU(), nn.Conv2d(3, 2, 1), seed=8), draw(1, 1, 4, 4)


@pytest.mark.parametrize("name", [*LAYER_WISE, "grad_cam"])
def test_a_target_may_be_one_of_several_axes(name):
    """The entry (1, 2, 3) of a map is the only output of a network that picks it."""
    model, x = _picture_to_picture()
    picked = nn.Linear(32, 1, bias=False, dtype=DOUBLE)
    picked.weight.data = torch.zeros(1, 32, dtype=DOUBLE)
    picked.weight.data[0, 1 * 16 + 2 * 4 + 3] = 1
    settings = {"layer": "0"} if name == "grad_cam" else {}
    chosen = method(name, **settings)
    one = Game.from_model(model, x, 0.1, target=(1, 2, 3))
    other = Game.from_model(nn.Sequential(*model, nn.Flatten(), picked).eval(), x, 0.1)
    tolerance = 1e-5 if name == "lrp_epsilon" else 1e-12  # its ε acts once more, on a larger value
    if name != "lrp_alpha_beta":
        close(chosen.attribute(one), chosen.attribute(other), tolerance)
    negative = Game.from_model(model, x, 0.1, target=(-1, 2, -1))
    close(chosen.attribute(negative), chosen.attribute(one), 1e-14)


def test_a_network_with_one_number_per_row_needs_no_target():
    model, x = mlp(nn.ReLU, (3, 4, 1), seed=108), draw(1, 3)
    flat = block(lambda m, x: m.net(x).squeeze(1), net=copy.deepcopy(model))
    flat.load_state_dict({f"net.{key}": value for key, value in model.state_dict().items()})
    for name in LAYER_WISE:
        expected = method(name).attribute(Game.from_model(model, x, target=0))
        close(method(name).attribute(Game.from_model(model, x)), expected, 1e-14)
        close(method(name).attribute(Game.from_model(flat, x)), expected, 1e-14)


REFUSED_GAMES = {
    "target-function": (
        lambda m, x: Game.from_model(m, x, target=lambda out: out.sum(1)),
        ValueError,
        "give its index",
    ),
    "probability": (lambda m, x: Game.from_model(m, x, target=0, output="probability"), ValueError, "output='logit'"),
    "log-odds": (lambda m, x: Game.from_model(m, x, target=0, output="log_odds"), ValueError, "output='logit'"),
    "function": (lambda m, x: Game.from_function(lambda u: u.sum(1), x), TypeError, "needs the network.*from_model"),
    "expression": (lambda m, x: Game.from_expression("a*b", {"a": 1, "b": 2}), TypeError, "needs the network"),
    "values": (lambda m, x: Game.from_values([0.0, 1, 2, 3]), TypeError, "needs the network"),
}


@pytest.mark.parametrize("name", [*LAYER_WISE, "grad_cam"])
@pytest.mark.parametrize("kind", REFUSED_GAMES)
def test_games_without_a_logit_of_a_network_are_refused(name, kind):
    build, error, message = REFUSED_GAMES[kind]
    game = build(mlp(nn.ReLU, (3, 4, 2)), draw(1, 3))
    with pytest.raises(error, match=message):
        method(name).attribute(game)


# Settings and degenerate places.


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


# A max pool and a product.


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
