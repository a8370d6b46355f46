"""DeepLIFT's multipliers: the Rescale rule."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from decompositions.layers import Step
from decompositions.operations import AbstractAffine, Elementwise, MaxPooling, Rearrangement
from synergy.backward import AbstractRule

Pair = tuple[torch.Tensor, torch.Tensor]  # a value and its reference
SMALL = 1e-10  # changes below it take the slope


@dataclass(frozen=True)
class Rescale(AbstractRule):
    """m_u = m_y Δy/Δu through activations, m_u = Aᵀ m_z through linear steps."""

    def start(self, inputs: torch.Tensor, baselines: torch.Tensor) -> Pair:
        return inputs, baselines

    def forward(self, step: Step, states: list[Pair]) -> Pair:
        return tuple(step.operation.forward(list(each)) for each in zip(*states, strict=True))  # type: ignore[return-value]

    def seed(self, state: Pair, chosen: torch.Tensor) -> torch.Tensor:
        return chosen

    def back(self, step: Step, states: list[Pair], result: Pair, signal: torch.Tensor) -> list[torch.Tensor]:
        operation = step.operation
        values = [value for value, _ in states]
        if isinstance(operation, AbstractAffine):
            return operation.transpose(signal, values)
        if isinstance(operation, Rearrangement):
            return operation.back(signal, values)
        if isinstance(operation, Elementwise):
            return [signal * secant(operation, states[0], result)]
        if isinstance(operation, MaxPooling):
            return [to_winners(operation, states[0], result, signal)]
        (u, u0), (v, v0) = states
        return [(signal * (v + v0) / 2).sum_to_size(u.shape), (signal * (u + u0) / 2).sum_to_size(v.shape)]

    def finish(self, state: Pair, signal: torch.Tensor) -> torch.Tensor:
        return signal * (state[0] - state[1])


def secant(operation: Elementwise, place: Pair, result: Pair) -> torch.Tensor:
    """Δy/Δu, and the slope where Δu is (nearly) zero."""
    change = place[0] - place[1]
    small = change.abs() < SMALL
    ratio = (result[0] - result[1]) / torch.where(small, 1.0, change)
    if small.device.type == "cpu" and not small.any():  # elsewhere the question would cost more than the slopes
        return ratio
    return torch.where(small, operation.slope(place[0]), ratio)


def to_winners(operation: MaxPooling, place: Pair, result: Pair, signal: torch.Tensor) -> torch.Tensor:
    """A rise is credited to the winner at x, a fall to the winner at the reference; as multipliers of Δu."""
    higher = torch.maximum(*result)
    credit = operation.to_winners(signal * (higher - result[1]), [place[0]])
    credit = credit + operation.to_winners(signal * (result[0] - higher), [place[1]])
    change = place[0] - place[1]
    small = change.abs() < SMALL
    ratio = credit / torch.where(small, 1.0, change)
    return torch.where(small, operation.to_winners(signal, [place[0]]), ratio)
