"""Shapley values of whole neurons, composed by multipliers: the algorithm of fused Deep SHAP."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import factorial

import torch

from decompositions import degrees
from decompositions.networks.network import Step
from decompositions.networks.operations import Neurons, matrix
from decompositions.networks.secant import secant
from synergy.algorithms.layerwise.backward import AbstractRule
from synergy.algorithms.layerwise.rescale import Pair, Rescale

FAN_IN = 16  # 2**16 values per neuron; more is refused
VALUES = 2**22  # values of neurons that are held at once


@dataclass(frozen=True)
class FusedShapley(AbstractRule):
    """Every neuron's Shapley values, as multipliers; all other steps as in Rescale."""

    rest: Rescale = field(default_factory=Rescale)

    def start(self, inputs: torch.Tensor, baselines: torch.Tensor) -> Pair:
        return self.rest.start(inputs, baselines)

    def forward(self, step: Step, states: list[Pair]) -> Pair:
        return self.rest.forward(step, states)

    def seed(self, state: Pair, chosen: torch.Tensor) -> torch.Tensor:
        return self.rest.seed(state, chosen)

    def finish(self, state: Pair, signal: torch.Tensor, output: Pair, chosen: torch.Tensor) -> torch.Tensor:
        return self.rest.finish(state, signal, output, chosen)

    def back(self, step: Step, states: list[Pair], result: Pair, signal: torch.Tensor) -> list[torch.Tensor]:
        if isinstance(step.operation, Neurons):
            return _neurons(step, states, signal)
        return self.rest.back(step, states, result, signal)


def _neurons(step: Step, states: list[Pair], signal: torch.Tensor) -> list[torch.Tensor]:
    """Σ_j m_j times the multiplier of each input in neuron j."""
    operation = step.operation
    assert isinstance(operation, Neurons)
    dense = matrix(operation.affine, [value[:1] for value, _ in states])
    places, weights = _wires(dense, step.name)
    changes = [value - reference for value, reference in states]
    change = torch.cat([each.flatten(1) for each in changes], 1)
    _require_alike(operation.affine.linear(changes).flatten(1), change @ dense.T, step.name)
    start = operation.affine.forward([reference for _, reference in states]).flatten(1)
    signals, total = signal.flatten(1), torch.zeros_like(change)
    count = max(1, VALUES // (len(change) << places.shape[1]))
    for some in torch.arange(len(dense), device=dense.device).split(count):
        multipliers = _multipliers(operation, start[:, some], change[:, places[some]], weights[some])
        shares = (multipliers * signals[:, some, None]).flatten(1)
        total.index_add_(1, places[some].flatten(), shares)
    pieces = total.split([value[0].numel() for value, _ in states], 1)
    return [piece.reshape(value.shape) for piece, (value, _) in zip(pieces, states, strict=True)]


def _require_alike(given: torch.Tensor, by_matrix: torch.Tensor, name: str) -> None:
    """Refuse a step that treats the entries of its first axis differently, so that one matrix is not all of it."""
    if given.is_meta:
        return
    unit = 1e3 * torch.finfo(given.dtype).eps * max(1.0, float(given.abs().max()))
    if given.shape != by_matrix.shape or not torch.isclose(given, by_matrix, rtol=0.0, atol=unit).all():
        raise ValueError(
            f"'{name}' computes otherwise at every place of its first axis, which is not the batch; the Shapley values "
            "of neurons are found where the batch comes first: take deep_shap(fused=False)"
        )


def _wires(dense: torch.Tensor, name: str) -> tuple[torch.Tensor, torch.Tensor]:
    """The inputs of each neuron and their weights. Shape ``(neurons, fan-in)``; shorter rows are filled with zeros."""
    fan_in = int((dense != 0).sum(1).max())
    if fan_in > FAN_IN:
        raise ValueError(
            f"'{name}' has neurons of {fan_in} inputs; the Shapley values of a neuron take 2^fan-in values each, and "
            f"more than {FAN_IN} inputs are refused: take deep_shap(fused=False)"
        )
    places = dense.abs().argsort(dim=1, descending=True, stable=True)[:, : max(1, fan_in)]
    return places, dense.gather(1, places)


def _multipliers(operation: Neurons, start: torch.Tensor, change: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Shapley value of an input in its neuron, divided by the input's change. Shape ``(batch, neurons, fan-in)``.

    Which is its weight times the mean slope over the orders, between the points without it and with it.
    """
    n = change.shape[-1]
    z = change * weights
    bits = degrees.bits(0, 2**n, n, z.device).to(z.dtype)
    points, columns = start[..., None] + z @ bits.T, []
    chances = _chances(n).to(z)[bits.sum(1).long()]
    others = torch.arange(2 ** (n - 1), device=z.device)
    for i in range(n):
        without = (others >> i << i + 1) + (others & (1 << i) - 1)  # the coalitions without i, in order
        rates = secant(operation.activation, points[..., without], points[..., without + (1 << i)])
        columns.append((rates * chances[without]).sum(-1) * weights[:, i])
    return torch.stack(columns, -1)


def _chances(n: int) -> torch.Tensor:
    """The chance that just the s players of a coalition come before a given other one: s!(n−s−1)!/n!."""
    return torch.tensor(
        [factorial(s) * factorial(n - s - 1) / factorial(n) if s < n else 0.0 for s in range(n + 1)],
        dtype=torch.float64,
    )
