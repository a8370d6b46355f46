r"""What is left inside and outside a region when neurons that speak for it are silent, beside other neurons.

For every input its own neurons are silenced: by what the region gives through them
(:func:`synergy.neurons.conductance.region_attribution`), by what the whole input gives, by how much they say, and at
random. Then Integrated Gradients a of the network without them are summed,

.. math:: \log \sum_{i \in R} |a_i|, \qquad \log \sum_{i \notin R} |a_i|

and compared with those of the network as it is.

Reference: lundstrom2022rigorous
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from decompositions import show
from decompositions.arguments import entries as listed
from decompositions.arguments import shown
from decompositions.counts import several
from decompositions.evaluation.progress import whole_progress
from decompositions.games.function_cube import FunctionCube
from decompositions.games.game import Game
from decompositions.models.full_precision import full_precision
from decompositions.models.undisturbed import outside_inference, undisturbed
from synergy.bootstrap import Interval, bootstrap
from synergy.measurement.entries import entries
from synergy.methods.integrated_gradients import IntegratedGradients
from synergy.neurons.conductance import Nodes, conductance, region_attribution
from synergy.neurons.contributions import Contributions, chosen
from synergy.neurons.labels import labels_of
from synergy.neurons.loudness import loudness
from synergy.neurons.pruning import prune
from synergy.neurons.regions import entries_of
from synergy.wording.numbers import fixed
from synergy.wording.table import Table

NAMES = {"region": "by region", "conductance": "by conductance", "loudest": "the loudest", "random": "at random"}
RANKINGS = tuple(NAMES)
MEASURED = ("inside", "outside", "confidence", "accuracy")
PARTS = (0.01, 0.03, 0.05, 0.10)


@dataclass(frozen=True, eq=False)
class RegionControls:
    """Networks with silent neurons, input by input.

    Args:
        layer: whose neurons are silent.
        neurons: how many there are.
        parts: of the neurons.
        silent: how many neurons each part is.
        before: what is measured of the network as it is: ``MEASURED``, the log-sums inside and outside, the probability
            of the true class, and whether it has the largest. Shape ``(inputs, 4)``.
        after: the same without neurons, by ranking and part. Shape ``(4, parts, inputs, 4)``.
    """

    layer: str
    neurons: int
    parts: tuple[float | int, ...]
    silent: tuple[int, ...]
    before: torch.Tensor
    after: torch.Tensor

    def changes(self, what: str, ranking: str, part: float | int) -> torch.Tensor:
        """What silence changes for every input.

        Args:
            what: "inside", "outside", "difference" for inside less outside, "confidence" or "accuracy".
            ranking: "region", "conductance", "loudest" or "random".
            part: one of the parts.

        Returns:
            Shape ``(inputs,)``.

        Raises:
            ValueError: nothing of that name.
        """
        if what == "difference":
            return self.changes("inside", ranking, part) - self.changes("outside", ranking, part)
        places = []
        for name, given, known in (
            ("what", what, MEASURED),
            ("ranking", ranking, RANKINGS),
            ("part", part, self.parts),
        ):
            if given not in known:
                raise ValueError(f"{name} is one of {', '.join(map(str, known))}, not {given!r}")
            places.append(list(known).index(given))
        measured, row, column = places
        return self.after[row, column, :, measured] - self.before[:, measured]

    def interval(self, what: str, ranking: str, part: float | int) -> Interval:
        """The mean change with its 95 % interval over the inputs; arguments and errors as of :meth:`changes`."""
        return bootstrap(self.changes(what, ranking, part))

    def plot(self, path: Any = None) -> Any:
        """The changes over how many neurons are silent (:func:`synergy.pictures.region_silenced.region_silenced`).

        Raises:
            ImportError: matplotlib is missing (extra ``viz``).
        """
        return show.figure(self, path)

    def table(self) -> Table:
        """As text, Markdown or HTML: a row for every part and ranking."""
        measured = ("inside", "outside", "difference", "confidence", "accuracy")
        rows = tuple(
            (f"{silent} {NAMES[ranking]}", *(_said(self.interval(what, ranking, part)) for what in measured))
            for part, silent in zip(self.parts, self.silent, strict=True)
            for ranking in RANKINGS
        )
        title = f"layer {self.layer}: {self.neurons:,} neurons, {several(len(self.before), 'input')}"
        head = ("silent", "log Σ|a| inside", "outside", "inside − outside", "confidence", "accuracy")
        note = "Mean changes from the network as it is, with 95 % bootstrap intervals over the inputs."
        return Table(title, head, rows, (note,))

    def _repr_html_(self) -> str | None:
        return show.notebook(self.table())

    def __str__(self) -> str:
        return self.table().to_text()


@dataclass(frozen=True, eq=False)
class _Asked:
    """One input of a network.

    Args:
        model: the network.
        layer: whose neurons are ranked.
        x: the input. Shape ``(1, *shape)``.
        label: its true class.
        baseline: a number, or one input.
        nodes: of the integrals.
    """

    model: nn.Module
    layer: str
    x: torch.Tensor
    label: int
    baseline: Any
    nodes: Nodes

    def game(self, model: nn.Module) -> Game:
        return Game.from_model(model, self.x, self.baseline, target=self.label)

    def inside(self, region: Any) -> torch.Tensor:
        """Which entries lie in the region. Shape of x without its batch axis."""
        game = self.game(self.model)
        assert isinstance(game.cube, FunctionCube)
        return entries_of(region, game, game.cube.x.shape[1:], game.cube.entry_players()).cpu()

    def measured(self, model: nn.Module, inside: torch.Tensor) -> torch.Tensor:
        """Of one network: the log-sums inside and outside, the chance of the true class, and whether it is right."""
        given = entries(IntegratedGradients(nodes=self.nodes), self.game(model)).abs().cpu()
        with undisturbed(model, self.x.device), torch.no_grad():
            chances = model(self.x.clone()).double().softmax(1)[0].cpu()
        sums = [given[inside].sum().log(), given[~inside].sum().log()]
        return torch.stack([*sums, chances[self.label], (chances.argmax() == self.label).double()])

    def rankings(self, region: Any, neurons: Any, generator: torch.Generator) -> tuple[Contributions, torch.Tensor]:
        """What the whole gives through each neuron, and the values of all four rankings. Shape ``(4, neurons)``."""
        game = self.game(self.model)
        part = region_attribution(game, self.layer, region, neurons=neurons, nodes=self.nodes)
        whole = conductance(game, self.layer, neurons=neurons, nodes=self.nodes)
        loud = loudness(self.model, self.layer, whole.entries.cpu(), self.x)
        drawn = torch.rand(len(loud), generator=generator, dtype=torch.float64)
        return whole, torch.stack([part.values.cpu(), whole.values.cpu(), loud, drawn])


@outside_inference()
@full_precision()
def region_controls(
    model: nn.Module,
    layer: str,
    data: torch.Tensor,
    labels: Any,
    regions: Sequence[Any],
    *,
    parts: Sequence[float | int] = PARTS,
    baseline: Any = 0.0,
    neurons: Any = "neurons",
    nodes: Nodes = None,
    seed: int = 0,
) -> RegionControls:
    """Silence neurons of every input by what a region gives through them, and by other rankings, and look again.

    For every input it takes two rankings, and Integrated Gradients once, and once per part and ranking.

    Args:
        model: from a batch to logits, ``(batch, classes)``, in eval mode.
        layer: the name of a module.
        data: inputs. Shape ``(N, *shape)``.
        labels: their true classes, whose logits are explained. Shape ``(N,)``.
        regions: of every input its own, as of :func:`synergy.neurons.conductance.region_attribution`.
        parts: how many neurons are silent: whole numbers, or shares.
        baseline, neurons, nodes: as of :func:`synergy.neurons.conductance.conductance`.
        seed: of the random neurons, which are drawn anew for every input.

    Raises:
        TypeError, ValueError: whatever does not fit, said with the way out; a region that is all of the input.
    """
    generator = torch.Generator().manual_seed(seed)
    classes = _classes(model, data)
    known, regions, parts = labels_of(labels, len(data), classes), _regions(regions, len(data)), _parts(parts)
    tried = len(data) * (1 + len(RANKINGS) * len(parts))
    found = []
    with whole_progress(tried, layer, unit="network") as moved:
        for x, label, region in zip(data.split(1), known.tolist(), regions, strict=True):
            asked = _Asked(model, layer, x, label, baseline, nodes)
            inside = _inside(asked, region)
            whole, values = asked.rankings(region, neurons, generator)
            rows = [asked.measured(model, inside)]
            moved(1)
            for silent in _masks(whole.entries, values, parts):
                rows.append(asked.measured(prune(model, layer, silent), inside))
                moved(1)
            found.append(torch.stack(rows))
    table = torch.stack(found, 1)
    counts = tuple(len(whole.entries[mask].unique()) for mask in _masks(whole.entries, values[:1], parts))
    after = table[1:].unflatten(0, (len(RANKINGS), len(parts)))
    return RegionControls(layer, len(whole.names), parts, counts, table[0], after)


def _masks(entries: torch.Tensor, values: torch.Tensor, parts: tuple[float | int, ...]) -> Iterator[torch.Tensor]:
    """Which entries are silent, ranking by ranking and part by part."""
    return (chosen(each, entries, part, "value") for each in values for part in parts)


def _inside(asked: _Asked, region: Any) -> torch.Tensor:
    inside = asked.inside(region)
    if inside.all():
        raise ValueError("a region that is all of its input has no outside; take a part of it")
    return inside


def _regions(regions: Any, count: int) -> list[Any]:
    rule = f"regions are {count:,} regions, one for every input; for all the same take [region] * len(data)"
    several = list(regions) if isinstance(regions, torch.Tensor) else listed(regions, rule)
    if len(several) != count:
        raise ValueError(f"{rule}, not {len(several):,}")
    return several


def _parts(parts: Any) -> tuple[float | int, ...]:
    rule = "parts are whole numbers of neurons, or shares of them, one at least"
    found = tuple(listed(parts, rule))
    if not found:
        raise ValueError(f"{rule}, not none")
    return found


def _classes(model: nn.Module, data: torch.Tensor) -> int:
    """How many logits the model gives.

    Raises:
        TypeError, ValueError: no inputs.
    """
    rule = "data are inputs, one after the other along the first axis of a tensor"
    if not isinstance(data, torch.Tensor):
        raise TypeError(f"{rule}, not {shown(data)}")
    if data.ndim < 2 or not len(data):
        raise ValueError(f"{rule}, not a tensor of shape {tuple(data.shape)}")
    with undisturbed(model, data.device), torch.no_grad():
        return int(model(data[:1].clone()).shape[-1])


def _said(found: Interval) -> str:
    mean, low, high = (fixed(each, 1.0) for each in found)
    return f"{mean} [{low}, {high}]"
