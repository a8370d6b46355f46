"""What goes through neurons against a twin of hooks and plain gradients, entry by entry, on networks of many kinds."""

from typing import NamedTuple

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from cases import close, draw
from torch import nn

from synergy import Game
from synergy.neurons import conductance, input_by_neuron, prune, rank_neurons, region_attribution

NODES, EXACT = 4, 1e-12


def replaced(model, layer, x, change):
    """The model's output where the layer's first output is changed."""

    def hook(module, given, output):
        if isinstance(output, Both):
            return output._replace(hidden=change(output.hidden))
        return (change(output[0]), *output[1:]) if isinstance(output, tuple) else change(output)

    handle = model.get_submodule(layer).register_forward_hook(hook)
    try:
        return model(x)
    finally:
        handle.remove()


def at_one_place(model, layer, point, step, targets):
    """∂H_c/∂a_j · ∂G_j/∂x_i · y_i of one input, by a gradient for every entry j. Shape ``(classes, n, entries)``."""
    seen, leaf = [], point.clone().requires_grad_()
    replaced(model, layer, leaf, lambda output: seen.append(output.clone()) or output)
    entries = seen[0].reshape(-1)
    rows = [torch.autograd.grad(entry, leaf, retain_graph=True)[0].reshape(-1) for entry in entries]
    value = seen[0].detach().clone().requires_grad_()
    output = replaced(model, layer, point, lambda output: value.clone())[0]
    slopes = [torch.autograd.grad(output[c], value, retain_graph=True)[0].reshape(-1) for c in targets]
    return torch.stack([slope[None] * torch.stack(rows, 1) * step.reshape(-1, 1) for slope in slopes])


def twin(model, layer, x, b, targets):
    places, weights = np.polynomial.legendre.leggauss(NODES)
    return sum(
        w / 2 * at_one_place(model, layer, b + (s + 1) / 2 * (x - b), x - b, targets)
        for s, w in zip(places.tolist(), weights.tolist(), strict=True)
    )


class Written(nn.Module):
    """Weights of a linear map, its bias, and the kernel of a convolution, that other layers give."""

    def __init__(self):
        super().__init__()
        self.start, self.weights, self.bias = nn.Linear(6, 4), nn.Linear(6, 12), nn.Linear(6, 3)
        self.kernel, self.mid, self.end = nn.Linear(6, 4), nn.Identity(), nn.Linear(6, 2)

    def forward(self, x):
        rows = []
        for u, w, c, k in zip(torch.tanh(self.start(x)), self.weights(x), self.bias(x), self.kernel(x), strict=True):
            rows.append(torch.cat([F.linear(u, w.reshape(3, 4), c), F.conv1d(u[None, None], k[None, None, :2])[0, 0]]))
        return self.end(torch.sin(self.mid(torch.stack(rows))))


class Around(nn.Module):
    """Paths lead around both layers."""

    def __init__(self):
        super().__init__()
        self.first, self.second, self.end = nn.Linear(6, 6), nn.Linear(6, 6), nn.Linear(6, 2)

    def forward(self, x):
        hidden = x + torch.tanh(self.first(x))
        return self.end(hidden * F.gelu(self.second(hidden)))


class Attention(nn.Module):
    """A block of a transformer, whose attention gives two things."""

    def __init__(self, first=True):
        super().__init__()
        self.first = first
        block = nn.TransformerEncoderLayer(4, 2, 6, 0.0, F.gelu, batch_first=first)
        self.encoder, self.end = nn.TransformerEncoder(block, 1, enable_nested_tensor=False), nn.Linear(4, 2)

    def forward(self, x):
        steps = x.reshape(-1, 3, 2).repeat(1, 1, 2)
        return self.end(self.encoder(steps if self.first else steps.transpose(0, 1)).mean(1 if self.first else 0))


class Recurrent(nn.Module):
    def __init__(self, first=True):
        super().__init__()
        self.first, self.cells, self.end = first, nn.GRU(2, 3, batch_first=first), nn.Linear(3, 2)

    def forward(self, x):
        steps = x.reshape(-1, 3, 2)
        hidden = self.cells(steps if self.first else steps.transpose(0, 1))[0]
        return self.end(torch.tanh(hidden[:, -1] if self.first else hidden[-1]))


class Both(NamedTuple):
    hidden: torch.Tensor
    times: float


class Told(nn.Module):
    """A layer that gives two things by name."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(6, 4)

    def forward(self, x):
        return Both(torch.tanh(self.linear(x)), 3.0)


class Naming(nn.Module):
    def __init__(self):
        super().__init__()
        self.told, self.end = Told(), nn.Linear(4, 2)

    def forward(self, x):
        both = self.told(x)
        return self.end(both.hidden) * both.times


class Tokens(nn.Module):
    """A layer that is given inputs and steps in one axis."""

    def __init__(self):
        super().__init__()
        self.each, self.end = nn.Linear(2, 4), nn.Linear(4, 2)

    def forward(self, x):
        return self.end(torch.tanh(self.each(x.reshape(-1, 2))).reshape(-1, 3, 4).mean(1))


def pictures():
    return nn.Sequential(
        nn.Unflatten(1, (1, 2, 3)), nn.Conv2d(1, 3, 2, padding=1), nn.BatchNorm2d(3), nn.GELU(), nn.AvgPool2d(2),
        nn.GroupNorm(3, 3), nn.Flatten(), nn.Linear(6, 2),
    )  # fmt: skip


NETWORKS = {
    "weights that are given": (Written, ("start", "weights", "kernel", "mid")),
    "paths around": (Around, ("first", "second")),
    "a transformer": (
        Attention, ("encoder", *(f"encoder.layers.0.{name}" for name in ("self_attn", "linear1", "norm1"))),
    ),
    "recurrent": (Recurrent, ("cells",)),
    "outputs by name": (Naming, ("told",)),
    "convolutions": (pictures, ("1", "2", "3", "4", "5")),
    "activations that write": (
        lambda: nn.Sequential(nn.Linear(6, 4), nn.SiLU(inplace=True), nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 2)),
        ("0", "1", "2", "3"),
    ),
}  # fmt: skip


def made(build):
    torch.manual_seed(90)
    model = build()
    for parameter in model.parameters():
        parameter.data = 0.7 * torch.randn_like(parameter)
    return model.double().eval()


@pytest.mark.parametrize(("name", "layer"), [(name, each) for name in NETWORKS for each in NETWORKS[name][1]])
def test_every_entry(name, layer):
    model, x, b = made(NETWORKS[name][0]), draw(1, 6, seed=91), draw(1, 6, seed=92)
    expected = twin(model, layer, x, b, [0, 1])
    game = Game.from_model(model, x, b, target=1)
    table = input_by_neuron(game, layer, nodes=NODES)
    close(table.values, expected[1], EXACT)
    close(conductance(game, layer, nodes=NODES).values, expected[1].sum(0), EXACT)
    close(region_attribution(game, layer, [0, 4], nodes=NODES).values, expected[1, [0, 4]].sum(0), EXACT)
    ranking = rank_neurons(model, layer, torch.cat([x, x]), [0, 1], baseline=b, nodes=NODES)
    close(ranking.votes, expected.sum(1).expand(2, -1, -1), EXACT)
    assert abs(expected).max() > 1e-3


@pytest.mark.parametrize("name", NETWORKS)
def test_several_layers_of_one_call(name):
    """Layers that come behind each other, lie in each other, or have paths around them: each is as it is alone."""
    build, layers = NETWORKS[name]
    model, x, b = made(build), draw(2, 6, seed=91), draw(1, 6, seed=92)
    found = rank_neurons(model, layers[::-1], x, [0, 1], baseline=b, nodes=NODES)
    assert list(found) == list(layers[::-1])
    for layer in layers:
        expected = torch.stack([twin(model, layer, each, b, [0, 1]).sum(1) for each in x.split(1)])
        close(found[layer].votes, expected, EXACT)


@pytest.mark.parametrize(
    ("build", "layer"),
    [(lambda: Attention(False), "encoder.layers.0.linear1"), (lambda: Recurrent(False), "cells"), (Tokens, "each")],
    ids=["a transformer", "recurrent", "tokens"],
)
def test_a_layer_whose_first_axis_is_not_the_batch_is_refused(build, layer):
    model, x = made(build), draw(2, 6, seed=91)
    for ask in (
        lambda: conductance(Game.from_model(model, x[:1], 0.0, target=1), layer, neurons="axis:1"),
        lambda: rank_neurons(model, layer, x, [0, 1]),
    ):
        with pytest.raises(ValueError, match=rf"one row for each input, .*'{layer}' gives \(3, "):
            ask()


@pytest.mark.parametrize(
    ("activation", "expected"),
    [(nn.ReLU(), 3.3), (nn.LeakyReLU(0.1), 3.33), (nn.PReLU(init=0.5), 3.45), (nn.Hardtanh(0.0, 9.0), 3.3)],
    ids=lambda each: type(each).__name__,
)
def test_an_activation_that_is_its_input_almost_everywhere(activation, expected):
    """2σ(z), z = s + max(s − 0.2, 0) − 0.15: from s = 0.15 on σ(z) is z, and all of the gain goes through either."""
    model = nn.Sequential(nn.Linear(1, 2), nn.ReLU(), nn.Linear(2, 1), activation, nn.Linear(1, 1)).double().eval()
    numbers = ([[1.0], [1.0]], [0.0, -0.2]), ([[1.0, 1.0]], [-0.15]), ([[2.0]], [0.0])
    for layer, (weight, bias) in zip((model[0], model[2], model[4]), numbers, strict=True):
        layer.weight.data, layer.bias.data = (torch.tensor(each, dtype=torch.float64) for each in (weight, bias))
    game = Game.from_model(model, torch.ones(1, 1).double(), 0.0)
    for layer in ("2", "3"):
        found = conductance(game, layer)
        assert found.rule.startswith("exact")
        close(found.values, [expected], EXACT)
        close(found.around, 0.0, EXACT)


def test_a_layer_that_gives_things_by_name_is_silenced():
    model, x = made(Naming), draw(2, 6, seed=93)
    mask = torch.tensor([True, False, False, True])
    close(prune(model, "told", mask)(x), replaced(model, "told", x, lambda output: output.masked_fill(mask, 0)), EXACT)
