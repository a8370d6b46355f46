"""From the graph of a traced model to steps, or to the name of what has no rule."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import fx, nn

from decompositions.networks.graph import attribute
from decompositions.networks.interactions import Product
from decompositions.networks.network import WAY_OUT, Network, Step
from decompositions.networks.operations import (
    AbstractOperation,
    Averaging,
    Combination,
    Convolution,
    Elementwise,
    Linear,
    Rearrangement,
    Scaling,
)
from decompositions.networks.reading.modules import module_operation

FUNCTIONS = (
    F.relu, torch.relu, F.relu6, F.leaky_relu, F.elu, F.gelu, F.silu, F.sigmoid, torch.sigmoid, F.tanh, torch.tanh,
    F.softplus, torch.exp, torch.square,
)  # fmt: skip
IN_PLACE = (operator.iadd, operator.isub, operator.imul, operator.itruediv)
METHODS = ("relu", "sigmoid", "tanh", "exp", "square")
KINKS = {F.relu: (0.0,), torch.relu: (0.0,), ".relu": (0.0,), F.relu6: (0.0, 6.0), F.leaky_relu: (0.0,)}


class Reader:
    """From a traced graph to steps."""

    def __init__(self, model: nn.Module, graph: fx.Graph, x: torch.Tensor) -> None:
        self.modules = dict(model.named_modules())
        self.model, self.graph = model, graph
        self.place: dict[fx.Node, int] = {}
        self.constants: dict[fx.Node, Any] = {}
        self.steps: list[Step] = []
        self.needed = _needed(graph)
        self._refuse_inputs()
        self.shapes = _shapes(model, graph, x)

    def read(self) -> Network:
        self._refuse_reuse()
        self._refuse_in_place()
        for node in self.graph.nodes:
            if node not in self.needed:
                continue
            if node.op == "placeholder":
                self.place[node] = 0
            elif node.op == "get_attr":
                self.constants[node] = attribute(self.model, node.target)
            elif node.op == "output":
                return self._finish(node)
            else:
                self._read_step(node)
        raise ValueError("the traced model has no output")

    def _finish(self, node: fx.Node) -> Network:
        result = node.args[0]
        if not isinstance(result, fx.Node) or self.place.get(result) != len(self.steps):
            raise ValueError("the model must give one tensor, computed last from its input")
        return Network(tuple(self.steps))

    def _refuse_inputs(self) -> None:
        inputs = [node.name for node in self.graph.nodes if node.op == "placeholder"]
        if len(inputs) > 1:
            raise ValueError(f"the model has a second input '{inputs[1]}'; bind it before explaining the first")

    def _refuse_in_place(self) -> None:
        """A value that is overwritten and used again would be read as it was before."""
        order = {node: number for number, node in enumerate(self.graph.nodes)}
        for node in self.graph.nodes:
            if self._overwrites(node):
                source = node.all_input_nodes[0]
                if any(order[user] > order[node] for user in source.users):
                    raise ValueError(f"'{node.name}' changes '{source.name}' in place, which is used again; {WAY_OUT}")

    def _overwrites(self, node: fx.Node) -> bool:
        if node.op == "call_module":
            return bool(getattr(self.modules[str(node.target)], "inplace", False))
        title = str(node.target) if node.op == "call_method" else getattr(node.target, "__name__", "")
        named = title.endswith("_") and not title.endswith("__")
        return named or node.target in IN_PLACE or bool(node.kwargs.get("inplace"))

    def _refuse_reuse(self) -> None:
        calls = [node.target for node in self.graph.nodes if node.op == "call_module"]
        for name in sorted({name for name in calls if calls.count(name) > 1}):
            if any(True for _ in self.modules[name].parameters()):
                kind = type(self.modules[name]).__name__
                raise ValueError(f"module '{name}' ({kind}) is used {calls.count(name)} times; make one module per use")

    def _read_step(self, node: fx.Node) -> None:
        operation, sources = self._operation(node)
        if operation is None:
            self.constants[node] = None  # a size, needed for shapes only
            return
        self.steps.append(Step(self._name(node), operation, tuple(self.place[source] for source in sources)))
        self.place[node] = len(self.steps)

    def _name(self, node: fx.Node) -> str:
        return str(node.target) if node.op == "call_module" else node.name

    def _operation(self, node: fx.Node) -> tuple[AbstractOperation | None, list[fx.Node]]:
        sources = [arg for arg in node.all_input_nodes if arg in self.place]
        if node.op == "call_module":
            return self._module(node), sources
        key = node.target if node.op == "call_function" else f".{node.target}"
        if key is getattr and node.args[1] == "shape":
            return None, []
        if key in (".size", ".dim") or (key is operator.getitem and self._is_size(node.args[0])):
            return None, []
        if key in FUNCTIONS or (node.op == "call_method" and node.target in METHODS):
            return Elementwise(self._call(node), KINKS.get(key)), sources
        return self._arithmetic(node, key, sources), sources

    def _is_size(self, node: Any) -> bool:
        return isinstance(node, fx.Node) and node in self.constants

    def _arithmetic(self, node: fx.Node, key: Any, sources: list[fx.Node]) -> AbstractOperation:
        both = len(sources) == 2
        if key in (operator.add, operator.iadd, torch.add, ".add", ".add_") and not node.kwargs:
            return Combination((1.0, 1.0)) if both else self._shift(node, 1.0)
        if key in (operator.sub, operator.isub, torch.sub, ".sub") and not node.kwargs:
            if both:
                return Combination((1.0, -1.0))
            first = isinstance(node.args[0], fx.Node) and node.args[0] in self.place
            return self._shift(node, 1.0 if first else -1.0)
        if key in (operator.mul, torch.mul, ".mul") and len(node.args) == 2 and node.args[0] is node.args[1]:
            return Elementwise(torch.square)
        if key in (operator.mul, operator.imul, torch.mul, ".mul") and not node.kwargs:
            return Product() if both else Scaling(self._other(node), None)
        if key in (operator.truediv, torch.div, ".div") and not both and not node.kwargs and node.args[0] in self.place:
            return Scaling(1.0 / self._other(node), None)
        if key is operator.neg:
            return Combination((-1.0,))
        if key in (torch.conv1d, torch.conv2d, F.conv1d, F.conv2d, F.linear):
            return self._functional(node, key)
        if key in (torch.cat, torch.concat):
            return self._concatenation(node, sources)
        if key in (torch.flatten, ".flatten", ".view", ".reshape", ".squeeze", ".unsqueeze", ".contiguous"):
            return _reshape(self.shapes[node])
        if key in (torch.mean, ".mean"):
            return Averaging(self._call(node))
        raise ValueError(f"the operation '{node.name}' ({_title(key)}) has no rule; {WAY_OUT}")

    def _shift(self, node: fx.Node, factor: float) -> AbstractOperation:
        other = self._other(node)
        sign = -1.0 if node.target in (operator.sub, operator.isub, torch.sub, "sub") and factor > 0 else 1.0
        return Scaling(torch.tensor(factor, dtype=other.dtype, device=other.device), sign * other)

    def _other(self, node: fx.Node) -> torch.Tensor:
        """The argument that does not come from the input: a number or a parameter."""
        for arg in node.args:
            if not (isinstance(arg, fx.Node) and arg in self.place):
                value = self.constants.get(arg) if isinstance(arg, fx.Node) else arg
                if isinstance(value, torch.Tensor):
                    return value.detach()
                if isinstance(value, (int, float)):
                    return torch.tensor(value, dtype=torch.float64)  # of no axes, so the network's type stays
        raise ValueError(f"the operation '{node.name}' needs a number or a parameter beside its input; {WAY_OUT}")

    def _call(self, node: fx.Node) -> Callable[[torch.Tensor], torch.Tensor]:
        """The node as a function of its one tensor, its other arguments kept."""
        rest, kwargs = node.args[1:], {k: v for k, v in node.kwargs.items() if k != "inplace"}
        if node.op == "call_method":
            return lambda u: getattr(u, str(node.target))(*rest, **kwargs)
        return lambda u: node.target(u, *rest, **kwargs)  # type: ignore[operator]

    def _functional(self, node: fx.Node, key: Any) -> AbstractOperation:
        names = ("weight", "bias", "stride", "padding", "dilation", "groups")
        given = dict(zip(names, node.args[1:], strict=False)) | dict(node.kwargs)
        known = {name: self._value(value) for name, value in given.items() if name != "input"}
        if key is F.linear:
            return Linear(known["weight"], known.get("bias"))
        defaults = {"bias": None, "stride": 1, "padding": 0, "dilation": 1, "groups": 1}
        return Convolution(**(defaults | known))

    def _value(self, arg: Any) -> Any:
        value = self.constants[arg] if isinstance(arg, fx.Node) else arg
        return value.detach() if isinstance(value, torch.Tensor) else value

    def _concatenation(self, node: fx.Node, sources: list[fx.Node]) -> AbstractOperation:
        parts = list(node.args[0] if node.args else node.kwargs["tensors"])  # type: ignore[arg-type]
        axis: Any = node.kwargs.get("dim", node.args[1] if len(node.args) > 1 else 0)
        if len(sources) != len(parts) or axis == 0:
            raise ValueError(f"'{node.name}' concatenates other things than distinct parts of each input; {WAY_OUT}")
        order = [sources.index(part) for part in parts]
        return Rearrangement(lambda *each: torch.cat([each[i] for i in order], axis))

    def _module(self, node: fx.Node) -> AbstractOperation:
        module = self.modules[str(node.target)]
        if isinstance(module, (nn.Identity, nn.modules.dropout._DropoutNd)):
            return Rearrangement(lambda u: u)
        if isinstance(module, (nn.Flatten, nn.Unflatten)):
            return _reshape(self.shapes[node])
        operation = module_operation(module, len(self.shapes.get(node, ())))
        if operation is None:
            mode = getattr(module, "padding_mode", "zeros")
            why = "" if mode == "zeros" else f" for padding_mode={mode!r}, only for zeros"
            raise ValueError(f"module '{node.target}' ({type(module).__name__}) has no rule{why}; {WAY_OUT}")
        return operation


def _needed(graph: fx.Graph) -> set[fx.Node]:
    """The nodes on which the output depends, and the input."""
    needed = {node for node in graph.nodes if node.op in ("placeholder", "output")}
    for node in reversed(graph.nodes):
        if node in needed:
            needed.update(node.all_input_nodes)
    return needed


def _reshape(shape: tuple[int, ...]) -> Rearrangement:
    return Rearrangement(lambda u: u.reshape(len(u), *shape[1:]))


def _title(key: Any) -> str:
    return key if isinstance(key, str) else getattr(key, "__name__", str(key))


def _shapes(model: nn.Module, graph: fx.Graph, x: torch.Tensor) -> dict[fx.Node, tuple[int, ...]]:
    """The output shape of every tensor in the graph, for one input."""
    shapes: dict[fx.Node, tuple[int, ...]] = {}

    class Recorder(fx.Interpreter):
        def run_node(self, node: fx.Node) -> Any:
            result = super().run_node(node)
            if isinstance(result, torch.Tensor):
                shapes[node] = tuple(result.shape)
            return result

    with torch.no_grad():
        Recorder(model, graph=graph).run(x.clone())
    return shapes
