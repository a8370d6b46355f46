"""What relevance propagation holds constant: deviations of normalisations, and shares of attention."""

import pytest
import torch
import torch.nn.functional as F
from cases import close, draw
from layer_cases import block, sequence
from network_zoo import IN_FLOAT32, ZOO, zoo
from torch import nn

from decompositions.networks.frozen import Centring, Normalisation, frozen
from decompositions.networks.interactions import Contraction, Product, Softmax
from decompositions.networks.operations import Scaling
from decompositions.networks.reading.tracing import network


def kinds(model, x, **settings):
    return [step.operation for step in frozen(network(model, x), **settings).steps]


@pytest.mark.parametrize("name", ZOO)
def test_the_steps_are_still_the_model(name):
    model, x, b = zoo(name)
    inputs = torch.cat([x, b, x - b])
    steps = frozen(network(model, x), shares=True)
    close(steps.values(inputs)[-1], model(inputs).detach(), 1e-5 if name in IN_FLOAT32 else 1e-13)


def _by_hand(m, x):
    mean = x.mean(-1, keepdim=True)
    return (x - mean) / torch.sqrt(((x - mean) ** 2).mean(-1, keepdim=True) + 1e-5) * m.weight


NORMS = {
    "layer": (sequence(nn.LayerNorm(4)), (1, 4), 1),
    "layer-plain": (sequence(nn.LayerNorm(4, elementwise_affine=False)), (1, 4), 1),
    "layer-of-two-axes": (sequence(nn.LayerNorm((3, 4))), (1, 3, 4), 1),
    "group": (sequence(nn.GroupNorm(2, 4)), (1, 4, 3), 1),
    "instance": (sequence(nn.InstanceNorm1d(2, affine=True)), (1, 2, 4), 1),
    "by-hand": (block(_by_hand, weight=nn.Parameter(torch.ones(4))), (1, 4), 1),
    "root-mean-square": (sequence(nn.RMSNorm(4)), (1, 4), 0),  # no mean is taken off
    "another-mean": (block(lambda m, x: (x - (2 * x).mean(-1, keepdim=True)) / (1 + x**2)), (1, 4), 0),
    "a-sum": (block(lambda m, x: (x - x.sum(-1, keepdim=True)) / (1 + x**2)), (1, 4), 0),
    "two": (sequence(nn.LayerNorm(4), nn.Linear(4, 4), nn.LayerNorm(4)), (1, 4), 2),
}


@pytest.mark.parametrize("name", NORMS)
def test_normalisations_are_recognised(name):
    model, shape, count = NORMS[name]
    x = draw(*shape)
    found = [each for each in kinds(model, x) if isinstance(each, Normalisation)]
    assert len(found) == count
    inputs = draw(3, *shape[1:], seed=4)
    close(frozen(network(model, x)).values(inputs)[-1], model(inputs).detach(), 1e-13)


def test_weights_join_the_normalisation_they_follow():
    found = kinds(sequence(nn.LayerNorm(4)), draw(1, 4))
    assert not any(isinstance(each, Scaling) and each.scale.ndim for each in found)
    (norm,) = [each for each in found if isinstance(each, Normalisation)]
    assert norm.scale.shape == norm.shift.shape == (4,)


def test_a_frozen_normalisation_is_torchs_with_its_deviation_detached():
    model, shape = sequence(nn.LayerNorm(4)), (2, 3, 4)
    (step,) = [
        (step, place)
        for place, step in enumerate(frozen(network(model, draw(1, 3, 4))).steps, start=1)
        if isinstance(step.operation, Normalisation)
    ]
    values = frozen(network(model, draw(1, 3, 4))).values(draw(*shape))
    u = values[0].requires_grad_()
    apart = u - u.mean(-1, keepdim=True)
    y = apart / ((apart**2).mean(-1, keepdim=True) + 1e-5).sqrt().detach() * model[0].weight + model[0].bias
    signal = draw(*shape, seed=9)
    (expected,) = torch.autograd.grad(y, u, signal)
    affine = step[0].operation.frozen([values[place] for place in step[0].inputs])
    assert isinstance(affine, Centring)
    with torch.no_grad():
        close(affine.forward([u]), y, 1e-13)
        close(affine.transpose(signal, [u])[0], expected, 1e-13)
        parts = [affine.part(sign) for sign in (1, -1)]
        close(sum(part.linear([u]) for part in parts) + affine.constant, y, 1e-13)
        ones = torch.ones_like(u)
        for part, sign in zip(parts, (1, -1), strict=True):
            assert (sign * torch.func.jacrev(lambda z, part=part: part.linear([z]))(ones)).min() >= 0


def _attention(m, x):
    shares = (m.a(x) @ m.b(x).mT).softmax(-1)
    return F.dropout(shares.to(torch.float64) * 0.5, 0.1, training=False) @ x


def _gate(m, x):
    return m.a(x).softmax(-1) * m.b(x)


LAYERS = {"a": nn.Linear(4, 4), "b": nn.Linear(4, 4)}


@pytest.mark.parametrize(
    ("run", "kind", "held"),
    [
        (_attention, Contraction, [None, 0]),
        (lambda m, x: x.mT @ (m.a(x) @ m.b(x).mT).softmax(-1), Contraction, [None, 1]),
        (_gate, Product, [0]),
        (lambda m, x: m.a(x).softmax(-1) @ m.b(x).softmax(-1).mT, Contraction, [None]),
        (lambda m, x: (m.a(x).softmax(-1) + x) @ m.b(x).mT, Contraction, [None]),
    ],
    ids=["attention", "on-the-right", "gate", "both", "no-share-any-more"],
)
def test_shares_that_weight_something_are_held(run, kind, held):
    model, x = block(run, **LAYERS), draw(1, 3, 4)
    found = [each for each in kinds(model, x, shares=True) if isinstance(each, kind)]
    assert [each.held for each in found] == held
    assert all(each.held is None for each in kinds(model, x) if isinstance(each, kind))
    assert any(isinstance(each, Softmax) for each in kinds(model, x))
