"""Sanity controls: a method that explains the model gives something else where weights, or labels, are random."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from decompositions.arithmetic import to_float
from decompositions.games.game import Game
from decompositions.networks.reading.kept import readings_kept
from synergy.comparison.comparison import Comparison
from synergy.comparison.result import Result
from synergy.comparison.trial import reason_of
from synergy.measurement import subject
from synergy.studies.inputs import Inputs
from synergy.studies.records import Writer
from synergy.studies.statistics import rank_correlations

KINDS = ("weights", "labels")
VALUES, SIZES = "correlation", "correlation of sizes"  # of attributions with those of the model as it is
LABEL = "another label"
FEWEST = 3  # players that differ from the baseline, of which ranks say something


@dataclass(frozen=True, eq=False)
class Controls:
    """The same questions to models whose weights are random, or about other labels.

    Args:
        kinds: "weights", "labels", or both.
        models: by name.
        inputs: with their targets.
        output: of the models.
        seed: of what is drawn.
    """

    kinds: tuple[str, ...]
    models: Mapping[str, Any]
    inputs: Inputs
    output: str
    seed: int

    def __post_init__(self) -> None:
        """Refuse what has no weights, or no other labels."""
        if "weights" in self.kinds and not all(isinstance(model, nn.Module) for model in self.models.values()):
            raise TypeError(
                'the control "weights" makes the weights of torch modules random; leave it out for functions'
            )
        if "labels" in self.kinds and not self._has_other_labels:
            raise ValueError(
                'the control "labels" asks about an input what another is asked, and all have the same target'
            )

    @property
    def _has_other_labels(self) -> bool:
        targets = self.inputs.targets
        return isinstance(targets, list) and any(each != targets[0] for each in targets)

    def record(self, write: Writer, game: Game, comparison: Comparison, methods: Mapping[str, Any]) -> None:
        """Record how alike each method's attributions are to those of the controls.

        Args:
            write: takes the rows.
            game: the question as it is.
            comparison: its answers.
            methods: by name, in the order of the results.
        """
        active = list(game.cube.active())
        owns = {
            name: _own(result, comparison.effects.noise)
            for name, result in zip(methods, comparison.results, strict=True)
            if result.attribution is not None
        }
        for control, other in self._games(write.model, write.place):
            with readings_kept():  # of this one, which then goes
                for name, own in owns.items():
                    values, sizes = _correlations(methods[name], other, own, active)
                    write.by(name)(VALUES, values, of=control)
                    write.by(name)(SIZES, sizes, of=control)

    def _games(self, model: str, place: int) -> Iterator[tuple[str, Game]]:
        """The questions of the controls about one input, for which weights and a label of its own are drawn."""
        if "weights" in self.kinds:
            for layer, other in randomised(self.models[model], self.seed + place):
                yield f"random {layer}", self.inputs.game(other, place, self.output)
        if "labels" in self.kinds:
            targets = self.inputs.targets
            others = [each for each in targets if each != targets[place]]
            drawn = np.random.default_rng([self.seed, place]).integers(len(others))
            yield LABEL, self.inputs.game(self.models[model], place, self.output, others[drawn])


def _own(result: Result, noise: float) -> tuple[np.ndarray, np.ndarray]:
    """The attributions of a method as they are, and their errors."""
    values = to_float(result.attribution)
    return values, np.hypot(np.zeros(len(values)) if result.error is None else to_float(result.error), noise)


def _correlations(
    method: Any, game: Game, own: tuple[np.ndarray, np.ndarray], active: list[int]
) -> tuple[float, float]:
    """ρ between two attributions, and between their sizes, of the players that differ from the baseline."""
    if len(active) < FEWEST:
        return math.nan, math.nan
    try:
        found = subject.estimate(subject.as_method(method, game), game)
    except Exception as error:  # whatever a method raises on such a model
        reason_of(error)
        return math.nan, math.nan
    errors = np.zeros(game.n) if found.errors is None else to_float(found.errors)
    values, others = own[0][active][None], to_float(found.values)[active][None]
    doubts = own[1][active][None], errors[active][None]
    return (
        float(rank_correlations(values, others, doubts)[0]),
        float(rank_correlations(np.abs(values), np.abs(others), doubts)[0]),
    )


def randomised(model: nn.Module, seed: int) -> Iterator[tuple[str, nn.Module]]:
    """Copies of a model with random weights, from its last layer down to each: a layer more in each.

    The entries of every parameter of a layer are put in a random order, so that their sizes stay. Layers are the
    modules that have parameters of their own, in the order in which the model names them.

    Args:
        model: which stays as it is.
        seed: of the orders.

    Yields:
        The name of the layer, and the copy.

    Reference: adebayo2018sanity

    >>> net = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    >>> [layer for layer, _ in randomised(net, 0)]
    ['2', '0']
    """
    generator, last = torch.Generator().manual_seed(seed), model
    layers = [name for name, module in model.named_modules() if list(module.parameters(recurse=False))]
    for name in reversed(layers):
        last = copy.deepcopy(last)
        with torch.no_grad():
            for each in last.get_submodule(name).parameters(recurse=False):
                order = torch.randperm(each.numel(), generator=generator).to(each.device)
                each.copy_(each.flatten()[order].reshape(each.shape))
        yield name or type(model).__name__, last
