"""Neurons ranked by their votes, from inputs and their true classes, a batch at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from decompositions.arguments import entries, real, shown, whole
from decompositions.arithmetic import real_numbers, wide
from decompositions.counts import several
from decompositions.evaluation.fingerprint.contents import of_tensor
from decompositions.evaluation.fingerprint.fingerprint import fingerprint
from decompositions.evaluation.progress import whole_progress
from decompositions.games.layer_players import layer_players
from decompositions.games.names import names_of
from decompositions.games.players import check
from decompositions.models.full_precision import full_precision
from decompositions.models.model_function import require_evaluation, require_module
from decompositions.models.undisturbed import outside_inference, undisturbed
from decompositions.networks.head import ModuleHead
from synergy.neurons.dense import dense_layers
from synergy.neurons.halves import Halves, layer_of_one, votes
from synergy.neurons.inputs import Inputs, inputs_of
from synergy.neurons.kept import Kept, opened
from synergy.neurons.labels import labels_of
from synergy.neurons.ranking import Ranking
from synergy.neurons.rankings import Rankings
from synergy.neurons.sums import Sums

NODES = 16
ROOM = 2**22  # numbers of what is asked for one batch


def rank_neurons(
    model: nn.Module,
    layer: Any,
    data: Any,
    labels: Any = None,
    *,
    baseline: Any = 0.0,
    neurons: Any = "neurons",
    off: float | None = None,
    weights: Any = None,
    nodes: int = NODES,
    checkpoint: Any = None,
) -> Any:
    """The neurons of a layer by their votes for the right class and against the others (:class:`Ranking`).

    The inputs are taken a batch at a time, and only sums are kept: any number of them needs the memory of a few. They
    may lie on the disk, as an array of ``numpy.load(path, mmap_mode="r")``, or be made one by one, as by a dataset.
    After two seconds a bar shows how far it is.

    Args:
        model: from a batch to logits, ``(batch, classes)``, in eval mode.
        layer: the name of a module; a list of names, which gives :class:`synergy.neurons.rankings.Rankings`; or None
            for all dense layers (:func:`synergy.neurons.dense.dense_layers`), which gives them, too.
        data: inputs, a tensor or an array. Shape ``(N, *shape)``. Or a dataset as of ``torch.utils.data``, which gives
            a pair of an input ``(*shape)`` and its class at every place, the same whenever it is asked.
        labels: their true classes, whole numbers. Shape ``(N,)``. Nothing for a dataset.
        baseline: a number, or one input, ``(1, *shape)``.
        neurons: as of :func:`synergy.neurons.conductance.conductance`.
        off: λ, what a vote for another class counts against the neuron; 1/(classes − 1) by default.
        weights: π of the classes, which add up to one; their shares of the inputs by default. A class without an input
            needs the weight 0.
        nodes: of the Gauss–Legendre rule; ``rest`` says how far it is off.
        checkpoint: a directory in which the sums are kept now and then; the same call goes on from there, and gives
            what it would have given, bit for bit.

    Raises:
        TypeError, ValueError: whatever does not fit, said with the way out.
        OSError: the checkpoint cannot be written, or another process works in it.
    """
    require_module(model)
    require_evaluation(model)
    inputs = inputs_of(data, labels, model)
    if not isinstance(layer, str):
        names, left_out = _layers(model, layer, inputs)
        asked = _asked(model, names, inputs, baseline, neurons, nodes)
        return Rankings(tuple(_ranked(asked, off, weights, checkpoint)), left_out)
    return _ranked(_asked(model, [layer], inputs, baseline, neurons, nodes), off, weights, checkpoint)[0]


def _layers(model: nn.Module, given: Any, inputs: Inputs) -> tuple[list[str], tuple[tuple[str, str], ...]]:
    """The layers that are meant, and those that are left out."""
    if given is None:
        layers, left_out = dense_layers(model, inputs.some(0, 1))
        return layers, tuple(left_out)
    rule = "layer is the name of a module, a list of names, or None for all dense layers"
    names = entries(given, rule)
    if not names or not all(isinstance(name, str) for name in names) or len(set(names)) != len(names):
        raise ValueError(f"{rule}, at least one, each once, not {shown(given)}")
    return names, ()


@dataclass(frozen=True, eq=False)
class _Layer:
    """A layer of the copy of the model, and its neurons."""

    halves: Halves
    entries: torch.Tensor
    names: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.halves.head.name


@dataclass(frozen=True, eq=False)
class _Asked:
    """What is asked, looked at."""

    layers: tuple[_Layer, ...]
    inputs: Inputs
    baseline: torch.Tensor
    classes: int
    nodes: int

    @property
    def model(self) -> nn.Module:
        return self.layers[0].halves.head.model

    @property
    def title(self) -> str:
        return self.layers[0].name if len(self.layers) == 1 else several(len(self.layers), "layer")

    def batch(self) -> int:
        """Inputs whose votes fit."""
        entries = max(sum(each.entries.numel() for each in self.layers), self.baseline.numel())
        return max(1, ROOM // (self.nodes * (self.classes + 2) * entries))

    def question(self, off: float) -> dict[str, Any]:
        """All that the sums depend on, for a checkpoint."""
        return {
            "versions": f"torch {torch.__version__}, NumPy {np.__version__}",
            "model": fingerprint(self.model, "model"),
            "layers": [layer.name for layer in self.layers],
            "inputs": [len(self.inputs), *self.inputs.digest()],
            "baseline": of_tensor(self.baseline),
            "neurons": [of_tensor(layer.entries) for layer in self.layers],
            "nodes": self.nodes,
            "off": off,
            "batch": self.batch(),
        }


@outside_inference()
@full_precision()
def _asked(model: nn.Module, layers: list[str], inputs: Inputs, baseline: Any, neurons: Any, nodes: int) -> _Asked:
    nodes = whole(nodes, "nodes is the number of nodes of a Gauss–Legendre rule", 1, 2048)
    head, first = ModuleHead(model, layers[0]), inputs.some(0, 1)
    with undisturbed(model, first.device), torch.no_grad():
        found = tuple(_layer(ModuleHead(model, each, head), first, neurons) for each in layers)
        outputs = head.model(first.clone())
    if not isinstance(outputs, torch.Tensor) or outputs.ndim != 2 or outputs.shape[1] < 2:
        shape = tuple(outputs.shape) if isinstance(outputs, torch.Tensor) else shown(outputs)
        raise ValueError(f"votes are logits, (batch, classes) with two classes or more; the model gives {shape}")
    known = inputs.labelled(outputs.shape[1])
    start = torch.as_tensor(real_numbers(baseline, "a baseline is a number or one input")).to(first)
    if start.ndim and start.shape != first.shape:
        raise ValueError(
            f"a baseline is a number or one input, of shape {tuple(first.shape)}, not {tuple(start.shape)}"
        )
    return _Asked(found, known, start.expand_as(first), outputs.shape[1], nodes)


def _layer(head: ModuleHead, first: torch.Tensor, neurons: Any) -> _Layer:
    """A layer and its neurons, looked at with the first input."""
    value = layer_of_one(head, first)
    table, names = layer_players(neurons, value.shape)
    table, count = check(table, value.shape)
    entries = table.expand(value.shape)[0].to(first.device)
    return _Layer(Halves(head, lambda outputs: outputs), entries, names_of(names, count))


@outside_inference()
@full_precision()
def _ranked(asked: _Asked, off: float | None, weights: Any, checkpoint: Any = None) -> list[Ranking]:
    off = 1 / (asked.classes - 1) if off is None else real(off, "off is what a vote for another class counts")
    if asked.inputs.labels is not None:
        _weights(weights, torch.bincount(asked.inputs.labels, minlength=asked.classes))  # refused before any work
    sums = [Sums(asked.classes, len(each.names), off) for each in asked.layers]
    if checkpoint is None:
        _summed(asked, sums, None)
    else:
        with opened(checkpoint, asked.question(off)) as kept:
            kept.restore(sums)
            _summed(asked, sums, kept)
    shares = _weights(weights, sums[0].counts)
    return [_ranking(layer, each, shares) for layer, each in zip(asked.layers, sums, strict=True)]


def _summed(asked: _Asked, sums: list[Sums], kept: Kept | None) -> None:
    """Add the inputs that are still to come; what was added is kept, also after an error or an interruption."""
    size, total, first = asked.batch(), len(asked.inputs), sums[0]
    title = f"votes of {asked.title}"
    with undisturbed(asked.model, asked.baseline.device), whole_progress(total, title, first.done, "input") as moved:
        try:
            while (start := first.done) < total:
                x, labels = asked.inputs.pairs(start, start + size)
                votes, gains = _votes(asked, x)
                known = labels_of(labels, len(x), asked.classes)
                for each, some in zip(sums, votes, strict=True):
                    each.add(some.cpu(), gains.cpu(), known)
                moved(len(x))
                if kept is not None:
                    kept.keep(sums)
        finally:
            if kept is not None and first.done and all(each.whole and each.done == first.done for each in sums):
                kept.keep(sums, now=True)


def _ranking(layer: _Layer, sums: Sums, shares: torch.Tensor) -> Ranking:
    """The means, with their standard errors."""
    each, seen = sums.counts[:, None], shares > 0
    votes, score, gains = sums.votes / each[..., None], sums.scores / each, sums.gains / each
    spread = _error(sums.squares / each[..., None], votes, each[..., None])
    error = _error(sums.score_squares / each, score, each)
    return Ranking(
        layer=layer.name,
        votes=votes,
        spread=spread,
        score=shares[seen] @ score[seen],
        error=(shares[seen].square() @ error[seen].square()).sqrt(),
        rest=gains - votes.sum(2),
        weights=shares,
        names=layer.names,
        entries=layer.entries.cpu(),
        inputs=sums.done,
    )


def _error(squares: torch.Tensor, means: torch.Tensor, counts: torch.Tensor) -> torch.Tensor:
    """Standard errors of means, from the means of the squares; nan of a single input."""
    variances = (squares - means.square()).clamp(min=0) / (counts - 1)
    return torch.where(counts > 1, variances.sqrt(), torch.nan)


def _weights(weights: Any, counts: torch.Tensor) -> torch.Tensor:
    """π, by default the classes' shares of the inputs."""
    if weights is None:
        absent = (counts == 0).nonzero().flatten().tolist()
        if absent:
            raise ValueError(
                f"of the classes {absent[:5]} there is no input, so what is expected of them is not known; add some, "
                "or give weights, 0 for these"
            )
        return counts.double() / counts.sum()
    rule = f"weights are {len(counts)} non-negative numbers that add up to one, 0 where a class has no input"
    shares = torch.as_tensor(real_numbers(weights, rule)).double()
    fits = shares.shape == counts.shape and bool((shares >= 0).all()) and abs(float(shares.sum()) - 1) < 1e-9
    if not fits or bool(((shares > 0) & (counts == 0)).any()):
        raise ValueError(f"{rule}, not {shown(shares.tolist())}")
    return shares


def _votes(asked: _Asked, x: torch.Tensor) -> tuple[list[torch.Tensor], torch.Tensor]:
    """Of a batch: by layer the votes ``(batch, classes, neurons)``, and the logits' gains ``(batch, classes)``."""
    places, weights = np.polynomial.legendre.leggauss(asked.nodes)
    step = x - asked.baseline
    nodes = torch.as_tensor((places + 1) / 2).to(x).reshape(-1, *(1,) * x.ndim)
    inputs = (asked.baseline + nodes * step).flatten(0, 1)
    directions = step.expand(len(nodes), *x.shape).flatten(0, 1)
    found, given = [], votes([layer.halves for layer in asked.layers], inputs, directions)
    for layer, each in zip(asked.layers, given, strict=True):
        rows = wide(each).reshape(asked.classes, len(nodes), len(x), -1)
        integrals = torch.einsum("cqbe,q->bce", rows, torch.as_tensor(weights / 2).to(rows))
        summed = torch.zeros(len(x), asked.classes, len(layer.names), dtype=rows.dtype, device=rows.device)
        found.append(summed.index_add_(2, layer.entries.flatten().to(rows.device), integrals))
    with torch.no_grad():
        ends = [wide(asked.model(end.clone())) for end in (x, asked.baseline)]
    return found, ends[0] - ends[1]
