"""Layer-wise theory: per-layer policies composed through the network by multipliers.

Neuron by neuron and dense, for networks of a few thousand neurons: the policies' side of the comparison with the
algorithms, which go through the network their own way (:mod:`synergy.algorithms.layerwise.backward`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch

from decompositions.arithmetic import Array
from decompositions.games.game import Game
from decompositions.models.full_precision import full_precision
from decompositions.models.undisturbed import outside_inference
from decompositions.networks.frozen import Normalisation, frozen
from decompositions.networks.interactions import (
    AbstractInteraction,
    Contraction,
    LogSumExp,
    Product,
    Softmax,
    other,
    twice,
)
from decompositions.networks.merging import fused
from decompositions.networks.network import Network, Step
from decompositions.networks.operations import (
    AbstractAffine,
    Combination,
    Elementwise,
    MaxPooling,
    Neurons,
    Rearrangement,
    Scaling,
)
from decompositions.networks.reading.tracing import network
from decompositions.networks.secant import secant
from synergy.explained import chooser, explained
from synergy.policies.layer_policy import LayerPolicy

Channels = list[torch.Tensor]  # the change of each channel at a place, or the multiplier of each


@full_precision()
@outside_inference()
def propagate(game: Game, policy: LayerPolicy) -> Array:
    r"""A layer-wise method from its per-layer policy.

    .. math:: m_{\text{out}} = 1, \qquad R_i = \sum_j C_{ij} m_j, \qquad m_i = R_i / (u_i - u^0_i), \qquad
              a_i = m_i (x_i - b_i)

    At u = 0 instead of a reference (LRP) the changes are the values. Written with C_ij per unit of change, so that
    nothing is divided by a change of zero.

    Returns:
        The attributions, averaged over the baselines. Shape ``(n,)``.
    """
    cube, f = explained(game)
    steps = network(f.module, cube.x)
    steps = fused(steps if policy.at_reference else frozen(steps, policy.shares_held))
    rows = []
    for number in range(len(cube.baseline)):
        x = cube.x[number % len(cube.x)][None]
        rows.append(_entries(steps, policy, x, cube.baseline[number : number + 1], chooser(f)))
    return cube.by_player(torch.stack(rows, 1))[0]


def _entries(steps: Network, policy: LayerPolicy, x: torch.Tensor, baseline: torch.Tensor, choose: Any) -> torch.Tensor:
    """The attributions of one input's entries: changes forwards, multipliers back."""
    values = steps.values(x)
    references = steps.values(baseline) if policy.at_reference else [torch.zeros_like(value) for value in values]
    change = x - references[0]
    changes: list[Channels] = [[change.clamp(min=0), change.clamp(max=0)] if policy.channels else [change]]
    transfers = []
    for place, step in enumerate(steps.steps, start=1):
        here = _Here(step, policy, [values[k] for k in step.inputs], [references[k] for k in step.inputs])
        transfer = here.transfer([changes[k] for k in step.inputs])
        transfers.append(transfer)
        changes.append(transfer.changes or [_change(values[place], references[place])])
    multipliers: list[Channels | None] = [None] * len(values)
    multipliers[-1] = [choose(values[-1])] * len(changes[-1])
    for place in range(len(steps.steps), 0, -1):
        m = multipliers[place]
        if m is None:
            continue
        for source, given in zip(steps.steps[place - 1].inputs, transfers[place - 1].back(m), strict=True):
            known = multipliers[source]
            multipliers[source] = given if known is None else [a + b for a, b in zip(known, given, strict=True)]
    assert multipliers[0] is not None
    parts = [m * each for m, each in zip(multipliers[0], changes[0], strict=True)]
    return sum(parts[1:], parts[0])


@dataclass(frozen=True)
class _Transfer:
    """A step gone through: the changes of its output's channels (None: its one change), and the way back."""

    changes: Channels | None
    back: Callable[[Channels], list[Channels]]


@dataclass(frozen=True)
class _Here:
    """A step between the values of its inputs and their references."""

    step: Step
    policy: LayerPolicy
    values: list[torch.Tensor]
    references: list[torch.Tensor]

    def transfer(self, changes: list[Channels]) -> _Transfer:
        operation = self.step.operation
        if isinstance(operation, Rearrangement):
            moved = [operation.carried([each[c] for each in changes]) for c in range(len(changes[0]))]
            return _Transfer(moved, lambda m: self._rearranged(operation, m))
        if isinstance(operation, MaxPooling):
            return self._pooled(operation, changes)
        if isinstance(operation, Neurons):
            return self._neurons(operation.affine, operation.activation.function, changes)
        if isinstance(operation, AbstractAffine):
            return self._neurons(operation, lambda z: z, changes)
        if isinstance(operation, Elementwise) and not self.policy.at_reference:
            return self._passed_on(operation)
        if isinstance(operation, Elementwise) and self.policy.channels and not operation.everywhere:
            slope = secant(operation, self.references[0], self.values[0])
            return self._neurons(Scaling(slope[0], None), lambda z: z, changes)
        if isinstance(operation, Elementwise):
            return self._neurons(Combination((1.0,)), operation.function, changes)
        if isinstance(operation, Normalisation):
            return self._of_one(operation.frozen(self.values), 0, changes)
        assert isinstance(operation, AbstractInteraction)
        if self.policy.at_reference:
            between, start = operation.between(self.values, self.references), operation.forward(self.references)
            return self._neurons(between, lambda z: z, changes, start)
        if isinstance(operation, Contraction) and operation.held is not None:
            return self._of_one(other(operation.held, self.values), 1 - operation.held, changes)
        if isinstance(operation, Contraction):
            return self._neurons(twice(self.values), lambda z: z / 2, changes)
        return _Transfer(None, lambda m: [[each] for each in self._at_zero(operation, m[0])])

    def _at_zero(self, operation: AbstractInteraction, m: torch.Tensor) -> list[torch.Tensor]:
        """The multipliers of what has no weights at u = 0: R = m y is R_u = m_u u for every input."""
        if isinstance(operation, Product):
            u, v = self.values
            parts = [0.5, 0.5] if operation.held is None else [float(k != operation.held) for k in range(2)]
            return [(parts[0] * m * v).sum_to_size(u.shape), (parts[1] * m * u).sum_to_size(v.shape)]
        assert isinstance(operation, (Softmax, LogSumExp))
        shares = self.values[0].softmax(operation.axis)
        if isinstance(operation, LogSumExp):
            return [shares * m]
        return [shares * (m - (shares * m).sum(operation.axis, keepdim=True))]

    def _of_one(self, affine: AbstractAffine, place: int, changes: list[Channels]) -> _Transfer:
        """A step of two inputs as an affine map of one of them, the other held constant."""
        one = replace(self, values=[self.values[place]], references=[self.references[place]])
        inner = one._neurons(affine, lambda z: z, [changes[place]])

        def back(m: Channels) -> list[Channels]:
            given: list[Channels] = [[torch.zeros_like(value)] for value in self.values]
            given[place] = inner.back(m)[0]
            return given

        return _Transfer(inner.changes, back)

    def _passed_on(self, operation: Elementwise) -> _Transfer:
        """An activation on its own keeps the relevance of each entry: R = m y = m' u."""
        value = self.values[0]
        ratio = torch.where(value == 0, 0.0, operation.forward(self.values) / torch.where(value == 0, 1.0, value))
        return _Transfer(None, lambda m: [[m[0] * ratio]])

    def _rearranged(self, operation: Rearrangement, m: Channels) -> list[Channels]:
        by_channel = [operation.back(each, self.values) for each in m]
        return [list(channels) for channels in zip(*by_channel, strict=True)]

    def _neurons(
        self, affine: AbstractAffine, sigma: Any, changes: list[Channels], start: torch.Tensor | None = None
    ) -> _Transfer:
        """One neuron after the other: z of every player, the policy's rates, and the wires back."""
        dense = _dense(affine, self.values)
        policy = (affine.weightless and self.policy.weightless) or self.policy
        start = affine.forward(self.references) if start is None else start
        count, shape = len(changes[0]), start.shape
        players = torch.stack([torch.cat([each[c].flatten() for each in changes]) for c in range(count)])
        wires: list[tuple[int, torch.Tensor, torch.Tensor, torch.Tensor]] = []
        outputs = torch.zeros(2, len(dense), dtype=dense.dtype)
        for j, (row, origin) in enumerate(zip(dense, start.flatten(), strict=True)):
            places = row.nonzero().squeeze(1)
            if torch.isinf(origin) or not len(places):  # masked at x and at the reference, or it reads nobody
                continue
            z = players[:, places] * row[places]
            rates = policy.rates(z.flatten(), origin, sigma).reshape(z.shape)
            outputs[0, j], outputs[1, j] = (rates * z)[z > 0].sum(), (rates * z)[z < 0].sum()
            wires.append((j, places, rates * row[places], (z < 0).long()))

        def back(m: Channels) -> list[Channels]:
            signals, total = torch.stack([each.flatten() for each in m]), torch.zeros_like(players)
            for j, places, slopes, side in wires:
                total[:, places] += slopes * (signals[side, j] if len(m) > 1 else signals[0, j])
            sizes = [each.numel() for each in self.values]
            pieces = total.split(sizes, 1)
            return [[row.reshape(v.shape) for row in piece] for piece, v in zip(pieces, self.values, strict=True)]

        return _Transfer([row.reshape(shape) for row in outputs] if self.policy.channels else None, back)

    def _pooled(self, operation: MaxPooling, changes: list[Channels]) -> _Transfer:
        """Where x and the reference have the same winner, everything is the winner's, channel by channel; else a rise
        belongs to the winner at x and a fall to that at the reference. At u = 0 the winner takes all."""
        high, low = operation.forward(self.values), operation.forward(self.references)
        same = operation.winners(self.values) == operation.winners(self.references)
        same = same if self.policy.at_reference else torch.ones_like(same)
        change, pooled = self.values[0] - self.references[0], high - low

        def back(m: Channels) -> list[Channels]:
            moved = torch.where(pooled > 0, m[0], m[-1]) * pooled * ~same
            credit = operation.to_winners(torch.where(pooled > 0, moved, 0.0), self.values)
            credit = credit + operation.to_winners(torch.where(pooled > 0, 0.0, moved), self.references)
            given = torch.where(change == 0, 0.0, credit / torch.where(change == 0, 1.0, change))
            return [[given + operation.to_winners(torch.where(same, each, 0.0), self.values) for each in m]]

        if not self.policy.channels:
            return _Transfer(None, back)
        kept = [operation.at_winners(each, self.values) for each in changes[0]]
        alone = [pooled.clamp(min=0), pooled.clamp(max=0)]
        return _Transfer([torch.where(same, a, b) for a, b in zip(kept, alone, strict=True)], back)


def _change(value: torch.Tensor, reference: torch.Tensor) -> torch.Tensor:
    """What changes; nothing where both are the same infinity, which masks an entry."""
    return torch.where(value == reference, 0.0, value - reference)


def _dense(affine: AbstractAffine, inputs: list[torch.Tensor]) -> torch.Tensor:
    """A of an affine step for one row, wherever its batch axis is. Shape ``(entries of the output, of all inputs)``."""
    sizes = [each.numel() for each in inputs]
    basis = torch.eye(sum(sizes), dtype=inputs[0].dtype).split(sizes, 1)
    shaped = [part.reshape(-1, *each.shape) for part, each in zip(basis, inputs, strict=True)]
    columns = torch.func.vmap(lambda *parts: affine.linear(parts))(*shaped)
    return columns.reshape(len(columns), -1).T
