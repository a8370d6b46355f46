"""Rules: layers with weights, sums and means, products and quotients."""

from __future__ import annotations

from typing import Any

import torch
from torch import fx

from decompositions.networks.aten.reader import AtenReader, arguments, described, operation_name
from decompositions.networks.aten.table import rule
from decompositions.networks.interactions import Contraction, Product
from decompositions.networks.network import WAY_OUT
from decompositions.networks.operations import (
    Averaging,
    Combination,
    Convolution,
    Elementwise,
    Linear,
    Scaling,
    Weighted,
)


@rule("mean", "sum", "avg_pool1d", "avg_pool2d", "avg_pool3d", "_adaptive_avg_pool2d", "_adaptive_avg_pool3d",
       "adaptive_avg_pool1d", "cumsum", "upsample_bilinear2d", "upsample_linear1d")  # fmt: skip
def _average(reader: AtenReader, node: fx.Node) -> int:
    return reader.emit(node, Averaging(reader.call(node, [arguments(node)[0]]), _axes(node)), [arguments(node)[0]])


def _axes(node: fx.Node) -> tuple[int, ...] | None:
    """The axes of a mean that keeps them."""
    axes, keep = arguments(node, None, None, False)[1:3] if operation_name(node) == "mean" else (None, False)
    return tuple(axes) if keep and axes else None


@rule("linear")
def _linear(reader: AtenReader, node: fx.Node) -> int:
    _require_weights(reader, node, arguments(node)[1:])
    bias = reader.constant(arguments(node)[2]) if len(arguments(node)) > 2 and arguments(node)[2] is not None else None
    return reader.emit(node, Linear(reader.constant(arguments(node)[1]), bias), [arguments(node)[0]])


@rule("addmm")
def _addmm(reader: AtenReader, node: fx.Node) -> int:
    bias, u, weight = arguments(node)[:3]
    if node.kwargs or reader.depends(bias) or reader.depends(weight):
        raise ValueError(f"{described(node)} has no rule with such arguments; {WAY_OUT}")
    return reader.emit(node, Linear(reader.constant(weight).mT, reader.constant(bias)), [u])


@rule("matmul", "mm", "bmm", "mv")
def _matmul(reader: AtenReader, node: fx.Node) -> int:
    u, v = arguments(node)[:2]
    if reader.depends(u) and reader.depends(v):
        return reader.emit(node, Contraction(), [u, v])
    if reader.depends(u):
        return reader.emit(node, Weighted(torch.matmul, reader.constant(v)), [u])
    return reader.emit(node, Weighted(lambda each, weight: weight @ each, reader.constant(u)), [v])


@rule("conv1d", "conv2d", "conv3d")
def _convolution(reader: AtenReader, node: fx.Node) -> int:
    _require_weights(reader, node, arguments(node)[1:3])
    weight, bias, stride, padding, dilation, groups = arguments(node, None, None, None, 1, 0, 1, 1)[1:]
    weight = reader.constant(weight)
    bias = None if bias is None else reader.constant(bias)
    if weight.ndim < 5:
        return reader.emit(node, Convolution(weight, bias, stride, padding, dilation, groups), [arguments(node)[0]])
    convolve: Any = torch.nn.functional.conv3d
    shaped = None if bias is None else bias.reshape(-1, 1, 1, 1)
    operation = Weighted(lambda u, w: convolve(u, w, None, stride, padding, dilation, groups), weight, shaped)
    return reader.emit(node, operation, [arguments(node)[0]])


@rule("convolution")
def _any_convolution(reader: AtenReader, node: fx.Node) -> int:
    _require_weights(reader, node, arguments(node)[1:3])
    u, weight, bias, *rest = arguments(node)
    weight = reader.constant(weight)
    shaped = None if bias is None else reader.constant(bias).reshape(-1, *(1,) * (weight.ndim - 2))
    convolve: Any = torch.ops.aten.convolution.default
    return reader.emit(node, Weighted(lambda each, w: convolve(each, w, None, *rest), weight, shaped), [u])


def _require_weights(reader: AtenReader, node: fx.Node, args: Any) -> None:
    if any(reader.depends(each) for each in args):
        raise ValueError(f"{described(node)} has weights that depend on the input, and no rule for that; {WAY_OUT}")


@rule("_native_batch_norm_legit_no_training[0]")
def _batch_norm(reader: AtenReader, node: fx.Node) -> int:
    u, weight, bias, mean, variance, _, epsilon = arguments(node)
    scale = (reader.constant(variance) + epsilon).rsqrt()
    scale = scale if weight is None else scale * reader.constant(weight)
    shift = -reader.constant(mean) * scale
    shift = shift if bias is None else shift + reader.constant(bias)
    tail = (1,) * (len(reader.shape(u)) - 2)
    return reader.emit(node, Scaling(scale.reshape(-1, *tail), shift.reshape(-1, *tail)), [u])


@rule("add", "sub", "rsub")
def _add(reader: AtenReader, node: fx.Node) -> int:
    u, v = arguments(node)[:2]
    alpha: Any = node.kwargs.get("alpha", 1)
    name = operation_name(node)
    factors = {"add": (1.0, float(alpha)), "sub": (1.0, -float(alpha)), "rsub": (-float(alpha), 1.0)}[name]
    if reader.depends(u) and reader.depends(v):
        return reader.emit(node, Combination(factors), [u, v])
    own, other = (0, 1) if reader.depends(u) else (1, 0)
    constant = _typed(reader.constant(arguments(node)[other]), reader)
    factor = torch.tensor(factors[own], dtype=constant.dtype, device=constant.device)
    place = reader.emit(node, Scaling(factor, factors[other] * constant), [arguments(node)[own]])
    _keep_scale(reader, place, arguments(node)[own])
    return place


@rule("neg")
def _negative(reader: AtenReader, node: fx.Node) -> int:
    return reader.emit(node, Combination((-1.0,)), [arguments(node)[0]])


@rule("mul")
def _multiply(reader: AtenReader, node: fx.Node) -> int:
    u, v = arguments(node)[:2]
    if reader.depends(u) and reader.depends(v):
        return product(reader, node, reader.place[u], reader.place[v])
    own, other = (u, v) if reader.depends(u) else (v, u)
    place = reader.emit(node, Scaling(_typed(reader.constant(other), reader), None), [own])
    _keep_scale(reader, place, own)
    return place


def product(reader: AtenReader, node: fx.Node, first: int, second: int) -> int:
    scaled = [place in reader.scales for place in (first, second)]
    held = scaled.index(True) if sum(scaled) == 1 else None
    return reader.emit(node, Product(held), [first, second])


def _keep_scale(reader: AtenReader, place: int, source: Any) -> None:
    if reader.place[source] in reader.scales:
        reader.scales.add(place)


def _typed(constant: torch.Tensor, reader: AtenReader) -> torch.Tensor:
    """A constant of one axis or more in the network's type, a number as it is."""
    return constant.to(reader.x.device) if constant.ndim == 0 else constant


@rule("div")
def _divide(reader: AtenReader, node: fx.Node) -> int:
    u, v = arguments(node)[:2]
    if node.kwargs.get("rounding_mode") is not None:
        raise ValueError(f"{described(node)} rounds, and has no rule; {WAY_OUT}")
    if not reader.depends(v):
        place = reader.emit(node, Scaling(1.0 / _typed(reader.constant(v), reader), None), [u])
        _keep_scale(reader, place, u)
        return place
    inverse = reader.emit(node, Elementwise(torch.reciprocal, everywhere=False), [v])
    reader.scales.add(inverse)
    if reader.depends(u):
        return product(reader, node, reader.place[u], inverse)
    return reader.emit(node, Scaling(_typed(reader.constant(u), reader), None), [inverse])
