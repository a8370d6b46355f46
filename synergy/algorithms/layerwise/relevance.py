"""Layer-wise relevance propagation: what the LRP rules, AttnLRP and Deep Taylor share."""

from __future__ import annotations

from abc import abstractmethod

import torch

from decompositions.games.game import Game
from decompositions.models.full_precision import full_precision
from decompositions.networks.frozen import Normalisation, frozen
from decompositions.networks.interactions import Contraction, LogSumExp, Product, Softmax, other, twice
from decompositions.networks.network import Step
from decompositions.networks.operations import AbstractAffine, Elementwise, MaxPooling, Rearrangement
from decompositions.networks.reading.tracing import network
from synergy.algorithms.layerwise.backward import AbstractRule, run
from synergy.explained import chooser, explained


class AbstractRelevance(AbstractRule):
    """Relevance starts as the target's value and goes back; an activation passes it on, a winner takes all.

    The rules of attention are those of AttnLRP: half of a product to each factor, Gradient × Input through a softmax,
    the deviation of a normalisation held constant. The baseline plays no part: the rules imply u = 0. The network is
    one that :func:`decompositions.networks.frozen.frozen` has gone over.
    """

    @abstractmethod
    def share(
        self, operation: AbstractAffine, inputs: list[torch.Tensor], value: torch.Tensor, relevance: torch.Tensor
    ) -> list[torch.Tensor]:
        """The relevance of an affine step's inputs, from that of its output, whose value is known."""

    def start(self, inputs: torch.Tensor, baselines: torch.Tensor) -> torch.Tensor:
        return inputs

    def forward(self, step: Step, states: list[torch.Tensor]) -> torch.Tensor:
        return step.operation.forward(states)

    def seed(self, state: torch.Tensor, chosen: torch.Tensor) -> torch.Tensor:
        return state * chosen

    def back(
        self, step: Step, states: list[torch.Tensor], result: torch.Tensor, signal: torch.Tensor
    ) -> list[torch.Tensor | None]:
        operation = step.operation
        if isinstance(operation, AbstractAffine):
            return [*self.share(operation, states, result, signal)]
        if isinstance(operation, Elementwise):
            return [signal]
        if isinstance(operation, MaxPooling):
            return [operation.to_winners(signal, states)]
        if isinstance(operation, Rearrangement):
            return [*operation.back(signal, states)]
        if isinstance(operation, Product):
            return _factors(operation, states, signal)
        if isinstance(operation, Contraction):
            return self._contraction(operation, states, result, signal)
        if isinstance(operation, Normalisation):
            return [*self.share(operation.frozen(states), states[:1], result, signal), None]
        if isinstance(operation, Softmax):
            return [_first_order(operation, states[0], result, signal)]
        assert isinstance(operation, LogSumExp)
        shares = states[0].softmax(operation.axis) * states[0]
        return [torch.where(shares.isnan(), 0.0, shares) * safe_ratio(signal, result)]

    def finish(
        self, state: torch.Tensor, signal: torch.Tensor, output: torch.Tensor, chosen: torch.Tensor
    ) -> torch.Tensor:
        return signal

    def _contraction(
        self, operation: Contraction, states: list[torch.Tensor], result: torch.Tensor, signal: torch.Tensor
    ) -> list[torch.Tensor | None]:
        """By the method's own rule, half to each factor, or all to the one that is not held constant."""
        if operation.held is None:
            return [*self.share(twice(states), states, 2 * result, signal)]
        free = 1 - operation.held
        given: list[torch.Tensor | None] = [None, None]
        given[free] = self.share(other(operation.held, states), [states[free]], result, signal)[0]
        return given


def _factors(operation: Product, states: list[torch.Tensor], signal: torch.Tensor) -> list[torch.Tensor | None]:
    """Half to each factor; all to the other where one is held constant."""
    if operation.held is None:
        return [(0.5 * signal).sum_to_size(each.shape) for each in states]
    return [None if k == operation.held else signal.sum_to_size(each.shape) for k, each in enumerate(states)]


def _first_order(operation: Softmax, z: torch.Tensor, shares: torch.Tensor, signal: torch.Tensor) -> torch.Tensor:
    """R_i = z_i (R_i − s_i Σ R): Gradient × Input of a softmax, whose masked entries are given nothing."""
    given = torch.where(z == -torch.inf, 0.0, z) * (signal - shares * signal.sum(operation.axis, keepdim=True))
    return given


def safe_ratio(relevance: torch.Tensor, total: torch.Tensor) -> torch.Tensor:
    """relevance / total, and 0 where the total is 0: there is nobody to give it to, and the relevance is lost."""
    return torch.where(total == 0, torch.zeros_like(total), relevance / torch.where(total == 0, 1, total))


@full_precision()
def ledger(game: Game, rule: AbstractRelevance) -> list[tuple[str, float, float]]:
    """Where relevance is lost or made: for each step, the relevance that came back to it and what it passed on.

    The entries are in the order in which the relevance travels, for the input x (and the first baseline).
    """
    cube, f = explained(game)
    entries: list[tuple[str, float, float]] = []

    def watch(step: Step, signal: torch.Tensor, given: list[torch.Tensor]) -> None:
        passed = sum(float(each.sum()) for each in given if each is not None)
        entries.append((step.name, float(signal.sum()), passed))

    run(frozen(network(f.module, cube.x)), rule, cube.x[:1], cube.baseline[:1], chooser(f), watch)
    return entries
