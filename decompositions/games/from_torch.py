"""From a torch function, an input, baselines, players and weights, as a person gives them, to a FunctionCube."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from decompositions.arguments import shown, whole
from decompositions.arithmetic import real_numbers
from decompositions.games import players as players_
from decompositions.games.chunk import LARGEST, fitting_chunk, room
from decompositions.games.function_cube import FunctionCube
from decompositions.models.full_precision import full_precision
from decompositions.models.inputs import Inputs
from decompositions.models.model_function import ModelFunction, Target, model_function
from decompositions.models.row_function import RowFunction
from decompositions.models.undisturbed import undisturbed
from decompositions.settings import argument, either

INPUT = "x and the baseline are tensors, arrays or lists of real numbers"

ALIKE = "give both the same kind of numbers"


def function_cube(
    f: Callable[..., Any], x: torch.Tensor, baseline: Any, players: Any, weights: Any, chunk: int | None
) -> FunctionCube:
    """The cube of :meth:`decompositions.games.game.Game.from_function`, whose arguments these are.

    Raises:
        TypeError, ValueError: whatever does not fit, said with the way out.
    """
    baselines = _baselines(baseline, x)
    table, n = players_.check(players, x.shape)
    if chunk is not None:
        chunk = whole(chunk, "chunk is the number of inputs handed over at once", 1)
    shares = _weights(weights, len(baselines), x.device)
    with undisturbed(f, x.device, looking=True), full_precision():
        chunk = _chunk(f, x, chunk)
    return FunctionCube(f, x, baselines, shares, table[0].clone().to(x.device), n, _computes_in(f, x), chunk)


def asked(model: nn.Module, inputs: Inputs, target: Target, output: str) -> ModelFunction:
    """The checked function of a model, which is left as it was (:func:`model_function`)."""
    function = ModelFunction(model, target if callable(target) else None)
    with undisturbed(function, inputs.explained.device, looking=True), full_precision():
        return model_function(model, inputs, target, output)


def as_input(values: Any) -> torch.Tensor:
    """x or a baseline of a function: a tensor, or numbers in double; one vector gets its batch axis."""
    tensor = values
    if not isinstance(values, torch.Tensor) or values.is_complex():
        tensor = torch.as_tensor(real_numbers(values, INPUT)).double()
    return tensor[None] if tensor.ndim == 1 else tensor


def own_input(x: torch.Tensor) -> torch.Tensor:
    """One input with its batch axis, in memory that nobody else holds."""
    if x.ndim < 2 or x.shape[0] != 1:
        raise ValueError(
            f"{argument('x')} is one input with its batch axis, shape (1, …), not {tuple(x.shape)}; "
            + either("take x[None], or x[:1] of a batch", "save it with its batch axis, numpy.save('x.npy', x[None])")
        )
    return x.detach().clone(memory_format=torch.contiguous_format)


def _computes_in(f: Callable[..., Any], x: torch.Tensor) -> torch.dtype:
    """The floating-point type with fewest digits of what a function is given and gives, as far as it is known."""
    known = [x.dtype, f.answers] if isinstance(f, (ModelFunction, RowFunction)) else [x.dtype]
    known = [dtype for dtype in known if dtype.is_floating_point] or [torch.float32]
    return max(known, key=lambda dtype: torch.finfo(dtype).eps)


def _chunk(f: Callable[..., Any], x: torch.Tensor, chunk: int | None) -> int:
    """The chunk, or one that fits; a plain function of a small input is not called for it."""
    if isinstance(f, ModelFunction) or (chunk is None and x.nbytes * LARGEST > room(x.device)):
        fits = fitting_chunk(f, x)
        return fits if chunk is None else chunk
    return LARGEST if chunk is None else chunk


def _baselines(baseline: Any, x: torch.Tensor) -> torch.Tensor:
    names = either("a baseline", argument("baseline")), argument("x")
    rule = f"{names[0]} is a number, a tensor of {names[1]}'s shape {tuple(x.shape)} or a batch of at least one like it"
    baseline = torch.as_tensor(real_numbers(baseline, rule))
    if not baseline.ndim:
        return _held(baseline, x).to(x.device).expand_as(x).clone(memory_format=torch.contiguous_format)
    if baseline.shape[1:] != x.shape[1:] or not len(baseline):
        raise ValueError(f"{rule}, not of shape {tuple(baseline.shape)}")
    if baseline.device != x.device:
        raise ValueError(f"x is on {x.device} and the baseline on {baseline.device}; move one of them with .to()")
    if baseline.is_floating_point() != x.is_floating_point():
        raise TypeError(f"{argument('x')} is {x.dtype} and the baseline {baseline.dtype}; {ALIKE}")
    return _held(baseline.detach(), x).clone(memory_format=torch.contiguous_format)


def _held(baseline: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """A baseline in the type of x, which must hold its numbers: whole ones as they are, others up to rounding.

    Raises:
        TypeError: it does not; the first such number is named.
    """
    held = baseline.to(x.dtype)
    if x.is_floating_point():
        lost = torch.isfinite(baseline) & ~torch.isfinite(held)
    else:
        back = held.to(baseline.dtype)
        lost = (back != baseline) | (held < 0) if x.dtype == torch.uint64 else back != baseline
    if lost.any():
        raise TypeError(
            f"{argument('x')} is {x.dtype} and cannot hold the baseline {baseline[lost].flatten()[0].item()}; {ALIKE}"
        )
    return held


def _weights(weights: Any, count: int, device: torch.device) -> torch.Tensor:
    place = torch.device("cpu") if device.type == "mps" else device
    if weights is None:
        return torch.full((count,), 1.0 / count, dtype=torch.float64, device=place)
    rule = f"weights are {count} non-negative numbers, one per baseline, with a positive sum"
    weights = torch.as_tensor(real_numbers(weights, rule)).double()
    if weights.shape != (count,) or not (weights >= 0).all() or not 0 < weights.sum() < torch.inf:
        raise ValueError(f"{rule}, not {shown(weights.tolist())}")
    return (weights / weights.sum()).to(place)
