"""What a network computes between two places: affine maps, elementwise functions, winners, products, new shapes.

Each kind knows just what the propagation of attributions needs. Arguments and values are batches, ``(batch, …)``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
import torch.nn.functional as F
from torch.nn import grad

from decompositions.models.undisturbed import outside_inference

Tensors = Sequence[torch.Tensor]


class AbstractOperation(ABC):
    """One step of a network: tensors in, one tensor out."""

    @abstractmethod
    def forward(self, inputs: Tensors) -> torch.Tensor:
        """The output for a batch."""


class AbstractAffine(AbstractOperation):
    """z = A u + c, with u all inputs together."""

    @abstractmethod
    def linear(self, inputs: Tensors) -> torch.Tensor:
        """A u, without the constant."""

    @abstractmethod
    def transpose(self, signal: torch.Tensor, inputs: Tensors) -> list[torch.Tensor]:
        """Aᵀ applied to a signal shaped like the output; one tensor shaped like each input."""

    @abstractmethod
    def part(self, sign: int) -> AbstractAffine | None:
        """The map of the entries of A of one sign, without the constant; None if A has no such entries."""

    @property
    @abstractmethod
    def constant(self) -> torch.Tensor | None:
        """c, broadcastable to an output; None for zero."""

    @property
    def weightless(self) -> bool:
        """Whether it only adds up what it is given, or scales each entry: no neuron with weights of its own."""
        return False

    def forward(self, inputs: Tensors) -> torch.Tensor:
        linear = self.linear(inputs)
        return linear if self.constant is None else linear + self.constant


@dataclass(frozen=True, eq=False)
class Linear(AbstractAffine):
    """A fully connected layer. Weight ``(out, in)``."""

    weight: torch.Tensor
    bias: torch.Tensor | None

    def linear(self, inputs: Tensors) -> torch.Tensor:
        return inputs[0] @ self.weight.T

    def transpose(self, signal: torch.Tensor, inputs: Tensors) -> list[torch.Tensor]:
        return [signal @ self.weight]

    def part(self, sign: int) -> AbstractAffine | None:
        return Linear(signed(self.weight, sign), None)

    @property
    def constant(self) -> torch.Tensor | None:
        return self.bias


@dataclass(frozen=True, eq=False)
class Convolution(AbstractAffine):
    """A convolution over one or two axes, with its settings as torch's functions take them."""

    weight: torch.Tensor
    bias: torch.Tensor | None
    stride: Any
    padding: Any
    dilation: Any
    groups: int

    def linear(self, inputs: Tensors) -> torch.Tensor:
        convolve = F.conv1d if self.weight.ndim == 3 else F.conv2d
        return convolve(inputs[0], self.weight, None, self.stride, self.padding, self.dilation, self.groups)

    def transpose(self, signal: torch.Tensor, inputs: Tensors) -> list[torch.Tensor]:
        if isinstance(self.padding, str):
            return _pull_back(lambda u: self.linear([u]), inputs[0], signal)
        back = grad.conv1d_input if self.weight.ndim == 3 else grad.conv2d_input
        return [back(inputs[0].shape, self.weight, signal, self.stride, self.padding, self.dilation, self.groups)]

    def part(self, sign: int) -> AbstractAffine | None:
        return replace(self, weight=signed(self.weight, sign), bias=None)

    @property
    def constant(self) -> torch.Tensor | None:
        return None if self.bias is None else self.bias.reshape(-1, *(1,) * (self.weight.ndim - 2))


@dataclass(frozen=True, eq=False)
class Scaling(AbstractAffine):
    """z = s u + c entry by entry: batch normalisation in eval mode, a product with a number."""

    scale: torch.Tensor
    shift: torch.Tensor | None

    @property
    def factors(self) -> torch.Tensor:
        """s, as wide as c."""
        if self.shift is None:
            return self.scale
        return self.scale.expand(torch.broadcast_shapes(self.scale.shape, self.shift.shape))

    def linear(self, inputs: Tensors) -> torch.Tensor:
        return inputs[0] * self.factors

    def transpose(self, signal: torch.Tensor, inputs: Tensors) -> list[torch.Tensor]:
        return [(signal * self.factors).sum_to_size(inputs[0].shape)]

    def part(self, sign: int) -> AbstractAffine | None:
        return Scaling(signed(self.factors, sign), None)

    @property
    def constant(self) -> torch.Tensor | None:
        return self.shift

    @property
    def weightless(self) -> bool:
        return self.shift is None


@dataclass(frozen=True, eq=False)
class Averaging(AbstractAffine):
    """A linear map with non-negative entries: average pooling, a mean over axes.

    Args:
        average: computes it.
        axes: of a mean that keeps its axes, which these are; None of any other map.
    """

    average: Callable[[torch.Tensor], torch.Tensor]
    axes: tuple[int, ...] | None = None

    def linear(self, inputs: Tensors) -> torch.Tensor:
        return self.average(inputs[0])

    def transpose(self, signal: torch.Tensor, inputs: Tensors) -> list[torch.Tensor]:
        return _pull_back(self.average, inputs[0], signal)

    def part(self, sign: int) -> AbstractAffine | None:
        return self if sign > 0 else None

    @property
    def constant(self) -> torch.Tensor | None:
        return None

    @property
    def weightless(self) -> bool:
        return True


@dataclass(frozen=True, eq=False)
class Combination(AbstractAffine):
    """z = Σ f_k u_k: residual addition, a difference, a copy with another sign. Inputs may be broadcast."""

    factors: tuple[float, ...]

    def linear(self, inputs: Tensors) -> torch.Tensor:
        terms = [factor * each for factor, each in zip(self.factors, inputs, strict=True)]
        return sum(terms[1:], terms[0])

    def transpose(self, signal: torch.Tensor, inputs: Tensors) -> list[torch.Tensor]:
        return [factor * signal.sum_to_size(each.shape) for factor, each in zip(self.factors, inputs, strict=True)]

    def part(self, sign: int) -> AbstractAffine | None:
        return Combination(tuple(factor if factor * sign > 0 else 0.0 for factor in self.factors))

    @property
    def constant(self) -> torch.Tensor | None:
        return None

    @property
    def weightless(self) -> bool:
        return True


@dataclass(frozen=True, eq=False)
class Rearrangement(AbstractOperation):
    """Every entry of the output is one entry of one input, or a constant: flatten, concatenate, pad, dropout in eval
    mode.

    Args:
        place: the step.
        moved: the same with its constants zero; None where they are.
        inverse: from a signal and an input back to the input's entries, where that is only another order.
    """

    place: Callable[..., torch.Tensor]
    moved: Callable[..., torch.Tensor] | None = None
    inverse: Callable[[torch.Tensor, torch.Tensor], torch.Tensor] | None = None

    def forward(self, inputs: Tensors) -> torch.Tensor:
        return self.place(*inputs)

    def carried(self, inputs: Tensors) -> torch.Tensor:
        """What becomes of changes of the inputs, or of parts of them."""
        return (self.moved or self.place)(*inputs)

    def back(self, signal: torch.Tensor, inputs: Tensors) -> list[torch.Tensor]:
        """Every entry of a signal shaped like the output back to where it came from."""
        if self.inverse is not None:
            return [self.inverse(signal, inputs[0])]
        with torch.enable_grad():
            leaves = [torch.zeros_like(each).requires_grad_() for each in inputs]
            return list(torch.autograd.grad(self.place(*leaves), leaves, signal))


@dataclass(frozen=True, eq=False)
class Weighted(AbstractAffine):
    """z = ⟨w, u⟩ + c, a bilinear function of one input and of weights: convolutions of any kind, products of matrices.

    Args:
        multiply: of the input and the weights.
        weight: w.
        bias: c, broadcastable to an output; None for zero.
    """

    multiply: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
    weight: torch.Tensor
    bias: torch.Tensor | None = None

    def linear(self, inputs: Tensors) -> torch.Tensor:
        return self.multiply(inputs[0], self.weight)

    def transpose(self, signal: torch.Tensor, inputs: Tensors) -> list[torch.Tensor]:
        return _pull_back(lambda u: self.linear([u]), inputs[0], signal)

    def part(self, sign: int) -> AbstractAffine | None:
        return Weighted(self.multiply, signed(self.weight, sign))

    @property
    def constant(self) -> torch.Tensor | None:
        return self.bias


@dataclass(frozen=True, eq=False)
class Elementwise(AbstractOperation):
    """y = σ(u) entry by entry.

    Args:
        function: σ.
        kinks: the places, ascending, between which σ is a straight line; None where it is curved.
        everywhere: whether σ is defined on the whole line; a root, a logarithm or a reciprocal is not, so that only the
            way from the reference to the value itself may be taken.
    """

    function: Callable[[torch.Tensor], torch.Tensor]
    kinks: tuple[float, ...] | None = None
    everywhere: bool = True

    def forward(self, inputs: Tensors) -> torch.Tensor:
        return self.function(inputs[0])

    def slope(self, place: torch.Tensor) -> torch.Tensor:
        """σ′ at a place (torch's convention at a kink)."""
        with outside_inference(), torch.enable_grad():
            leaf = place.detach().clone().requires_grad_()
            return torch.autograd.grad(self.function(leaf).sum(), leaf)[0]


@dataclass(frozen=True, eq=False)
class MaxPooling(AbstractOperation):
    """The winner of every window. ``pool`` gives the values and the winners' flat places, as torch's functions do."""

    pool: Callable[[torch.Tensor], tuple[torch.Tensor, torch.Tensor]]
    axes: int

    def forward(self, inputs: Tensors) -> torch.Tensor:
        return self.pool(inputs[0])[0]

    def winners(self, inputs: Tensors) -> torch.Tensor:
        """The flat place of the winner of every window, shaped like the output."""
        return self.pool(inputs[0])[1]

    def at_winners(self, values: torch.Tensor, inputs: Tensors) -> torch.Tensor:
        """Values shaped like the input, taken where the winners are."""
        places = self.winners(inputs)
        return values.flatten(-self.axes).gather(-1, places.flatten(-self.axes)).reshape(places.shape)

    def to_winners(self, signal: torch.Tensor, inputs: Tensors) -> torch.Tensor:
        """A signal shaped like the output, each entry given to the winner of its window."""
        places = self.winners(inputs).flatten(-self.axes)
        back = torch.zeros_like(inputs[0]).flatten(-self.axes)
        return back.scatter_add_(-1, places, signal.flatten(-self.axes)).reshape(inputs[0].shape)


def _pull_back(linear: Callable[..., Any], place: torch.Tensor, signal: torch.Tensor) -> list[torch.Tensor]:
    """The adjoint of a linear map, by automatic differentiation."""
    with torch.enable_grad():
        leaf = torch.zeros_like(place).requires_grad_()
        return [torch.autograd.grad(linear(leaf), leaf, signal)[0]]


def signed(entries: torch.Tensor, sign: int) -> torch.Tensor:
    """The entries of one sign, zero elsewhere."""
    return entries.clamp(min=0) if sign > 0 else entries.clamp(max=0)


@dataclass(frozen=True, eq=False)
class Neurons(AbstractOperation):
    """y = σ(A u + c): an affine step and the activation that alone follows it, as one."""

    affine: AbstractAffine
    activation: Elementwise

    def forward(self, inputs: Tensors) -> torch.Tensor:
        return self.activation.function(self.affine.forward(inputs))


def matrix(affine: AbstractAffine, inputs: Tensors) -> torch.Tensor:
    """A of an affine step as a dense matrix. Shape ``(entries of the output, entries of all inputs)``.

    Args:
        affine: the step.
        inputs: one row of each input, for the shapes.
    """
    sizes = [each[0].numel() for each in inputs]
    basis = torch.eye(sum(sizes), dtype=inputs[0].dtype, device=inputs[0].device).split(sizes, 1)
    columns = affine.linear([part.reshape(-1, *each.shape[1:]) for part, each in zip(basis, inputs, strict=True)])
    return columns.reshape(len(columns), -1).T
