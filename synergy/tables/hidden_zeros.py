"""Networks in which a zero is hidden: some players provably have no effect."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from decompositions.games.game import Game
from synergy.tables.by_hand import game, linear


@dataclass(frozen=True)
class Probe:
    """A network in which some players provably have no effect."""

    name: str
    game: Game
    dummies: tuple[int, ...]


def probes() -> list[Probe]:
    """Zero, written with players 0 and 1, beside a unit or a random network of the others.

    relu(relu(x₁) − c − relu(x₂)) = relu(relu(x₁ − c) − relu(x₂)) for c ≥ 0, and
    relu(relu(x₁ + x₂) − c) = relu(x₁ + x₂ − c).
    """
    fixed = [
        Probe("relu(x₃) and a hidden zero", game(split_zero(1.0, 1.0, None), [3, 1, 2], [0, 0, 0]), (0, 1)),
        Probe("the same, b ≠ 0", game(split_zero(1.0, 1.0, None), [-5, 5, 3.7], [5, -3.1, 0.1]), (0, 1)),
        Probe("relu(x₃) and a hidden zero of a sum", game(joint_zero(1.0, None), [4, -1, 2], [0, 0, 0]), (0, 1)),
    ]
    return fixed + [probe for seed in range(6) for probe in _random_probes(seed)]


def _random_probes(seed: int) -> list[Probe]:
    generator = torch.Generator().manual_seed(seed)
    threshold, scale = (torch.rand(2, generator=generator, dtype=torch.float64) * 2 + 0.2).tolist()
    x, b = (torch.randn(2, 4, generator=generator, dtype=torch.float64) * 3).tolist()
    nets = {
        "a hidden zero": split_zero(threshold, scale, seed),
        "a hidden zero of a sum": joint_zero(threshold, seed),
    }
    return [Probe(f"random network and {name}, {seed}", game(net, x, b), (0, 1)) for name, net in nets.items()]


def split_zero(c: float, scale: float, seed: int | None) -> nn.Module:
    """relu(relu(x₁) − c − relu(x₂)) − relu(relu(x₁ − c) − relu(x₂)), scaled, plus the rest."""
    first = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]], dtype=torch.float64)
    start = torch.tensor([0.0, 0.0, -c], dtype=torch.float64)
    second = torch.tensor([[1.0, -1.0, 0.0], [0.0, -1.0, 1.0]], dtype=torch.float64)
    return _beside(first, start, second, torch.tensor([-c, 0.0], dtype=torch.float64), scale, seed)


def joint_zero(c: float, seed: int | None) -> nn.Module:
    """relu(relu(x₁ + x₂) − c) − relu(x₁ + x₂ − c), plus the rest."""
    first = torch.tensor([[1.0, 1.0], [1.0, 1.0]], dtype=torch.float64)
    start = torch.tensor([0.0, -c], dtype=torch.float64)
    second = torch.eye(2, dtype=torch.float64)
    return _beside(first, start, second, torch.tensor([-c, 0.0], dtype=torch.float64), 1.0, seed)


def _beside(
    first: torch.Tensor, start: torch.Tensor, second: torch.Tensor, then: torch.Tensor, scale: float, seed: int | None
) -> nn.Module:
    """The hidden zero in blocks beside relu(x₃), or beside a random layer of x₃ and x₄; a difference comes last."""
    one = torch.ones(1, dtype=torch.float64)
    rest, bias, out = (one[None], 0 * one, one) if seed is None else _rest(seed)
    hidden = len(rest)
    layer1 = linear(torch.block_diag(first, rest), torch.cat([start, bias]))
    layer2 = linear(torch.block_diag(second, torch.eye(hidden, dtype=torch.float64)), torch.cat([then, 0 * bias]))
    last = linear(torch.cat([torch.tensor([scale, -scale], dtype=torch.float64), out])[None], [0.0])
    return nn.Sequential(layer1, nn.ReLU(), layer2, nn.ReLU(), last)


def _rest(seed: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """A random ReLU layer of two more players and its output weights, to stand beside a hidden zero."""
    generator = torch.Generator().manual_seed(100 + seed)
    draws = torch.randn(5, 5, generator=generator, dtype=torch.float64)
    return draws[:, :2], draws[:, 2], draws[:, 3]
