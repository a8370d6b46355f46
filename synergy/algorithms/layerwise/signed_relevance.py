"""Relevance to the positive and negative parts of a neuron's value: the algorithm of LRP-αβ and Deep Taylor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from decompositions.networks.operations import AbstractAffine
from synergy.algorithms.layerwise.relevance import AbstractRelevance, safe_ratio


@dataclass(frozen=True)
class SignedRelevance(AbstractRelevance):
    r"""R_i = Σ_j (α z⁺_ji / (Σz⁺ + c⁺) − β z⁻_ji / (Σz⁻ + c⁻)) R_j; a part whose sum is 0 gives nothing.

    Args:
        alpha, beta: the factors of the parts.
        bias: whether the bias takes part in the denominators.
        proportional: whether a step without weights of its own, as an average or the sum of two branches, passes
            relevance on in proportion, R_i = Σ_j z_ji / z_j R_j.
    """

    alpha: float
    beta: float
    bias: bool
    proportional: bool = False

    def share(
        self, operation: AbstractAffine, inputs: list[torch.Tensor], value: torch.Tensor, relevance: torch.Tensor
    ) -> list[torch.Tensor]:
        if self.proportional and operation.weightless:
            back = operation.transpose(safe_ratio(relevance, value), inputs)
            return [each * signal for each, signal in zip(inputs, back, strict=True)]
        given = [torch.zeros_like(each) for each in inputs]
        for sign, factor in ((1, self.alpha), (-1, -self.beta)):
            if factor:
                self._one_sign(operation, inputs, factor * relevance, sign, given)
        return given

    def _one_sign(
        self,
        operation: AbstractAffine,
        inputs: list[torch.Tensor],
        relevance: torch.Tensor,
        sign: int,
        given: list[Any],
    ) -> None:
        """Add what the parts of one sign are given: entries of A and inputs whose product has it."""
        pairs = []
        for entry_sign in (1, -1):
            part = operation.part(entry_sign)
            if part is not None:
                pairs.append((part, [_clamped(each, sign * entry_sign) for each in inputs]))
        linear = [part.linear(some) for part, some in pairs]
        total = sum(linear[1:], linear[0])
        if self.bias and operation.constant is not None:
            total = total + _clamped(operation.constant, sign)
        signal = safe_ratio(relevance, total)
        for part, some in pairs:
            for place, (each, back) in enumerate(zip(some, part.transpose(signal, some), strict=True)):
                given[place] = given[place] + each * back


def _clamped(values: torch.Tensor, sign: int) -> torch.Tensor:
    return values.clamp(min=0) if sign > 0 else values.clamp(max=0)
