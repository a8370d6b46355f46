"""Shared prefixes: the first layers of a network, run for a few coalitions instead of for all.

Up to some layer a network is *local* (a place of its output sees a few players only, as in a convolution) or *affine*
in the input. Then that layer's output for any coalition can be put together from a few runs: for a local layer from
the runs of all patterns that a place can see (places that share no player share the runs), for an affine one as the sum
of what each player brings, once present and once absent. Only the layers after it run once per coalition.

The dependencies are found by poisoning: NaN in a player's entries turns every number to NaN that could depend on it.
The steps before the cut are known ones only, through which NaN passes and which are affine where that is claimed.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import fx, nn

from decompositions import degrees
from decompositions.arithmetic import wide
from decompositions.games.cube import ignore
from decompositions.games.function_cube import FunctionCube
from decompositions.models.model_function import ModelFunction, Output
from decompositions.networks.graph import trace

GAIN = 1.3  # the estimated factor from which on it is worth the trouble
WORTH = 10**7  # numbers read in all, below which nothing is looked for
SAMPLE = 64  # coalitions on which the result is compared with that of the whole network
TRIAL = 2  # copies of the input that are run to see what every step costs, and that it keeps the rows apart
EXACT = 256.0  # of epsilon, relative to the largest value: how much the two may differ
MOVE = 8  # operations that reading and writing one number is worth
FIND = 64  # operations that looking up one place is worth
PATTERNS = 2**14  # rows of a table of local patterns, at most
ENTRIES = 2**27  # numbers in it, at most

_AFFINE_MODULES = (
    nn.Linear, nn.Conv1d, nn.Conv2d, nn.modules.batchnorm._BatchNorm, nn.AvgPool1d, nn.AvgPool2d, nn.Identity,
    nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d, nn.Flatten, nn.Dropout, nn.Dropout2d, nn.ZeroPad2d, nn.ConstantPad2d,
)  # fmt: skip
_LOCAL_MODULES = (
    *_AFFINE_MODULES, nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.ELU, nn.GELU, nn.SiLU, nn.Sigmoid, nn.Tanh, nn.Softplus,
    nn.Hardtanh, nn.MaxPool1d, nn.MaxPool2d, nn.LayerNorm,
)  # fmt: skip
_AFFINE_FUNCTIONS = (
    F.linear, torch.conv1d, torch.conv2d, F.conv1d, F.conv2d, torch.flatten, F.pad, F.avg_pool1d, F.avg_pool2d,
    F.adaptive_avg_pool2d, F.batch_norm, F.dropout,
)  # fmt: skip
_LOCAL_FUNCTIONS = (
    *_AFFINE_FUNCTIONS, F.relu, torch.relu, F.relu6, F.leaky_relu, F.elu, F.gelu, F.silu, F.sigmoid, torch.sigmoid,
    F.tanh, torch.tanh, F.softplus, torch.square, F.hardtanh, F.max_pool1d, F.max_pool2d, operator.add, operator.iadd,
    operator.sub, operator.mul, torch.add, torch.mul, torch.cat,
)  # fmt: skip
_METHODS = ("view", "reshape", "flatten", "contiguous")
_JUMPS = (
    "gt", "ge", "lt", "le", "eq", "ne", "sign", "sgn", "signbit", "round", "floor", "ceil", "trunc", "fix", "frac",
    "floor_divide", "floordiv", "fmod", "remainder", "mod", "heaviside", "argmax", "argmin", "argsort", "nonzero",
    "count_nonzero", "norm", "dist",
    "unique", "bincount", "histc", "bucketize", "searchsorted", "isclose", "long", "int", "short", "byte", "bool",
    "bernoulli", "multinomial", "hardshrink", "threshold", "fake_quantize_per_tensor_affine", "quantize_per_tensor",
)  # fmt: skip
_RANKS = ("max", "min", "topk", "sort", "median", "mode", "kthvalue")  # values and places; only the places jump


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
    weighed = _from_elsewhere(cube, active)
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
    kinds = _kinds(graph)
    costs = _Costs(graph)
    costs.run(torch.cat([cube.x] * TRIAL))
    modules = dict(graph.named_modules())
    if any(_jumps(node, modules) for node in graph.graph.nodes):  # sums that differ by rounding would not do
        kinds = dict.fromkeys(kinds, "local")
    candidates = [node for node in _dominators(graph) if node in kinds and node in costs.numbers]
    poisoned = _poisoned(graph, cube, active, [node for node in candidates if kinds[node] == "local"])
    whole, before, cuts = sum(costs.cost.values()), 0.0, []
    for node in graph.graph.nodes:
        before += costs.cost.get(node, 0.0)
        if node in candidates:
            after = whole - before + MOVE * costs.numbers[node]
            cuts.append(_Cut(node, before, after, costs.numbers[node], poisoned.get(node)))
    return cuts


def _kinds(graph: fx.GraphModule) -> dict[fx.Node, str]:
    """Which nodes are affine or local functions of the input, up to the first step that is not known.

    What comes later might see numbers that this step has changed in place. No cut after a step that is not affine is
    affine: that step's output is part of it, or is used again after the cut.
    """
    modules = dict(graph.named_modules())
    kinds: dict[fx.Node, str] = {}
    so_far = "affine"
    for node in graph.graph.nodes:
        if node.op not in ("placeholder", "get_attr") and not _is_size(node):
            kind = _kind(node, modules)
            if not kind:
                break
            so_far = "local" if kind == "local" else so_far
        kinds[node] = so_far
    return kinds


def _kind(node: fx.Node, modules: dict[str, nn.Module]) -> str:
    affine: Any
    local: Any
    if node.op == "call_module":
        module = modules[str(node.target)]
        affine, local = _does(module, _AFFINE_MODULES), _does(module, _LOCAL_MODULES)
    elif node.op == "call_function":
        affine, local = node.target in _AFFINE_FUNCTIONS, node.target in _LOCAL_FUNCTIONS
    else:
        affine = local = node.op == "call_method" and node.target in _METHODS
    varying = [source for source in node.all_input_nodes if source.op != "get_attr" and not _is_size(source)]
    if affine and len(varying) == 1:  # a weight that is computed from the input makes a product
        return "affine"
    return "local" if local else ""


def _does(module: nn.Module, classes: tuple[type[nn.Module], ...]) -> bool:
    """Whether a module does what one of the classes does: no hook, no other ``forward``, no statistics of the batch."""
    if "forward" in vars(module) or module._forward_hooks or module._forward_pre_hooks:
        return False
    if isinstance(module, nn.modules.batchnorm._BatchNorm) and (module.training or module.running_mean is None):
        return False
    return any(type(module).forward is each.forward for each in classes)


def _jumps(node: fx.Node, modules: dict[str, nn.Module]) -> bool:
    """Whether a step turns a rounding error into a jump, as far as such steps are known."""
    if node.op == "call_module":
        return type(modules[str(node.target)]).__name__.lower() in _JUMPS
    name = node.target if isinstance(node.target, str) else getattr(node.target, "__name__", "")
    places = name == "getattr" and node.args[1] == "indices"
    if name == "getitem" and node.args[1] == 1 and isinstance(node.args[0], fx.Node):
        source = node.args[0].target
        places = (source if isinstance(source, str) else getattr(source, "__name__", "")) in _RANKS
    types = [each for each in (*node.args, *node.kwargs.values()) if isinstance(each, torch.dtype)]
    if node.kwargs.get("rounding_mode") is not None:
        return True
    return name.strip("_") in _JUMPS or places or any(not each.is_floating_point for each in types)


def _is_size(node: fx.Node) -> bool:
    """The size of the batch, which is the same before and after a cut."""
    return node.op == "call_method" and node.target == "size" and node.args[1:] == (0,)


def _dominators(graph: fx.GraphModule) -> list[fx.Node]:
    """The nodes through which everything that comes later gets what it needs of the input."""
    nodes = [node for node in graph.graph.nodes if node.op != "get_attr" and not _is_size(node)]
    order = {node: number for number, node in enumerate(nodes)}
    last = {node: max((order[user] for user in node.users if user in order), default=-1) for node in nodes}
    found, open_until = [], -1
    for node in nodes[:-1]:
        if open_until <= order[node]:
            found.append(node)
        open_until = max(open_until, last[node])
    return found


class _Costs(fx.Interpreter):
    """What every node costs for one input: its floating-point operations, and moving its numbers."""

    def __init__(self, graph: fx.GraphModule) -> None:
        super().__init__(graph)
        self.cost: dict[fx.Node, float] = {}
        self.numbers: dict[fx.Node, int] = {}

    def run_node(self, node: fx.Node) -> Any:
        result = super().run_node(node)
        if isinstance(result, torch.Tensor) and node.op not in ("placeholder", "get_attr", "output"):
            if result.ndim > 1 and len(result) == TRIAL:
                self.numbers[node] = result[0].numel()
            weight = self._weight(node)
            products = 0 if weight is None else 2 * weight[0].numel()
            self.cost[node] = (products + MOVE) * result.numel() / TRIAL
        elif _is_size(node) and result != TRIAL:
            raise ValueError("the size of something that is no batch of rows")
        return result

    def _weight(self, node: fx.Node) -> torch.Tensor | None:
        """The matrix or the kernels that every number of the output is a product with."""
        if node.op == "call_module":
            module = self.fetch_attr(str(node.target))
            return module.weight if isinstance(module, (nn.Linear, nn.Conv1d, nn.Conv2d)) else None
        if node.target in (F.linear, F.conv1d, F.conv2d, torch.conv1d, torch.conv2d):
            args, kwargs = self.fetch_args_kwargs_from_env(node)
            return kwargs["weight"] if "weight" in kwargs else args[1]
        return None


class _Poison(fx.Interpreter):
    """Runs up to the last wanted node and notes where NaN has arrived."""

    def __init__(self, graph: fx.GraphModule, wanted: list[fx.Node]) -> None:
        super().__init__(graph)
        self.wanted, self.arrived = set(wanted), dict[fx.Node, torch.Tensor]()

    def run_node(self, node: fx.Node) -> Any:
        if len(self.arrived) == len(self.wanted):
            return None
        result = super().run_node(node)
        if node in self.wanted:
            poisoned = torch.isnan(result)
            self.arrived[node] = poisoned.any(1) if result.ndim == 4 else poisoned
        return result


def _poisoned(
    graph: fx.GraphModule, cube: FunctionCube, active: tuple[int, ...], wanted: list[fx.Node]
) -> dict[fx.Node, torch.Tensor]:
    """Which players each place of a node's output depends on. Shape ``(players, places…)``; channels are one place."""
    found: dict[fx.Node, list[torch.Tensor]] = {node: [] for node in wanted}
    if not wanted:
        return {}
    players = cube.players.expand(cube.x.shape[1:])
    for some in torch.tensor(active, device=cube.device).split(cube.chunk):
        theirs = players == some.reshape(-1, *(1,) * players.ndim)
        run = _Poison(graph, wanted)
        with torch.no_grad():
            run.run(torch.where(theirs, torch.full_like(cube.x, torch.nan), cube.x))
        for node in wanted:
            found[node].append(run.arrived[node])
    return {node: torch.cat(each) for node, each in found.items()}


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
        rebuild, what = _sum_of_players(*_terms(prefix, cube, active), len(active)), "each player's share"
    else:
        colours = torch.tensor(_colours(cut.depends))
        patterns = degrees.bits(0, 2 ** (1 + int(colours.max())), 1 + int(colours.max()))[:, colours].to(cube.device)
        points = torch.zeros(len(patterns), cube.n, dtype=torch.bool, device=cube.device)
        points[:, list(active)] = patterns.bool()
        table = torch.cat([prefix(cube.inputs(some)[:, 0]) for some in points.split(cube.chunk)])
        rebuild = _patterns(table, cut.depends, colours.to(cube.device))
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
            size = _is_size(old)
            there[old] = second.call_method("size", (there[cut], 0)) if size else second.node_copy(old)
        return there[old]

    for node in nodes[nodes.index(cut) + 1 :]:
        before = _is_size(node) and node.all_input_nodes[0] not in there
        there[node] = copied(node) if before else second.node_copy(node, copied)
    second.lint()
    return fx.GraphModule(graph, first), fx.GraphModule(graph, second)


def _from_elsewhere(cube: FunctionCube, active: tuple[int, ...]) -> bool:
    """Whether an active player's part of the baseline is not zero, so that it brings something when it is absent."""
    owned = torch.isin(cube.players.expand(cube.x.shape[1:]), torch.tensor(active, device=cube.device))
    return bool((owned & (cube.baseline[0] != 0)).any())


def _terms(
    prefix: Callable[[torch.Tensor], torch.Tensor], cube: FunctionCube, active: tuple[int, ...]
) -> tuple[torch.Tensor, torch.Tensor]:
    """The output without the active players, and what each of them adds where it is present, then where it is absent.

    Shape ``(1, …)`` and ``(active or 2 active, …)``. A coalition's sum has the terms of those inputs alone that are
    there, so that its rounding is of the size of the layer's own; differences from the baseline's output would carry
    the size of a large baseline into every coalition.
    """
    theirs = cube.players.expand(cube.x.shape[1:]) == torch.tensor(active, device=cube.device).reshape(
        -1, *(1,) * (cube.x.ndim - 1)
    )
    start = torch.where(theirs.any(0), 0.0, cube.baseline)
    given = [start, torch.where(theirs, cube.x, start)]
    if _from_elsewhere(cube, active):
        given.append(torch.where(theirs, cube.baseline, start))
    table = torch.cat([prefix(some.clone()) for some in torch.cat(given).split(cube.chunk)])
    return table[:1], table[1:] - table[:1]


def _sum_of_players(start: torch.Tensor, added: torch.Tensor, players: int) -> Callable[[torch.Tensor], torch.Tensor]:
    """The sum of what the players add, each where it is present or where it is absent (if left out: nothing)."""
    base, terms, shape = start.flatten(1), added.flatten(1), start.shape[1:]

    def rebuild(present: torch.Tensor) -> torch.Tensor:
        present = present.to(terms.dtype)
        which = present if len(terms) == players else torch.cat([present, 1 - present], 1)
        return torch.addmm(base, which, terms).reshape(-1, *shape)

    return rebuild


def _patterns(
    table: torch.Tensor, depends: torch.Tensor, colours: torch.Tensor
) -> Callable[[torch.Tensor], torch.Tensor]:
    """The output of every place from the run whose pattern it sees."""
    channels = table.ndim == 4
    places = table.permute(2, 3, 0, 1).flatten(0, 1) if channels else table.flatten(1).T[..., None]
    places = places.contiguous()  # (places, patterns, channels)
    number = torch.arange(len(places), device=table.device)
    weights = depends.flatten(1).to(torch.float32) * (2.0 ** colours.to(torch.float32))[:, None]
    shape, contiguous = table.shape[1:], table.is_contiguous()

    def rebuild(present: torch.Tensor) -> torch.Tensor:
        pattern = (present.to(torch.float32) @ weights).long()
        found = places[number, pattern]
        if channels:
            found = found.reshape(len(present), *shape[1:], shape[0]).permute(0, 3, 1, 2)
            return found.contiguous() if contiguous else found  # laid out as in the network, for its views
        return found.reshape(len(present), *shape)

    return rebuild


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
