"""Functions whose rounding error is known: each with a twin in more digits (80-bit numbers of NumPy).

A function is a list of layers ``(W, c, activation)`` and an end; the twin goes through the same numbers. Families:
plain networks, deep ones, last layers that cancel, large constants that are added and taken away, scaled layers,
softmax, float32 inside or at the end of float64, and functions that leave torch.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import nn

PLAYERS = 8
ACTIVATIONS = {
    "relu": (torch.relu, lambda u: np.maximum(u, 0)),
    "tanh": (torch.tanh, np.tanh),
    "sigmoid": (torch.sigmoid, lambda u: (1 + np.tanh(u / 2)) / 2),
    "square": (torch.square, lambda u: u * u),
}
FAMILIES = (
    "plain",
    "deep",
    "wide",
    "cancel",
    "constant",
    "scaled",
    "softmax",
    "inside",
    "end",
    "numpy",
    "numpy-inside",
)


@dataclass(frozen=True)
class Layer:
    weight: np.ndarray
    bias: np.ndarray
    activation: str


@dataclass(frozen=True)
class Known:
    """A function, its twin, the input, and the type it is given."""

    id: str
    seed: int
    layers: tuple[Layer, ...]
    end: str
    x: np.ndarray
    dtype: torch.dtype

    def twin(self, z):
        """The function in 80 bits. Shape ``(batch, 8)`` → ``(batch,)``."""
        for layer in self.layers:
            u = z @ layer.weight.astype(np.longdouble).T + layer.bias.astype(np.longdouble)
            z = ACTIVATIONS[layer.activation][1](u) if layer.activation else u
        if self.end == "softmax":
            return np.exp(z[:, 0] - z.max(1)) / np.exp(z - z.max(1, keepdims=True)).sum(1)
        return z[:, 0]

    def model(self):
        numpy = self.end.startswith("numpy")
        return self._in_numpy() if numpy else Net(self).eval()

    def _in_numpy(self):
        kind = np.float32 if self.end == "numpy-inside" else {torch.float64: np.float64}.get(self.dtype, np.float32)

        def f(z):
            z = z.numpy().astype(kind)
            for layer in self.layers:
                u = z @ layer.weight.astype(kind).T + layer.bias.astype(kind)
                z = ACTIVATIONS[layer.activation][1](u) if layer.activation else u
            return z[:, 0].astype(np.float64)

        return f


class Net(nn.Module):
    def __init__(self, known):
        super().__init__()
        kind = torch.float32 if known.end == "inside" else known.dtype
        self.weights = [torch.from_numpy(layer.weight).to(kind) for layer in known.layers]
        self.biases = [torch.from_numpy(layer.bias).to(kind) for layer in known.layers]
        self.known, self.kind = known, kind

    def forward(self, z):
        given = z.dtype
        z = z.to(self.kind) if self.known.end == "inside" else z
        for weight, bias, layer in zip(self.weights, self.biases, self.known.layers, strict=True):
            u = z @ weight.T + bias
            z = ACTIVATIONS[layer.activation][0](u) if layer.activation else u
        if self.known.end == "softmax":
            return z.softmax(1)[:, 0]
        return z[:, 0].to(torch.float32 if self.known.end == "end" else given)


def known(family, seed, dtype):
    """One function of a family; its numbers fit float32, so that every type is given the same ones."""
    rng = np.random.default_rng([FAMILIES.index(family), seed])
    widths = [
        PLAYERS,
        *rng.integers(4, 40, size={"deep": 8, "wide": 1}.get(family, 2)),
        3 if family == "softmax" else 1,
    ]
    if family == "wide":
        widths[1] = 512
    layers = []
    for i, o in pairwise(widths):
        weight = rng.normal(size=(o, i)) / i**0.5 * 1.4
        layers.append(
            Layer(weight, rng.normal(size=o) * 0.3, rng.choice(list(ACTIVATIONS)[: 3 if family == "deep" else 4]))
        )
    layers[-1] = Layer(layers[-1].weight, layers[-1].bias, "")
    layers = _special(family, layers, rng)
    rounded = tuple(Layer(_fit(each.weight), _fit(each.bias), each.activation) for each in layers)
    end = family if family in ("softmax", "inside", "end", "numpy", "numpy-inside") else ""
    x = _fit(rng.normal(size=(1, PLAYERS)) * 10.0 ** rng.integers(-2, 3))
    return Known(f"{family}-{seed}-{str(dtype)[6:]}", seed, rounded, end, x, dtype)


def _special(family, layers, rng):
    if family == "cancel":  # two copies of the last hidden layer, nearly equal, with opposite large weights
        *first, hidden, last = layers
        near = hidden.weight * (1 + 1e-3 * rng.normal(size=hidden.weight.shape))
        both = Layer(np.concatenate([hidden.weight, near]), np.concatenate([hidden.bias] * 2), hidden.activation)
        large = 10.0 ** rng.integers(1, 4) * last.weight
        return [*first, both, Layer(np.concatenate([large, -large], 1), last.bias, "")]
    if family == "constant":
        large = 10.0 ** rng.integers(2, 6)
        return [*layers, Layer(np.eye(1), np.full(1, large), ""), Layer(np.eye(1), np.full(1, -large), "")]
    if family == "scaled":
        size = 10.0 ** rng.integers(-12, 13)
        relu = [Layer(each.weight, each.bias, each.activation and "relu") for each in layers]
        first, *others, last = relu
        first = Layer(first.weight * size, first.bias * size, "relu")
        others = [Layer(each.weight, each.bias * size, "relu") for each in others]
        return [first, *others, Layer(last.weight / size, last.bias, "")]
    return layers


def _fit(numbers):
    return np.asarray(numbers, dtype=np.float32).astype(np.float64)


def bank(each):
    """``each`` functions of every family and type that fits it."""
    for family in FAMILIES:
        for dtype in (torch.float64, torch.float32):
            if dtype == torch.float32 and family in ("inside", "end", "numpy-inside"):
                continue
            yield from (known(family, seed, dtype) for seed in range(each))
