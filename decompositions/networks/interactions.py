"""Steps whose inputs act together: products of two values, and softmax.

Between a value and its reference each of them is an affine map, exactly: y − y⁰ = A (u − u⁰), with weights that are
averages over the way. So whatever is defined for affine steps is defined for these.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch

from decompositions.networks.operations import AbstractAffine, AbstractOperation, Tensors, Weighted, signed


class AbstractInteraction(AbstractOperation):
    """A step that is affine between two places."""

    @abstractmethod
    def between(self, values: Tensors, references: Tensors) -> AbstractAffine:
        """The affine map that takes the changes of the inputs to the change of the output."""


@dataclass(frozen=True, eq=False)
class Product(AbstractInteraction):
    """z = u · v entry by entry, both from the input: a gate, a normalisation. Inputs may be broadcast.

    Args:
        held: which of the two relevance propagation holds constant (0 or 1), as the reciprocal of the input's own size;
            None for neither.
    """

    held: int | None = None

    def forward(self, inputs: Tensors) -> torch.Tensor:
        return inputs[0] * inputs[1]

    def between(self, values: Tensors, references: Tensors) -> Bilinear:
        return Bilinear(_times, *_middle(values, references))


@dataclass(frozen=True, eq=False)
class Contraction(AbstractInteraction):
    """z = u v as matrices, both from the input: queries by keys, shares by values. Leading axes may be broadcast.

    Args:
        held: as for a product.
    """

    held: int | None = None

    def forward(self, inputs: Tensors) -> torch.Tensor:
        return inputs[0] @ inputs[1]

    def between(self, values: Tensors, references: Tensors) -> Bilinear:
        return Bilinear(_matrices, *_middle(values, references))


@dataclass(frozen=True, eq=False)
class Bilinear(AbstractAffine):
    """(Δu, Δv) ↦ B(Δu, v̄) + B(ū, Δv): a product between two places, whose weights are the means of its factors.

    The mixed effect B(Δu, Δv) is shared equally.
    """

    multiply: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
    left: torch.Tensor
    right: torch.Tensor

    def linear(self, inputs: Tensors) -> torch.Tensor:
        return self.multiply(inputs[0], self.right) + self.multiply(self.left, inputs[1])

    def transpose(self, signal: torch.Tensor, inputs: Tensors) -> list[torch.Tensor]:
        if self.multiply is _matrices and self.left.ndim > 1 and self.right.ndim > 1:
            back = signal @ self.right.mT, self.left.mT @ signal
        elif self.multiply is _times:
            back = signal * self.right, signal * self.left
        else:
            return _pulled(self, signal, inputs)
        return [each.sum_to_size(u.shape) for each, u in zip(back, inputs, strict=True)]

    def part(self, sign: int) -> AbstractAffine:
        return replace(self, left=signed(self.left, sign), right=signed(self.right, sign))

    @property
    def constant(self) -> torch.Tensor | None:
        return None


def twice(values: Tensors) -> Bilinear:
    """2z = uv + uv, once as a map of u and once as one of v: a contraction from zero, half of it to each factor."""
    return Bilinear(_matrices, *values)


def other(held: int, values: Tensors) -> Weighted:
    """A contraction as a map of the factor that is not held constant."""
    return Weighted(_matrices, values[1]) if held else Weighted(lambda v, u: u @ v, values[0])


@dataclass(frozen=True, eq=False)
class Softmax(AbstractInteraction):
    """s = exp(z) / Σ exp(z) along an axis. It is never taken apart: sums of exponentials cancel."""

    axis: int

    def forward(self, inputs: Tensors) -> torch.Tensor:
        shares = inputs[0].softmax(self.axis)
        masked = (inputs[0] == -torch.inf).all(self.axis, keepdim=True)
        return torch.where(masked, 0.0, shares)

    def between(self, values: Tensors, references: Tensors) -> SoftmaxSecant:
        return SoftmaxSecant(logarithmic_means(values[0], references[0], self.axis), self.axis)


@dataclass(frozen=True, eq=False)
class SoftmaxSecant(AbstractAffine):
    r"""Δs_j = L_j (Δz_j − Σ_k L_k Δz_k / ΣL), with the logarithmic means L_j of the shares at both places.

    Exact, as Δ ln s_j = Δz_j − Δ logsumexp and ΣΔs = 0. Its entries are at most 1 in size.
    """

    means: torch.Tensor
    axis: int
    sign: int = 0  # of the entries that are kept: the diagonal is positive, all others negative

    def linear(self, inputs: Tensors) -> torch.Tensor:
        return self._map(inputs[0])

    def transpose(self, signal: torch.Tensor, inputs: Tensors) -> list[torch.Tensor]:
        return [self._map(signal)]  # a symmetric matrix

    def part(self, sign: int) -> AbstractAffine:
        return replace(self, sign=sign)

    @property
    def constant(self) -> torch.Tensor | None:
        return None

    def _map(self, z: torch.Tensor) -> torch.Tensor:
        total = self.means.sum(self.axis, keepdim=True)
        shares = self.means / torch.where(total == 0, 1.0, total)
        own = self.means * (1 - shares)
        if self.sign > 0:
            return own * z
        others = self.means * ((shares * z).sum(self.axis, keepdim=True) - shares * z)
        return -others if self.sign < 0 else own * z - others


@dataclass(frozen=True, eq=False)
class LogSumExp(AbstractInteraction):
    """y = ln Σ exp(z) along an axis, which stays with one entry."""

    axis: int

    def forward(self, inputs: Tensors) -> torch.Tensor:
        return inputs[0].logsumexp(self.axis, keepdim=True)

    def between(self, values: Tensors, references: Tensors) -> Shares:
        means = logarithmic_means(values[0], references[0], self.axis)
        return Shares(means / means.sum(self.axis, keepdim=True), self.axis)


@dataclass(frozen=True, eq=False)
class Shares(AbstractAffine):
    """y = Σ_k w_k z_k along an axis, with weights of its own at every place."""

    weights: torch.Tensor
    axis: int

    def linear(self, inputs: Tensors) -> torch.Tensor:
        return (self.weights * inputs[0]).sum(self.axis, keepdim=True)

    def transpose(self, signal: torch.Tensor, inputs: Tensors) -> list[torch.Tensor]:
        return [self.weights * signal]

    def part(self, sign: int) -> AbstractAffine:
        return replace(self, weights=signed(self.weights, sign))

    @property
    def constant(self) -> torch.Tensor | None:
        return None


def logarithmic_means(values: torch.Tensor, references: torch.Tensor, axis: int) -> torch.Tensor:
    r"""L_j = (s_j − s⁰_j) / (ln s_j − ln s⁰_j) of the shares of a softmax at two places; 0 where both are masked.

    Raises:
        ValueError: an entry is masked (−∞) at one of the places only.
    """
    values, references = torch.broadcast_tensors(values, references)
    if ((values == -torch.inf) != (references == -torch.inf)).any():
        raise ValueError(
            "an entry of a softmax is masked (−∞) at one of x and its reference only, where no multiplier is finite; "
            "give both the same mask"
        )
    high, low = values.log_softmax(axis), references.log_softmax(axis)
    masked = values == -torch.inf
    apart = torch.where(masked, 0.0, high - low).abs()
    size = torch.maximum(high, low).exp()
    mean = torch.where(apart == 0, size, size * -torch.expm1(-apart) / torch.where(apart == 0, 1.0, apart))
    return torch.where(masked, 0.0, mean)


def _times(u: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    return u * v


def _matrices(u: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    return u @ v


def _middle(values: Tensors, references: Tensors) -> list[torch.Tensor]:
    return [(value + reference) / 2 for value, reference in zip(values, references, strict=True)]


def _pulled(affine: AbstractAffine, signal: torch.Tensor, inputs: Tensors) -> list[torch.Tensor]:
    with torch.enable_grad():
        leaves = [torch.zeros_like(each).requires_grad_() for each in inputs]
        return list(torch.autograd.grad(affine.linear(leaves), leaves, signal))
