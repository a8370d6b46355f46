"""What a module of torch computes, as an operation."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from decompositions.networks.operations import (
    AbstractOperation,
    Averaging,
    Convolution,
    Elementwise,
    Linear,
    MaxPooling,
    Rearrangement,
    Scaling,
)

ACTIVATIONS = (
    nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.ELU, nn.GELU, nn.SiLU, nn.Sigmoid, nn.Tanh, nn.Softplus, nn.Hardtanh,
)  # fmt: skip


def module_operation(module: nn.Module, axes: int) -> AbstractOperation | None:
    """What a torch module computes, its output having so many axes; None where there is no rule for it."""
    if isinstance(module, nn.Linear):
        return Linear(module.weight.detach(), None if module.bias is None else module.bias.detach())
    if isinstance(module, (nn.Conv1d, nn.Conv2d)) and module.padding_mode == "zeros":
        bias = None if module.bias is None else module.bias.detach()
        return Convolution(module.weight.detach(), bias, module.stride, module.padding, module.dilation, module.groups)
    if isinstance(module, nn.modules.batchnorm._BatchNorm) and module.running_mean is not None:
        return _normalisation(module, axes)
    if isinstance(module, ACTIVATIONS):
        return Elementwise(_not_in_place(module), _kinks(module))
    if isinstance(module, (nn.AvgPool1d, nn.AvgPool2d, nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d)):
        return Averaging(module)
    return _pool(module)


def _pool(module: nn.Module) -> AbstractOperation | None:
    if isinstance(module, (nn.MaxPool1d, nn.MaxPool2d)):
        call: Any = F.max_pool1d_with_indices if isinstance(module, nn.MaxPool1d) else F.max_pool2d_with_indices
        settings: Any = (module.kernel_size, module.stride, module.padding, module.dilation, module.ceil_mode)
        return MaxPooling(lambda u: call(u, *settings), 1 if isinstance(module, nn.MaxPool1d) else 2)
    if isinstance(module, (nn.AdaptiveMaxPool1d, nn.AdaptiveMaxPool2d)):
        one = isinstance(module, nn.AdaptiveMaxPool1d)
        adaptive: Any = F.adaptive_max_pool1d_with_indices if one else F.adaptive_max_pool2d_with_indices
        return MaxPooling(lambda u: adaptive(u, module.output_size), 1 if one else 2)
    if isinstance(module, (nn.ZeroPad1d, nn.ZeroPad2d)):
        return Rearrangement(module)
    return None


def _kinks(module: nn.Module) -> tuple[float, ...] | None:
    """Where a piecewise linear activation bends; None for a curved one."""
    if isinstance(module, nn.Hardtanh):  # and ReLU6
        return tuple(bound for bound in (float(module.min_val), float(module.max_val)) if math.isfinite(bound))
    return (0.0,) if isinstance(module, (nn.ReLU, nn.LeakyReLU)) else None


def _not_in_place(module: nn.Module) -> Callable[[torch.Tensor], torch.Tensor]:
    return (lambda u: module(u.clone())) if getattr(module, "inplace", False) else module


def _normalisation(module: Any, axes: int) -> Scaling:
    scale = (module.running_var + module.eps).rsqrt()
    scale = scale if module.weight is None else scale * module.weight.detach()
    shift = -module.running_mean * scale
    shift = shift if module.bias is None else shift + module.bias.detach()
    tail = (1,) * (axes - 2)
    return Scaling(scale.reshape(-1, *tail), shift.reshape(-1, *tail))
