"""From an exported graph to steps, or to the name of what has no rule."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import fx, nn

from decompositions.networks.aten.export import BATCH, Exported, part
from decompositions.networks.network import WAY_OUT, Network, Step
from decompositions.networks.operations import AbstractOperation, Rearrangement

SIZES_ONLY = ("full_like", "zeros_like", "ones_like", "empty_like", "new_zeros", "new_ones", "new_full", "new_empty")
Rule = Callable[["AtenReader", fx.Node], int]  # writes the steps of a node; gives the place of its value


class AtenReader:
    """Writes the steps of a graph, node by node, by the rules of a table.

    Args:
        model: whose parameters are read.
        found: its graph.
        x: one input.
        rules: from the name of an operation to its rule.
    """

    def __init__(self, model: nn.Module, found: Exported, x: torch.Tensor, rules: dict[str, Rule]) -> None:
        self.found, self.x, self.rules = found, x, rules
        self.place: dict[fx.Node, int] = {found.given: 0}
        self.steps: list[Step] = []
        self.batchwise: dict[fx.Node, bool] = {}
        self.scales: set[int] = set()  # places that are reciprocals of the input's own size
        self.fixed: dict[fx.Node, Any] = {node: part(model, name) for node, name in found.parts.items()}
        self.fixed.update(found.constants)

    def read(self) -> Network:
        """The steps.

        Raises:
            ValueError: an operation without a rule, or rows that depend on each other.
        """
        needed = _needed(self.found)
        for node in self.found.graph.nodes:
            if node.op == "call_function" and node in needed and self._depends(node):
                self._read(node)
        if self.found.result not in self.place:
            raise ValueError("the output does not depend on the input")
        if not self.steps or self.place[self.found.result] != len(self.steps):
            self.emit(self.found.result, Rearrangement(lambda u: u), [self.found.result])
        return Network(tuple(self.steps))

    def _read(self, node: fx.Node) -> None:
        owner, name = node, operation_name(node)
        if name == "getitem":
            source, number = arguments(node)
            node, name = source, f"{operation_name(source)}[{number}]"
        rule = self.rules.get(name)
        if rule is None:
            if any(user for user in node.users if operation_name(user) == "getitem") and name == operation_name(node):
                return  # its parts are asked for one by one
            raise ValueError(f"{described(node)} has no rule; {WAY_OUT}")
        self.place[owner] = rule(self, node)

    def _depends(self, node: fx.Node) -> bool:
        """Whether a node has the input's numbers in it, not its sizes alone."""
        if operation_name(node) in SIZES_ONLY or operation_name(node).startswith("_assert"):
            return False
        return any(source in self.place or self._split(source) for source in node.all_input_nodes)

    def _split(self, node: fx.Node) -> bool:
        """Whether a node gives several values that depend on the input."""
        several = isinstance(self.found.shapes.get(node), list)
        return several and any(source in self.place for source in node.all_input_nodes)

    def depends(self, arg: Any) -> bool:
        """Whether an argument is a value that depends on the input."""
        return isinstance(arg, fx.Node) and arg in self.place

    def emit(self, node: fx.Node, operation: AbstractOperation, sources: list[Any]) -> int:
        """Write a step; sources are nodes or places."""
        places = tuple(each if isinstance(each, int) else self.place[each] for each in sources)
        self.steps.append(Step(_title(node), operation, places))
        return len(self.steps)

    def shape(self, node: fx.Node) -> tuple[int, ...]:
        """The shape of a node's value, for a batch of ``BATCH``."""
        return self.found.shapes[node]

    def sources(self, node: fx.Node) -> list[fx.Node]:
        """The arguments that depend on the input, each once."""
        return [each for each in node.all_input_nodes if each in self.place]

    def constant(self, arg: Any) -> torch.Tensor:
        """An argument that does not depend on the input, as a tensor that fits every batch.

        Raises:
            ValueError: the rows of a batch get different ones.
        """
        if not isinstance(arg, fx.Node):
            return torch.tensor(arg, dtype=torch.float64)  # of no axes, so the network's type stays
        if not self._bybatch_of(arg):
            return self.evaluated(arg, 1)
        axes = [axis for axis, size in enumerate(self.shape(arg)) if size == BATCH]
        two = self.evaluated(arg, 2)
        if len(axes) != 1 or not torch.equal(two.narrow(axes[0], 0, 1), two.narrow(axes[0], 1, 1)):
            raise ValueError("the rows of a batch are treated differently, so the model is no function of one input")
        return two.narrow(axes[0], 0, 1)

    def evaluated(self, node: fx.Node, batch: int) -> Any:
        """The value of a node that does not depend on the input, for a batch of so many."""
        if node in self.fixed:
            return self.fixed[node]
        if operation_name(node) in SIZES_ONLY and node.args[0] in self.place:
            shape = [scaled(size, batch) for size in self.shape(arguments(node)[0])]
            args = [self.x.new_zeros(()).expand(shape), *node.args[1:]]
        else:
            args = arguments(node)
        known: Any = fx.node.map_aggregate((tuple(args), node.kwargs), lambda arg: self._argument(arg, batch))
        target: Any = node.target
        value = target(*known[0], **known[1])
        if not self._bybatch_of(node):
            self.fixed[node] = value
        return value

    def _argument(self, arg: Any, batch: int) -> Any:
        return self.evaluated(arg, batch) if isinstance(arg, fx.Node) else scaled(arg, batch)

    def _bybatch_of(self, node: fx.Node) -> bool:
        """Whether the value of a node depends on how many rows there are."""
        if node in self.fixed:
            return False
        if node not in self.batchwise:
            numbers: list[Any] = []
            fx.node.map_aggregate((node.args, node.kwargs), lambda arg: numbers.append(arg))
            sources = node.all_input_nodes
            self.batchwise[node] = any(each in self.place or self._bybatch_of(each) for each in sources) or any(
                scaled(arg, 1) != arg for arg in numbers if not isinstance(arg, fx.Node)
            )
        return self.batchwise[node]

    def call(self, node: fx.Node, sources: list[fx.Node], blank: bool = False) -> Callable[..., torch.Tensor]:
        """A node as a function of those of its arguments that depend on the input.

        Args:
            node: the operation.
            sources: the arguments, in the order in which the function takes them.
            blank: whether all other tensors are zero.
        """
        shapes = [self.shape(source) for source in sources]
        others = [each for each in node.all_input_nodes if each not in sources]
        single = {each: self.evaluated(each, 1) for each in others if not self._bybatch_of(each)}
        target: Any = node.target

        def run(*inputs: torch.Tensor) -> torch.Tensor:
            batch = batch_of(shapes, inputs)
            given = dict(zip(sources, inputs, strict=True))

            def value(arg: Any) -> Any:
                if not isinstance(arg, fx.Node):
                    return scaled(arg, batch)
                if arg in given:
                    return given[arg]
                known = single[arg] if arg in single else self.evaluated(arg, batch)
                return torch.zeros_like(known) if blank and known.is_floating_point() else known

            known: Any = fx.node.map_aggregate((node.args, node.kwargs), value)
            return target(*known[0], **known[1])

        return run


def arguments(node: fx.Node, *defaults: Any) -> list[Any]:
    """The positional arguments of a node, filled up with those that it left out."""
    return [*node.args, *defaults[len(node.args) :]]


def operation_name(node: fx.Node) -> str:
    """An operation as ``aten`` calls it, without its overload."""
    target = node.target
    if isinstance(target, torch._ops.OpOverload):
        return target._schema.name.split("::")[1]
    return str(getattr(target, "__name__", target))


def described(node: fx.Node) -> str:
    """A step for a person: what it is, in which module, and the line of the model's code."""
    modules = [name for name in node.meta.get("modules", ()) if name]
    inside = f" in module '{modules[-1]}'" if modules else ""
    line = f" ({node.meta['line']})" if node.meta.get("line") else ""
    return f"the operation '{operation_name(node)}'{inside}{line}"


def _title(node: fx.Node) -> str:
    modules = [name for name in node.meta.get("modules", ()) if name]
    return f"{modules[-1]}.{node.name}" if modules else node.name


def _needed(found: Exported) -> set[fx.Node]:
    """The nodes on which the output depends."""
    needed = {found.result}
    for node in reversed(found.graph.nodes):
        if node in needed:
            needed.update(node.all_input_nodes)
    return needed


def scaled(arg: Any, batch: int) -> Any:
    """A whole number of the graph, or a shape of them, for another batch."""
    if isinstance(arg, tuple):
        return tuple(scaled(each, batch) for each in arg)
    if isinstance(arg, int) and not isinstance(arg, bool) and arg and arg % BATCH == 0:
        return arg // BATCH * batch
    return arg


def batch_of(shapes: list[tuple[int, ...]], inputs: tuple[torch.Tensor, ...]) -> int:
    """How many rows there are, from the sizes of some values."""
    for shape, value in zip(shapes, inputs, strict=True):
        for size, now in zip(shape, value.shape, strict=True):
            if size and size % BATCH == 0:
                return now * BATCH // size
    return 1
