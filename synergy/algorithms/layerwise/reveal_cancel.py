"""The RevealCancel rule: two channels per unit, through all layers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import torch

from decompositions.networks.interactions import AbstractInteraction
from decompositions.networks.network import Step
from decompositions.networks.operations import (
    AbstractAffine,
    AbstractOperation,
    Elementwise,
    MaxPooling,
    Rearrangement,
    Scaling,
)
from decompositions.networks.secant import secant
from synergy.algorithms.layerwise.backward import AbstractRule
from synergy.algorithms.layerwise.rescale import to_winners


class Channels(NamedTuple):
    """A unit's reference, the two channels of its change, and its value, which is their sum but for rounding."""

    reference: torch.Tensor
    plus: torch.Tensor
    minus: torch.Tensor
    value: torch.Tensor


LEFT = 1e-3  # of a change: how far its channels may miss it
ROUNDINGS = 64.0  # of what changes: likewise, as its own value is rounded so often
Multipliers = tuple[torch.Tensor, torch.Tensor]  # of the plus and the minus channel


@dataclass(frozen=True)
class RevealCancel(AbstractRule):
    """Shapley's average over the two orders of the positive and the negative contributions to a neuron."""

    def start(self, inputs: torch.Tensor, baselines: torch.Tensor) -> Channels:
        change = inputs - baselines
        return Channels(baselines, change.clamp(min=0), change.clamp(max=0), inputs)

    def forward(self, step: Step, states: list[Channels]) -> Channels:
        operation = step.operation
        reference, value = (operation.forward([state[k] for state in states]) for k in (0, 3))
        if isinstance(operation, AbstractAffine):
            return Channels(reference, *_contributions(operation, states), value)
        if isinstance(operation, Elementwise) and operation.everywhere:
            return Channels(reference, *_two_orders(operation, states[0]), value)
        if isinstance(operation, MaxPooling):
            return _pooled(operation, states[0], reference, value)
        if isinstance(operation, Rearrangement):
            plus, minus = (operation.carried([state[k] for state in states]) for k in (1, 2))
            return Channels(reference, plus, minus, value)
        return Channels(reference, *_contributions(_between(operation, states), states), value)

    def seed(self, state: Channels, chosen: torch.Tensor) -> Multipliers:
        _require_digits(state, chosen)
        return chosen, chosen

    def back(self, step: Step, states: list[Channels], result: Channels, signal: Multipliers) -> list[Multipliers]:
        operation = step.operation
        if isinstance(operation, AbstractAffine):
            return _transposed(operation, states, signal)
        if isinstance(operation, Elementwise) and operation.everywhere:
            return [_secants(operation, states[0], signal)]
        if isinstance(operation, Rearrangement):
            both = [operation.back(each, [state.plus for state in states]) for each in signal]
            return list(zip(*both, strict=True))
        if isinstance(operation, MaxPooling):
            return [_winners(operation, states[0], result, signal)]
        return _transposed(_between(operation, states), states, signal)

    def finish(self, state: Channels, signal: Multipliers, output: Channels, chosen: torch.Tensor) -> torch.Tensor:
        entries = signal[0] * state.plus + signal[1] * state.minus
        _require_sum(entries, output, chosen)
        return entries


def _require_digits(state: Channels, chosen: torch.Tensor) -> None:
    """Refuse channels that have grown so large that their sum has no digit left.

    Raises:
        ValueError: what cancels between them is larger than the output's change by all digits of its type.
    """
    change = state.value - state.reference
    gap = (state.plus + state.minus - change).abs() * chosen
    beyond = gap - _slack(state)
    if not gap.is_meta and not (beyond <= 0).all():
        worst = int(beyond.nan_to_num(math.inf).argmax())
        grown, changed = float(state.plus.abs().flatten()[worst]), float(change.abs().flatten()[worst])
        size_of_parts = f"{grown:.0e}" if math.isfinite(grown) else f"more than {change.dtype} holds"
        raise ValueError(
            "RevealCancel keeps positive and negative parts apart through all layers, and here they grow to "
            f"{size_of_parts} where the output changes by {changed:.0e}: too few digits are left of their sum; take "
            "deeplift_rescale, or a network of fewer layers"
        )


def _require_sum(entries: torch.Tensor, output: Channels, chosen: torch.Tensor) -> None:
    """Refuse attributions that do not add up to the output's change, as those of exact channels do.

    Raises:
        ValueError: on the way what cancels between the channels was larger than the change by all digits of the type.
    """
    change = (output.value - output.reference) * chosen
    total = _by_input(entries)
    beyond = (total - _by_input(change)).abs() - _by_input(_slack(output) * chosen.abs())
    if not beyond.is_meta and not (beyond <= 0).all():
        worst = int(beyond.nan_to_num(math.inf).argmax())
        raise ValueError(
            "RevealCancel keeps positive and negative parts apart through all layers, and here they cancel until too "
            f"few digits are left in {change.dtype}: the attributions add up to {float(total[worst]):.6g} where the "
            f"output changes by {float(change[worst].sum()):.6g}; take deeplift_rescale, or a model in float64"
        )


def _slack(state: Channels) -> torch.Tensor:
    """How far sums may miss the change of every unit: a thousandth of it, and what rounding its values takes."""
    change = (state.value - state.reference).abs()
    rounding = ROUNDINGS * torch.finfo(change.dtype).eps
    return LEFT * change + rounding * (state.value.abs() + state.reference.abs())


def _by_input(values: torch.Tensor) -> torch.Tensor:
    """The sum over all but the batch. Shape ``(batch, …)`` → ``(batch,)``."""
    return values.flatten(1).sum(1) if values.ndim > 1 else values


def _between(operation: AbstractOperation, states: list[Channels]) -> AbstractAffine:
    """A product or a softmax as the affine map between x and the reference; a root or reciprocal by its mean slope.

    The orders of the two channels lead past x and the reference, where a root may not be defined.
    """
    values, references = [state.value for state in states], [state.reference for state in states]
    if isinstance(operation, Elementwise):
        return Scaling(secant(operation, references[0], values[0]), None)
    assert isinstance(operation, AbstractInteraction)
    return operation.between(values, references)


def _contributions(operation: AbstractAffine, states: list[Channels]) -> tuple[torch.Tensor, torch.Tensor]:
    """The sums of the positive and of the negative contributions to every output."""
    sums = []
    for sign in (1, -1):
        total = None
        for entry_sign in (1, -1):
            part = operation.part(entry_sign)
            if part is None:
                continue
            for channel in (1, 2):
                some = part.linear([_clamped(state[channel], sign * entry_sign) for state in states])
                total = some if total is None else total + some
        assert total is not None
        sums.append(total)
    return sums[0], sums[1]


def _two_orders(operation: Elementwise, z: Channels) -> tuple[torch.Tensor, torch.Tensor]:
    f = operation.function
    nothing, plus, minus, both = f(z.reference), f(z.reference + z.plus), f(z.reference + z.minus), f(z.value)
    return ((plus - nothing) + (both - minus)) / 2, ((minus - nothing) + (both - plus)) / 2


def _secants(operation: Elementwise, z: Channels, signal: Multipliers) -> Multipliers:
    """m_z = m_y Δy±/z±: the mean slope of the two orders."""
    given = []
    for own, other, m in ((z.plus, z.minus, signal[0]), (z.minus, z.plus, signal[1])):
        first = secant(operation, z.reference, z.reference + own)
        given.append(m * (first + secant(operation, z.reference + other, z.reference + other + own)) / 2)
    return given[0], given[1]


def _transposed(operation: AbstractAffine, states: list[Channels], signal: Multipliers) -> list[Multipliers]:
    """A channel's multiplier: through the entries that make its contribution positive from m⁺, else from m⁻."""
    shapes = [state.plus for state in states]
    zero = [torch.zeros_like(each) for each in shapes]
    up, down = zero, zero  # for a positive and for a negative change
    for entry_sign in (1, -1):
        part = operation.part(entry_sign)
        if part is None:
            continue
        from_plus, from_minus = (part.transpose(each, shapes) for each in signal)
        first, second = (from_plus, from_minus) if entry_sign > 0 else (from_minus, from_plus)
        up = [a + b for a, b in zip(up, first, strict=True)]
        down = [a + b for a, b in zip(down, second, strict=True)]
    return [
        (torch.where(state.plus >= 0, u, d), torch.where(state.minus > 0, u, d))
        for state, u, d in zip(states, up, down, strict=True)
    ]


def _same_winner(operation: MaxPooling, z: Channels) -> torch.Tensor:
    return operation.winners([z.value]) == operation.winners([z.reference])


def _pooled(operation: MaxPooling, z: Channels, reference: torch.Tensor, value: torch.Tensor) -> Channels:
    """The winner's channels where x and the reference have the same; else a rise is all plus, a fall all minus."""
    change, same = value - reference, _same_winner(operation, z)
    plus, minus = (operation.at_winners(channel, [z.value]) for channel in (z.plus, z.minus))
    plus, minus = torch.where(same, plus, change.clamp(min=0)), torch.where(same, minus, change.clamp(max=0))
    return Channels(reference, plus, minus, value)


def _winners(operation: MaxPooling, z: Channels, y: Channels, signal: Multipliers) -> Multipliers:
    """Each channel back to the same winner's; a rise to the winner at x, a fall to that at the reference."""
    same = _same_winner(operation, z)
    m = torch.where(same, 0.0, torch.where(y.plus > 0, signal[0], signal[1]))
    moved = to_winners(operation, (z.value, z.reference), (y.value, y.reference), m)
    first, second = (moved + operation.to_winners(torch.where(same, each, 0.0), [z.value]) for each in signal)
    return first, second


def _clamped(values: torch.Tensor, sign: int) -> torch.Tensor:
    return values.clamp(min=0) if sign > 0 else values.clamp(max=0)
