"""A model of several inputs and outputs as a module of one tensor in and one tensor out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from decompositions.models.context import expanded, is_same_context
from decompositions.models.held import Around
from decompositions.models.inputs import Inputs, is_same
from decompositions.models.outputs import At


class OneTensor(Around):
    """Calls a model with the explained tensor and what is bound, and reads one tensor of what it gives.

    Bound tensors are its buffers, so they move, are copied and are known again with the model. Those of batch 1 are
    expanded to the batch, others are handed over as they are; the model gets them in memory of their own.

    Args:
        model: the caller's, as it is.
        inputs: of which the explained tensor itself is not kept.
        read: from the model's output to one tensor; None for an output that is one.
    """

    def __init__(self, model: nn.Module, inputs: Inputs, read: Callable[[Any], torch.Tensor] | None = None) -> None:
        super().__init__()
        self.model = model
        self.name = inputs.name
        self.read = At(()) if read is None else read
        self.around = inputs.around
        self.tensors = tuple(name for name, each in inputs.bound.items() if isinstance(each, torch.Tensor))
        self.settings = {name: each for name, each in inputs.bound.items() if name not in self.tensors}
        for name in self.tensors:
            self.register_buffer(f"bound_{name}", inputs.bound[name].detach().clone(), persistent=False)
        self.training = model.training

    @property
    def given(self) -> tuple[Any, ...]:
        return self.model, self.read

    @property
    def bound(self) -> dict[str, Any]:
        """The bound arguments by name, tensors as they were given."""
        return {name: getattr(self, f"bound_{name}") for name in self.tensors} | self.settings

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.whole(x)
        bound = {name: expanded(getattr(self, f"bound_{name}"), x.shape[0]) for name in self.tensors}
        return self.answer(x, bound)

    def whole(self, x: torch.Tensor) -> torch.Tensor:
        """The model's argument for the explained tensor."""
        return x if self.around is None else self.around(x)

    def answer(self, argument: torch.Tensor, bound: dict[str, torch.Tensor]) -> torch.Tensor:
        """What is read of the model's output for its argument and the bound tensors."""
        given = bound | self.settings
        if self.name is None:
            return self.read(self.model(argument, **given))
        return self.read(self.model(**{self.name: argument}, **given))


def is_same_call(one: nn.Module, other: nn.Module) -> bool:
    """Whether two modules are one, or call one model in the same way, as they do for two targets in one output."""
    if one is other:
        return True
    if not isinstance(one, OneTensor) or not isinstance(other, OneTensor):
        return False
    alike = one.model is other.model and one.name == other.name and one.read == other.read
    alike = alike and is_same_context(one.around, other.around) and one.bound.keys() == other.bound.keys()
    return alike and all(is_same(one.bound[name], other.bound[name]) for name in one.bound)
