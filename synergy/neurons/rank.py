"""Neurons ranked by their votes, from inputs and their true classes, a batch at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from decompositions.arguments import entries, real, shown, whole
from decompositions.arithmetic import real_numbers, wide
from decompositions.games.layer_players import layer_players
from decompositions.games.names import names_of
from decompositions.games.players import check
from decompositions.models.full_precision import full_precision
from decompositions.models.model_function import require_evaluation, require_module
from decompositions.models.undisturbed import outside_inference, undisturbed
from decompositions.networks.head import ModuleHead
from synergy.neurons.dense import dense_layers
from synergy.neurons.halves import Halves
from synergy.neurons.labels import labels_of
from synergy.neurons.ranking import Ranking
from synergy.neurons.rankings import Rankings

NODES = 16
ROOM = 2**22  # numbers of what is asked for one batch


def rank_neurons(
    model: nn.Module,
    layer: Any,
    data: Any,
    labels: Any,
    *,
    baseline: Any = 0.0,
    neurons: Any = "neurons",
    off: float | None = None,
    weights: Any = None,
    nodes: int = NODES,
) -> Any:
    """The neurons of a layer by their votes for the right class and against the others (:class:`Ranking`).

    The inputs are taken a batch at a time, and only sums are kept: any number of them needs the memory of a few.

    Args:
        model: from a batch to logits, ``(batch, classes)``, in eval mode.
        layer: the name of a module; a list of names, which gives :class:`synergy.neurons.rankings.Rankings`; or None
            for all dense layers (:func:`synergy.neurons.dense.dense_layers`), which gives them, too.
        data: inputs. Shape ``(N, *shape)``.
        labels: their true classes, whole numbers. Shape ``(N,)``.
        baseline: a number, or one input, ``(1, *shape)``.
        neurons: as of :func:`synergy.neurons.conductance.conductance`.
        off: λ, what a vote for another class counts against the neuron; 1/(classes − 1) by default.
        weights: π of the classes, which add up to one; their shares of the inputs by default. A class without an input
            needs the weight 0.
        nodes: of the Gauss–Legendre rule; ``rest`` says how far it is off.

    Raises:
        TypeError, ValueError: whatever does not fit, said with the way out.
    """
    if not isinstance(layer, str):
        names, left_out = _layers(model, layer, data)
        settings = {"baseline": baseline, "neurons": neurons, "off": off, "weights": weights, "nodes": nodes}
        return Rankings(tuple(rank_neurons(model, name, data, labels, **settings) for name in names), left_out)
    return _ranked(_asked(model, layer, data, labels, baseline, neurons, nodes), off, weights)


def _layers(model: nn.Module, given: Any, data: Any) -> tuple[list[str], tuple[tuple[str, str], ...]]:
    """The layers that are meant, and those that are left out."""
    if given is None:
        require_module(model)
        require_evaluation(model)
        layers, left_out = dense_layers(model, _inputs(data)[:1])
        return layers, tuple(left_out)
    rule = "layer is the name of a module, a list of names, or None for all dense layers"
    names = entries(given, rule)
    if not names or not all(isinstance(name, str) for name in names) or len(set(names)) != len(names):
        raise ValueError(f"{rule}, at least one, each once, not {shown(given)}")
    return names, ()


def _inputs(data: Any) -> torch.Tensor:
    rule = "data are inputs, one after the other along the first axis, of floating-point numbers"
    inputs = data if isinstance(data, torch.Tensor) else torch.as_tensor(real_numbers(data, rule))
    if not inputs.is_floating_point() or inputs.ndim < 2 or not len(inputs):
        raise ValueError(f"{rule}, not {inputs.dtype} of shape {tuple(inputs.shape)}")
    return inputs


@dataclass(frozen=True, eq=False)
class _Asked:
    """What is asked, looked at."""

    halves: Halves
    data: torch.Tensor
    labels: torch.Tensor
    baseline: torch.Tensor
    entries: torch.Tensor
    names: tuple[str, ...]
    classes: int
    nodes: int

    def batch(self) -> int:
        """Inputs whose votes fit."""
        return max(1, ROOM // (self.nodes * (self.classes + 2) * max(self.entries.numel(), self.data[0].numel())))


@outside_inference()
@full_precision()
def _asked(model: nn.Module, layer: str, data: Any, labels: Any, baseline: Any, neurons: Any, nodes: int) -> _Asked:
    require_module(model)
    require_evaluation(model)
    inputs = _inputs(data)
    nodes = whole(nodes, "nodes is the number of nodes of a Gauss–Legendre rule", 1, 2048)
    head = ModuleHead(model, layer)
    with undisturbed(model, inputs.device), torch.no_grad():
        value, outputs = head.open(inputs[:1])[0], head.model(inputs[:1].clone())
    if not isinstance(outputs, torch.Tensor) or outputs.ndim != 2 or outputs.shape[1] < 2:
        shape = tuple(outputs.shape) if isinstance(outputs, torch.Tensor) else shown(outputs)
        raise ValueError(f"votes are logits, (batch, classes) with two classes or more; the model gives {shape}")
    known = labels_of(labels, len(inputs), outputs.shape[1])
    start = torch.as_tensor(real_numbers(baseline, "a baseline is a number or one input")).to(inputs)
    if start.ndim and start.shape != inputs[:1].shape:
        raise ValueError(
            f"a baseline is a number or one input, of shape {tuple(inputs[:1].shape)}, not {tuple(start.shape)}"
        )
    table, names = layer_players(neurons, value.shape)
    table, count = check(table, value.shape)
    halves = Halves(head, lambda outputs: outputs)
    entry = table.expand(value.shape)[0].to(inputs.device)
    return _Asked(
        halves, inputs, known, start.expand_as(inputs[:1]), entry, names_of(names, count), outputs.shape[1], nodes
    )


class _Sums:
    """Sums of votes and of their squares, by true class."""

    def __init__(self, asked: _Asked, off: float) -> None:
        classes, count = asked.classes, len(asked.names)
        self.off = off
        self.votes, self.squares = (torch.zeros(classes, classes, count, dtype=torch.float64) for _ in range(2))
        self.scores, self.score_squares = (torch.zeros(classes, count, dtype=torch.float64) for _ in range(2))
        self.gains = torch.zeros(classes, classes, dtype=torch.float64)

    def add(self, votes: torch.Tensor, gains: torch.Tensor, labels: torch.Tensor) -> None:
        """Those of a batch. Shapes ``(batch, classes, neurons)``, ``(batch, classes)`` and ``(batch,)``."""
        own = votes[torch.arange(len(labels)), labels]
        score = own - self.off * (votes.sum(1) - own)
        pairs = ((self.votes, votes), (self.scores, score), (self.gains, gains))
        for total, each in (*pairs, (self.squares, votes.square()), (self.score_squares, score.square())):
            total.index_add_(0, labels, each)


@outside_inference()
@full_precision()
def _ranked(asked: _Asked, off: float | None, weights: Any) -> Ranking:
    off = 1 / (asked.classes - 1) if off is None else real(off, "off is what a vote for another class counts")
    counts = torch.bincount(asked.labels, minlength=asked.classes)
    shares = _weights(weights, counts)
    sums = _Sums(asked, off)
    with undisturbed(asked.halves.head.model, asked.data.device):
        for some in torch.arange(len(asked.data)).split(asked.batch()):
            votes, gains = _votes(asked, asked.data[some.to(asked.data.device)])
            sums.add(votes.cpu(), gains.cpu(), asked.labels[some])
    each, seen = counts.double()[:, None], shares > 0
    votes, score, gains = sums.votes / each[..., None], sums.scores / each, sums.gains / each
    spread = _error(sums.squares / each[..., None], votes, each[..., None])
    error = _error(sums.score_squares / each, score, each)
    return Ranking(
        layer=asked.halves.head.name,
        votes=votes,
        spread=spread,
        score=shares[seen] @ score[seen],
        error=(shares[seen].square() @ error[seen].square()).sqrt(),
        rest=gains - votes.sum(2),
        weights=shares,
        names=asked.names,
        entries=asked.entries.cpu(),
        inputs=len(asked.data),
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


def _votes(asked: _Asked, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Of a batch: the votes ``(batch, classes, neurons)``, and the gains of the logits ``(batch, classes)``."""
    places, weights = np.polynomial.legendre.leggauss(asked.nodes)
    step = x - asked.baseline
    nodes = torch.as_tensor((places + 1) / 2).to(x).reshape(-1, *(1,) * x.ndim)
    inputs = (asked.baseline + nodes * step).flatten(0, 1)
    found = asked.halves.votes(inputs, step.expand(len(nodes), *x.shape).flatten(0, 1))
    rows = wide(found).reshape(asked.classes, len(nodes), len(x), -1)
    integrals = torch.einsum("cqbe,q->bce", rows, torch.as_tensor(weights / 2).to(rows))
    votes = torch.zeros(len(x), asked.classes, len(asked.names), dtype=rows.dtype, device=rows.device)
    votes.index_add_(2, asked.entries.flatten().to(rows.device), integrals)
    with torch.no_grad():
        ends = [wide(asked.halves.head.model(each.clone())) for each in (x, asked.baseline)]
    return votes, ends[0] - ends[1]
