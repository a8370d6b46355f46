"""Rules: the largest or the smallest of several entries."""

from __future__ import annotations

from typing import Any

import torch
from torch import fx

from decompositions.networks.aten.reader import AtenReader, arguments, operation_name
from decompositions.networks.aten.table import rule
from decompositions.networks.operations import Combination, MaxPooling, Rearrangement


@rule("max_pool2d_with_indices[0]")
def _max_pool(reader: AtenReader, node: fx.Node) -> int:
    call: Any = torch.nn.functional.max_pool2d_with_indices
    u, size, stride, padding, dilation, ceil = arguments(node, None, None, [], 0, 1, False)
    settings = (size, stride or size, padding, dilation, ceil)
    return reader.emit(node, MaxPooling(lambda each: call(each, *settings), 2), [u])


@rule("amax", "amin", "max[0]", "min[0]")
def _largest(reader: AtenReader, node: fx.Node) -> int:
    """The winner of an axis or of several; the smallest is minus the largest of minus."""
    u: Any = arguments(node)[0]
    axes = arguments(node)[1] if len(arguments(node)) > 1 else ()
    axes = [axes] if isinstance(axes, int) else list(axes) or list(range(1, len(reader.shape(u))))
    keep = bool(arguments(node)[2]) if len(arguments(node)) > 2 else False
    count = len(reader.shape(u))
    out = sorted(axis % count for axis in axes)
    order = [axis for axis in range(count) if axis not in out] + out
    down = operation_name(node) in ("amin", "min")
    place = reader.place[u]
    place = reader.emit(node, Combination((-1.0,)), [place]) if down else place
    kept = count - len(out)
    place = reader.emit(node, Rearrangement(lambda each: each.permute(order).flatten(kept)), [place])
    place = reader.emit(node, MaxPooling(_winner, 1), [place])
    shape = [1 if axis in out else -2 for axis in range(count)]
    back = Rearrangement(
        lambda each: each.reshape(_kept(each.shape[:-1], shape) if keep else each.shape[:-1]),
        inverse=lambda signal, each: signal.reshape(each.shape),
    )
    place = reader.emit(node, back, [place])
    return reader.emit(node, Combination((-1.0,)), [place]) if down else place


def _winner(u: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    largest = u.max(-1, keepdim=True)
    return largest.values, largest.indices


def _kept(sizes: Any, shape: list[int]) -> list[int]:
    rest = iter(sizes)
    return [1 if size == 1 else next(rest) for size in shape]


@rule("maximum", "minimum")
def _larger(reader: AtenReader, node: fx.Node) -> int:
    down, parts = operation_name(node) == "minimum", arguments(node)[:2]
    sign = -1.0 if down else 1.0
    constants = [None if reader.depends(each) else reader.constant(each) for each in parts]
    sources = [each for each in parts if reader.depends(each)]

    def stacked(*inputs: torch.Tensor, blank: bool = False) -> torch.Tensor:
        rest = iter(inputs)
        each = [next(rest) if c is None else (c * 0 if blank else c).to(inputs[0]) for c in constants]
        return sign * torch.stack(torch.broadcast_tensors(*each), -1)

    moved = None if len(sources) == 2 else lambda *inputs: stacked(*inputs, blank=True)
    place = reader.emit(node, Rearrangement(stacked, moved), sources)
    place = reader.emit(node, MaxPooling(_winner, 1), [place])
    return reader.emit(
        node, Rearrangement(lambda u: sign * u.squeeze(-1), inverse=lambda s, u: sign * s.unsqueeze(-1)), [place]
    )
