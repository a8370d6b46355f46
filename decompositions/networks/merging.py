"""Steps of a network joined with the one before: scalings with what they scale, activations with their neurons."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from decompositions.networks.network import Network, Step
from decompositions.networks.operations import (
    AbstractAffine,
    AbstractOperation,
    Convolution,
    Elementwise,
    Linear,
    Neurons,
    Scaling,
)


def folded(steps: Network) -> Network:
    """The same network with every scaling folded into the linear layer or convolution that it alone follows."""
    return Network(merged(steps.steps, _folded))


def fused(steps: Network) -> Network:
    """The same network with every affine step and the activation that alone follows it as one step of neurons."""
    return Network(merged(steps.steps, _neurons))


def merged(steps: Sequence[Step], join: Callable[[AbstractOperation, AbstractOperation], Any]) -> tuple[Step, ...]:
    """Steps joined with the one before where that feeds nothing else and ``join`` gives their common operation."""
    users = Counter(place for step in steps for place in step.inputs)
    kept: list[Step] = []
    moved = {0: 0}
    for number, step in enumerate(steps, start=1):
        source = step.inputs[0]
        if source and len(step.inputs) == 1 and users[source] == 1:
            place = moved[source] - 1
            joined = join(kept[place].operation, step.operation)
            if joined is not None:
                kept[place] = Step(f"{kept[place].name}+{step.name}", joined, kept[place].inputs)
                moved[number] = place + 1
                continue
        kept.append(Step(step.name, step.operation, tuple(moved[place] for place in step.inputs)))
        moved[number] = len(kept)
    return tuple(kept)


def _folded(before: AbstractOperation, scaling: AbstractOperation) -> AbstractAffine | None:
    """A linear layer or convolution and the scaling of its channels as one map."""
    if not isinstance(scaling, Scaling) or not isinstance(before, (Linear, Convolution)):
        return None
    each = [part for part in (scaling.scale, scaling.shift) if part is not None]
    by_channel = all(part.numel() == 1 or part.shape[0] == part.numel() == len(before.weight) for part in each)
    if not by_channel or any(part.numel() > 1 and part.ndim != before.weight.ndim - 1 for part in each):
        return None
    scale = scaling.scale.reshape(-1).to(before.weight)
    weight = before.weight * scale.reshape(-1, *(1,) * (before.weight.ndim - 1))
    bias = None if before.bias is None else before.bias * scale
    if scaling.shift is not None:
        shift = scaling.shift.reshape(-1).expand(len(weight)).to(weight)
        bias = shift if bias is None else bias + shift
    if isinstance(before, Linear):
        return Linear(weight, bias)
    return Convolution(weight, bias, before.stride, before.padding, before.dilation, before.groups)


def _neurons(before: AbstractOperation, after: AbstractOperation) -> Neurons | None:
    if isinstance(before, AbstractAffine) and isinstance(after, Elementwise) and after.everywhere:
        return Neurons(before, after)
    return None
