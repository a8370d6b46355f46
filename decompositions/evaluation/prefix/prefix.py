"""Shared prefixes: the first layers of a network, run for a few coalitions instead of for all.

Up to some layer a network is *local* (a place of its output sees a few players only, as in a convolution) or *affine*
in the input. Then that layer's output for any coalition can be put together from a few runs: for a local layer from
the runs of all patterns that a place can see (places that share no player share the runs), for an affine one as the sum
of what each player brings, once present and once absent. Only the layers after it run once per coalition.

The dependencies are found by poisoning: NaN in a player's entries turns every number to NaN that could depend on it.
The steps before the cut are known ones only, through which NaN passes and which are affine where that is claimed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import fx, nn

from decompositions import degrees
from decompositions.arithmetic import wide
from decompositions.evaluation.prefix.dependence import MOVE, TRIAL, Costs, dominators, poisoned_places
from decompositions.evaluation.prefix.kinds import is_size, jumps, step_kinds
from decompositions.evaluation.prefix.rebuilding import from_elsewhere, from_patterns, player_terms, sum_of_players
from decompositions.games.cube import ignore
from decompositions.games.function_cube import FunctionCube
from decompositions.models.model_function import ModelFunction, Output
from decompositions.networks.graph import trace

GAIN = 1.3  # the estimated factor from which on it is worth the trouble
WORTH = 10**7  # numbers read in all, below which nothing is looked for
SAMPLE = 64  # coalitions on which the result is compared with that of the whole network
EXACT = 256.0  # of epsilon, relative to the largest value: how much the two may differ
FIND = 64  # operations that looking up one place is worth
PATTERNS = 2**14  # rows of a table of local patterns, at most
ENTRIES = 2**27  # numbers in it, at most


@dataclass(frozen=True, eq=False)
class SharedPrefix:
    """A network cut in two.

    Args:
        rebuild: the presence of the active players, ``(m, active)``, float → the output of the layer at the cut.
        suffix: the network after the cut, its output still to be selected from.
        description: for a person.
        players: the number of active players.
        cube: of the whole network.
        error: the largest difference from the whole network on a sample, in units of f.
    """

    rebuild: Callable[[torch.Tensor], torch.Tensor]
    suffix: ModelFunction
    description: str
    players: int
    cube: FunctionCube
    error: float = 0.0

    def values_at_once(self, cube: FunctionCube, present: torch.Tensor) -> torch.Tensor:
        """Like :meth:`values`; the cube's watchers are told."""
        values = self.values(present)
        cube.on_calls(len(present))
        return values

    def values(self, present: torch.Tensor) -> torch.Tensor:
        """f at coalitions of the active players. Shape ``(m, active)`` → ``(m,)``."""
        with torch.no_grad():
            return wide(self.suffix(self.rebuild(present)))


@dataclass(frozen=True, eq=False)
class _Cut:
    """A place where the network may be cut, what comes before and after it costs, and how it is put together there."""

    node: fx.Node
    before: float
    after: float
    numbers: int
    depends: torch.Tensor | None  # (players, locations…) for a local cut, None for an affine one


def shared_prefix(cube: FunctionCube, active: tuple[int, ...]) -> SharedPrefix | None:
    """The cut that saves most work for all coalitions of the active players; None where none saves enough.

    The result is compared with the whole network's on a sample, and not used if they differ by more than rounding.
    """
    if not isinstance(cube.f, ModelFunction) or len(cube.baseline) != 1 or not cube.x.is_floating_point():
        return None
    numbers = cube.x.numel() + sum(parameter.numel() for parameter in cube.f.module.parameters())
    if not active or numbers * 2 ** len(active) < WORTH or cube.device.type == "meta":
        return None
    try:
        with cube.calling():
            plan = _cheapest(replace(cube, on_calls=ignore), active)
    except Exception:  # a network that cannot be traced or run in parts is run as a whole
        return None
    return plan and replace(plan, cube=cube)


def _cheapest(cube: FunctionCube, active: tuple[int, ...]) -> SharedPrefix | None:
    assert isinstance(cube.f, ModelFunction)
    model = cube.f.module
    whole_model = _Whole(model.model if isinstance(model, Output) else model)
    graph = fx.GraphModule(*trace(whole_model, cube.x[:1]))
    cuts = _cuts(graph, cube, active)
    whole = min((cut.before + cut.after for cut in cuts), default=0.0)
    count = 2.0 ** len(active)
    weighed = from_elsewhere(cube, active)
    priced = [(_price(cut, active, count, weighed), number) for number, cut in enumerate(cuts)]
    price, best = min(priced, default=(float("inf"), 0))
    if price * GAIN > count * whole:
        return None
    plan = _plan(graph, cube, active, cuts[best])
    return _checked(plan, cube, active)


class _Whole(nn.Module):
    """A model as a step of another: tracing meets its hooks, and its further arguments keep their defaults."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return self.model(inputs)


def _cuts(graph: fx.GraphModule, cube: FunctionCube, active: tuple[int, ...]) -> list[_Cut]:
    """All places where the network could be cut, with what they cost and depend on."""
    kinds = step_kinds(graph)
    costs = Costs(graph)
    costs.run(torch.cat([cube.x] * TRIAL))
    modules = dict(graph.named_modules())
    if any(jumps(node, modules) for node in graph.graph.nodes):  # sums that differ by rounding would not do
        kinds = dict.fromkeys(kinds, "local")
    candidates = [node for node in dominators(graph) if node in kinds and node in costs.numbers]
    poisoned = poisoned_places(graph, cube, active, [node for node in candidates if kinds[node] == "local"])
    whole, before, cuts = sum(costs.cost.values()), 0.0, []
    for node in graph.graph.nodes:
        before += costs.cost.get(node, 0.0)
        if node in candidates:
            after = whole - before + MOVE * costs.numbers[node]
            cuts.append(_Cut(node, before, after, costs.numbers[node], poisoned.get(node)))
    return cuts


def _colours(depends: torch.Tensor) -> list[int]:
    """A colour for each player, different for any two that one place depends on."""
    import networkx  # loaded only where it is used

    flat = depends.flatten(1).float()
    together = (flat @ flat.T > 0).cpu().numpy()
    conflicts = networkx.from_numpy_array(together)
    conflicts.remove_edges_from(networkx.selfloop_edges(conflicts))
    colours = networkx.greedy_color(conflicts, strategy="largest_first")
    return [colours[player] for player in range(len(together))]


def _price(cut: _Cut, active: tuple[int, ...], count: float, weighed: bool) -> float:
    if cut.depends is None:
        terms = len(active) * (2 if weighed else 1)
        return (terms + 1) * cut.before + count * (cut.after + 2 * terms * cut.numbers)
    runs = 2.0 ** (1 + max(_colours(cut.depends)))
    if runs > PATTERNS or runs * cut.numbers > ENTRIES:
        return float("inf")
    return runs * cut.before + count * (cut.after + FIND * cut.depends[0].numel())


def _plan(graph: fx.GraphModule, cube: FunctionCube, active: tuple[int, ...], cut: _Cut) -> SharedPrefix:
    assert isinstance(cube.f, ModelFunction)
    prefix, suffix = _halves(graph, cut.node)
    n = len(active)
    if cut.depends is None:
        rebuild, what = sum_of_players(*player_terms(prefix, cube, active), len(active)), "each player's share"
    else:
        colours = torch.tensor(_colours(cut.depends))
        patterns = degrees.bits(0, 2 ** (1 + int(colours.max())), 1 + int(colours.max()))[:, colours].to(cube.device)
        points = torch.zeros(len(patterns), cube.n, dtype=torch.bool, device=cube.device)
        points[:, list(active)] = patterns.bool()
        table = torch.cat([prefix(cube.inputs(some)[:, 0]) for some in points.split(cube.chunk)])
        rebuild = from_patterns(table, cut.depends, colours.to(cube.device))
        what = f"{len(patterns):,} patterns"
    description = f"the layers up to '{_name(cut.node)}' run for {what} instead of for {2**n:,} coalitions"
    second = ModelFunction(_with_output(suffix, cube.f.module), cube.f.target)
    return SharedPrefix(rebuild, second, description, n, cube)


def _with_output(suffix: nn.Module, model: nn.Module) -> nn.Module:
    """The second half with the kind of output that was asked for."""
    return Output(suffix, model.kind) if isinstance(model, Output) else suffix


def _name(node: fx.Node) -> str:
    return str(node.target).removeprefix("model.") if node.op == "call_module" else node.name


def _halves(graph: fx.GraphModule, cut: fx.Node) -> tuple[fx.GraphModule, fx.GraphModule]:
    """The network up to a node, and after it."""
    first, second = fx.Graph(), fx.Graph()
    copies: dict[fx.Node, fx.Node] = {}
    nodes = list(graph.graph.nodes)
    for node in nodes[: nodes.index(cut) + 1]:
        copies[node] = first.node_copy(node, lambda old: copies[old])
    first.output(copies[cut])
    there = {cut: second.placeholder("cut")}

    def copied(old: fx.Node) -> fx.Node:
        if old not in there:  # a parameter or the size of the batch, from before the cut
            size = is_size(old)
            there[old] = second.call_method("size", (there[cut], 0)) if size else second.node_copy(old)
        return there[old]

    for node in nodes[nodes.index(cut) + 1 :]:
        before = is_size(node) and node.all_input_nodes[0] not in there
        there[node] = copied(node) if before else second.node_copy(node, copied)
    second.lint()
    return fx.GraphModule(graph, first), fx.GraphModule(graph, second)


def _checked(plan: SharedPrefix, cube: FunctionCube, active: tuple[int, ...]) -> SharedPrefix | None:
    """The plan with its error on a sample of coalitions; None if that is more than rounding."""
    generator = torch.Generator().manual_seed(0)
    count = min(SAMPLE, max(8, 2 ** len(active) // 32))
    present = torch.randint(0, 2, (count, len(active)), generator=generator)
    present[0], present[1] = 0, 1
    points = torch.zeros(count, cube.n, dtype=torch.bool)
    points[:, list(active)] = present.bool()
    whole = cube.values(points.to(cube.device))
    parts = [plan.values(some) for some in present.to(cube.device).split(cube.chunk)]
    error = float((torch.cat(parts) - whole).abs().max())
    if not error <= EXACT * cube.precision * float(whole.abs().max()):
        return None
    return replace(plan, error=error)
