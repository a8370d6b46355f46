"""Rules: softmax and what normalises, taken apart where nothing is lost by it."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import fx

from decompositions.networks.aten.affine import product
from decompositions.networks.aten.reader import AtenReader, arguments, described
from decompositions.networks.aten.table import rule
from decompositions.networks.interactions import LogSumExp, Product, Softmax
from decompositions.networks.network import WAY_OUT
from decompositions.networks.operations import Averaging, Combination, Elementwise, Rearrangement, Scaling


@rule("_softmax", "softmax", "_safe_softmax")
def _softmax(reader: AtenReader, node: fx.Node) -> int:
    return reader.emit(node, Softmax(int(arguments(node)[1])), [arguments(node)[0]])


@rule("_log_softmax", "log_softmax")
def _log_softmax(reader: AtenReader, node: fx.Node) -> int:
    total = reader.emit(node, LogSumExp(int(arguments(node)[1])), [arguments(node)[0]])
    return reader.emit(node, Combination((1.0, -1.0)), [arguments(node)[0], total])


@rule("logsumexp")
def _logsumexp(reader: AtenReader, node: fx.Node) -> int:
    axes: Any = arguments(node)[1]
    if len(axes) != 1:
        raise ValueError(f"{described(node)} goes over several axes, and has no rule; {WAY_OUT}")
    place = reader.emit(node, LogSumExp(int(axes[0])), [arguments(node)[0]])
    if len(arguments(node)) > 2 and arguments(node)[2]:
        return place
    axis = int(axes[0])
    return reader.emit(node, Rearrangement(lambda u: u.squeeze(axis), inverse=lambda s, u: s.reshape(u.shape)), [place])


@rule("native_layer_norm[0]")
def _layer_norm(reader: AtenReader, node: fx.Node) -> int:
    """(u − mean u) / √(mean (u − mean u)² + ε) · w + c, in its parts."""
    u, shape, weight, bias, epsilon = arguments(node)
    axes = list(range(-len(shape), 0))
    place = _normalised(reader, node, reader.place[u], axes, float(epsilon))
    return _scaled(reader, node, place, weight, bias, ())


@rule("native_group_norm[0]")
def _group_norm(reader: AtenReader, node: fx.Node) -> int:
    """The same over the entries of every group of channels."""
    u, weight, bias, _, channels, _, groups, epsilon = arguments(node)
    shape = reader.shape(u)
    split = reader.emit(node, _reshaped((groups, -1)), [u])
    place = _normalised(reader, node, split, [-1], float(epsilon))
    joined = reader.emit(node, _reshaped(tuple(shape[1:])), [place])
    return _scaled(reader, node, joined, weight, bias, (channels, *(1,) * (len(shape) - 2)))


@rule("instance_norm")
def _instance_norm(reader: AtenReader, node: fx.Node) -> int:
    """The same over the places of every channel."""
    u, weight, bias, _, _, of_input, _, epsilon = arguments(node)[:8]
    if not of_input:
        raise ValueError(f"{described(node)} with running means has no rule; {WAY_OUT}")
    shape = reader.shape(u)
    place = _normalised(reader, node, reader.place[u], list(range(2, len(shape))), float(epsilon))
    return _scaled(reader, node, place, weight, bias, (shape[1], *(1,) * (len(shape) - 2)))


def _reshaped(shape: tuple[Any, ...]) -> Rearrangement:
    return Rearrangement(lambda u: u.reshape(len(u), *shape), inverse=lambda signal, u: signal.reshape(u.shape))


def _normalised(reader: AtenReader, node: fx.Node, place: int, axes: list[int], epsilon: float) -> int:
    mean = Averaging(lambda each: each.mean(axes, keepdim=True), tuple(axes))
    apart = reader.emit(node, Combination((1.0, -1.0)), [place, reader.emit(node, mean, [place])])
    variance = reader.emit(node, mean, [reader.emit(node, Product(), [apart, apart])])
    deviation = reader.emit(node, Elementwise(lambda each: (each + epsilon).rsqrt(), everywhere=False), [variance])
    reader.scales.add(deviation)
    return product(reader, node, apart, deviation)


def _scaled(reader: AtenReader, node: fx.Node, place: int, weight: Any, bias: Any, shape: tuple[Any, ...]) -> int:
    if weight is None and bias is None:
        return place
    known = [None if each is None else reader.constant(each) for each in (weight, bias)]
    scale, shift = [each if each is None or not shape else each.reshape(shape) for each in known]
    factor = shift.new_ones(()) if scale is None and shift is not None else scale
    assert factor is not None
    return reader.emit(node, Scaling(factor, shift), [place])


@rule("linalg_vector_norm")
def _norm(reader: AtenReader, node: fx.Node) -> int:
    """√Σu², in its parts."""
    order, axes, keep = arguments(node, None, 2, None, False)[1:4]
    if order != 2 or axes is None:
        raise ValueError(f"{described(node)} of order {order} has no rule; {WAY_OUT}")
    squares = reader.emit(node, Product(), [arguments(node)[0]] * 2)
    total = reader.emit(node, Averaging(lambda u: u.sum(axes, keepdim=bool(keep))), [squares])
    return reader.emit(node, Elementwise(torch.sqrt, everywhere=False), [total])


@rule("var")
def _variance(reader: AtenReader, node: fx.Node) -> int:
    """Σ(u − mean u)² / (count − correction), in its parts."""
    u, axes = arguments(node, None, None)[:2]
    correction: Any = node.kwargs.get("correction")
    shape = reader.shape(u)
    axes = sorted(int(axis) % len(shape) for axis in (axes or ()))
    if not axes or axes[0] == 0:
        raise ValueError(f"{described(node)} over the batch has no rule; {WAY_OUT}")
    count = math.prod(shape[axis] for axis in axes) - (1 if correction is None else float(correction))
    keep = bool(node.kwargs.get("keepdim", False))
    mean = Averaging(lambda each: each.mean(axes, keepdim=True))
    apart = reader.emit(node, Combination((1.0, -1.0)), [u, reader.emit(node, mean, [u])])
    squares = reader.emit(node, Product(), [apart, apart])
    return reader.emit(node, Averaging(lambda each: each.sum(axes, keepdim=keep) / count), [squares])
