"""A network seen as modules: every step it takes from the input to the output, read off by tracing."""

from __future__ import annotations

import math
import operator
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import fx, nn

from decompositions.models.full_precision import full_precision
from decompositions.models.own_copy import OwnCopy
from decompositions.models.undisturbed import undisturbed
from decompositions.networks.graph import attribute, trace
from decompositions.networks.operations import (
    AbstractAffine,
    AbstractOperation,
    Averaging,
    Combination,
    Convolution,
    Elementwise,
    Linear,
    MaxPooling,
    Neurons,
    Product,
    Rearrangement,
    Scaling,
)

ACTIVATIONS = (
    nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.ELU, nn.GELU, nn.SiLU, nn.Sigmoid, nn.Tanh, nn.Softplus, nn.Hardtanh,
)  # fmt: skip
FUNCTIONS = (
    F.relu, torch.relu, F.relu6, F.leaky_relu, F.elu, F.gelu, F.silu, F.sigmoid, torch.sigmoid, F.tanh, torch.tanh,
    F.softplus, torch.exp, torch.square,
)  # fmt: skip
IN_PLACE = (operator.iadd, operator.isub, operator.imul, operator.itruediv)
METHODS = ("relu", "sigmoid", "tanh", "exp", "square")
KINKS = {F.relu: (0.0,), torch.relu: (0.0,), ".relu": (0.0,), F.relu6: (0.0, 6.0), F.leaky_relu: (0.0,)}
SAMPLES = 2  # random inputs at which the steps are compared with the model
ROUNDING = 1e3  # of epsilon, relative to the largest number in the network: how far they may differ
WAY_OUT = "write it with supported modules, or use a method that only calls the model (shapley, occlusion_1, …)"


@dataclass(frozen=True, eq=False)
class Step:
    """One operation of a network.

    Args:
        name: of the module, or of the function and its place.
        operation: what it computes.
        inputs: the places of its inputs: 0 is the network's input, k is step k (counted from 1).
    """

    name: str
    operation: AbstractOperation
    inputs: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Network:
    """The steps of a network in the order in which they run; the last one is the output."""

    steps: tuple[Step, ...]

    def values(self, inputs: torch.Tensor) -> list[torch.Tensor]:
        """The input and the output of every step, for a batch. Place k is step k, place 0 the input."""
        with torch.no_grad():
            values = [inputs]
            for step in self.steps:
                values.append(step.operation.forward([values[place] for place in step.inputs]))
        return values


def network(model: nn.Module, x: torch.Tensor) -> Network:
    """Read a torch model as it is.

    Batch normalisation in eval mode is folded into the linear layer or convolution before it; dropout does nothing.

    Args:
        model: in eval mode, with one tensor in and one out.
        x: one input, to learn the shapes. Shape ``(1, …)``.

    Raises:
        ValueError: control flow that cannot be traced, a module with parameters that is used twice, or an operation
            without a rule; it is named, and nothing has been computed with it.
    """
    return _read_undisturbed(model, x, folded)


def modules(model: nn.Module, x: torch.Tensor) -> Network:
    """The same, with batch normalisation as a step of its own: the output of every module is a step's."""
    return _read_undisturbed(model, x, lambda steps: steps)


def folded(steps: Network) -> Network:
    """The same network with every scaling folded into the linear layer or convolution that it alone follows."""
    return Network(_merged(steps.steps, _folded))


def _read_undisturbed(model: nn.Module, x: torch.Tensor, prepare: Callable[[Network], Network]) -> Network:
    with undisturbed(None, x.device):  # of the model a copy is read, but it may draw random numbers
        return _read(model, x[:1], prepare)


@full_precision()
def _read(model: nn.Module, x: torch.Tensor, prepare: Callable[[Network], Network]) -> Network:
    title = type(model).__name__
    try:
        model = OwnCopy().of(model)  # reading runs its code, which may write to what it holds
        home, graph = _graph(model, x)
    except Exception as error:  # tracing runs the model's own code, which may raise anything
        raise ValueError(f"{title} cannot be traced: {error}; {WAY_OUT}") from error
    steps = prepare(_Reader(home, graph, x).read())
    _require_same(model, steps, x)
    return steps


def _require_same(model: nn.Module, read: Network, x: torch.Tensor) -> None:
    """Refuse steps that give another output than the model: tracing does not see hooks and replaced forwards.

    Compared at x, at zero and at random inputs, one by one, for what a model gives is what it gives for one input
    alone, and some take no more; on a device without numbers nothing can be.
    """
    if x.device.type == "meta" or not x.is_floating_point():
        return
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(SAMPLES, *x.shape[1:], generator=generator).to(x)
    size = 1 + x.abs().max()
    places = torch.cat([x, torch.zeros_like(x), noise * size, x + noise])
    with torch.no_grad():
        values = read.values(places)
        called = torch.cat([model(place.clone()).reshape(1, -1) for place in places.split(1)])
    steps = values[-1]
    largest = max(float(torch.nan_to_num(value, 0.0, 0.0, 0.0).abs().max()) for value in [*values[1:], called])
    unit = ROUNDING * torch.finfo(x.dtype).eps * largest
    steps = steps.reshape(len(places), -1)
    alike = steps.shape == called.shape
    if not alike or not torch.isclose(steps, called, rtol=0.0, atol=unit, equal_nan=True).all():
        raise ValueError(
            f"read step by step, {type(model).__name__} gives another output than when it is called: a hook, a "
            f"replaced forward or a change in place; {WAY_OUT}"
        )


def _graph(model: nn.Module, x: torch.Tensor) -> tuple[nn.Module, fx.Graph]:
    """What the model calls; a chain of torch's modules is written down as it is, which is faster than tracing it."""
    chain = list(_chain(model, ""))
    if None in chain or len({id(module) for _, module in filter(None, chain)}) < len(chain):
        return trace(model, x)
    graph = fx.Graph()
    node = graph.placeholder("input")
    for name, _ in filter(None, chain):
        node = graph.call_module(name, (node,))
    graph.output(node)
    return model, graph


def _chain(module: nn.Module, name: str) -> Iterator[tuple[str, nn.Module] | None]:
    """The modules of nested Sequentials in order, by name; None for whatever is neither that nor a module of torch."""
    if type(module) is nn.Sequential:
        for key, child in module._modules.items():  # named_children() leaves out what comes twice
            yield from _chain(child, f"{name}.{key}" if name else key)
    else:
        yield (name, module) if name and type(module).__module__.startswith("torch.nn.modules") else None


class _Reader:
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
            raise ValueError(f"module '{node.target}' ({type(module).__name__}) has no rule; {WAY_OUT}")
        return operation


def module_operation(module: nn.Module, axes: int) -> AbstractOperation | None:
    """What a torch module computes, its output having so many axes; None where there is no rule for it."""
    if isinstance(module, nn.Linear):
        return Linear(module.weight.detach(), None if module.bias is None else module.bias.detach())
    if isinstance(module, (nn.Conv1d, nn.Conv2d)) and module.padding_mode == "zeros":
        bias = None if module.bias is None else module.bias.detach()
        return Convolution(module.weight.detach(), bias, module.stride, module.padding, module.dilation, module.groups)
    if isinstance(module, nn.modules.batchnorm._BatchNorm) and module.running_mean is not None:
        return _normalisation(module, axes)
    if isinstance(module, ACTIVATIONS):
        return Elementwise(_not_in_place(module), _kinks(module))
    if isinstance(module, (nn.AvgPool1d, nn.AvgPool2d, nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d)):
        return Averaging(module)
    return _pool(module)


def _pool(module: nn.Module) -> AbstractOperation | None:
    if isinstance(module, (nn.MaxPool1d, nn.MaxPool2d)):
        call: Any = F.max_pool1d_with_indices if isinstance(module, nn.MaxPool1d) else F.max_pool2d_with_indices
        settings: Any = (module.kernel_size, module.stride, module.padding, module.dilation, module.ceil_mode)
        return MaxPooling(lambda u: call(u, *settings), 1 if isinstance(module, nn.MaxPool1d) else 2)
    if isinstance(module, (nn.AdaptiveMaxPool1d, nn.AdaptiveMaxPool2d)):
        one = isinstance(module, nn.AdaptiveMaxPool1d)
        adaptive: Any = F.adaptive_max_pool1d_with_indices if one else F.adaptive_max_pool2d_with_indices
        return MaxPooling(lambda u: adaptive(u, module.output_size), 1 if one else 2)
    if isinstance(module, (nn.ZeroPad1d, nn.ZeroPad2d)):
        return Rearrangement(module)
    return None


def _kinks(module: nn.Module) -> tuple[float, ...] | None:
    """Where a piecewise linear activation bends; None for a curved one."""
    if isinstance(module, nn.Hardtanh):  # and ReLU6
        return tuple(bound for bound in (float(module.min_val), float(module.max_val)) if math.isfinite(bound))
    return (0.0,) if isinstance(module, (nn.ReLU, nn.LeakyReLU)) else None


def _not_in_place(module: nn.Module) -> Callable[[torch.Tensor], torch.Tensor]:
    return (lambda u: module(u.clone())) if getattr(module, "inplace", False) else module


def _normalisation(module: Any, axes: int) -> Scaling:
    scale = (module.running_var + module.eps).rsqrt()
    scale = scale if module.weight is None else scale * module.weight.detach()
    shift = -module.running_mean * scale
    shift = shift if module.bias is None else shift + module.bias.detach()
    tail = (1,) * (axes - 2)
    return Scaling(scale.reshape(-1, *tail), shift.reshape(-1, *tail))


def _merged(steps: Sequence[Step], join: Callable[[AbstractOperation, AbstractOperation], Any]) -> tuple[Step, ...]:
    """Steps joined with the one before where that feeds nothing else and ``join`` gives their common operation."""
    users = Counter(place for step in steps for place in step.inputs)
    kept: list[Step] = []
    moved = {0: 0}
    for number, step in enumerate(steps, start=1):
        source = step.inputs[0]
        if source and len(step.inputs) == 1 and users[source] == 1:
            place = moved[source] - 1
            joined = join(kept[place].operation, step.operation)
            if joined is not None:
                kept[place] = Step(f"{kept[place].name}+{step.name}", joined, kept[place].inputs)
                moved[number] = place + 1
                continue
        kept.append(Step(step.name, step.operation, tuple(moved[place] for place in step.inputs)))
        moved[number] = len(kept)
    return tuple(kept)


def _folded(before: AbstractOperation, scaling: AbstractOperation) -> AbstractAffine | None:
    """A linear layer or convolution and the scaling of its channels as one map."""
    if not isinstance(scaling, Scaling) or not isinstance(before, (Linear, Convolution)):
        return None
    each = [part for part in (scaling.scale, scaling.shift) if part is not None]
    by_channel = all(part.numel() == 1 or part.shape[0] == part.numel() == len(before.weight) for part in each)
    if not by_channel or any(part.numel() > 1 and part.ndim != before.weight.ndim - 1 for part in each):
        return None
    scale = scaling.scale.reshape(-1).to(before.weight)
    weight = before.weight * scale.reshape(-1, *(1,) * (before.weight.ndim - 1))
    bias = None if before.bias is None else before.bias * scale
    if scaling.shift is not None:
        shift = scaling.shift.reshape(-1).expand(len(weight)).to(weight)
        bias = shift if bias is None else bias + shift
    if isinstance(before, Linear):
        return Linear(weight, bias)
    return Convolution(weight, bias, before.stride, before.padding, before.dilation, before.groups)


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


def fused(steps: Network) -> Network:
    """The same network with every affine step and the activation that alone follows it as one step of neurons."""
    return Network(_merged(steps.steps, _neurons))


def _neurons(before: AbstractOperation, after: AbstractOperation) -> Neurons | None:
    both = isinstance(before, AbstractAffine) and isinstance(after, Elementwise)
    return Neurons(before, after) if both else None  # type: ignore[arg-type]
