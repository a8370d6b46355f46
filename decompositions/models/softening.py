"""Smooth stand-ins for kinks: the same model with ReLU, abs and max pooling rounded off."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
import torch.nn.functional as F
from torch.overrides import TorchFunctionMode

from decompositions.arguments import real
from decompositions.models.model_function import ModelFunction
from decompositions.models.pure import Pure


@dataclass(frozen=True, eq=False)
class Softened:
    r"""A function whose kinks are rounded off on the scale 1/β.

    .. math:: \max(u, 0) \to \tfrac1\beta \log(1 + e^{\beta u}), \qquad
              \max_j u_j \to \tfrac1\beta \log \textstyle\sum_j e^{\beta u_j}

    Args:
        f: inputs ``(batch, *shape)`` → ``(batch,)``.
        beta: the larger, the closer to f.
    """

    f: Callable[[torch.Tensor], torch.Tensor]
    beta: float

    def __post_init__(self) -> None:
        object.__setattr__(
            self, "beta", real(self.beta, "smooth is the sharpness β of the stand-ins for kinks", above=0)
        )

    def __call__(self, inputs: torch.Tensor) -> torch.Tensor:
        with _Softening(self.beta):
            return self.f(inputs)


class _Softening(TorchFunctionMode):
    """Within this context torch's functions with kinks are their stand-ins."""

    def __init__(self, beta: float) -> None:
        super().__init__()
        self.beta = beta

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        rule = _STAND_INS.get(function)
        return function(*args, **(kwargs or {})) if rule is None else rule(self.beta, *args, **(kwargs or {}))


def _relu(beta: float, u: torch.Tensor, inplace: bool = False) -> torch.Tensor:
    return _placed(u, -F.logsigmoid(-beta * u) / beta, inplace)


def _placed(u: torch.Tensor, result: torch.Tensor, inplace: bool) -> torch.Tensor:
    """In place where the kink was: a model may go on with u."""
    return u.copy_(result) if inplace else result


def _relu_in_place(beta: float, u: torch.Tensor) -> torch.Tensor:
    return _relu(beta, u, inplace=True)


def _leaky_relu(beta: float, u: torch.Tensor, negative_slope: float = 0.01, inplace: bool = False) -> torch.Tensor:
    return _placed(u, negative_slope * u + (1 - negative_slope) * _relu(beta, u), inplace)


def _clipped(beta: float, u: torch.Tensor, low: float, high: float, inplace: bool) -> torch.Tensor:
    return _placed(u, low + _relu(beta, u - low) - _relu(beta, u - high), inplace)


def _hardtanh(beta: float, u: torch.Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Any:
    return _clipped(beta, u, min_val, max_val, inplace)


def _relu6(beta: float, u: torch.Tensor, inplace: bool = False) -> torch.Tensor:
    return _clipped(beta, u, 0.0, 6.0, inplace)


def _absolute(beta: float, u: torch.Tensor) -> torch.Tensor:
    return 2 * _relu(beta, u) - u


@dataclass(frozen=True)
class _Pooling:
    """The settings of a max pooling, as torch names and orders them."""

    kernel_size: Any
    stride: Any = None
    padding: Any = 0
    dilation: Any = 1
    ceil_mode: bool = False
    return_indices: bool = False

    def __post_init__(self) -> None:
        if self.ceil_mode or self.return_indices or _both(self.padding) != (0, 0):
            raise ValueError("a max pooling with padding, ceil_mode or indices has no smooth stand-in")


def _max_pool2d(beta: float, u: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:
    pooling = _Pooling(*args, **kwargs)
    size, dilation = _both(pooling.kernel_size), _both(pooling.dilation)
    stride = _both(pooling.stride) if pooling.stride is not None else size
    windows = F.unfold(u, size, dilation, 0, stride).reshape(len(u), u.shape[1], size[0] * size[1], -1)
    spans = [dilation[axis] * (size[axis] - 1) + 1 for axis in range(2)]
    steps = [(u.shape[2 + axis] - spans[axis]) // stride[axis] + 1 for axis in range(2)]
    return (torch.logsumexp(beta * windows, 2) / beta).reshape(len(u), u.shape[1], *steps)


def _both(setting: Any) -> tuple[int, int]:
    """A setting along both axes."""
    return (setting, setting) if isinstance(setting, int) else tuple(setting)


_STAND_INS: dict[Any, Callable[..., torch.Tensor]] = {
    F.relu: _relu,
    torch.relu: _relu,
    torch.relu_: _relu_in_place,
    torch.Tensor.relu: _relu,
    torch.Tensor.relu_: _relu_in_place,
    F.relu6: _relu6,
    F.hardtanh: _hardtanh,
    F.leaky_relu: _leaky_relu,
    torch.abs: _absolute,
    torch.Tensor.abs: _absolute,
    F.max_pool2d: _max_pool2d,
    torch.max_pool2d: _max_pool2d,
}


def in_double(f: Callable[[torch.Tensor], torch.Tensor]) -> Callable[[torch.Tensor], torch.Tensor]:
    """A function of a copy of the model that computes in float64; a plain function is taken as it is.

    The model is copied whatever its type: what its forward writes into itself stays in the copy.

    Raises:
        ValueError: the model cannot be copied.
    """
    if isinstance(f, Softened):
        return Softened(in_double(f.f), f.beta)
    if isinstance(f, Pure):
        return replace(f, f=in_double(f.f), baseline=f.baseline.double())
    if isinstance(f, ModelFunction):
        return ModelFunction(_copied(f.module).double(), f.target)
    return f


def _copied(module: torch.nn.Module) -> torch.nn.Module:
    held = (value for each in module.modules() for value in vars(each).values())
    results = {id(t): t.detach().clone() for t in held if isinstance(t, torch.Tensor) and not t.is_leaf}
    try:
        return copy.deepcopy(module, results)  # results of earlier calls, which torch does not copy, are cut off
    except (RuntimeError, TypeError) as error:
        raise ValueError(
            f"a Taylor series is computed on a copy of the model, and it cannot be copied: {error}; leave what cannot "
            "be copied out of its attributes, or use harsanyi() and measure()"
        ) from error


def module_of(f: Callable[[torch.Tensor], torch.Tensor]) -> torch.nn.Module | None:
    """The model that a function calls, if it is known."""
    f = f.f if isinstance(f, (Softened, Pure)) else f
    return f.module if isinstance(f, ModelFunction) else None


def module_names(f: Callable[[torch.Tensor], torch.Tensor]) -> dict[torch.nn.Module, str]:
    """The modules of the model that a function calls, and their names; none of a plain function."""
    model = module_of(f)
    return {} if model is None else {module: name for name, module in model.named_modules()}
