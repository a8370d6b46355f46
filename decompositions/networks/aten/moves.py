"""Rules: entries that are moved, copied or written over."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import fx

from decompositions.networks.aten.reader import AtenReader, Rule, arguments, batch_of, described, operation_name, scaled
from decompositions.networks.aten.table import RULES, rule
from decompositions.networks.network import WAY_OUT
from decompositions.networks.operations import Rearrangement


@rule("clone", "alias", "detach", "contiguous", "lift_fresh_copy", "dropout", "_to_copy")
def _same(reader: AtenReader, node: fx.Node) -> int:
    if node.kwargs.get("dtype") not in (None, torch.float16, torch.bfloat16, torch.float32, torch.float64):
        raise ValueError(f"{described(node)} makes whole numbers of what depends on the input; {WAY_OUT}")
    if node.kwargs.get("dtype") is None:
        return reader.place[arguments(node)[0]]
    return reader.emit(node, Rearrangement(reader.call(node, [arguments(node)[0]])), [arguments(node)[0]])


@rule("view", "reshape", "_unsafe_view", "unsqueeze", "squeeze", "flatten")
def _reshape(reader: AtenReader, node: fx.Node) -> int:
    source: Any = arguments(node)[0]
    before, after = reader.shape(source), reader.shape(node)
    place = Rearrangement(
        lambda u: u.reshape(scaled(after, batch_of([before], (u,)))),
        inverse=lambda signal, u: signal.reshape(u.shape),
    )
    return moved(reader, node, place, [source])


@rule("permute", "transpose", "t")
def _permute(reader: AtenReader, node: fx.Node) -> int:
    source: Any = arguments(node)[0]
    axes = _order(reader, node)
    back = [axes.index(axis) for axis in range(len(axes))]
    return moved(
        reader, node, Rearrangement(lambda u: u.permute(axes), inverse=lambda signal, u: signal.permute(back)), [source]
    )


def _order(reader: AtenReader, node: fx.Node) -> list[int]:
    """Which axis of the input each axis of the output is."""
    count = len(reader.shape(arguments(node)[0]))
    if operation_name(node) == "permute":
        return [axis % count for axis in arguments(node)[1]]
    order = list(range(count))
    first, second = (0, count - 1) if operation_name(node) == "t" else arguments(node)[1:3]
    order[first % count], order[second % count] = order[second % count], order[first % count]
    return order


@rule(
    "expand", "select", "slice", "cat", "stack", "constant_pad_nd", "flip", "roll", "repeat", "index", "index_select",
    "diagonal", "unfold", "pixel_shuffle", "pixel_unshuffle", "as_strided", "upsample_nearest2d", "upsample_nearest1d",
    "reflection_pad1d", "reflection_pad2d", "replication_pad1d", "replication_pad2d", "tril", "triu", "masked_fill",
    "repeat_interleave", "gather", "im2col", "slice_scatter", "select_scatter",
)  # fmt: skip
def _rearranged(reader: AtenReader, node: fx.Node) -> int:
    sources = reader.sources(node)
    call = reader.call(node, sources)
    padding = operation_name(node) == "constant_pad_nd" and len(arguments(node)) > 2 and arguments(node)[2]
    filled = operation_name(node) == "masked_fill" or padding or has_constants(reader, node)
    return moved(reader, node, Rearrangement(call, _without(call) if filled else None), sources)


def has_constants(reader: AtenReader, node: fx.Node) -> bool:
    """Whether numbers that do not depend on the input are among those that are moved."""
    return any(not reader.depends(each) for each in node.all_input_nodes)


def _without(call: Callable[..., torch.Tensor]) -> Callable[..., torch.Tensor]:
    """A rearrangement without its constants: an entry is moved where it comes from an input."""

    def moved(*inputs: torch.Tensor) -> torch.Tensor:
        ones = call(*(torch.ones_like(each) for each in inputs))
        zeros = call(*(torch.zeros_like(each) for each in inputs))
        return torch.where(ones == zeros, 0.0, call(*inputs))

    return moved


def moved(reader: AtenReader, node: fx.Node, operation: Rearrangement, sources: list[fx.Node]) -> int:
    place = reader.emit(node, operation, sources)
    if all(reader.place[source] in reader.scales for source in sources):
        reader.scales.add(place)
    return place


@rule("gt", "lt", "ge", "le", "eq", "ne", "isnan", "logical_not", "logical_and", "logical_or", "argmax", "argsort",
      "sort[0]", "sort[1]", "topk[0]", "topk[1]")  # fmt: skip
def _compared(reader: AtenReader, node: fx.Node) -> int:
    raise ValueError(
        f"{described(node)} chooses by values that depend on the input, and may choose otherwise at the baseline; "
        f"{WAY_OUT}"
    )


@rule("where")
def _where(reader: AtenReader, node: fx.Node) -> int:
    condition: Any = arguments(node)[0]
    if reader.depends(condition):
        raise ValueError(f"{described(node)} chooses by a condition that depends on the input; {WAY_OUT}")
    return _rearranged(reader, node)


def _piece(number: int) -> Rule:
    def rule(reader: AtenReader, node: fx.Node) -> int:
        source: Any = arguments(node)[0]
        whole = reader.call(node, [source])
        return moved(reader, node, Rearrangement(lambda u: whole(u)[number]), [source])

    return rule


for _number in range(256):
    for _name in ("split_with_sizes", "split", "chunk", "unbind"):
        RULES[f"{_name}[{_number}]"] = _piece(_number)


@rule("copy")
def _copied(reader: AtenReader, node: fx.Node) -> int:
    """What is written over a value, which itself is gone."""
    source: Any = arguments(node)[1]
    if not reader.depends(source):
        raise ValueError(f"{described(node)} writes a constant over what depends on the input; {WAY_OUT}")
    before, after = reader.shape(source), reader.shape(node)
    place = Rearrangement(lambda u: u.expand(scaled(after, batch_of([before], (u,)))))
    return moved(reader, node, place, [source])
