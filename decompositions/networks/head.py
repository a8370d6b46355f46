"""The part of a network behind one of its steps."""

from __future__ import annotations

import torch

from decompositions.networks.network import Network


def run_from(steps: Network, place: int, values: list[torch.Tensor], maps: torch.Tensor) -> torch.Tensor:
    """The output with the value at a place replaced, what does not depend on it kept."""
    replaced: dict[int, torch.Tensor] = {place: maps}
    for k, step in enumerate(steps.steps, start=1):
        if k > place and any(source in replaced for source in step.inputs):
            replaced[k] = step.operation.forward([replaced.get(source, values[source]) for source in step.inputs])
    return replaced[len(steps.steps)]


def require_cut(steps: Network, place: int) -> None:
    """Refuse a layer around which something leads from the input to the output."""
    before = {0}
    for k, step in enumerate(steps.steps, start=1):
        if k != place and any(source in before for source in step.inputs):
            before.add(k)
    if len(steps.steps) in before:
        raise ValueError(
            f"a path leads around '{steps.steps[place - 1].name}' to the output, so what follows it is no game of its "
            "map alone; take a layer that everything passes through"
        )
