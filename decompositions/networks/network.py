"""A network as data: its steps, in the order in which they run."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from decompositions.networks.operations import AbstractOperation

WAY_OUT = "write it with supported modules, or use a method that only calls the model (shapley, occlusion_1, …)"


@dataclass(frozen=True, eq=False)
class Step:
    """One operation of a network.

    Args:
        name: of the module, or of the function and its place.
        operation: what it computes.
        inputs: the places of its inputs: 0 is the network's input, k is step k (counted from 1).
    """

    name: str
    operation: AbstractOperation
    inputs: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Network:
    """The steps of a network in the order in which they run; the last one is the output."""

    steps: tuple[Step, ...]

    def values(self, inputs: torch.Tensor) -> list[torch.Tensor]:
        """The input and the output of every step, for a batch. Place k is step k, place 0 the input."""
        with torch.no_grad():
            values = [inputs]
            for step in self.steps:
                values.append(step.operation.forward([values[place] for place in step.inputs]))
        return values
