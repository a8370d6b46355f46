"""A network as relevance propagation sees it: deviations, and shares of attention if asked, are held constant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch

from decompositions.networks.interactions import Contraction, Product, Softmax
from decompositions.networks.merging import merged
from decompositions.networks.network import Network, Step
from decompositions.networks.operations import (
    AbstractAffine,
    AbstractOperation,
    Averaging,
    Combination,
    Rearrangement,
    Scaling,
    Tensors,
    signed,
)


@dataclass(frozen=True, eq=False)
class Normalisation(AbstractOperation):
    """y = w (u − mean u) r + c, of u and of the reciprocal r of its deviation, which is held constant.

    Args:
        axes: of the mean.
        scale: w, broadcastable to u; None for one.
        shift: c, likewise; None for zero.
    """

    axes: tuple[int, ...]
    scale: torch.Tensor | None = None
    shift: torch.Tensor | None = None

    def forward(self, inputs: Tensors) -> torch.Tensor:
        u, reciprocal = inputs
        y = (u - u.mean(self.axes, keepdim=True)) * reciprocal
        y = y if self.scale is None else y * self.scale
        return y if self.shift is None else y + self.shift

    def frozen(self, values: Tensors) -> Centring:
        """The affine map of u alone."""
        u, reciprocal = values
        factors = reciprocal if self.scale is None else reciprocal * self.scale
        count = 1
        for axis in self.axes:
            count *= u.shape[axis]
        return Centring(factors * (1 - 1 / count), -factors / count, self.axes, self.shift)


@dataclass(frozen=True, eq=False)
class Centring(AbstractAffine):
    """z_j = p_j u_j + q_j Σ_{k≠j} u_k + c_j, the sum over some axes. p, q and c are broadcastable to u."""

    own: torch.Tensor
    others: torch.Tensor
    axes: tuple[int, ...]
    shift: torch.Tensor | None

    def linear(self, inputs: Tensors) -> torch.Tensor:
        total = inputs[0].sum(self.axes, keepdim=True)
        return (self.own - self.others) * inputs[0] + self.others * total

    def transpose(self, signal: torch.Tensor, inputs: Tensors) -> list[torch.Tensor]:
        total = (self.others * signal).sum(self.axes, keepdim=True)
        return [(self.own - self.others) * signal + total]

    def part(self, sign: int) -> AbstractAffine:
        return replace(self, own=signed(self.own, sign), others=signed(self.others, sign), shift=None)

    @property
    def constant(self) -> torch.Tensor | None:
        return self.shift


def frozen(steps: Network, shares: bool = False) -> Network:
    """The same network, in which what is held constant is told from what is explained.

    Args:
        steps: as they were read.
        shares: whether the shares of a softmax are constant where they weight something.
    """
    read = _shares_held(steps.steps) if shares else steps.steps
    return Network(merged(_normalised(read), _scaled))


def _normalised(steps: Sequence[Step]) -> tuple[Step, ...]:
    """Each product of u − mean u with a reciprocal of its size as one step of both."""
    return tuple(_normalisation(step, steps) or step for step in steps)


def _normalisation(step: Step, steps: Sequence[Step]) -> Step | None:
    operation = step.operation
    if not isinstance(operation, Product) or operation.held is None:
        return None
    centred, reciprocal = step.inputs[1 - operation.held], step.inputs[operation.held]
    difference = steps[centred - 1] if centred else None
    if difference is None or not isinstance(difference.operation, Combination):
        return None
    if difference.operation.factors != (1.0, -1.0) or not difference.inputs[1]:
        return None
    mean, u = steps[difference.inputs[1] - 1], difference.inputs[0]
    if not isinstance(mean.operation, Averaging) or mean.operation.axes is None or mean.inputs != (u,):
        return None
    return Step(step.name, Normalisation(mean.operation.axes), (u, reciprocal))


def _scaled(before: AbstractOperation, scaling: AbstractOperation) -> Normalisation | None:
    """A normalisation with the weights that alone follow it."""
    if not isinstance(before, Normalisation) or not isinstance(scaling, Scaling):
        return None
    if before.scale is not None or before.shift is not None:
        return None
    return replace(before, scale=scaling.scale, shift=scaling.shift)


def _shares_held(steps: Sequence[Step]) -> tuple[Step, ...]:
    """Each product of shares of a softmax with something else, the shares held constant."""
    shares: set[int] = set()
    found = []
    for place, step in enumerate(steps, start=1):
        operation = step.operation
        kept = isinstance(operation, Rearrangement) or (isinstance(operation, Scaling) and operation.shift is None)
        if isinstance(operation, Softmax) or (kept and shares.issuperset(step.inputs)):
            shares.add(place)
        of_both = [source in shares for source in step.inputs]
        if isinstance(operation, (Product, Contraction)) and sum(of_both) == 1 and operation.held is None:
            operation = replace(operation, held=of_both.index(True))
        found.append(Step(step.name, operation, step.inputs))
    return tuple(found)
