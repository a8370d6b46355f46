"""Rules: functions of one number, entry by entry."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import fx

from decompositions.networks.aten.moves import has_constants
from decompositions.networks.aten.reader import AtenReader, arguments, described, operation_name
from decompositions.networks.aten.table import rule
from decompositions.networks.interactions import Product
from decompositions.networks.network import WAY_OUT
from decompositions.networks.operations import Combination, Elementwise, Scaling


def _entrywise(node: fx.Node) -> Callable[[torch.Tensor], torch.Tensor]:
    """A function of numbers, to be applied to a tensor of any shape."""
    target: Any = node.target
    rest, settings = arguments(node)[1:], dict(node.kwargs)
    first = int(operation_name(node).endswith("_forward"))

    def function(u: torch.Tensor) -> torch.Tensor:
        return target(u, *rest, **settings)[0] if first else target(u, *rest, **settings)

    return function


@rule("relu", "leaky_relu", "abs", "hardtanh", "relu6", "clamp", "clamp_min", "clamp_max", "threshold")
def _bent(reader: AtenReader, node: fx.Node) -> int:
    if has_constants(reader, node):
        raise ValueError(f"{described(node)} bends at places of its own, and has no rule; {WAY_OUT}")
    name, rest = operation_name(node), [*arguments(node)[1:], *node.kwargs.values()]
    places = [-1.0, 1.0] if name == "hardtanh" and not rest else [float(each) for each in rest if each is not None]
    places = [0.0] if name in ("relu", "leaky_relu", "abs") else places
    finite = None if name == "threshold" else tuple(kink for kink in places if math.isfinite(kink))
    return reader.emit(node, Elementwise(_entrywise(node), finite), [arguments(node)[0]])


@rule("prelu")
def _prelu(reader: AtenReader, node: fx.Node) -> int:
    """relu(u) − w relu(−u), with a slope w for every channel."""
    u, weight = arguments(node)
    relu = Elementwise(torch.relu, (0.0,))
    slopes = reader.constant(weight)
    axes = len(reader.shape(u))
    slopes = slopes.reshape(-1, *(1,) * (axes - 2)) if axes > 1 else slopes
    up, minus = reader.emit(node, relu, [u]), reader.emit(node, Combination((-1.0,)), [u])
    down = reader.emit(node, Scaling(slopes, None), [reader.emit(node, relu, [minus])])
    return reader.emit(node, Combination((1.0, -1.0)), [up, down])


@rule("gelu", "silu", "sigmoid", "tanh", "exp", "expm1", "square", "sin", "cos", "erf", "softplus", "elu", "celu",
       "selu", "hardswish", "hardsigmoid", "mish", "log_sigmoid", "atan", "sinh", "cosh", "asinh", "erfc", "exp2",
       "softsign", "log_sigmoid_forward[0]")  # fmt: skip
def curved(reader: AtenReader, node: fx.Node) -> int:
    return reader.emit(node, Elementwise(_entrywise(node)), [arguments(node)[0]])


@rule("log", "log1p", "log2", "log10", "sqrt", "tan")
def _partly_defined(reader: AtenReader, node: fx.Node) -> int:
    return reader.emit(node, Elementwise(_entrywise(node), everywhere=False), [arguments(node)[0]])


@rule("rsqrt", "reciprocal")
def _reciprocal(reader: AtenReader, node: fx.Node) -> int:
    place = _partly_defined(reader, node)
    reader.scales.add(place)
    return place


@rule("pow")
def _power(reader: AtenReader, node: fx.Node) -> int:
    if reader.depends(arguments(node)[1]) or not reader.depends(arguments(node)[0]):
        raise ValueError(f"{described(node)} has an exponent that depends on the input, and no rule; {WAY_OUT}")
    if isinstance(arguments(node)[1], fx.Node):
        raise ValueError(f"{described(node)} has exponents of its own at every place, and no rule; {WAY_OUT}")
    exponent = arguments(node)[1]
    if exponent == 2:
        return reader.emit(node, Product(), [arguments(node)[0]] * 2)
    if exponent >= 0 and float(exponent).is_integer():
        return curved(reader, node)
    place = _partly_defined(reader, node)
    if exponent < 0:
        reader.scales.add(place)
    return place
