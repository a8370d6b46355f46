"""Layer-wise algorithms: a signal goes back through the network, step by step, by the rule of a method."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import torch

from decompositions.arithmetic import Array
from decompositions.games.game import Game
from decompositions.models.full_precision import full_precision
from decompositions.models.undisturbed import outside_inference
from decompositions.networks.network import Network, Step
from decompositions.networks.reading.tracing import network
from synergy.algorithms.layerwise.rounding import rounded
from synergy.explained import chooser, explained

State = Any  # what a rule remembers of a place: a value, a value and its reference, …
Signal = Any  # what goes back: relevance or multipliers, a tensor or a tuple of tensors


class AbstractRule(ABC):
    """How a method treats the steps of a network, forwards and backwards. All tensors are batches."""

    @abstractmethod
    def start(self, inputs: torch.Tensor, baselines: torch.Tensor) -> State:
        """The state of the input."""

    @abstractmethod
    def forward(self, step: Step, states: list[State]) -> State:
        """The state of a step's output."""

    @abstractmethod
    def seed(self, state: State, chosen: torch.Tensor) -> Signal:
        """The signal at the output; ``chosen`` is 1 at the target and 0 elsewhere."""

    @abstractmethod
    def back(self, step: Step, states: list[State], result: State, signal: Signal) -> list[Signal]:
        """The signals of a step's inputs; None for an input that nothing goes back to."""

    @abstractmethod
    def finish(self, state: State, signal: Signal, output: State, chosen: torch.Tensor) -> torch.Tensor:
        """The attributions of the input's entries; what they should add up to is in the output's state."""


@full_precision()
@outside_inference()
def attribute(game: Game, ends: Any, rule: AbstractRule, prepare: Callable[[Network], Network] | None = None) -> Array:
    """A layer-wise method at the end points of a game about a model, averaged over the baselines.

    Args:
        game: the question.
        ends: end points, rows of zeros and ones; None for x.
        rule: of the method.
        prepare: turns the network's steps into those that the rule knows, if it needs others.

    Returns:
        ``(n,)``, or ``(m, n)`` for a batch of end points.

    Raises:
        TypeError: the game has no model.
        ValueError: the model's steps cannot be read, the output is not a logit, or the target is no index.
    """
    cube, f = explained(game)
    steps = network(f.module, cube.x)
    steps = steps if prepare is None else prepare(steps)
    points = game.ends(ends)
    parts = []
    for some in points.split(cube.points_at_once):
        inputs = cube.inputs(some)
        baselines = cube.baseline.expand(inputs.shape)
        entries = run(steps, rule, inputs.flatten(0, 1), baselines.flatten(0, 1), chooser(f))
        cube.on_calls(inputs.shape[0] * inputs.shape[1])
        parts.append(cube.by_player(entries.reshape(inputs.shape)))
    values = torch.cat(parts)
    if not values.is_meta and not torch.isfinite(values).all():
        raise ValueError(
            "the attributions are infinite or no numbers at all: somewhere a signal has outgrown the model's type, or "
            "a slope is infinite between x and the baseline"
        )
    return values[0] if ends is None else values


def run(
    steps: Network,
    rule: AbstractRule,
    inputs: torch.Tensor,
    baselines: torch.Tensor,
    chosen: Callable[[torch.Tensor], torch.Tensor],
    watch: Callable[[Step, Signal, list[Signal]], None] | None = None,
) -> torch.Tensor:
    """One pass forwards, one back. Shape ``(batch, *shape)`` in and out."""
    with torch.no_grad():
        states = [rule.start(inputs, baselines)]
        for step in steps.steps:
            states.append(rounded(rule.forward(step, [states[place] for place in step.inputs])))
        output = steps.values(inputs[:1])[-1]
        signals: list[Signal] = [None] * len(states)
        target = chosen(output.expand(len(inputs), *output.shape[1:]))
        signals[-1] = rule.seed(states[-1], target)
        for place in range(len(steps.steps), 0, -1):
            if signals[place] is None:
                continue
            step = steps.steps[place - 1]
            given = [*map(rounded, rule.back(step, [states[k] for k in step.inputs], states[place], signals[place]))]
            if watch is not None:
                watch(step, signals[place], given)
            for source, signal in zip(step.inputs, given, strict=True):
                if signal is not None:
                    signals[source] = signal if signals[source] is None else _plus(signals[source], signal)
            signals[place] = None
        if signals[0] is None:  # whatever depends on the input is held constant
            return torch.zeros_like(inputs)
        return rule.finish(states[0], signals[0], states[-1], target)


def _plus(first: Signal, second: Signal) -> Signal:
    if isinstance(first, tuple):
        return tuple(a + b for a, b in zip(first, second, strict=True))
    return first + second
