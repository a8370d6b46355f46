"""A smaller network without some of a layer's neurons: rows and columns are taken out of its weights.

What the neurons would give if they were silent is kept: an activation may make something of zero, and that constant
goes into the bias of the layers that read it.
"""

from __future__ import annotations

import copy
import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import fx, nn

from decompositions.models.model_function import require_evaluation
from decompositions.networks.graph import trace
from synergy.neurons.pruning import by_unit, layer_of, mask_of

Weighted = nn.Linear | nn.Conv1d | nn.Conv2d
ELEMENTWISE = (
    nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.ELU, nn.CELU, nn.SELU, nn.GELU, nn.SiLU, nn.Mish, nn.Hardtanh, nn.Hardswish,
    nn.Hardsigmoid, nn.Sigmoid, nn.LogSigmoid, nn.Softplus, nn.Softsign, nn.Tanh, nn.Identity, nn.Dropout, nn.Dropout1d,
    nn.Dropout2d,
)  # fmt: skip
POOLING = (
    nn.MaxPool1d, nn.MaxPool2d, nn.AvgPool1d, nn.AvgPool2d, nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d,
    nn.AdaptiveMaxPool2d,
)  # fmt: skip
FUNCTIONS = (
    F.relu, F.relu6, F.leaky_relu, F.elu, F.gelu, F.silu, F.softplus, F.hardtanh, F.tanh, F.sigmoid, torch.relu,
    torch.tanh, torch.sigmoid,
)  # fmt: skip
METHODS = ("relu", "tanh", "sigmoid")


def shrink(model: nn.Module, layer: str, neurons: Any) -> nn.Module:
    """A smaller network that gives what ``prune(model, layer, neurons)`` gives, to rounding; the model stays as it is.

    Args:
        model: in eval mode, one that can be traced.
        layer: the name of a linear layer or a convolution. Behind it come activations, pooling, flattening and dropout,
            and then linear layers or convolutions, which are the ones whose columns go.
        neurons: as of :func:`synergy.neurons.pruning.prune`; of a convolution whole channels.

    Raises:
        TypeError, ValueError: another layer, all neurons, or something behind it that reads them in another way, which
            is named: a sum, a normalisation, a concatenation.
    """
    target = layer_of(model, layer)
    require_evaluation(model)
    if not isinstance(target, Weighted) or getattr(target, "groups", 1) != 1:
        raise ValueError(
            f"a network gets smaller at a linear layer or a convolution of one group, and '{layer}' is "
            f"{_said(target)}; prune() silences neurons of any layer"
        )
    silent = _units(target, layer, mask_of(target, layer, neurons))
    if silent.all():
        raise ValueError(f"without any neuron of '{layer}' nothing of the input is left; keep at least one")
    made = copy.deepcopy(model)
    known = dict(made.named_modules())
    for name, constant in _consumers(model, layer):
        _set(made, name, _without_inputs(known[name], silent, constant, name))
    _set(made, layer, _without_outputs(known[layer], silent))
    return made


def _units(target: Weighted, layer: str, mask: torch.Tensor) -> torch.Tensor:
    """Which units or channels are silent. Shape ``(units,)``."""
    rows = by_unit(target, mask)
    if rows is None or not torch.equal(rows.all(1), rows.any(1)):
        raise ValueError(
            f"a network gets smaller by whole units and channels, and '{layer}' has {target.weight.shape[0]} of them; "
            "rank with neurons='channels' (units behind tokens: 'axis:2'), or silence single entries with prune()"
        )
    return rows.all(1)


@dataclass(frozen=True)
class _Silent:
    """A silent neuron on its way to the layers that read it.

    Args:
        gives: the number that stands in its place everywhere.
        form: "units" of the last axis, "maps" of channels, or "flat", maps one behind the other.
    """

    gives: torch.Tensor
    form: str


def _consumers(model: nn.Module, layer: str) -> Iterator[tuple[str, torch.Tensor]]:
    """The layers that read it, and what a silent neuron gives them."""
    graph, modules = _graph(model), dict(model.named_modules())
    start = _call(graph, layer)
    form = "units" if isinstance(modules[layer], nn.Linear) else "maps"
    waiting = [(user, _Silent(modules[layer].weight.new_zeros(()), form)) for user in start.users]
    while waiting:
        node, silent = waiting.pop()
        module = modules.get(str(node.target)) if node.op == "call_module" else None
        if node.op == "output":
            raise ValueError(f"'{layer}' gives the network's output, whose places are fixed; take an earlier layer")
        if _reads(module, silent.form):
            _call(graph, str(node.target))
            yield str(node.target), silent.gives
        elif not _asks_the_batch(node):
            passed = _passed(node, module, silent, layer)
            waiting += [(user, passed) for user in node.users]


def _reads(module: nn.Module | None, form: str) -> bool:
    """Whether a layer has columns for the neurons."""
    if isinstance(module, nn.Linear):
        return form != "maps"
    return isinstance(module, nn.Conv1d | nn.Conv2d) and module.groups == 1 and form == "maps"


def _call(graph: fx.Graph, name: str) -> fx.Node:
    """The one call of a layer.

    Raises:
        ValueError: there are several, or none, or its weights are used elsewhere.
    """
    used = [node.target for node in graph.nodes if node.op == "get_attr" and str(node.target).startswith(f"{name}.")]
    if used:
        raise ValueError(f"the network uses '{used[0]}' outside of its layer, and it would be smaller there, too")
    found = [node for node in graph.nodes if node.op == "call_module" and node.target == name]
    if len(found) != 1:
        raise ValueError(f"the layer '{name}' is called {len(found)} times; take one that is called once")
    return found[0]


def _graph(model: nn.Module) -> fx.Graph:
    try:
        return trace(model, torch.zeros(1))[1]
    except Exception as error:  # tracing runs the model's own code, which may raise anything
        raise ValueError(
            f"{type(model).__name__} cannot be traced, so what reads the layer is not known: {error}; prune() silences "
            "neurons of any model"
        ) from error


def _asks_the_batch(node: fx.Node) -> bool:
    """``size(0)`` or ``shape[0]``, which no neuron changes."""
    if node.op == "call_method" and node.target == "size":
        return node.args[1:] == (0,)
    shape = node.op == "call_function" and node.target is getattr and node.args[1:] == ("shape",)
    return shape and all(user.target is operator.getitem and user.args[1] == 0 for user in node.users)


def _passed(node: fx.Node, module: nn.Module | None, silent: _Silent, layer: str) -> _Silent:
    """A silent neuron behind a step that reads every neuron by itself.

    Raises:
        ValueError: it does not.
    """
    elementwise = _elementwise(node, module)
    if elementwise is not None:
        with torch.no_grad():
            return replace(silent, gives=elementwise(silent.gives.reshape(1, 1, 1).clone()).reshape(()))
    if silent.form == "maps" and isinstance(module, POOLING):
        _require_still(silent.gives, module)
        return silent
    if silent.form != "units" and _flattens(node, module):
        return replace(silent, form="flat")
    what = f"'{node.target}' ({type(module).__name__})" if module is not None else f"'{node.name}'"
    raise ValueError(
        f"behind '{layer}' comes {what}, which does not read every neuron by itself or cannot be made smaller: sums, "
        "normalisations and concatenations need all of them; prune() silences neurons of any layer"
    )


def _elementwise(node: fx.Node, module: nn.Module | None) -> Callable[[torch.Tensor], torch.Tensor] | None:
    """The function of one number that a step applies to each, if it does."""
    if isinstance(module, ELEMENTWISE):
        return module
    target: Any = node.target
    if node.op == "call_function" and target in FUNCTIONS:
        return lambda u: target(u, *node.args[1:], **node.kwargs)
    if node.op == "call_method" and target in METHODS:
        return lambda u: getattr(u, target)()
    return None


def _flattens(node: fx.Node, module: nn.Module | None) -> bool:
    """Whether a step puts all maps one behind the other."""
    if isinstance(module, nn.Flatten):
        return (module.start_dim, module.end_dim) == (1, -1)
    if node.target is torch.flatten or (node.op == "call_method" and node.target == "flatten"):
        return (*node.args[1:], *node.kwargs.values()) == (1,)
    return node.op == "call_method" and node.target in ("view", "reshape") and node.args[2:] == (-1,)


def _require_still(gives: torch.Tensor, module: nn.Module) -> None:
    """A constant map is the same after pooling, but for the zeros that padding brings in."""
    averages = not isinstance(module, nn.MaxPool1d | nn.MaxPool2d)
    padded = getattr(module, "padding", 0) not in (0, (0, 0), (0,))
    divided = getattr(module, "divisor_override", None) is not None
    if averages and gives != 0 and (padded or divided):
        what = "padding mixes" if padded else "a divisor of its own changes"
        raise ValueError(
            f"a {type(module).__name__} with {what} what a silent neuron gives, {gives.item():.3g}; prune() keeps that"
        )


def _without_outputs(layer: Any, silent: torch.Tensor) -> nn.Module:
    """The layer with fewer units."""
    kept = (~silent).nonzero().flatten().to(layer.weight.device)
    bias = None if layer.bias is None else layer.bias.detach()[kept]
    return _rebuilt(layer, layer.weight.detach()[kept], bias)


def _without_inputs(layer: Any, silent: torch.Tensor, constant: torch.Tensor, name: str) -> nn.Module:
    """A layer that reads fewer units, with what the silent ones give in its bias."""
    columns = layer.weight.shape[1]
    if columns % len(silent):
        raise ValueError(f"'{name}' reads {columns} numbers, which are no multiple of {len(silent)} neurons")
    gone = silent.repeat_interleave(columns // len(silent)).to(layer.weight.device)
    weight = layer.weight.detach()
    bias = None if layer.bias is None else layer.bias.detach()
    if constant != 0:
        if not isinstance(layer, nn.Linear) and layer.padding not in (0, (0,), (0, 0), "valid"):
            raise ValueError(
                f"'{name}' has padding, where a silent neuron gives 0, and elsewhere {constant.item():.3g}: no bias "
                "does that, and prune() keeps it"
            )
        given = constant * weight[:, gone].flatten(1).sum(1)
        bias = given if bias is None else bias + given
    return _rebuilt(layer, weight[:, ~gone], bias)


def _rebuilt(layer: Any, weight: torch.Tensor, bias: torch.Tensor | None) -> nn.Module:
    """A layer of the same settings with other weights."""
    made = copy.copy(layer)
    made._parameters = dict(layer._parameters)
    made.weight = nn.Parameter(weight.clone(), layer.weight.requires_grad)
    made.bias = None if bias is None else nn.Parameter(bias.clone(), layer.weight.requires_grad)
    sizes = ("out_features", "in_features") if isinstance(layer, nn.Linear) else ("out_channels", "in_channels")
    for name, size in zip(sizes, weight.shape, strict=False):
        setattr(made, name, size)
    return made


def _set(model: nn.Module, name: str, module: nn.Module) -> None:
    parent, _, last = name.rpartition(".")
    setattr(model.get_submodule(parent), last, module)


def _said(module: nn.Module) -> str:
    groups = getattr(module, "groups", 1)
    return f"a {type(module).__name__}" + (f" of {groups} groups" if groups != 1 else "")
