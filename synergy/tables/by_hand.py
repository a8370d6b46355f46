"""Networks whose weights are written by hand."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from decompositions.games.game import Game


def game(net: nn.Module, x: list[float], b: list[float]) -> Game:
    """The question of a network at x with baseline b."""
    return Game.from_model(net.double().eval(), _row(x), _row(b))


def _row(numbers: list[float]) -> torch.Tensor:
    return torch.tensor([numbers], dtype=torch.float64)


def linear(weight: Any, bias: Any) -> nn.Linear:
    """A layer with these weights."""
    weight = torch.as_tensor(weight, dtype=torch.float64)
    layer = nn.Linear(weight.shape[1], weight.shape[0], dtype=torch.float64)
    layer.weight, layer.bias = nn.Parameter(weight), nn.Parameter(torch.as_tensor(bias, dtype=torch.float64))
    return layer


class FirstShare(nn.Module):
    """The first of the shares that a softmax gives."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.softmax(1)[:, 0]


def unit(weight: list[list[float]], bias: list[float]) -> nn.Module:
    """relu(weight · x + bias)."""
    return nn.Sequential(linear(weight, bias), nn.ReLU())
