"""Rules of operations with kinks or steps: the branch that is taken at s = 0."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import torch
from torch import nn

from decompositions.series.jets.algebra import recurrences as series
from decompositions.series.jets.algebra.jet import Jet, aligned, aten, behind, both, rule, series_of
from decompositions.series.jets.algebra.notes import see_branch, see_margin, side
from decompositions.series.jets.algebra.shapes import cloned


@rule("_to_copy")
def _copied(function: Any, jet: Jet, **kwargs: Any) -> Any:
    dtype = kwargs.get("dtype") or jet.dtype
    if dtype.is_complex:
        raise ValueError("complex numbers have no rule for Taylor series")
    if not dtype.is_floating_point:  # constant but for its steps
        return _stepped(function, jet.coefficients, function(jet.coefficients[0], **kwargs))
    return cloned(function, jet)  # series are computed in float64, whatever the model asks for


def _stepped(function: Any, u: torch.Tensor, whole: torch.Tensor) -> torch.Tensor:
    """Numbers cut down to whole ones: a step at every whole number but 0; to booleans: one at 0."""
    see_branch(function, whole)
    if whole.dtype == torch.bool:
        see_margin(function, u)
        return whole
    for step in (whole - (whole <= 0).to(whole.dtype), whole + (whole >= 0).to(whole.dtype)):
        see_margin(function, torch.cat([u[:1] - step, u[1:]]))
    return whole


@rule("relu")
def _relu(function: Any, jet: Jet) -> Jet:
    return _leaky_relu(function, jet, 0.0)


@rule("leaky_relu")
def _leaky_relu(function: Any, jet: Jet, slope: float = 0.01) -> Jet:
    return _two_sided(function, jet.coefficients, jet.coefficients, slope * jet.coefficients)


@rule("abs")
def _absolute(function: Any, jet: Jet) -> Jet:
    return _two_sided(function, jet.coefficients, jet.coefficients, -jet.coefficients)


@rule("elu")
def _elu(function: Any, jet: Jet, alpha: float = 1.0, scale: float = 1.0, input_scale: float = 1.0) -> Jet:
    u = jet.coefficients
    return _two_sided(function, u, scale * u, scale * alpha * series.expm1(input_scale * u))


@rule("celu")
def _celu(function: Any, jet: Jet, alpha: float = 1.0) -> Jet:
    return _two_sided(function, jet.coefficients, jet.coefficients, alpha * series.expm1(jet.coefficients / alpha))


def _two_sided(function: Any, u: torch.Tensor, above: torch.Tensor, below: torch.Tensor) -> Jet:
    """One function above zero, another below; right at zero it must stay there."""
    return Jet(torch.where(side(function, u) > 0, above, below))


@rule("clamp", "hardtanh", "clamp_min", "clamp_max")
def _clamped(function: Any, jet: Jet, *bounds: Any, **named: Any) -> Jet:
    name = function.overloadpacket.__name__
    given = [*bounds, *named.values()]
    if name.startswith("hardtanh"):
        given = (given + [-1.0, 1.0][len(given) :])[:2]
    elif name.startswith("clamp_max") or (name.startswith("clamp") and list(named) == ["max"]):
        given = [None, *given]
    low, high = (*given, None, None)[:2]
    result: Any = jet
    for bound, sign in ((low, 1), (high, -1)):
        if bound is not None:
            u = result.coefficients
            limit = series_of(bound, result)
            limit, u = torch.broadcast_tensors(*aligned(limit.expand(len(u), *limit.shape[1:]), u))
            result = Jet(torch.where(side(function, sign * (u - limit)) < 0, limit, u))
    return result


@rule("hardsigmoid", "hardswish")
def _hard(function: Any, jet: Any) -> Any:
    """min(max(u/6 + 1/2, 0), 1), and u times that."""
    share = (jet / 6 + 0.5).clamp(0, 1)
    return share if function.overloadpacket.__name__.startswith("hardsigmoid") else jet * share


@rule("maximum", "minimum")
def _extreme(function: Any, a: Any, b: Any) -> Jet:
    first, second = torch.broadcast_tensors(*both(a, b))
    sign = 1 if function.overloadpacket is aten.maximum else -1
    return Jet(torch.where(side(function, sign * (first - second)) > 0, first, second))


@rule("max_pool2d_with_indices")
def _max_pool(function: Any, jet: Jet, *args: Any) -> tuple[Jet, torch.Tensor]:
    u = jet.coefficients
    _, winners = function(u[0], *args)
    see_branch(function, winners)
    places = winners.flatten(-2).expand(len(u), *winners.shape[:-2], -1)
    pooled = u.flatten(-2).gather(-1, places).reshape(len(u), *winners.shape)
    for rival in _rivals(u, pooled.shape[-2:], *args):
        see_margin(function, pooled - rival)
    return Jet(pooled), winners


def _rivals(
    u: torch.Tensor,
    shape: torch.Size,
    size: list[int],
    stride: list[int] | None = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
) -> Iterator[torch.Tensor]:
    """The entries of all windows of a max pooling, one place of the window after the other; −∞ outside of the map."""
    sizes, steps, pads, gaps = (_pair(each) for each in (size, stride or size, padding, dilation))
    ends = [(shape[i] - 1) * steps[i] + gaps[i] * (sizes[i] - 1) + 1 for i in range(2)]
    after = [max(0, ends[i] - pads[i] - u.shape[i - 2]) for i in range(2)]
    around = [pads[1], after[1], pads[0], after[0]]
    padded = torch.cat([nn.functional.pad(u[:1], around, value=-torch.inf), nn.functional.pad(u[1:], around)])
    for i, j in itertools.product(range(sizes[0]), range(sizes[1])):
        rows, columns = (
            slice(k * gap, k * gap + (m - 1) * step + 1, step)
            for k, gap, m, step in zip((i, j), gaps, shape, steps, strict=True)
        )
        yield padded[..., rows, columns]


def _pair(setting: Any) -> tuple[int, int]:
    """A setting along both axes."""
    listed = (setting,) if isinstance(setting, int) else tuple(setting)
    return listed * 2 if len(listed) == 1 else listed


@rule("max", "min", "amax", "amin")
def _winner(function: Any, jet: Jet, axis: Any = None, keepdim: bool = False) -> Any:
    name = function.overloadpacket.__name__
    axes = [axis] if isinstance(axis, int) else axis
    if not axes or len(axes) != 1:
        raise ValueError(f"'{name}' over several axes has no rule for Taylor series; take one axis after the other")
    u = jet.coefficients
    winners = (u[0].argmax if name.endswith("max") else u[0].argmin)(axes[0], keepdim=True)
    see_branch(function, winners)
    values = Jet(u.gather(behind(axes[0], jet.ndim), winners.expand(len(u), *winners.shape)))
    see_margin(function, values.coefficients - u)
    kept = values if keepdim else values.squeeze(axes[0])
    return kept if name.startswith("a") else (kept, winners if keepdim else winners.squeeze(axes[0]))


@rule("where")
def _where(function: Any, condition: torch.Tensor, a: Any, b: Any) -> Jet:
    chosen, first, second = aligned(condition[None], *both(a, b))
    return Jet(torch.where(chosen, first, second))


@rule("masked_fill")
def _filled(function: Any, jet: Jet, mask: torch.Tensor, value: Any) -> Jet:
    return _where(function, mask, value, jet)


@rule("gt", "lt", "ge", "le", "eq", "ne")
def _compared(function: Any, a: Any, b: Any) -> torch.Tensor:
    u, v = both(a, b)
    result = function(*(each.coefficients[0] if isinstance(each, Jet) else each for each in (a, b)))
    if result.ndim == 0:
        raise ValueError(
            "the function compares one number of a whole batch, so its rows do not stand alone; such a function has no "
            "Taylor series here: compare row by row, torch.where(condition, a, b)"
        )
    see_branch(function, result)
    see_margin(function, u - v)
    return result
