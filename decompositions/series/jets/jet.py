"""Jets: a torch function, run on the power series of a curve through its inputs instead of on inputs.

A :class:`Jet` looks like a batch of tensors and holds u₀ + u₁ s + … + u_K s^K. Torch hands every operation that a
model asks for to the rule here; what has no rule is refused by name. So any code that a model runs is followed as it
is: loops, modules used twice, attention.
"""

from __future__ import annotations

import functools
import itertools
import operator
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from decompositions.series.jets import recurrences as series

aten: Any = torch.ops.aten
Rule = Callable[..., Any]
RULES: dict[Any, Rule] = {}
Look = Callable[[int, torch.Tensor, torch.Tensor], None]
_BRANCHES: ContextVar[_Branches | None] = ContextVar("branches", default=None)
_INSIDE: ContextVar[list[str] | None] = ContextVar("inside", default=None)  # the modules that are being run


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
        name = packet.__name__
        in_place = name.endswith("_") and not name.endswith("__")
        rule = RULES.get(getattr(aten, name[:-1], packet) if in_place else packet)
        if rule is None:
            raise ValueError(
                f"the operation '{name}' has no rule for Taylor series; use harsanyi() and the measured allocation, "
                "measure(), or write the model with operations that have one"
            )
        result = rule(function, *args, **(kwargs or {}))
        return _written(function, args, result) if in_place else result

    def __repr__(self, *, tensor_contents: Any = None) -> str:  # type: ignore[override]
        return f"Jet(shape={tuple(self.shape)}, degree={len(self.coefficients) - 1})"


def jets(f: Callable[[torch.Tensor], torch.Tensor], start: torch.Tensor, slope: torch.Tensor, degree: int) -> Any:
    r"""The Taylor coefficients of :math:`s \mapsto f(\text{start} + s\,\text{slope})` at s = 0.

    Args:
        f: a torch function of batches, ``(batch, …)`` → ``(batch,)``, that computes in float64.
        start: Shape ``(batch, …)``.
        slope: Shape ``(batch, …)``.
        degree: K.

    Returns:
        Shape ``(K+1, batch)``.

    Raises:
        ValueError: an operation without a rule, a singular point, or a kink right at the start.

    >>> jets(lambda z: z[:, 0].exp(), torch.zeros(1, 1), torch.ones(1, 1), 3)[:, 0].tolist()
    [1.0, 1.0, 0.5, 0.1666666716337204]
    """
    coefficients = torch.zeros(degree + 1, *start.shape, dtype=start.dtype, device=start.device)
    coefficients[0] = start
    if degree:
        coefficients[1] = slope
    with torch.no_grad(), _plain_attention():
        result = _called(f, Jet(coefficients))
    if not isinstance(result, Jet):
        return torch.cat([result[None], torch.zeros_like(result).expand(degree, *result.shape)])  # a constant
    return result.coefficients


def _called(f: Callable[[torch.Tensor], torch.Tensor], jet: Jet) -> Any:
    try:
        return f(jet)
    except (RuntimeError, TypeError) as error:
        if isinstance(error, torch.OutOfMemoryError):
            raise
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ValueError(
            f"the function cannot be followed in float64: {reason}; write it without fixed types and without leaving "
            "torch, or use harsanyi() and measure()"
        ) from error


def branches(
    f: Callable[[torch.Tensor], torch.Tensor], inputs: torch.Tensor, names: Mapping[nn.Module, str]
) -> list[tuple[str, torch.Tensor]]:
    """Which branch every operation with kinks takes at inputs.

    Args:
        f: as for :func:`jets`.
        inputs: Shape ``(batch, …)``.
        names: of the modules that f calls, to say where a kink is.

    Returns:
        The operation (with its module) and a table of branches, ``(batch, …)``, in the order in which they ran. Those
        of an operation that is continuous at its kink are floats: on which side of it, and 0 right there.
    """
    with naming(names), _noting(None) as notes:
        jets(f, inputs, inputs, 0)
    return notes.found


def margins(f: Callable[[torch.Tensor], torch.Tensor], start: torch.Tensor, slope: torch.Tensor, look: Look) -> None:
    """How far from its kink every operation is at the start, and how fast that changes.

    Args:
        f: as for :func:`jets`.
        start: Shape ``(batch, …)``.
        slope: Shape ``(batch, …)``.
        look: called for every operation with a kink: its place in their order, distance and slope, ``(batch, units)``.

    Raises:
        ValueError: an operation is at its kink and leaves it.
    """
    with _noting(look):
        jets(f, start, slope, 1)


@contextmanager
def naming(names: Mapping[nn.Module, str]) -> Iterator[None]:
    """Within this context errors say in which module they arose."""
    inside: list[str] = []

    def enter(module: nn.Module, args: Any) -> None:
        if _INSIDE.get() is inside:  # not in another thread
            inside.append(f"{type(module).__name__} '{names[module]}'" if module in names else "")

    def leave(module: nn.Module, args: Any, result: Any) -> None:
        if _INSIDE.get() is inside and inside:
            inside.pop()

    with ExitStack() as stack:
        stack.callback(_INSIDE.reset, _INSIDE.set(inside))
        stack.callback(nn.modules.module.register_module_forward_pre_hook(enter).remove)
        stack.callback(nn.modules.module.register_module_forward_hook(leave).remove)
        yield


@contextmanager
def _noting(look: Look | None) -> Iterator[_Branches]:
    """Within this context branches are noted, and margins looked at."""
    notes = _Branches([], look)
    token = _BRANCHES.set(notes)
    try:
        yield notes
    finally:
        _BRANCHES.reset(token)


@dataclass
class _Branches:
    """The branches that are noted, who looks at margins (series that are zero at a kink), and how many there were."""

    found: list[tuple[str, torch.Tensor]]
    look: Look | None
    margins: int = 0

    def see(self, margin: torch.Tensor) -> None:
        if self.look is not None and margin.ndim > 1:
            batch = margin.shape[1]
            self.look(self.margins, margin[0].reshape(batch, -1), margin[1].reshape(batch, -1))
        self.margins += 1


@contextmanager
def _plain_attention() -> Iterator[None]:
    """Attention as products and a softmax, not as one fused kernel."""
    before = torch.backends.mha.get_fastpath_enabled()
    with ExitStack() as stack:
        stack.callback(torch.backends.mha.set_fastpath_enabled, before)
        torch.backends.mha.set_fastpath_enabled(False)
        stack.enter_context(sdpa_kernel(SDPBackend.MATH))
        yield


# --- what rules are made of ---------------------------------------------------------------------------------------


def _rule(*names: str) -> Callable[[Rule], Rule]:
    """The rule of these ATen operations, those that this torch has."""

    def keep(rule: Rule) -> Rule:
        RULES.update({getattr(aten, name): rule for name in names if hasattr(aten, name)})
        return rule

    return keep


def _known(value: Any, like: torch.Tensor) -> torch.Tensor:
    """A constant of the model as a tensor in the number type of the jets."""
    if isinstance(value, torch.Tensor):
        return value.to(like.device, like.dtype) if value.is_floating_point() else value.to(like.device)
    return torch.tensor(value, dtype=like.dtype, device=like.device)


def _coefficients(value: Any, like: Jet) -> torch.Tensor:
    """The coefficients of a jet, or of a constant."""
    if isinstance(value, Jet):
        return value.coefficients
    value = _known(value, like.coefficients).to(like.coefficients.dtype)
    rest = torch.zeros((), dtype=value.dtype, device=value.device).expand(len(like.coefficients) - 1, *value.shape)
    return torch.cat([value[None], rest])


def _aligned(*coefficients: torch.Tensor) -> list[torch.Tensor]:
    """Axes of size one behind the leading one, so that broadcasting aligns the batch axes."""
    axes = max(each.ndim for each in coefficients)
    return [each.reshape(len(each), *(1,) * (axes - each.ndim), *each.shape[1:]) for each in coefficients]


def _both(a: Any, b: Any) -> list[torch.Tensor]:
    like = a if isinstance(a, Jet) else b
    return _aligned(_coefficients(a, like), _coefficients(b, like))


def _place(function: Any) -> str:
    """The operation, and the module in which it runs."""
    inside = _INSIDE.get()
    return function.overloadpacket.__name__ + (f" in {inside[-1]}" if inside and inside[-1] else "")


def _branch(function: Any, branch: torch.Tensor) -> None:
    notes = _BRANCHES.get()
    if notes is not None:
        notes.found.append((_place(function), branch))


def _margin(function: Any, margin: torch.Tensor) -> None:
    """What is zero at a kink of an operation: where it is zero at the start, it must stay so.

    Raises:
        ValueError: a kink right at the start.
    """
    notes = _BRANCHES.get()
    if notes is not None:
        notes.see(margin)
    on = margin[0] == 0
    leaves = int((on & (margin[1:] != 0).any(0)).sum()) if len(margin) > 1 and on.any() else 0
    if leaves:
        raise ValueError(
            f"'{_place(function)}' has a kink right at the baseline ({leaves} places), so there is no Taylor series "
            "there; take another baseline, a smoothed network, taylor(game, degree, smooth=10), or harsanyi() and "
            "measure()"
        )


def _side(function: Any, margin: torch.Tensor) -> torch.Tensor:
    """On which side of its kink an operation is that is continuous there."""
    _branch(function, margin[0].sign())
    _margin(function, margin)
    return margin[0]


def _folded(function: Any, coefficients: torch.Tensor, *args: Any) -> torch.Tensor:
    """An operation on batches, applied to all coefficients as one batch."""
    result = function(coefficients.flatten(0, 1), *args)
    return result.reshape(*coefficients.shape[:2], *result.shape[1:])


def _behind(axis: Any, axes: int) -> Any:
    """An axis of the jets (or several) as one of their coefficients, which have one more in front."""
    if isinstance(axis, (list, tuple)):
        return [_behind(each, axes) for each in axis]
    return axis - axes if axis >= 0 else axis


def _written(function: Any, args: Any, result: Any) -> Any:
    """An operation in place: views of its target see the change, as torch's do."""
    target = args[0]
    if not isinstance(target, Jet):
        raise ValueError(
            f"'{function.overloadpacket.__name__}' writes what depends on the input into a tensor that does not, which "
            "holds no series; make that tensor with zeros_like() or new_zeros() of the input, or join the parts with "
            "cat() or stack()"
        )
    if torch.Tag.inplace_view in function.tags:  # a new shape for the same numbers
        with torch._C._DisableTorchDispatch():
            function(*args)
        target.coefficients = result.coefficients
    else:
        target.coefficients.copy_(_aligned(target.coefficients, _coefficients(result, target))[1])
    return target


def _wrapped(result: Any) -> Any:
    return Jet(result) if isinstance(result, torch.Tensor) else [Jet(each) for each in result]


# --- linear operations: coefficient by coefficient; views stay views ----------------------------------------------


@_rule("clone")
def _cloned(function: Any, jet: Jet, **kwargs: Any) -> Jet:
    return Jet(jet.coefficients.clone(memory_format=torch.contiguous_format))


@_rule("neg", "detach", "alias", "lift_fresh", "tril", "triu")
def _kept(function: Any, jet: Jet, *args: Any, **kwargs: Any) -> Jet:
    return Jet(function(jet.coefficients, *args))


@_rule("view", "_unsafe_view", "reshape")
def _reshaped(function: Any, jet: Jet, shape: list[int]) -> Jet:
    return Jet(function(jet.coefficients, [len(jet.coefficients), *shape]))


@_rule("expand", "repeat")
def _enlarged(function: Any, jet: Jet, sizes: list[int], **kwargs: Any) -> Jet:
    c = jet.coefficients
    c = c.reshape(len(c), *(1,) * (len(sizes) - jet.ndim), *jet.shape)
    return Jet(function(c, [-1 if function.overloadpacket is aten.expand else 1, *sizes]))


@_rule("t")
def _transposed(function: Any, jet: Jet) -> Jet:
    return Jet(jet.coefficients.transpose(1, 2) if jet.ndim == 2 else jet.coefficients)


@_rule("transpose")
def _swapped(function: Any, jet: Jet, first: int, second: int) -> Jet:
    return Jet(jet.coefficients.transpose(_behind(first, jet.ndim), _behind(second, jet.ndim)))


@_rule("permute")
def _permuted(function: Any, jet: Jet, order: list[int]) -> Jet:
    return Jet(jet.coefficients.permute(0, *(1 + axis % jet.ndim for axis in order)))


@_rule("unsqueeze")
def _unsqueezed(function: Any, jet: Jet, axis: int) -> Jet:
    return Jet(jet.coefficients.unsqueeze(_behind(axis, jet.ndim + 1)))


@_rule("squeeze")
def _squeezed(function: Any, jet: Jet, axis: Any = None) -> Any:
    return jet.reshape([size for size in jet.shape if size != 1]) if axis is None else _along(function, jet, axis)


@_rule("select", "slice", "flip", "cumsum", "index_select", "gather", "unbind")
@_rule("split", "split_with_sizes", "unsafe_split", "unsafe_split_with_sizes")
def _along(function: Any, jet: Jet, *args: Any, **kwargs: Any) -> Any:
    """The axis is the first argument, except where sizes come before it."""
    sizes_first = "split" in function.overloadpacket.__name__
    before, rest = (args[:1], args[1:]) if sizes_first else ((), args)
    axis, rest = (rest[0], rest[1:]) if rest else (0, ())
    if function.overloadpacket is aten.gather:
        rest = (rest[0].expand(len(jet.coefficients), *rest[0].shape), *rest[1:])
    return _wrapped(function(jet.coefficients, *before, _behind(axis, jet.ndim), *rest, **kwargs))


@_rule("roll")
def _rolled(function: Any, jet: Jet, shifts: list[int], axes: list[int] | None = None) -> Jet:
    if not axes:
        return _rolled(function, jet.reshape(-1), shifts, [0]).reshape(jet.shape)
    return Jet(function(jet.coefficients, shifts, _behind(axes, jet.ndim)))


@_rule("sum", "mean")
def _reduced(function: Any, jet: Jet, axes: Any = None, keepdim: bool = False, **kwargs: Any) -> Jet:
    axes = axes or list(range(jet.ndim))  # none at all: over everything
    if not axes:
        return _cloned(function, jet)
    reduce = torch.sum if function.overloadpacket is aten.sum else torch.mean
    return Jet(reduce(jet.coefficients, _behind(axes, jet.ndim), keepdim))


@_rule("cat", "stack")
def _joined(function: Any, parts: list[Any], axis: int = 0) -> Jet:
    like = next(part for part in parts if isinstance(part, Jet))
    axes = like.ndim + (function.overloadpacket is aten.stack)
    return Jet(function([_coefficients(part, like) for part in parts], _behind(axis, axes)))


@_rule("index")
def _indexed(function: Any, jet: Jet, places: list[Any]) -> Jet:
    if any(isinstance(place, Jet) for place in places):
        raise ValueError("an index that depends on the input has no Taylor series")
    return Jet(torch.stack([function(each, places) for each in jet.coefficients]))


@_rule("_to_copy")
def _copied(function: Any, jet: Jet, **kwargs: Any) -> Any:
    dtype = kwargs.get("dtype") or jet.dtype
    if dtype.is_complex:
        raise ValueError("complex numbers have no rule for Taylor series")
    if not dtype.is_floating_point:  # constant but for its steps
        return _stepped(function, jet.coefficients, function(jet.coefficients[0], **kwargs))
    return _cloned(function, jet)  # series are computed in float64, whatever the model asks for


def _stepped(function: Any, u: torch.Tensor, whole: torch.Tensor) -> torch.Tensor:
    """Numbers cut down to whole ones: a step at every whole number but 0; to booleans: one at 0."""
    _branch(function, whole)
    if whole.dtype == torch.bool:
        _margin(function, u)
        return whole
    for step in (whole - (whole <= 0).to(whole.dtype), whole + (whole >= 0).to(whole.dtype)):
        _margin(function, torch.cat([u[:1] - step, u[1:]]))
    return whole


@_rule("copy")
def _overwritten(function: Any, jet: Jet, source: Any, *args: Any) -> Jet:
    return Jet(_coefficients(source, jet))


@_rule("fill", "zero")
def _filled_up(function: Any, jet: Jet, value: Any = 0.0) -> Jet:
    return Jet(_coefficients(value, jet))


@_rule("zeros_like", "empty_like", "new_zeros")
def _blank(function: Any, jet: Jet, *args: Any, **kwargs: Any) -> torch.Tensor:
    """A tensor to be written into."""
    blank = function(jet.coefficients[0], *args, **kwargs)
    return Jet(_coefficients(blank, jet)) if blank.is_floating_point() else blank


@_rule("ones_like", "full_like", "rand_like", "new_ones", "new_full")
def _fresh(function: Any, jet: Jet, *args: Any, **kwargs: Any) -> torch.Tensor:
    return function(jet.coefficients[0], *args, **kwargs)


@_rule("constant_pad_nd")
def _padded(function: Any, jet: Jet, pad: list[int], value: float = 0.0) -> Jet:
    c = jet.coefficients
    return Jet(torch.cat([function(c[:1], pad, value), function(c[1:], pad, 0.0)]))


@_rule("avg_pool2d", "avg_pool3d", "_adaptive_avg_pool2d", "_adaptive_avg_pool3d", "upsample_nearest2d", "im2col")
def _pooled(function: Any, jet: Jet, *args: Any) -> Jet:
    return Jet(_folded(function, jet.coefficients, *args))


@_rule("convolution")
def _convolved(function: Any, jet: Any, weight: Any, bias: Any, *args: Any) -> Jet:
    if isinstance(weight, Jet) or not isinstance(jet, Jet):
        raise ValueError("a convolution whose weights depend on the input has no rule for Taylor series")
    result = _folded(function, jet.coefficients, _known(weight, jet.coefficients), None, *args)
    if bias is not None:
        result[0] += _known(bias, result).reshape(-1, *(1,) * (result.ndim - 3))
    return Jet(result)


# --- sums and products --------------------------------------------------------------------------------------------


@_rule("add")
def _sum(function: Any, a: Any, b: Any, alpha: float = 1) -> Jet:
    first, second = _both(a, b)
    return Jet(first + alpha * second if alpha != 1 else first + second)


@_rule("sub")
def _difference(function: Any, a: Any, b: Any, alpha: float = 1) -> Jet:
    return _sum(function, a, b, -alpha)


@_rule("rsub")
def _reverse_difference(function: Any, a: Any, b: Any, alpha: float = 1) -> Jet:
    return _sum(function, b, a, -alpha)


@_rule("mul")
def _product(function: Any, a: Any, b: Any) -> Jet:
    if isinstance(a, Jet) and isinstance(b, Jet):
        return Jet(series.times(*_aligned(a.coefficients, b.coefficients)))
    jet, other = (a, b) if isinstance(a, Jet) else (b, a)
    constant = _known(other, jet.coefficients)
    return Jet(_aligned(jet.coefficients, constant[None])[0] * constant)


@_rule("prod")
def _multiplied(function: Any, jet: Jet, axis: int | None = None, keepdim: bool = False, **kwargs: Any) -> Any:
    factors = jet.reshape(-1).unbind(0) if axis is None else jet.unbind(axis)
    result = functools.reduce(operator.mul, factors)
    return result.unsqueeze(axis) if keepdim and axis is not None else result


@_rule("div")
def _divided(function: Any, a: Any, b: Any, **kwargs: Any) -> Jet:
    if kwargs.get("rounding_mode") is not None:
        raise ValueError("a division that is rounded has no Taylor series")
    if not isinstance(b, Jet):
        return _product(function, a, 1.0 / _known(b, a.coefficients).to(a.coefficients.dtype))
    return Jet(series.quotient(*torch.broadcast_tensors(*_both(a, b))))


@_rule("addcmul")
def _add_product(function: Any, a: Any, b: Any, c: Any, value: float = 1) -> Jet:
    return _sum(function, a, _product(function, b, c), value)


@_rule("mm", "bmm")
def _matrix_product(function: Any, a: Any, b: Any) -> Jet:
    if isinstance(a, Jet) and isinstance(b, Jet):
        return Jet(series.bilinear(function, a.coefficients, b.coefficients))
    if not isinstance(b, Jet):
        constant = _known(b, a.coefficients)
        return Jet(_folded(torch.mm, a.coefficients, constant) if a.ndim == 2 else a.coefficients @ constant)
    return Jet(_known(a, b.coefficients) @ b.coefficients)


@_rule("mv", "dot")
def _matrix_vector(function: Any, a: Any, b: Any) -> Jet:
    if isinstance(a, Jet) and isinstance(b, Jet):
        return Jet(series.bilinear(function, a.coefficients, b.coefficients))
    if isinstance(a, Jet):
        return Jet(a.coefficients @ _known(b, a.coefficients))
    return Jet(b.coefficients @ _known(a, b.coefficients).transpose(0, -1))


@_rule("addmm", "baddbmm")
def _add_matrix_product(function: Any, constant: Any, a: Any, b: Any, beta: float = 1, alpha: float = 1) -> Jet:
    multiply = aten.mm.default if len(a.shape) == 2 else aten.bmm.default
    if not any(isinstance(each, Jet) for each in (a, b)):
        return _sum(function, _scaled(constant, beta), multiply(a, b), alpha)
    product = _matrix_product(multiply, a, b)
    if isinstance(constant, Jet):
        return _sum(function, _scaled(constant, beta), product, alpha)
    result = product.coefficients if alpha == 1 else product.coefficients * alpha
    result[0] += beta * _known(constant, result)
    return Jet(result)


def _scaled(value: Any, factor: float) -> Any:
    return value if factor == 1 else value * factor


# --- functions ----------------------------------------------------------------------------------------------------


def _elementwise(name: str, function: Callable[..., torch.Tensor]) -> None:
    def apply(operation: Any, jet: Jet, *args: Any, **kwargs: Any) -> Jet:
        return Jet(function(jet.coefficients, *args, **kwargs))

    _rule(name)(apply)


_NAMES = (
    "exp", "log", "log1p", "expm1", "tanh", "tan", "sigmoid", "sin", "cos", "sinh", "cosh", "atan", "erf", "softplus",
    "gelu", "silu", "mish",
)  # fmt: skip
for _name in _NAMES:
    _elementwise(_name, getattr(series, _name))
_elementwise("square", lambda u: series.times(u, u))
_elementwise("sqrt", lambda u: series.power(u, 0.5))
_elementwise("rsqrt", lambda u: series.power(u, -0.5))
_elementwise("reciprocal", lambda u: series.power(u, -1))
_elementwise("_softmax", lambda u, axis, half: series.softmax(u, axis))


@_rule("_safe_softmax")
def _safe_softmax(function: Any, jet: Jet, axis: int, *args: Any) -> Jet:
    """Softmax, but zero where everything is masked."""
    u = jet.coefficients
    return Jet(series.softmax(u, axis).masked_fill((u[0] == -torch.inf).all(axis, keepdim=True), 0.0))


@_rule("log_sigmoid_forward")
def _log_sigmoid(function: Any, jet: Jet) -> tuple[Jet, Jet]:
    return Jet(series.log_sigmoid(jet.coefficients)), jet  # torch's second output serves its backward pass only


@_rule("_log_softmax")
def _log_softmax(function: Any, jet: Jet, axis: int, half: bool) -> Jet:
    u = jet.coefficients
    return Jet(u - series.logsumexp(u, axis))


@_rule("logsumexp")
def _logsumexp(function: Any, jet: Jet, axes: list[int], keepdim: bool = False) -> Jet:
    if len(axes) != 1:
        raise ValueError("logsumexp over several axes has no rule for Taylor series; take one axis after the other")
    result = series.logsumexp(jet.coefficients, axes[0])
    return Jet(result if keepdim else result.squeeze(_behind(axes[0], jet.ndim)))


@_rule("pow")
def _power(function: Any, base: Any, exponent: Any) -> Jet:
    if isinstance(exponent, torch.Tensor) and not isinstance(exponent, Jet) and exponent.numel() == 1:
        exponent = exponent.item()
    if isinstance(base, Jet) and not isinstance(exponent, (Jet, torch.Tensor)):
        return Jet(series.power(base.coefficients, float(exponent)))
    if isinstance(base, Jet):
        return Jet(series.exp(series.times(*_both(exponent, Jet(series.log(base.coefficients))))))
    logarithm = torch.log(_known(base, exponent.coefficients).to(exponent.coefficients.dtype))
    return Jet(series.exp(_product(function, exponent, logarithm).coefficients))


@_rule("var")
def _variance(function: Any, jet: Jet, axes: Any = None, *, correction: float = 1, keepdim: bool = False) -> Any:
    axes = axes or list(range(jet.ndim))
    centred = jet - jet.mean(axes, keepdim=True)
    count = torch.Size([jet.shape[axis] for axis in axes]).numel()
    return (centred * centred).sum(axes, keepdim=keepdim) / (count - correction)


@_rule("linalg_vector_norm")
def _norm(function: Any, jet: Jet, order: float = 2, axes: Any = None, keepdim: bool = False, **kwargs: Any) -> Any:
    if order != 2 or axes is None:
        raise ValueError("only the Euclidean norm along given axes has a rule for Taylor series")
    return (jet * jet).sum(axes, keepdim=keepdim).sqrt()


# --- normalisation ------------------------------------------------------------------------------------------------


@_rule("native_batch_norm", "cudnn_batch_norm", "miopen_batch_norm")
def _batch_norm(function: Any, jet: Jet, *settings: Any) -> tuple[Jet, ...]:
    weight, bias, mean, variance, training, _, eps = settings
    shape = (-1, *(1,) * (jet.ndim - 2))
    if training and jet.shape[0] != 1:
        raise ValueError("batch normalisation over the batch itself has no Taylor series; call model.eval() first")
    if training:  # instance normalisation, to which torch hands every row's channels as those of one row
        alone = _standardised(jet, list(range(2, jet.ndim)), eps)
        return (_affine(alone, weight, bias, shape),) * 3
    scale = 1.0 / (_known(variance, jet.coefficients) + eps).sqrt()
    centred = jet - _known(mean, jet.coefficients).reshape(shape)
    result = _affine(centred * scale.reshape(shape), weight, bias, shape)
    return (result,) * len(function._schema.returns)


@_rule("native_layer_norm")
def _layer_norm(function: Any, jet: Jet, shape: list[int], weight: Any, bias: Any, eps: float) -> tuple[Jet, ...]:
    return (_affine(_standardised(jet, list(range(-len(shape), 0)), eps), weight, bias, (*shape,)),) * 3


@_rule("native_group_norm")
def _group_norm(function: Any, jet: Jet, *settings: Any) -> tuple[Jet, ...]:
    weight, bias, batch, _, _, groups, eps = settings
    grouped = _standardised(jet.reshape(batch, groups, -1), [-1], eps).reshape(jet.shape)
    return (_affine(grouped, weight, bias, (-1, *(1,) * (jet.ndim - 2))),) * 3


def _standardised(jet: Any, axes: list[int], eps: float) -> Any:
    centred = jet - jet.mean(axes, keepdim=True)
    return centred * ((centred * centred).mean(axes, keepdim=True) + eps).rsqrt()


def _affine(jet: Any, weight: Any, bias: Any, shape: tuple[int, ...]) -> Any:
    result = jet if weight is None else jet * weight.reshape(shape)
    return result if bias is None else result + bias.reshape(shape)


# --- kinks: the branch that is taken at s = 0 ---------------------------------------------------------------------


@_rule("relu")
def _relu(function: Any, jet: Jet) -> Jet:
    return _leaky_relu(function, jet, 0.0)


@_rule("leaky_relu")
def _leaky_relu(function: Any, jet: Jet, slope: float = 0.01) -> Jet:
    return _two_sided(function, jet.coefficients, jet.coefficients, slope * jet.coefficients)


@_rule("abs")
def _absolute(function: Any, jet: Jet) -> Jet:
    return _two_sided(function, jet.coefficients, jet.coefficients, -jet.coefficients)


@_rule("elu")
def _elu(function: Any, jet: Jet, alpha: float = 1.0, scale: float = 1.0, input_scale: float = 1.0) -> Jet:
    u = jet.coefficients
    return _two_sided(function, u, scale * u, scale * alpha * series.expm1(input_scale * u))


@_rule("celu")
def _celu(function: Any, jet: Jet, alpha: float = 1.0) -> Jet:
    return _two_sided(function, jet.coefficients, jet.coefficients, alpha * series.expm1(jet.coefficients / alpha))


def _two_sided(function: Any, u: torch.Tensor, above: torch.Tensor, below: torch.Tensor) -> Jet:
    """One function above zero, another below; right at zero it must stay there."""
    return Jet(torch.where(_side(function, u) > 0, above, below))


@_rule("clamp", "hardtanh", "clamp_min", "clamp_max")
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
            limit = _coefficients(bound, result)
            limit, u = torch.broadcast_tensors(*_aligned(limit.expand(len(u), *limit.shape[1:]), u))
            result = Jet(torch.where(_side(function, sign * (u - limit)) < 0, limit, u))
    return result


@_rule("maximum", "minimum")
def _extreme(function: Any, a: Any, b: Any) -> Jet:
    first, second = torch.broadcast_tensors(*_both(a, b))
    sign = 1 if function.overloadpacket is aten.maximum else -1
    return Jet(torch.where(_side(function, sign * (first - second)) > 0, first, second))


@_rule("max_pool2d_with_indices")
def _max_pool(function: Any, jet: Jet, *args: Any) -> tuple[Jet, torch.Tensor]:
    u = jet.coefficients
    _, winners = function(u[0], *args)
    _branch(function, winners)
    places = winners.flatten(-2).expand(len(u), *winners.shape[:-2], -1)
    pooled = u.flatten(-2).gather(-1, places).reshape(len(u), *winners.shape)
    for rival in _rivals(u, pooled.shape[-2:], *args):
        _margin(function, pooled - rival)
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


@_rule("max", "min", "amax", "amin")
def _winner(function: Any, jet: Jet, axis: Any = None, keepdim: bool = False) -> Any:
    name = function.overloadpacket.__name__
    axes = [axis] if isinstance(axis, int) else axis
    if not axes or len(axes) != 1:
        raise ValueError(f"'{name}' over several axes has no rule for Taylor series; take one axis after the other")
    u = jet.coefficients
    winners = (u[0].argmax if name.endswith("max") else u[0].argmin)(axes[0], keepdim=True)
    _branch(function, winners)
    values = Jet(u.gather(_behind(axes[0], jet.ndim), winners.expand(len(u), *winners.shape)))
    _margin(function, values.coefficients - u)
    kept = values if keepdim else values.squeeze(axes[0])
    return kept if name.startswith("a") else (kept, winners if keepdim else winners.squeeze(axes[0]))


@_rule("where")
def _where(function: Any, condition: torch.Tensor, a: Any, b: Any) -> Jet:
    chosen, first, second = _aligned(condition[None], *_both(a, b))
    return Jet(torch.where(chosen, first, second))


@_rule("masked_fill")
def _filled(function: Any, jet: Jet, mask: torch.Tensor, value: Any) -> Jet:
    return _where(function, mask, value, jet)


@_rule("gt", "lt", "ge", "le", "eq", "ne")
def _compared(function: Any, a: Any, b: Any) -> torch.Tensor:
    u, v = _both(a, b)
    result = function(*(each.coefficients[0] if isinstance(each, Jet) else each for each in (a, b)))
    if result.ndim == 0:
        raise ValueError(
            "the function compares one number of a whole batch, so its rows do not stand alone; such a function has no "
            "Taylor series here: compare row by row, torch.where(condition, a, b)"
        )
    _branch(function, result)
    _margin(function, u - v)
    return result
