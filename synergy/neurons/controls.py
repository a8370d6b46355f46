"""What happens when ranked neurons are silent, beside neurons that are silent at random or for their size."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import nn

from decompositions import show
from decompositions.arguments import whole
from decompositions.models.full_precision import full_precision
from decompositions.models.undisturbed import outside_inference, undisturbed
from synergy.neurons.contributions import chosen
from synergy.neurons.loudness import BATCH, loudness
from synergy.neurons.pruning import prune_layers
from synergy.neurons.ranking import Ranking
from synergy.neurons.rankings import Rankings
from synergy.wording.numbers import brief, number
from synergy.wording.table import Table

NAMES = {"value": "highest", "smallest": "lowest", "magnitude": "largest"}


@dataclass(frozen=True)
class Outcome:
    """How a network does on some inputs.

    Args:
        name: of the network.
        accuracy: the share of inputs whose true class has the largest logit.
        confidence: the mean probability of the true class.
        accuracy_error: the standard error over draws; 0 for a single network.
        confidence_error: likewise.
    """

    name: str
    accuracy: float
    confidence: float
    accuracy_error: float = 0.0
    confidence_error: float = 0.0


@dataclass(frozen=True)
class Controls:
    """A network as it is, without its ranked neurons, and without others.

    Args:
        layer: whose neurons are silent; of several the names with commas.
        silent: how many of them.
        neurons: how many there are.
        outcomes: as it is, by score, by magnitude, at random.
        draws: of random neurons.
    """

    layer: str
    silent: int
    neurons: int
    outcomes: tuple[Outcome, ...]
    draws: int

    def table(self) -> Table:
        """As text, Markdown or HTML."""
        rows = tuple(
            (each.name, _with(each.accuracy, each.accuracy_error), _with(each.confidence, each.confidence_error))
            for each in self.outcomes
        )
        title = f"layer {self.layer}: {self.silent} of {self.neurons:,} neurons silent"
        note = f"at random: the mean of {self.draws} draws ± its standard error"
        return Table(title, ("network", "accuracy", "confidence"), rows, (note,))

    def _repr_html_(self) -> str | None:
        return show.notebook(self.table())

    def __str__(self) -> str:
        return self.table().to_text()


@outside_inference()
@full_precision()
def controls(
    model: nn.Module,
    ranking: Ranking,
    part: float | int,
    data: torch.Tensor,
    labels: torch.Tensor,
    *,
    by: str = "value",
    draws: int = 20,
    seed: int = 0,
) -> Controls:
    """Silence a part of a layer's neurons by their ranking, by mean magnitude of what they give, and at random.

    By magnitude it is the loudest, and beside the smallest scores the quietest.

    Args:
        model: that was ranked.
        ranking: of one of its layers; better of other inputs than these.
        part: how many neurons, or which share of them.
        data: inputs on which the networks are tried. Shape ``(N, *shape)``.
        labels: their true classes. Shape ``(N,)``.
        by: "value", "magnitude" or "smallest", as of :meth:`synergy.neurons.ranking.Ranking.strongest`.
        draws: of random neurons, whose mean is given with its standard error; 2 at least.
        seed: of the draws.

    Raises:
        TypeError, ValueError: no such part, or all of the neurons.
    """
    trial = _Trial(model, (ranking,), data, labels, quietest=by == "smallest")
    return trial.beside({ranking.layer: ranking.strongest(part, by)}, f"without the {NAMES[by]} scores", draws, seed)


@outside_inference()
@full_precision()
def controls_of(
    model: nn.Module,
    rankings: Rankings,
    neurons: Mapping[str, torch.Tensor],
    data: torch.Tensor,
    labels: torch.Tensor,
    *,
    draws: int = 20,
    seed: int = 0,
) -> Controls:
    """Silence some neurons of several layers, as many of each layer by magnitude, and as many of each at random.

    Args:
        model: that was ranked.
        rankings: of its layers.
        neurons: by layer, as :meth:`synergy.neurons.rankings.Rankings.strongest`, ``between`` and ``named`` give them:
            booleans, of the shape of what the layer gives for one input.
        data, labels, draws, seed: as of :func:`controls`.

    Raises:
        TypeError, ValueError, LookupError: no neurons, all of a layer's, or those of a layer that was not ranked.
    """
    if not isinstance(neurons, Mapping) or not any(mask.any() for mask in neurons.values()):
        raise ValueError("neurons to silence are a mapping from layers to booleans, one neuron at least")
    some = {layer: mask for layer, mask in neurons.items() if mask.any()}
    layers = tuple(rankings[layer] for layer in some)
    return _Trial(model, layers, data, labels).beside(some, "without the chosen", draws, seed)


@dataclass(frozen=True, eq=False)
class _Trial:
    """A network, layers of it, inputs with their true classes, and which neurons are silenced by magnitude."""

    model: nn.Module
    layers: tuple[Ranking, ...]
    data: torch.Tensor
    labels: torch.Tensor
    quietest: bool = False

    def beside(self, masks: Mapping[str, torch.Tensor], name: str, draws: int, seed: int) -> Controls:
        """The networks without some neurons, and without as many others."""
        draws = whole(draws, "draws of random neurons have a mean and a standard error", 2)
        generator = torch.Generator().manual_seed(seed)
        silent = [len(each.entries[masks[each.layer]].unique()) for each in self.layers]
        sizes = [loudness(self.model, each.layer, each.entries, self.data) for each in self.layers]
        drawn = [[torch.rand(len(size), generator=generator) for size in sizes] for _ in range(draws)]
        loud = [-size if self.quietest else size for size in sizes]
        at_random = [self.without(self.leading(values, silent), "") for values in drawn]
        outcomes = (
            _outcome(self.model, "as it is", self.data, self.labels),
            self.without(masks, name),
            self.without(self.leading(loud, silent), f"without the {'quietest' if self.quietest else 'loudest'}"),
            _mean(at_random, "without some at random"),
        )
        count = sum(len(each.names) for each in self.layers)
        return Controls(", ".join(each.layer for each in self.layers), sum(silent), count, outcomes, draws)

    def leading(self, values: list[torch.Tensor], silent: list[int]) -> dict[str, torch.Tensor]:
        """In every layer as many neurons as are silent, those of the largest values."""
        each = zip(self.layers, values, silent, strict=True)
        return {layer.layer: chosen(value, layer.entries, count, "value") for layer, value, count in each}

    def without(self, masks: Mapping[str, torch.Tensor], name: str) -> Outcome:
        return _outcome(prune_layers(self.model, masks), name, self.data, self.labels)


def _outcome(model: nn.Module, name: str, data: torch.Tensor, labels: torch.Tensor) -> Outcome:
    with undisturbed(model, data.device), torch.no_grad():
        chances = torch.cat([model(some.clone()).double().softmax(1).cpu() for some in data.split(BATCH)])
    known = torch.as_tensor(labels).cpu().long()
    right = (chances.argmax(1) == known).double().mean().item()
    return Outcome(name, right, chances[torch.arange(len(known)), known].mean().item())


def _mean(outcomes: list[Outcome], name: str) -> Outcome:
    """Of several networks, with its standard error."""
    table = torch.tensor([[each.accuracy, each.confidence] for each in outcomes], dtype=torch.float64)
    means, errors = table.mean(0).tolist(), (table.std(0) / len(table) ** 0.5).tolist()
    return Outcome(name, *means, *errors)


def _with(value: float, error: float) -> str:
    return f"{number(value)} ± {brief(error)}" if error else number(value)
