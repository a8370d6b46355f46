"""A layer scaled by what its type holds, and the next by the inverse: nothing changes but rounding, for any method.

So no constant stands for "small" anywhere between a model and a verdict, apart from what a method calls its own.
"""

from functools import cache

import pytest
import torch
from cases import OWN_UNIT, close
from layer_cases import DOUBLE, seeded
from torch import nn

from decompositions import players
from synergy import METHODS, Game, compare, harsanyi, method
from synergy.policies.layer_policy import LayerPolicy
from synergy.policies.propagation import propagate

VECTOR, PICTURE = (1, 4), (1, 1, 5, 5)
# modules, the places of the two layers, and the shape of an input
NETWORKS = {
    "relu": lambda: ((nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 3), nn.ReLU(), nn.Linear(3, 2)), (0, 2), VECTOR),
    "leaky": lambda: ((nn.Linear(4, 5), nn.LeakyReLU(0.1), nn.Linear(5, 2)), (0, 2), VECTOR),
    "before-sigmoid": lambda: (
        (nn.Linear(4, 5), nn.Linear(5, 4), nn.Sigmoid(), nn.Linear(4, 3), nn.Linear(3, 2)),
        (0, 1),
        VECTOR,
    ),
    "after-sigmoid": lambda: (
        (nn.Linear(4, 5), nn.Linear(5, 4), nn.Sigmoid(), nn.Linear(4, 3), nn.Linear(3, 2)),
        (3, 4),
        VECTOR,
    ),
    "conv-max": lambda: (
        (nn.Conv2d(1, 2, 2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(2, 2, 1), nn.ReLU(), nn.Flatten(), nn.Linear(8, 2)),
        (0, 3),
        PICTURE,
    ),
    "norm-average": lambda: (
        (nn.Conv2d(1, 2, 2), nn.BatchNorm2d(2), nn.ReLU(), nn.AvgPool2d(2), nn.Conv2d(2, 2, 1), nn.Flatten()),
        (1, 4),
        PICTURE,
    ),
    "max-first": lambda: (
        (nn.Conv2d(1, 2, 2), nn.MaxPool2d(2, 1), nn.LeakyReLU(), nn.Flatten(), nn.Linear(18, 2), nn.Linear(2, 2)),
        (0, 4),
        PICTURE,
    ),
}
SCALES = [(DOUBLE, 1e150), (DOUBLE, 1e-150), (torch.float32, 1e15), (torch.float32, 1e-15)]
QUICK = ("relu", "before-sigmoid", "conv-max")
SETTINGS = {
    "attn_lrp": [{"epsilon": 0.0}],
    "lrp_epsilon": [{"epsilon": 0.0}],
    "deep_shap": [{}, {"fused": True}],
    "grad_cam": [{}, {"relu": True}],
    "smoothgrad_x_input": [{"samples": 8}],
}
CASES = [(name, settings) for name in METHODS for settings in SETTINGS.get(name, [{}])]
IDS = [f"{name}-{'-'.join(f'{k}={v}' for k, v in settings.items())}".rstrip("-") for name, settings in CASES]
scales = pytest.mark.parametrize(("dtype", "scale"), SCALES, ids=["1e150", "1e-150", "single-1e15", "single-1e-15"])


@cache
def scaled(network, dtype, scale):
    """The game and its dividends, with one layer times the scale and another by it."""
    modules, places, shape = NETWORKS[network]()
    model = seeded(nn.Sequential(*modules), 0)
    for parameter in model[places[0]].parameters():
        parameter.data *= scale
    model[places[1]].weight.data /= scale
    x, b = torch.randn(2, *shape, generator=torch.Generator().manual_seed(7), dtype=DOUBLE)
    table = players.grid(shape, (2, 2)) if shape == PICTURE else None
    game = Game.from_model(model.to(dtype), x.to(dtype), b.to(dtype), players=table, target=1)
    return game, harsanyi(game)


@scales
@pytest.mark.parametrize(
    "network", [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in NETWORKS]
)
@pytest.mark.parametrize(("name", "settings"), CASES, ids=IDS)
def test_a_scaled_layer_and_the_next_by_its_inverse_change_nothing(name, settings, network, dtype, scale):
    chosen, tolerance = method(name, **settings), 1e-11 if dtype == DOUBLE else 1e-4
    plain, known = scaled(network, dtype, 1.0)
    game, effects = scaled(network, dtype, scale)
    before, after = result(plain, known, chosen), result(game, effects, chosen)
    assert after.note == before.note
    if before.attribution is None:
        assert after.attribution is None
        return
    same(after.attribution, before.attribution, tolerance)
    for side in ("theory", "measured"):
        table, other = getattr(after, side), getattr(before, side)
        assert (table is None) == (other is None), getattr(after, f"{side}_note")
        if table is not None:
            same(table.values, other.values, 10 * tolerance)
            assert getattr(after, f"{side}_criteria").verdicts == getattr(before, f"{side}_criteria").verdicts
    if METHODS[name].scope == "layer" and isinstance(chosen.policy(game), LayerPolicy):
        same(propagate(game, chosen.policy(game)), before.attribution, tolerance)


@cache
def result(game, effects, chosen):
    return compare(game, [chosen], effects=effects).results[0]


def same(given, expected, tolerance):
    close(given.double(), expected.double(), tolerance, scale=max(expected.abs().max().item(), 1e-3))


def test_the_methods_apply_somewhere():
    """That nothing changes where nothing is computed says nothing."""
    for name, settings in CASES:
        chosen = method(name, **settings)
        found = [result(*scaled(network, DOUBLE, 1.0), chosen) for network in QUICK]
        assert any(each.measured is not None for each in found), name


@scales
@pytest.mark.parametrize(
    ("name", "settings"),
    [case for case in CASES if case[0].startswith(("deep", "shapley", "integrated")) and case[0] != "deep_taylor"],
    ids=[label for label in IDS if label.startswith(("deep", "shapley", "integrated")) and label != "deep_taylor"],
)
def test_one_neuron_by_hand(name, settings, dtype, scale):
    """relu(z₁ + 2 z₂) from −1 to 1 in both, the weights scaled and the output scaled back: a third and two of the 3."""
    first, second = nn.Linear(2, 1, bias=False), nn.Linear(1, 1, bias=False)
    first.weight.data = torch.tensor([[1.0, 2]], dtype=DOUBLE).mul(scale).to(dtype)
    second.weight.data = torch.tensor([[1 / scale]], dtype=DOUBLE).to(dtype)
    x = torch.ones(1, 2, dtype=dtype)
    game = Game.from_model(nn.Sequential(first, nn.ReLU(), second), x, -x)
    result = compare(game, [method(name, **settings)]).results[0]
    close(result.attribution, [1, 2], 1e-14 if dtype == DOUBLE else 1e-6)
    assert result.measured_criteria.verdicts["completeness"] == "pass"


@pytest.mark.parametrize("scale", [2.0**500, 2.0**-500])
def test_inputs_in_other_units(scale):
    """Inputs, baseline and SmoothGrad's noise times a power of two, the first layer by it: the same, bit for bit."""
    found = []
    for unit in (1.0, scale):
        model = seeded(nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 2)), 1)
        model[0].weight.data /= unit
        x, b = torch.randn(2, 1, 4, generator=torch.Generator().manual_seed(3), dtype=DOUBLE) * unit
        names = [name for name in METHODS if name not in OWN_UNIT]  # in the unit of a slope
        given = [method(name, **({"sigma": 0.1 * unit} if name.startswith("smooth") else {})) for name in names]
        found.append(compare(Game.from_model(model, x, b, target=1), given))
    for before, after in zip(*(each.results for each in found), strict=True):
        assert (after.attribution is None) == (before.attribution is None)
        if after.attribution is not None:
            assert torch.equal(after.attribution, before.attribution), after.name
            assert torch.equal(after.measured.values, before.measured.values), after.name
            assert after.measured_criteria.verdicts == before.measured_criteria.verdicts


@pytest.mark.parametrize("scale", [2.0**500, 2.0**-500])
def test_outputs_in_other_units(scale):
    """Everything is scaled by that power of two, the noise included, and the verdicts stay."""
    found = []
    for unit in (1.0, scale):
        model = seeded(nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 2)), 1)
        for parameter in model[-1].parameters():
            parameter.data *= unit
        x, b = torch.randn(2, 1, 4, generator=torch.Generator().manual_seed(3), dtype=DOUBLE)
        given = [method(name, **({"epsilon": 0.0} if name in ("lrp_epsilon", "attn_lrp") else {})) for name in METHODS]
        found.append(compare(Game.from_model(model, x, b, target=1), given))
    plain, other = found
    assert torch.equal(other.effects.values, plain.effects.values * scale)
    assert 0.1 < other.effects.noise / (plain.effects.noise * scale) < 10
    for before, after in zip(plain.results, other.results, strict=True):
        if after.measured is not None:
            close(after.measured.values / scale, before.measured.values, 1e-13)
            assert after.measured_criteria.verdicts == before.measured_criteria.verdicts
