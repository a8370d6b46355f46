"""Which steps of a network are affine, which act on each place alone, and which turn a rounding error into a jump."""

from __future__ import annotations

import operator
from typing import Any

import torch
import torch.nn.functional as F
from torch import fx, nn

_AFFINE_MODULES = (
    nn.Linear, nn.Conv1d, nn.Conv2d, nn.modules.batchnorm._BatchNorm, nn.AvgPool1d, nn.AvgPool2d, nn.Identity,
    nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d, nn.Flatten, nn.Dropout, nn.Dropout2d, nn.ZeroPad2d, nn.ConstantPad2d,
)  # fmt: skip
_LOCAL_MODULES = (
    *_AFFINE_MODULES, nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.ELU, nn.GELU, nn.SiLU, nn.Sigmoid, nn.Tanh, nn.Softplus,
    nn.Hardtanh, nn.MaxPool1d, nn.MaxPool2d, nn.LayerNorm,
)  # fmt: skip
_AFFINE_FUNCTIONS = (
    F.linear, torch.conv1d, torch.conv2d, F.conv1d, F.conv2d, torch.flatten, F.pad, F.avg_pool1d, F.avg_pool2d,
    F.adaptive_avg_pool2d, F.batch_norm, F.dropout,
)  # fmt: skip
_LOCAL_FUNCTIONS = (
    *_AFFINE_FUNCTIONS, F.relu, torch.relu, F.relu6, F.leaky_relu, F.elu, F.gelu, F.silu, F.sigmoid, torch.sigmoid,
    F.tanh, torch.tanh, F.softplus, torch.square, F.hardtanh, F.max_pool1d, F.max_pool2d, operator.add, operator.iadd,
    operator.sub, operator.mul, torch.add, torch.mul, torch.cat,
)  # fmt: skip
_METHODS = ("view", "reshape", "flatten", "contiguous")
_JUMPS = (
    "gt", "ge", "lt", "le", "eq", "ne", "sign", "sgn", "signbit", "round", "floor", "ceil", "trunc", "fix", "frac",
    "floor_divide", "floordiv", "fmod", "remainder", "mod", "heaviside", "argmax", "argmin", "argsort", "nonzero",
    "count_nonzero", "norm", "dist",
    "unique", "bincount", "histc", "bucketize", "searchsorted", "isclose", "long", "int", "short", "byte", "bool",
    "bernoulli", "multinomial", "hardshrink", "threshold", "fake_quantize_per_tensor_affine", "quantize_per_tensor",
)  # fmt: skip
_RANKS = ("max", "min", "topk", "sort", "median", "mode", "kthvalue")  # values and places; only the places jump


def step_kinds(graph: fx.GraphModule) -> dict[fx.Node, str]:
    """Which nodes are affine or local functions of the input, up to the first step that is not known.

    What comes later might see numbers that this step has changed in place. No cut after a step that is not affine is
    affine: that step's output is part of it, or is used again after the cut.
    """
    modules = dict(graph.named_modules())
    kinds: dict[fx.Node, str] = {}
    so_far = "affine"
    for node in graph.graph.nodes:
        if node.op not in ("placeholder", "get_attr") and not is_size(node):
            kind = _kind(node, modules)
            if not kind:
                break
            so_far = "local" if kind == "local" else so_far
        kinds[node] = so_far
    return kinds


def _kind(node: fx.Node, modules: dict[str, nn.Module]) -> str:
    affine: Any
    local: Any
    if node.op == "call_module":
        module = modules[str(node.target)]
        affine, local = _does(module, _AFFINE_MODULES), _does(module, _LOCAL_MODULES)
    elif node.op == "call_function":
        affine, local = node.target in _AFFINE_FUNCTIONS, node.target in _LOCAL_FUNCTIONS
    else:
        affine = local = node.op == "call_method" and node.target in _METHODS
    varying = [source for source in node.all_input_nodes if source.op != "get_attr" and not is_size(source)]
    if affine and len(varying) == 1:  # a weight that is computed from the input makes a product
        return "affine"
    return "local" if local else ""


def _does(module: nn.Module, classes: tuple[type[nn.Module], ...]) -> bool:
    """Whether a module does what one of the classes does: no hook, no other ``forward``, no statistics of the batch."""
    if "forward" in vars(module) or module._forward_hooks or module._forward_pre_hooks:
        return False
    if isinstance(module, nn.modules.batchnorm._BatchNorm) and (module.training or module.running_mean is None):
        return False
    return any(type(module).forward is each.forward for each in classes)


def jumps(node: fx.Node, modules: dict[str, nn.Module]) -> bool:
    """Whether a step turns a rounding error into a jump, as far as such steps are known."""
    if node.op == "call_module":
        return type(modules[str(node.target)]).__name__.lower() in _JUMPS
    name = node.target if isinstance(node.target, str) else getattr(node.target, "__name__", "")
    places = name == "getattr" and node.args[1] == "indices"
    if name == "getitem" and node.args[1] == 1 and isinstance(node.args[0], fx.Node):
        source = node.args[0].target
        places = (source if isinstance(source, str) else getattr(source, "__name__", "")) in _RANKS
    types = [each for each in (*node.args, *node.kwargs.values()) if isinstance(each, torch.dtype)]
    if node.kwargs.get("rounding_mode") is not None:
        return True
    return name.strip("_") in _JUMPS or places or any(not each.is_floating_point for each in types)


def is_size(node: fx.Node) -> bool:
    """The size of the batch, which is the same before and after a cut."""
    return node.op == "call_method" and node.target == "size" and node.args[1:] == (0,)
