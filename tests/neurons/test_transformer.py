"""Attention heads and MLP units as neurons: against weights that are zero, and against gradients pulled back twice."""

import copy

import numpy as np
import pytest
import torch
from cases import close

pytest.importorskip("sklearn", reason="the digits need sklearn")
pytest.importorskip("safetensors", reason="the transformer needs safetensors")

from synergy import Game, method
from synergy.examples import digits, digits_vit
from synergy.neurons import conductance, prune, rank_neurons, region_attribution, shrink

EXACT, NODES, HEADS = 1e-10, 6, 4
LAYERS = {"heads": ("blocks.1.attention.heads", "heads:4"), "units": ("blocks.1.mlp.1", "axis:2")}


@pytest.fixture(scope="module")
def model():
    return digits_vit.model().double()


@pytest.fixture(scope="module")
def pictures():
    images, labels, held_out = digits.data()
    some = torch.stack([(held_out & (labels == digit)).nonzero()[0, 0] for digit in range(10)])
    return images[some].double(), labels[some]


def without(model, layer, columns):
    """The same network where what reads some entries has weights of zero."""
    changed = copy.deepcopy(model)
    with torch.no_grad():
        changed.get_submodule(layer).weight[:, columns] = 0
    return changed


@pytest.mark.parametrize("head", range(HEADS))
def test_a_silent_head_is_one_whose_columns_are_zero(model, pictures, head):
    game = Game.from_model(model, pictures[0][3:4], 0.0, target=3)
    entries = conductance(game, LAYERS["heads"][0], neurons="heads:4", nodes=2).entries
    silent = prune(model, LAYERS["heads"][0], entries == head)
    expected = without(model, "blocks.1.attention.mix", range(8 * head, 8 * head + 8))(pictures[0])
    close(silent(pictures[0]), expected, EXACT)
    assert (expected - model(pictures[0])).abs().max() > 0.01


def test_silent_units_are_those_whose_columns_are_zero_and_can_be_left_out(model, pictures):
    ranking = rank_neurons(model, "blocks.1.mlp.0", *pictures, neurons="axis:2", nodes=2)
    units = ranking.order[-20:].tolist()
    expected = without(model, "blocks.1.mlp.2", units)(pictures[0])  # GELU makes zero of zero
    mask = ranking.strongest(20, by="smallest")
    assert mask.shape == (17, 64)
    close(prune(model, "blocks.1.mlp.0", mask)(pictures[0]), expected, EXACT)
    for silent in (mask, units):
        small = shrink(model, "blocks.1.mlp.0", silent)
        close(small(pictures[0]), expected, EXACT)
        assert small.blocks[1].mlp[0].weight.shape == (44, 32)
    mask[0] = False  # of one token the units speak
    with pytest.raises(ValueError, match="'axis:2'"):
        shrink(model, "blocks.1.mlp.0", mask)


def pulled(model, layer, x, target, inside):
    """What a part of the input gives through every entry of a layer, the way down asked twice at every node."""
    seen = []
    handle = model.get_submodule(layer).register_forward_hook(lambda module, given, output: seen.append(output))
    total = 0.0
    for place, weight in zip(*np.polynomial.legendre.leggauss(NODES), strict=True):
        seen.clear()
        point = ((place + 1) / 2 * x).requires_grad_()
        output = model(point)[0, target]
        (slope,) = torch.autograd.grad(output, seen[0], retain_graph=True)
        dual = torch.ones_like(seen[0], requires_grad=True)
        (back,) = torch.autograd.grad(seen[0], point, dual, create_graph=True)
        (forth,) = torch.autograd.grad((back * x * inside).sum(), dual)
        total = total + weight / 2 * (slope * forth)[0]
    handle.remove()
    return total


@pytest.mark.parametrize("kind", LAYERS)
def test_what_goes_through_heads_and_units(model, pictures, kind):
    layer, neurons = LAYERS[kind]
    x, half = pictures[0][7:8], torch.zeros(8, 8, dtype=torch.float64)
    half[:4] = 1
    game = Game.from_model(model, x, 0.0, target=7)
    for inside, found in (
        (1.0, conductance(game, layer, neurons=neurons, nodes=NODES)),
        (half, region_attribution(game, layer, ((0, 4), (0, 8)), neurons=neurons, nodes=NODES)),
    ):
        entries = pulled(model, layer, x, 7, inside)
        expected = entries.reshape(17, 4, 8).sum((0, 2)) if kind == "heads" else entries.sum(0)
        close(found.values, expected, EXACT)
        own = method("integrated_gradients", nodes=NODES).attribute(game).reshape(8, 8)
        assert abs(found.total - (own * inside).sum().item()) < EXACT  # with what the skip path leads around
        assert abs(found.around).max() > 0.1


@pytest.mark.parametrize("kind", LAYERS)
def test_heads_and_units_are_ranked_by_their_votes(model, pictures, kind):
    """One picture of each digit: the score of a neuron is the mean of what it gives to its digit, less to others'."""
    layer, neurons = LAYERS[kind]
    (images, labels), count = (each[:2] for each in pictures), {"heads": 4, "units": 64}[kind]
    ranking = rank_neurons(model, layer, images, labels, neurons=neurons, nodes=NODES, weights=[0.5, 0.5] + [0.0] * 8)
    score = torch.zeros(count, dtype=torch.float64)
    for x, label in zip(images.split(1), labels.tolist(), strict=True):
        for target in range(10):
            game = Game.from_model(model, x, 0.0, target=target)
            votes = conductance(game, layer, neurons=neurons, nodes=NODES).values
            score += votes / 2 if target == label else -votes / 18
    close(ranking.score, score, EXACT)
    assert [ranking.names[0], len(ranking.names)] == [{"heads": "head 0", "units": "unit 0"}[kind], count]
