"""Attributions from elsewhere: a right number or an error that says the rule; captum's against our own."""

import numpy as np
import pytest
import torch
from cases import close
from torch import nn

from synergy import Game, measure, method, players
from synergy.measurement.external import foreign

pytestmark = pytest.mark.filterwarnings("ignore:.*:UserWarning")  # captum: required_grads, hooks


class Picture(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.conv, self.act = nn.Conv2d(1, 3, 3, padding=1, stride=2), nn.ReLU()
        self.flat, self.fc = nn.Flatten(), nn.Linear(12, 2)

    def forward(self, x):
        return self.fc(self.flat(self.act(self.conv(x))))


def game(model=None, **settings):
    x = torch.randn(1, 1, 4, 4, generator=torch.Generator().manual_seed(3)).double()
    grid = players.grid(x.shape, 2)
    return Game.from_model(model or Picture().double().eval(), x, 0.0, target=1, players=grid, **settings)


def doubled(model, inputs, baselines, target):
    return 2 * inputs


def by_hand(asked):
    """Twice the sum of every quarter."""
    return 2 * asked.cube.x[0, 0].reshape(2, 2, 2, 2).sum((1, 3)).flatten()


@pytest.mark.parametrize(
    ("form", "digits"),
    [
        (lambda given: given, 1e-15),
        (lambda given: given.numpy(), 1e-15),
        (lambda given: given.numpy().astype(">f8"), 1e-15),
        (lambda given: given.numpy().astype(np.float32), 1e-6),
        (lambda given: given.float(), 1e-6),
        (lambda given: given.to_sparse(), 1e-15),
        (lambda given: given.requires_grad_(), 1e-15),
    ],
    ids=["tensor", "numpy", "big-endian", "numpy-32", "float32", "sparse", "with-gradient"],
)
def test_numbers_of_the_right_shape_are_taken_in_any_form(form, digits):
    asked = game()
    measured = measure(lambda model, inputs, baselines, target: form(2 * inputs.detach()), asked)
    close(measured.attribution, by_hand(asked), digits)


@pytest.mark.parametrize(
    ("gives", "kind", "message"),
    [
        (lambda x: None, TypeError, "a tensor of real numbers, not None; return one tensor"),
        (lambda x: x.tolist(), TypeError, r"not \[\[\[\["),
        (lambda x: (x, x), TypeError, r"not \(tensor"),
        (lambda x: x.numpy().astype(object), TypeError, "not ndarray of shape"),
        (lambda x: x.numpy() * 1j, TypeError, "not ndarray of shape"),
        (lambda x: x + 0j, TypeError, "real numbers, not torch.complex128; take its real part"),
        (lambda x: x > 0, TypeError, "real numbers, not torch.bool"),
        (lambda x: x.to("meta"), TypeError, "not a tensor on the meta device; return it on cpu"),
        (lambda x: x.sum(1), ValueError, r"shaped like its inputs \(16, 1, 4, 4\), not \(16, 4, 4\); bring them to"),
        (lambda x: x[:1], ValueError, r"not \(1, 1, 4, 4\)"),
        (lambda x: x.sum(), ValueError, r"not \(\)"),
        (lambda x: x * torch.nan, ValueError, "gives NaN or infinity at the end point ∅"),
        (lambda x: {}["key"], RuntimeError, "fails for inputs .*KeyError: 'key'; it is called as"),
        (lambda x: x @ torch.ones(3), RuntimeError, "fails for inputs .*it is called as"),
        (lambda x: int("one"), ValueError, "fails for inputs .*invalid literal"),
        (lambda x: x - x.mean(0), ValueError, "other attributions for an input alone than beside others.*chunk=1"),
    ],
    ids=[
        *("none", "list", "tuple", "objects", "numpy-complex", "complex", "booleans", "meta", "an-axis-less"),
        *("one-row", "one-number", "nan", "key-error", "runtime-error", "value-error", "dependent-rows"),
    ],
)
def test_anything_else_is_refused_by_the_rule(gives, kind, message):
    with pytest.raises(kind, match=message):
        measure(lambda model, inputs, baselines, target: gives(inputs), game())


@pytest.mark.parametrize(
    ("subject", "message"),
    [
        (lambda model, inputs: inputs, r"not one that takes \(model, inputs\).*give it these four arguments"),
        (lambda a, b, c, d, e: b, "missing a required argument: 'e'"),
        (len, "not one that takes"),
        (nn.Linear, "not the class Linear; build an object of it"),
        (nn.ReLU(), r"not a model \(ReLU\)"),
        (3, "not 3"),
        (None, "not None"),
        ([doubled], "not "),
    ],
    ids=["two", "five", "built-in", "class", "model", "number", "none", "list"],
)
def test_what_is_no_attribution_is_refused_before_anything_is_paid(subject, message):
    def refuse(calls):
        pytest.fail("nothing must be paid")

    with pytest.raises(TypeError, match=r"measure\(\) takes a registered name.*" + message):
        measure(subject, game().watched(refuse))


def test_rows_that_depend_on_each_other_are_right_one_at_a_time():
    """x less the mean of the batch is zero for an input alone."""
    measured = measure(lambda model, inputs, baselines, target: inputs - inputs.mean(0), game(chunk=1))
    close(measured.attribution, torch.zeros(4), 1e-15, 1)


def test_one_that_remembers_is_refused():
    calls = []

    def remembers(model, inputs, baselines, target):
        calls.append(1)
        return inputs * (1 if len(calls) == 1 else 2)

    with pytest.raises(ValueError, match="or it remembers"):
        measure(remembers, game())


def test_the_error_of_random_draws_is_stated_and_the_random_numbers_stay():
    """x + 0.1 times a standard normal per entry: a player of four errs by 0.2, the mean of two by 0.14."""
    asked = game()
    state = torch.get_rng_state()

    def noisy(model, inputs, baselines, target):
        return inputs + 0.1 * torch.randn(inputs.shape, dtype=inputs.dtype)

    ends = torch.ones(200, 4, dtype=torch.float64)
    values, errors = foreign(noisy, asked).estimate(asked, ends)
    off = (values - by_hand(asked) / 2).square().mean().sqrt()
    assert 0.8 < errors.mean() / off < 1.25
    assert torch.equal(torch.get_rng_state(), state)


def test_the_model_is_as_before_a_callable_changed_its_flags():
    asked = game()

    def changes(model, inputs, baselines, target):
        model.train()
        model.seen = inputs
        inputs.zero_()
        baselines.fill_(3.0)
        return inputs + 1

    measured = measure(changes, asked)
    close(measured.attribution, [4.0] * 4, 1e-15)
    assert not asked.model.training
    assert not hasattr(asked.model, "seen")


PEERS = {
    "integrated_gradients": (lambda attr, model: attr.IntegratedGradients(model), 2e-2),
    "gradient_x_input": (lambda attr, model: attr.InputXGradient(model), 1e-12),
    "deeplift_rescale": (lambda attr, model: attr.DeepLift(model), 1e-12),
    "deep_shap": (lambda attr, model: attr.DeepLiftShap(model), 1e-12),
    "occlusion_1": (lambda attr, model: attr.FeatureAblation(model), 1e-12),
    "shapley": (lambda attr, model: attr.ShapleyValues(model), 1e-6),
}


@pytest.mark.parametrize("name", PEERS)
def test_captum_is_measured_as_our_own(name):
    attr = pytest.importorskip("captum.attr", reason="the peers are not installed")
    asked = game()
    build, digits = PEERS[name]
    own = measure(name, asked)
    close(measure(build(attr, asked.model), asked).values, own.values, digits)


def test_the_map_of_captum_spread_over_the_picture_is_our_grad_cam():
    """Every location of 2 × 2 over its four pixels."""
    attr = pytest.importorskip("captum.attr", reason="the peers are not installed")
    asked = game()

    def spread(model, inputs, baselines, target):
        given = attr.LayerGradCam(model, model.conv).attribute(inputs, target)
        return attr.LayerAttribution.interpolate(given, (4, 4)) / 4

    close(measure(spread, asked).values, measure(method("grad_cam", layer="conv"), asked).values, 1e-12)


@pytest.mark.parametrize("kind", ["ShapleyValueSampling", "KernelShap", "GradientShap"])
def test_captum_that_samples_is_no_further_off_than_it_says(kind):
    attr = pytest.importorskip("captum.attr", reason="the peers are not installed")
    asked = game()
    sampled, values, errors = foreign(getattr(attr, kind)(asked.model), asked), [], []
    for seed in range(30):
        torch.manual_seed(seed)
        np.random.seed(seed)  # noqa: NPY002  # captum's
        value, error = sampled.estimate(asked)
        values.append(value)
        errors.append(error)
    off = torch.stack(values) - torch.stack(values).mean(0)
    assert 0.7 < torch.stack(errors).norm() / off.norm() < 1.5


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda attr, model: attr.LayerGradCam(model, model.conv), r"not \(16, 1, 2, 2\); .*interpolate.*'grad_cam'"),
        (lambda attr, model: attr.LayerIntegratedGradients(model, model.conv), r"not \(16, 3, 2, 2\); bring them"),
        (lambda attr, model: attr.LayerConductance(model, model.conv), r"not \(16, 3, 2, 2\); bring them"),
        (lambda attr, model: attr.LayerActivation(model, model.conv), "settings of its own, measure a function"),
        (lambda attr, model: attr.NeuronGradient(model, model.conv), "settings of its own, measure a function"),
        (lambda attr, model: attr.Occlusion(model), "sliding_window_shapes.*measure a function"),
        (lambda attr, model: attr.FeaturePermutation(model), "alone than beside others"),
        (lambda attr, model: attr.Saliency(Picture()), "explains another model than the game; build it with"),
        (lambda attr, model: attr.Saliency, "not the class Saliency; build an object"),
    ],
    ids=[
        "grad-cam",
        "layer-ig",
        "conductance",
        "activation",
        "neuron",
        "occlusion",
        "permutation",
        "another-model",
        "class",
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_what_captum_cannot_give_here_is_said(build, message):
    attr = pytest.importorskip("captum.attr", reason="the peers are not installed")
    asked = game()
    with pytest.raises((TypeError, ValueError), match=message):
        measure(build(attr, asked.model), asked)


def test_the_attribute_of_a_captum_object_is_the_object():
    attr = pytest.importorskip("captum.attr", reason="the peers are not installed")
    asked = game()
    saliency = attr.Saliency(asked.model)
    close(measure(saliency.attribute, asked).values, measure(saliency, asked).values, 1e-15)


def test_what_the_quadrature_of_captum_misses_is_its_error_and_no_failure():
    """|x − 1| + … has a kink on the way, which 5 nodes miss; DeepLIFT's own delta is no quadrature, and no excuse."""
    attr = pytest.importorskip("captum.attr", reason="the peers are not installed")
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(3, 6), nn.ReLU(), nn.Linear(6, 1)).eval()
    game = Game.from_model(net, 3 * torch.randn(1, 3))
    integrated = attr.IntegratedGradients(net)
    measured = measure(integrated, game)
    _, missed = integrated.attribute(game.cube.x, return_convergence_delta=True)
    assert abs(float(missed)) > 1e-3
    criteria = measured.criteria()
    assert criteria.verdicts["completeness"] == "undecided"
    assert measured.error[-1] >= abs(float(missed)) * 0.99  # the row of all players, of which x is one end point
    assert measure(attr.InputXGradient(net), game).criteria().verdicts["completeness"] == "fail"
