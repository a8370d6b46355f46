r"""What the input gives through the neurons of a layer: conductance, its table by input player, its part of a region.

With F = H ∘ G and the path γ from b to x,

.. math:: C_{ij} = \int_0^1 \partial_j H(G(\gamma(s)))\; D_{y_i} G_j(\gamma(s))\, ds, \qquad y = x - b

where y_i is player i's part of y. Summed over neurons it is Integrated Gradients, over players conductance, over both
F(x) − F(b); what leads around the layer, as a skip path does, is a column of its own.

Reference: dhamdhere2019how
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from decompositions.arguments import shown
from decompositions.games.function_cube import FunctionCube
from decompositions.games.game import Game, require_game
from decompositions.games.layer_players import layer_players
from decompositions.games.names import names_of
from decompositions.games.players import check
from decompositions.memory import needed
from decompositions.models.full_precision import full_precision
from decompositions.models.undisturbed import outside_inference
from synergy.algorithms.path.integral import BY_PANELS, EXACT
from synergy.algorithms.path.rules import RULES, adaptive, doubled, fixed
from synergy.algorithms.path.way import Way
from synergy.estimate import Estimate
from synergy.explained import modelled
from synergy.methods.integrated_gradients import IntegratedGradients
from synergy.neurons.contributions import Contributions
from synergy.neurons.halves import Halves, layer_of_one
from synergy.neurons.pieces import between_kinks
from synergy.neurons.question import NeuronWay, Question
from synergy.neurons.regions import entries_of

Nodes = int | str | None


def conductance(game: Game, layer: str, *, neurons: Any = "neurons", nodes: Nodes = None) -> Contributions:
    r"""What the whole input gives through each neuron, :math:`\sum_i C_{ij}`.

    Args:
        game: about a model; several baselines are averaged over.
        layer: the name of a module, as in ``named_modules()``, which is called once.
        neurons: "neurons" (every entry of what the layer gives), "channels", "locations", "tokens", "heads:4",
            "axis:2", or an integer tensor that broadcasts to it
            (:func:`decompositions.games.layer_players.layer_players`).
        nodes: as of Integrated Gradients: of a Gauss–Legendre rule; "adaptive" for Gauss–Kronrod rules on panels; None
            for the choice, which is exact between the kinks of a piecewise linear network. The errors of rules are
            those of Integrated Gradients', widened; a neuron that is active only between two nodes is not seen.

    Returns:
        Values of shape ``(neurons,)``.

    Raises:
        TypeError, ValueError, LookupError: whatever does not fit, said with the way out.
    """
    everything = torch.ones(1, *_cube(game).x.shape[1:], dtype=torch.bool)
    found = _integrated(game, layer, everything, neurons, nodes)
    return _row(found)


def input_by_neuron(game: Game, layer: str, *, neurons: Any = "neurons", nodes: Nodes = None) -> Contributions:
    r"""What each input player gives through each neuron, :math:`C_{ij}`.

    Rows add up to Integrated Gradients (with ``around``), columns to the conductance. Arguments and errors as those of
    :func:`conductance`; it costs one derivative of the layers before per player and node, and never a Jacobian.

    Returns:
        Values of shape ``(n, neurons)``.
    """
    cube = _cube(game)
    players = cube.entry_players().reshape(cube.x.shape[1:])
    each = torch.arange(cube.n, device=players.device).reshape(-1, *(1,) * players.ndim)
    found = _integrated(game, layer, players == each, neurons, nodes)
    return _of(found, game.names)


def region_attribution(
    game: Game, layer: str, region: Any, *, neurons: Any = "neurons", nodes: Nodes = None
) -> Contributions:
    r"""What a region of the input gives through each neuron, :math:`\sum_{i \in R} C_{ij}`.

    A region and its complement add up to the conductance. Arguments and errors as those of :func:`conductance`.

    Args:
        region: a box ``((top, bottom), (left, right))`` of the last two axes, the ends not included; a mask of booleans
            that broadcasts to x; or players, by number or name.

    Returns:
        Values of shape ``(neurons,)``.
    """
    cube = _cube(game)
    inside = entries_of(region, game, cube.x.shape[1:], cube.entry_players())
    return _row(_integrated(game, layer, inside[None], neurons, nodes))


def _cube(game: Game) -> FunctionCube:
    require_game(game, "a neuron's share")
    return modelled(game.embedded, "what neurons give needs the network")[0]


Found = tuple[Estimate, Question, tuple[str, ...], torch.Size]


@outside_inference()
@full_precision()
def _integrated(game: Game, layer: str, parts: torch.Tensor, neurons: Any, nodes: Nodes) -> Found:
    """The integrals of what parts of the input give, and what was asked."""
    if not isinstance(layer, str):
        raise TypeError(f"layer is the name of a module, as in named_modules(), not {shown(layer)}")
    IntegratedGradients(nodes=nodes)  # refuses what is no number of nodes
    game = game.embedded
    cube, f = modelled(game, "what neurons give needs the network")
    halves = Halves.of(f, layer)
    with cube.calling():
        value = layer_of_one(halves.head, cube.x)
    table, names = layer_players(neurons, value.shape)
    table, count = check(table, value.shape)
    asked = Question(cube, halves, parts.to(cube.x), table.expand(value.shape).flatten().to(cube.device), count)
    size = 8 * RULES[-1] * len(parts) * (count + 1)
    way_out = "take fewer players, or neurons in groups (neurons='channels')"
    with needed(f"{len(parts):,} x {count:,} numbers at {RULES[-1]} nodes", size, cube.device, way_out):
        found = _estimate(asked, game, nodes)
    return found, asked, names_of(names, count), value.shape[1:]


def _estimate(asked: Question, game: Game, nodes: Nodes) -> Estimate:
    """By the rule that Integrated Gradients would choose."""
    ends = game.ends()
    way = NeuronWay(asked, Way(game, ends.to(asked.cube.array(np.zeros(1)).dtype)))
    if nodes is not None:
        return adaptive(way) if nodes == BY_PANELS else fixed(way, int(nodes))
    exact = between_kinks(asked)
    if exact is not None:
        return exact
    smooth = doubled(way)
    return adaptive(way) if smooth is None else smooth


def _widened(errors: torch.Tensor) -> torch.Tensor:
    """The errors of neurons, no smaller than twice what is usual among them.

    Every neuron has kinks of its own, and those that it passes between two nodes, there and back, show at no node.
    """
    return torch.hypot(errors, 2 * errors.square().mean(-1, keepdim=True).sqrt())


def _of(found: Found, players: tuple[str, ...] = ()) -> Contributions:
    """The table of what was found."""
    estimate, asked, names, shape = found
    assert estimate.errors is not None
    values, errors = (part[0, :-1].reshape(len(asked.parts), -1) for part in (estimate.values, estimate.errors))
    errors = errors if estimate.rule.startswith(EXACT) else _widened(errors)
    return Contributions(
        values[:, :-1], values[:, -1], errors[:, :-1], estimate.rule, names, asked.neurons.reshape(shape), players
    )


def _row(found: Found) -> Contributions:
    """The table of one part of the input, as its only row."""
    table = _of(found)
    return Contributions(table.values[0], table.around[0], table.errors[0], table.rule, table.names, table.entries)
