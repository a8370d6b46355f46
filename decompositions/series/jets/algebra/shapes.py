"""Rules of linear operations, coefficient by coefficient: new shapes, parts, joins, sums; views stay views."""

from __future__ import annotations

from typing import Any

import torch

from decompositions.series.jets.algebra.jet import Jet, aten, behind, folded, rule, series_of, wrapped


@rule("clone")
def cloned(function: Any, jet: Jet, **kwargs: Any) -> Jet:
    return Jet(jet.coefficients.clone(memory_format=torch.contiguous_format))


@rule("neg", "detach", "alias", "lift_fresh", "tril", "triu")
def _kept(function: Any, jet: Jet, *args: Any, **kwargs: Any) -> Jet:
    return Jet(function(jet.coefficients, *args))


@rule("view", "_unsafe_view", "reshape")
def _reshaped(function: Any, jet: Jet, shape: list[int]) -> Jet:
    return Jet(function(jet.coefficients, [len(jet.coefficients), *shape]))


@rule("expand", "repeat")
def _enlarged(function: Any, jet: Jet, sizes: list[int], **kwargs: Any) -> Jet:
    c = jet.coefficients
    c = c.reshape(len(c), *(1,) * (len(sizes) - jet.ndim), *jet.shape)
    return Jet(function(c, [-1 if function.overloadpacket is aten.expand else 1, *sizes]))


@rule("t")
def _transposed(function: Any, jet: Jet) -> Jet:
    return Jet(jet.coefficients.transpose(1, 2) if jet.ndim == 2 else jet.coefficients)


@rule("transpose")
def _swapped(function: Any, jet: Jet, first: int, second: int) -> Jet:
    return Jet(jet.coefficients.transpose(behind(first, jet.ndim), behind(second, jet.ndim)))


@rule("permute")
def _permuted(function: Any, jet: Jet, order: list[int]) -> Jet:
    return Jet(jet.coefficients.permute(0, *(1 + axis % jet.ndim for axis in order)))


@rule("unsqueeze")
def _unsqueezed(function: Any, jet: Jet, axis: int) -> Jet:
    return Jet(jet.coefficients.unsqueeze(behind(axis, jet.ndim + 1)))


@rule("squeeze")
def _squeezed(function: Any, jet: Jet, axis: Any = None) -> Any:
    return jet.reshape([size for size in jet.shape if size != 1]) if axis is None else _along(function, jet, axis)


@rule("select", "slice", "flip", "cumsum", "index_select", "gather", "unbind", "unfold")
@rule("split", "split_with_sizes", "unsafe_split", "unsafe_split_with_sizes")
def _along(function: Any, jet: Jet, *args: Any, **kwargs: Any) -> Any:
    """The axis is the first argument, except where sizes come before it."""
    sizes_first = "split" in function.overloadpacket.__name__
    before, rest = (args[:1], args[1:]) if sizes_first else ((), args)
    axis, rest = (rest[0], rest[1:]) if rest else (0, ())
    if function.overloadpacket is aten.gather:
        rest = (rest[0].expand(len(jet.coefficients), *rest[0].shape), *rest[1:])
    return wrapped(function(jet.coefficients, *before, behind(axis, jet.ndim), *rest, **kwargs))


@rule("as_strided")
def _strided(function: Any, jet: Jet, size: list[int], strides: list[int], offset: int | None = None) -> Jet:
    """Another look at the same memory."""
    c = jet.coefficients
    return Jet(c.as_strided([len(c), *size], [c.stride(0), *strides], offset))


@rule("diagonal")
def _diagonal(function: Any, jet: Jet, offset: int = 0, first: int = 0, second: int = 1) -> Jet:
    return Jet(jet.coefficients.diagonal(offset, behind(first, jet.ndim), behind(second, jet.ndim)))


@rule("diag_embed")
def _on_diagonal(function: Any, jet: Jet, offset: int = 0, first: int = -2, second: int = -1) -> Jet:
    return Jet(jet.coefficients.diag_embed(offset, behind(first, jet.ndim + 1), behind(second, jet.ndim + 1)))


@rule("roll")
def _rolled(function: Any, jet: Jet, shifts: list[int], axes: list[int] | None = None) -> Jet:
    if not axes:
        return _rolled(function, jet.reshape(-1), shifts, [0]).reshape(jet.shape)
    return Jet(function(jet.coefficients, shifts, behind(axes, jet.ndim)))


@rule("sum", "mean")
def _reduced(function: Any, jet: Jet, axes: Any = None, keepdim: bool = False, **kwargs: Any) -> Jet:
    axes = axes or list(range(jet.ndim))  # none at all: over everything
    if not axes:
        return cloned(function, jet)
    reduce = torch.sum if function.overloadpacket is aten.sum else torch.mean
    return Jet(reduce(jet.coefficients, behind(axes, jet.ndim), keepdim))


@rule("cat", "stack")
def _joined(function: Any, parts: list[Any], axis: int = 0) -> Jet:
    like = next(part for part in parts if isinstance(part, Jet))
    if function.overloadpacket is aten.cat:
        parts = [part for part in parts if part.shape != (0,)]  # torch joins an empty row to anything
    axes = like.ndim + (function.overloadpacket is aten.stack)
    return Jet(function([series_of(part, like) for part in parts], behind(axis, axes)))


@rule("index")
def _indexed(function: Any, jet: Jet, places: list[Any]) -> Jet:
    if any(isinstance(place, Jet) for place in places):
        raise ValueError("an index that depends on the input has no Taylor series")
    return Jet(torch.stack([function(each, places) for each in jet.coefficients]))


@rule("copy")
def _overwritten(function: Any, jet: Jet, source: Any, *args: Any) -> Jet:
    return Jet(series_of(source, jet))


@rule("fill", "zero")
def _filled_up(function: Any, jet: Jet, value: Any = 0.0) -> Jet:
    return Jet(series_of(value, jet))


@rule("zeros_like", "empty_like", "new_zeros")
def _blank(function: Any, jet: Jet, *args: Any, **kwargs: Any) -> torch.Tensor:
    """A tensor to be written into."""
    blank = function(jet.coefficients[0], *args, **kwargs)
    return Jet(series_of(blank, jet)) if blank.is_floating_point() else blank


@rule("ones_like", "full_like", "rand_like", "new_ones", "new_full")
def _fresh(function: Any, jet: Jet, *args: Any, **kwargs: Any) -> torch.Tensor:
    return function(jet.coefficients[0], *args, **kwargs)


@rule("constant_pad_nd")
def _padded(function: Any, jet: Jet, pad: list[int], value: float = 0.0) -> Jet:
    c = jet.coefficients
    return Jet(torch.cat([function(c[:1], pad, value), function(c[1:], pad, 0.0)]))


@rule("avg_pool2d", "avg_pool3d", "_adaptive_avg_pool2d", "_adaptive_avg_pool3d", "im2col")
@rule("upsample_nearest1d", "upsample_nearest2d", "upsample_linear1d", "upsample_bilinear2d", "upsample_bicubic2d")
@rule("reflection_pad1d", "reflection_pad2d", "replication_pad1d", "replication_pad2d")
def _pooled(function: Any, jet: Jet, *args: Any) -> Jet:
    return Jet(folded(function, jet.coefficients, *args))
