"""Networks from parts: a builder that writes down every step beside the modules."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

INTEGERS = (torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64)


@dataclass(frozen=True, eq=False)
class Node:
    """One step: its kind, what it calls, and the places of its inputs (0 is the network's input)."""

    kind: str
    call: Callable[..., torch.Tensor]
    sources: tuple[int, ...]


class Net(nn.Module):
    """Runs its nodes in order; modules are called by name, functions as they are."""

    def __init__(self, nodes):
        super().__init__()
        self.nodes = tuple(nodes)
        for place, node in enumerate(self.nodes, start=1):
            if isinstance(node.call, nn.Module):
                self.add_module(f"step{place}", node.call)

    def forward(self, x):
        values = [x]
        for place, node in enumerate(self.nodes, start=1):
            call = getattr(self, f"step{place}") if isinstance(node.call, nn.Module) else node.call
            values.append(call(*(values[source] for source in node.sources)))
        return values[-1]


class Build:
    """Nodes put one after the other."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.nodes = []

    def add(self, kind, call, *sources):
        """A node; without sources it takes the last one's output. Returns its place."""
        self.nodes.append(Node(kind, call, sources or (len(self.nodes),)))
        return len(self.nodes)

    def pick(self, *choices):
        return self.random.choice(choices)

    def whole(self, low, high):
        return self.random.randint(low, high)


@dataclass(frozen=True, eq=False)
class Architecture:
    """A network and a question about it.

    Args:
        id: readable.
        model: in eval mode, float32.
        nodes: what it does, step by step; None where that is not known to the twins.
        x: the input, float32 or int64. Shape ``(1, *shape)``.
        baselines: Shape ``(K, *shape)``.
        weights: of the baselines.
        players: entry → player, in one of the integer types.
        target: index, tuple, function or None.
        output: "logit", "probability" or "log_odds".
        refused: by analysis, a pattern of the reason for which nothing is given.
        bent: whether it is piecewise linear, so that its path integral is a finite sum.
    """

    id: str
    model: nn.Module
    nodes: tuple[Node, ...] | None
    x: torch.Tensor
    baselines: torch.Tensor
    weights: tuple[float, ...]
    players: torch.Tensor
    target: Any = None
    output: str = "logit"
    refused: dict[str, str] = field(default_factory=dict)
    bent: bool = False


# --- activations ---------------------------------------------------------------------------------------------------

BENT = {
    "relu": nn.ReLU,
    "relu-in-place": lambda: nn.ReLU(inplace=True),
    "relu6": nn.ReLU6,
    "leaky": lambda: nn.LeakyReLU(0.2),
    "leaky-in-place": lambda: nn.LeakyReLU(0.1, inplace=True),
    "hardtanh-in-place": lambda: nn.Hardtanh(-0.6, 0.9, inplace=True),
    "relu-function": lambda: F.relu,
    "relu-function-in-place": lambda: lambda u: F.relu(u, inplace=True),
}
CURVED = {
    "elu": nn.ELU,
    "gelu": nn.GELU,
    "gelu-tanh": lambda: nn.GELU(approximate="tanh"),
    "silu": nn.SiLU,
    "silu-in-place": lambda: nn.SiLU(inplace=True),
    "tanh": nn.Tanh,
    "softplus": nn.Softplus,
    "sigmoid": nn.Sigmoid,
    "tanh-function": lambda: torch.tanh,
    "elu-function-in-place": lambda: lambda u: F.elu(u, inplace=True),
}
UNITS = BENT | CURVED


def normalisation(kind, size):
    """Batch normalisation as it is after training: with its own statistics and weights."""
    norm = kind(size)
    with torch.no_grad():
        norm.running_mean.normal_(0, 0.5)
        norm.running_var.uniform_(0.5, 2.0)
        norm.weight.uniform_(-1.5, 1.5)
        norm.bias.normal_(0, 0.4)
    return norm


class Affinity(nn.Module):
    """A product with a parameter and a sum with another one, by channel."""

    def __init__(self, *shape):
        super().__init__()
        self.factor, self.shift = nn.Parameter(torch.randn(*shape)), nn.Parameter(torch.randn(*shape))

    def forward(self, u):
        return u * self.factor + self.shift


class LinearFunction(nn.Module):
    """A fully connected layer as a function."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.randn(outputs, inputs)), nn.Parameter(torch.randn(outputs))

    def forward(self, u):
        return F.linear(u, self.weight, self.bias)


def added(u, v):
    return u + v


def added_in_place(u, v):
    u += v
    return u


def subtracted(u, v):
    return u - v


def multiplied(u, v):
    return u * v


def joined(*parts):
    return torch.cat(parts, 1)


def flat(u):
    return torch.flatten(u, 1)


# --- families: from a builder to a shape and the settings that are not the usual ones ------------------------------
