"""A jet: a tensor that holds a truncated power series, and hands every operation to the rule that is known for it.

A :class:`Jet` looks like a batch of tensors and holds u₀ + u₁ s + … + u_K s^K. Torch hands every operation that a
model asks for to its rule; what has none is refused by name. So any code that a model runs is followed as it
is: loops, modules used twice, attention.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

aten: Any = torch.ops.aten
Rule = Callable[..., Any]
RULES: dict[Any, Rule] = {}


class Jet(torch.Tensor):
    """A batch of truncated power series. Shape ``(batch, …)``; ``coefficients`` have shape ``(K+1, batch, …)``."""

    coefficients: torch.Tensor
    __torch_function__ = torch._C._disabled_torch_function_impl  # type: ignore[assignment]  # all work is done below, on ATen's operations

    @staticmethod
    def __new__(cls, coefficients: torch.Tensor) -> Jet:
        jet: Jet = torch.Tensor._make_wrapper_subclass(
            cls,
            coefficients.shape[1:],
            strides=coefficients.stride()[1:],
            storage_offset=coefficients.storage_offset(),
            dtype=coefficients.dtype,
            device=coefficients.device,
        )
        jet.coefficients = coefficients
        return jet

    @classmethod
    def __torch_dispatch__(  # type: ignore[override]
        cls, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        packet = function.overloadpacket
        name, writes = packet.__name__, in_place(function)
        rule = RULES.get(getattr(aten, name[:-1], packet) if writes else packet)
        if rule is None:
            raise ValueError(
                f"the operation '{name}' has no rule for Taylor series; use harsanyi() and the measured allocation, "
                "measure(), or write the model with operations that have one"
            )
        if function._schema.is_mutable and not writes:
            raise ValueError(
                f"'{name}' writes its result into a tensor that it is handed, and only operations that are named for "
                "it, as 'add_' is, do so in a Taylor series; write y = …, or out.copy_(…)"
            )
        result = rule(function, *args, **(kwargs or {}))
        return _written(function, args, result) if writes else result

    def __repr__(self, *, tensor_contents: Any = None) -> str:  # type: ignore[override]
        return f"Jet(shape={tuple(self.shape)}, degree={len(self.coefficients) - 1})"


def in_place(function: Any) -> bool:
    """Whether an operation writes into its first argument, as those do whose names end so: ``add_``."""
    name = function.overloadpacket.__name__
    return name.endswith("_") and not name.endswith("__")


def _written(function: Any, args: Any, result: Any) -> Any:
    """An operation in place: views of its target see the change, as torch's do."""
    target = args[0]
    if not isinstance(
        target, Jet
    ):  # nobody keeps account of its memory (see written.py) in a thread of the model's own
        raise ValueError(
            f"'{function.overloadpacket.__name__}' writes what depends on the input into a tensor that does not, in "
            "another thread; make that tensor with zeros_like() or new_zeros() of the input, or join the parts with "
            "cat() or stack()"
        )
    if torch.Tag.inplace_view in function.tags:  # a new shape for the same numbers
        with torch._C._DisableTorchDispatch():
            function(*args)
        target.coefficients = result.coefficients
    else:
        target.coefficients.copy_(aligned(target.coefficients, series_of(result, target))[1])
    return target


def rule(*names: str) -> Callable[[Rule], Rule]:
    """The rule of these ATen operations, those that this torch has."""

    def keep(rule: Rule) -> Rule:
        RULES.update({getattr(aten, name): rule for name in names if hasattr(aten, name)})
        return rule

    return keep


def known(value: Any, like: torch.Tensor) -> torch.Tensor:
    """A constant of the model as a tensor in the number type of the jets."""
    if isinstance(value, torch.Tensor):
        return value.to(like.device, like.dtype) if value.is_floating_point() else value.to(like.device)
    return torch.tensor(value, dtype=like.dtype, device=like.device)


def series_of(value: Any, like: Jet) -> torch.Tensor:
    """The coefficients of a jet, or of a constant."""
    if isinstance(value, Jet):
        return value.coefficients
    value = known(value, like.coefficients).to(like.coefficients.dtype)
    rest = torch.zeros((), dtype=value.dtype, device=value.device).expand(len(like.coefficients) - 1, *value.shape)
    return torch.cat([value[None], rest])


def aligned(*coefficients: torch.Tensor) -> list[torch.Tensor]:
    """Axes of size one behind the leading one, so that broadcasting aligns the batch axes."""
    axes = max(each.ndim for each in coefficients)
    return [each.reshape(len(each), *(1,) * (axes - each.ndim), *each.shape[1:]) for each in coefficients]


def both(a: Any, b: Any) -> list[torch.Tensor]:
    like = a if isinstance(a, Jet) else b
    return aligned(series_of(a, like), series_of(b, like))


def folded(function: Any, coefficients: torch.Tensor, *args: Any) -> torch.Tensor:
    """An operation on batches, applied to all coefficients as one batch."""
    result = function(coefficients.flatten(0, 1), *args)
    return result.reshape(*coefficients.shape[:2], *result.shape[1:])


def behind(axis: Any, axes: int) -> Any:
    """An axis of the jets (or several) as one of their coefficients, which have one more in front."""
    if isinstance(axis, (list, tuple)):
        return [behind(each, axes) for each in axis]
    return axis - axes if axis >= 0 else axis


def wrapped(result: Any) -> Any:
    return Jet(result) if isinstance(result, torch.Tensor) else [Jet(each) for each in result]
