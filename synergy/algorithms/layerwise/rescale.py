"""DeepLIFT's multipliers: the Rescale rule."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from decompositions.networks.interactions import AbstractInteraction
from decompositions.networks.network import Step
from decompositions.networks.operations import AbstractAffine, Elementwise, MaxPooling, Rearrangement
from decompositions.networks.secant import secant
from synergy.algorithms.layerwise.backward import AbstractRule

Pair = tuple[torch.Tensor, torch.Tensor]  # a value and its reference


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
            return [signal * secant(operation, states[0][1], states[0][0])]
        if isinstance(operation, MaxPooling):
            return [to_winners(operation, states[0], result, signal)]
        assert isinstance(operation, AbstractInteraction)
        return operation.between(values, [reference for _, reference in states]).transpose(signal, values)

    def finish(self, state: Pair, signal: torch.Tensor, output: Pair, chosen: torch.Tensor) -> torch.Tensor:
        return signal * (state[0] - state[1])


def to_winners(operation: MaxPooling, place: Pair, result: Pair, signal: torch.Tensor) -> torch.Tensor:
    """A winner of both x and the reference keeps the multiplier; else a rise is credited to the winner at x, a fall to
    the winner at the reference, as multipliers of Δu.

    Neither can be credited with more than its own change, so nothing is lost where there is none.
    """
    same = operation.winners([place[0]]) == operation.winners([place[1]])
    rise = (result[0] - result[1]).clamp(min=0)
    fall = (result[0] - result[1]).clamp(max=0)
    moved = torch.where(same, 0.0, signal)
    credit = operation.to_winners(moved * rise, [place[0]]) + operation.to_winners(moved * fall, [place[1]])
    change = place[0] - place[1]
    given = torch.where(change == 0, 0.0, credit / torch.where(change == 0, 1.0, change))
    return given + operation.to_winners(torch.where(same, signal, 0.0), [place[0]])
