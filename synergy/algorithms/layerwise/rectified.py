"""Signals that are rectified on their way back: guided backpropagation and the deconvolutional network."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from decompositions.networks.network import Step
from decompositions.networks.operations import AbstractAffine, Elementwise, MaxPooling, Rearrangement
from decompositions.networks.secant import slopes_between
from synergy.algorithms.layerwise.backward import AbstractRule


@dataclass(frozen=True)
class Rectified(AbstractRule):
    """The gradient's signal, of which a rectifier lets only what is positive through; what comes out is not weighed.

    Args:
        gated: whether a unit that is off lets nothing through, as in a gradient.
    """

    gated: bool

    def start(self, inputs: torch.Tensor, baselines: torch.Tensor) -> torch.Tensor:
        return inputs

    def forward(self, step: Step, states: list[torch.Tensor]) -> torch.Tensor:
        return step.operation.forward(states)

    def seed(self, state: torch.Tensor, chosen: torch.Tensor) -> torch.Tensor:
        return chosen

    def back(
        self, step: Step, states: list[torch.Tensor], result: torch.Tensor, signal: torch.Tensor
    ) -> list[torch.Tensor]:
        operation = step.operation
        if isinstance(operation, AbstractAffine):
            return operation.transpose(signal, states)
        if isinstance(operation, Rearrangement):
            return operation.back(signal, states)
        if isinstance(operation, MaxPooling):
            return [operation.to_winners(signal, states)]
        if not isinstance(operation, Elementwise) or not is_rectifier(step):
            raise ValueError(
                f"'{step.name}' is neither affine nor pooling nor a ReLU or ReLU6, and how its signal is rectified is "
                "not defined; take gradient, gradient_x_input or attn_lrp, which take any step"
            )
        positive = signal.clamp(min=0)
        return [positive * operation.slope(states[0]) if self.gated else positive]

    def finish(
        self, state: torch.Tensor, signal: torch.Tensor, output: torch.Tensor, chosen: torch.Tensor
    ) -> torch.Tensor:
        return signal


def is_rectifier(step: Step) -> bool:
    """Whether a step is 0 below 0 and u above it, up to where it may stay: ReLU, ReLU6, ``clamp(min=0)``."""
    operation = step.operation
    if not isinstance(operation, Elementwise) or not operation.kinks or operation.kinks[0] != 0:
        return False
    if step.name.rpartition(".")[2].startswith("prelu"):  # read as two ReLUs, which it is not as a gate
        return False
    place = torch.zeros((), dtype=torch.float64)  # on the host, wherever the network is
    slopes = slopes_between(operation, place).tolist()
    return slopes in ([0.0, 1.0], [0.0, 1.0, 0.0]) and float(operation.function(place)) == 0
