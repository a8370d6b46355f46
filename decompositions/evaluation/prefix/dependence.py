"""What a step costs, and which players each place of its output depends on: found by poisoning the input with NaN."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import fx, nn

from decompositions.evaluation.prefix.kinds import is_size
from decompositions.games.function_cube import FunctionCube

TRIAL = 2  # copies of the input that are run to see what every step costs, and that it keeps the rows apart
MOVE = 8  # operations that reading and writing one number is worth


def dominators(graph: fx.GraphModule) -> list[fx.Node]:
    """The nodes through which everything that comes later gets what it needs of the input."""
    nodes = [node for node in graph.graph.nodes if node.op != "get_attr" and not is_size(node)]
    order = {node: number for number, node in enumerate(nodes)}
    last = {node: max((order[user] for user in node.users if user in order), default=-1) for node in nodes}
    found, open_until = [], -1
    for node in nodes[:-1]:
        if open_until <= order[node]:
            found.append(node)
        open_until = max(open_until, last[node])
    return found


class Costs(fx.Interpreter):
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
        elif is_size(node) and result != TRIAL:
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


def poisoned_places(
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
