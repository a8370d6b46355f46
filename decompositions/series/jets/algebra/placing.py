"""Rules of operations that put numbers at places of a tensor: written over what was there, or added to it."""

from __future__ import annotations

from typing import Any

import torch

from decompositions.series.jets.algebra.jet import Jet, aligned, aten, rule, series_of

SOURCE = {  # which argument is put there
    aten.select_scatter: 1,
    aten.slice_scatter: 1,
    aten.diagonal_scatter: 1,
    aten.masked_scatter: 2,
    aten.index_put: 2,
    aten.put: 2,
}
LINEAR = ("add", "sum", "mean")  # ways to combine what is put there with what was


@rule("select_scatter", "slice_scatter", "diagonal_scatter", "masked_scatter")
@rule("index_copy", "index_fill")
def _over(function: Any, target: Any, *args: Any, **kwargs: Any) -> Jet:
    """What was there is forgotten. Of several numbers for a place one stays, the same at all degrees.

    The operation itself says which: it is asked with the numbers' own places instead of them.
    """
    at = _source(function)
    source = args[at - 1]
    like = next(each for each in (target, source) if isinstance(each, Jet))
    u, v = series_of(target, like), series_of(source, like)
    numbers: Any = _numbered(source) if isinstance(source, torch.Tensor) else 0
    blank = torch.full(target.shape, -1, dtype=torch.int64, device=like.device)
    last = function(blank, *args[: at - 1], numbers, *args[at:], **kwargs)
    chosen = v.reshape(len(v), -1)[:, last.clamp(min=0)] if v[0].numel() else u
    last, chosen, u = aligned(last[None], chosen, u)
    return Jet(torch.where(last >= 0, chosen, u))


@rule("index_add", "scatter_add")
def _onto(function: Any, target: Any, *args: Any, **kwargs: Any) -> Jet:
    """Linear in what was there and in what is added, so degree by degree."""
    at = _source(function)
    source = args[at - 1]
    like = next(each for each in (target, source) if isinstance(each, Jet))
    u, v = series_of(target, like), series_of(source, like)
    number = not isinstance(source, torch.Tensor)
    added = [value.item() if number else value for value in v]
    before, rest = args[: at - 1], args[at:]
    rows = [function(a.clone(), *before, b, *rest, **kwargs) for a, b in zip(u, added, strict=True)]
    return Jet(torch.stack(rows))


@rule("index_put", "put")
def _put(function: Any, target: Any, *args: Any, **kwargs: Any) -> Jet:
    accumulate = kwargs.get("accumulate", args[2] if len(args) > 2 else False)
    return (_onto if accumulate else _over)(function, target, *args, **kwargs)


@rule("scatter", "scatter_reduce")
def _scattered(function: Any, target: Any, *args: Any, **kwargs: Any) -> Jet:
    reduce = kwargs.get("reduce", args[3] if len(args) > 3 else None)
    if reduce is None:
        return _over(function, target, *args)
    if reduce not in LINEAR:
        raise ValueError(
            f"'{function.overloadpacket.__name__}' with reduce='{reduce}' has no rule for Taylor series; 'sum', "
            "and for scatter_reduce 'mean', have one"
        )
    return _onto(function, target, *args, **kwargs)


def _source(function: Any) -> int:
    """The place of the argument that is put there; behind an axis and indices where nothing else is known."""
    name = function.overloadpacket.__name__.removesuffix("_")
    return SOURCE.get(getattr(aten, name), 3)


def _numbered(source: torch.Tensor) -> torch.Tensor:
    return torch.arange(source.numel(), device=source.device).reshape(source.shape)
