"""The dense layers of a network: those that a map of it is made of."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from decompositions.models.own_copy import OwnCopy
from decompositions.models.undisturbed import undisturbed


def dense_layers(model: nn.Module, inputs: torch.Tensor) -> tuple[list[str], list[tuple[str, str]]]:
    """The linear layers in the order in which they are called, and those that are left out.

    Left out is a layer that gives the model's output, whose neurons are the classes themselves, that is called more
    than once, as its neurons are then no single numbers, or that is not called as a module.

    Args:
        model: in eval mode.
        inputs: a batch that it takes, of one input.

    Returns:
        Names as in ``named_modules()``; names and reasons.

    Raises:
        ValueError: none is left.
    """
    own = OwnCopy().of(model)
    linear = {name: module for name, module in own.named_modules() if isinstance(module, nn.Linear)}
    given: dict[str, list[torch.Tensor]] = {}

    def keep(name: str) -> Any:
        return lambda module, taken, output: given.setdefault(name, []).append(output.clone())

    for name, module in linear.items():
        module.register_forward_hook(keep(name))
    with undisturbed(model, inputs.device), torch.no_grad():
        outputs = own(inputs.clone())
    left_out = [(name, why) for name in linear if (why := _reason(given.get(name, []), outputs))]
    layers = [name for name in given if name not in dict(left_out)]
    if not layers:
        reasons = "; ".join(f"'{name}' {why}" for name, why in left_out[:3]) or "none at all"
        raise ValueError(
            f"all dense layers are the linear ones but for that which gives the output, and there is none: {reasons}; "
            f"name layers, as in named_modules(): {_others(own)}"
        )
    return layers, left_out


def _reason(values: list[torch.Tensor], outputs: Any) -> str:
    """Why a layer is left out; nothing where it is not."""
    if len(values) != 1:
        return f"is called {len(values)} times"
    return "gives the output" if isinstance(outputs, torch.Tensor) and torch.equal(values[0], outputs) else ""


def _others(model: nn.Module) -> str:
    names = [f"'{name}'" for name, module in model.named_modules() if name and not list(module.children())]
    return ", ".join(names[:3]) + (", …" if len(names) > 3 else "")
