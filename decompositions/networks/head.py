"""The part of a network behind one of its values, as a function of that value: the head."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from typing import Any, Protocol

import torch
from torch import nn

from decompositions.arguments import shown
from decompositions.models.held import Around
from decompositions.models.own_copy import OwnCopy
from decompositions.networks.network import Network

Behind = Callable[[torch.Tensor], torch.Tensor]


class Head(Protocol):
    """What lies behind a value that has a name."""

    name: str

    def open(self, inputs: torch.Tensor) -> tuple[torch.Tensor, Behind]:
        """The value for a batch, and the output as a function of it; all else that the inputs lead to is kept.

        Of one input the function takes a batch of values, too.
        """

    def leads_around(self, x: torch.Tensor, other: torch.Tensor) -> bool:
        """Whether something leads from the input to the output, but not through the value."""


class StepHead:
    """What lies behind a step of a network that was read.

    Args:
        steps: the network.
        place: of the value.
    """

    def __init__(self, steps: Network, place: int) -> None:
        self.steps, self.place, self.name = steps, place, steps.steps[place - 1].name

    def open(self, inputs: torch.Tensor) -> tuple[torch.Tensor, Behind]:
        """The step's output for a batch, and the network's as a function of it."""
        values = self.steps.values(inputs)

        def behind(value: torch.Tensor) -> torch.Tensor:
            replaced: dict[int, torch.Tensor] = {self.place: value}
            for k, step in enumerate(self.steps.steps, start=1):
                if k > self.place and any(source in replaced for source in step.inputs):
                    sources = [replaced.get(source, values[source]) for source in step.inputs]
                    replaced[k] = step.operation.forward(sources)
            return replaced[len(self.steps.steps)]

        return values[self.place], behind

    def leads_around(self, x: torch.Tensor, other: torch.Tensor) -> bool:
        """Whether the input reaches the last step without this one; what it is does not matter."""
        reached = {0}
        for k, step in enumerate(self.steps.steps, start=1):
            if k != self.place and any(source in reached for source in step.inputs):
                reached.add(k)
        return len(self.steps.steps) in reached


class ModuleHead:
    """What lies behind a module of a model, found by calling a copy of it: nothing is read, so any code will do.

    Args:
        model: the caller's, or what was put around it.
        name: of the module, as in the model's ``named_modules()``. It gives one tensor, or several of which the first
            is meant.
        beside: another module of the same copy of the model; None for a copy of its own.

    Raises:
        ValueError: the model has no such module.
    """

    def __init__(self, model: nn.Module, name: str, beside: ModuleHead | None = None) -> None:
        self.name = name
        self.model: nn.Module = OwnCopy().of(model) if beside is None else beside.model
        inner: Any = self.model
        while isinstance(inner, Around):  # the name is one in the caller's model
            inner = inner.given[0]
        known = {each: module for each, module in inner.named_modules() if each}
        if name not in known or isinstance(known[name], torch.jit.ScriptModule):
            last = [each for each, module in known.items() if not list(module.children())][-3:]
            near = ", ".join(f"'{each}'" for each in get_close_matches(name, known, n=3) or last)
            raise ValueError(f"the network has no layer {shown(name)}; there is {near or 'none'}")
        self.module = known[name]

    def open(self, inputs: torch.Tensor) -> tuple[torch.Tensor, Behind]:
        """The module's output for a batch, and the model's as a function of it."""
        seen: list[torch.Tensor] = []

        def keep(output: torch.Tensor) -> torch.Tensor:
            seen.append(output.detach().clone())
            return output

        with torch.no_grad(), self.watched(keep):
            self.model(inputs.clone())
        if len(seen) != 1:
            raise ValueError(f"the layer '{self.name}' is called {len(seen)} times; take one that is called once")
        return seen[0], lambda value: self.output(value, inputs)

    def output(self, value: torch.Tensor, inputs: torch.Tensor) -> torch.Tensor:
        """The model's output for inputs, or for one of them, with another value in the module's place."""
        with self.watched(lambda output: value.clone()):  # what follows may write into it
            return self.model(inputs.expand(value.shape[0], *inputs.shape[1:]).clone())

    def leads_around(self, x: torch.Tensor, other: torch.Tensor) -> bool:
        """Whether a gradient passes by the module, or another input gives another output behind the same value."""
        value, behind = self.open(x)
        elsewhere = self.open(other)[1]
        with torch.no_grad():
            if not torch.equal(behind(value), elsewhere(value)):
                return True
        if not x.is_floating_point():
            return False
        with torch.enable_grad(), self.watched(lambda output: value.clone()):
            inputs = x.detach().clone().requires_grad_()
            output = self.model(inputs.clone()).sum()
        return output.requires_grad and torch.autograd.grad(output, inputs, allow_unused=True)[0] is not None

    @contextmanager
    def watched(self, change: Callable[[torch.Tensor], torch.Tensor]) -> Iterator[None]:
        """Calls of the model in which the module gives something else, made of what it would give."""

        def hook(module: nn.Module, given: Any, output: Any) -> Any:
            if isinstance(output, torch.Tensor):
                return change(output)
            if isinstance(output, tuple) and output and isinstance(output[0], torch.Tensor):
                return with_first(output, change(output[0]))
            raise ValueError(f"the layer '{self.name}' gives no tensor but {shown(output)}; take another")

        handle = self.module.register_forward_hook(hook)
        try:
            yield
        finally:
            handle.remove()


def with_first(outputs: tuple[Any, ...], value: Any) -> tuple[Any, ...]:
    """Several outputs with another one in the first's place; those that have names keep them."""
    names = getattr(type(outputs), "_fields", None)
    return (value, *outputs[1:]) if names is None else type(outputs)(value, *outputs[1:])


class Rest(Around):
    """The part of a model behind one of its modules as a module of its own: from that one's output to the model's.

    Args:
        head: what lies behind the module.
        inputs: one input, which what comes before the module is given. Shape ``(1, *inner)``.
        beside: the shape of the module's output for one input, without its batch axis, where the model's input is an
            argument as well: then both are handed over flat, one behind the other, and what leads around the module
            sees that input.
    """

    def __init__(self, head: ModuleHead, inputs: torch.Tensor, beside: torch.Size | None = None) -> None:
        super().__init__()
        self.model, self.head, self.beside, self.training = head.model, head, beside, head.model.training
        self.register_buffer("inputs", inputs.detach().clone(), persistent=False)
        self.inputs: torch.Tensor

    @property
    def given(self) -> tuple[Any, ...]:
        return (self.model,)

    def forward(self, value: torch.Tensor) -> torch.Tensor:
        if self.beside is None:
            return self.head.output(value, self.inputs)
        rows, size = value.shape[0], self.beside.numel()
        inputs = value[:, size:].reshape(rows, *self.inputs.shape[1:])
        return self.head.output(value[:, :size].reshape(rows, *self.beside), inputs)


def require_cut(head: Head, x: torch.Tensor, other: torch.Tensor) -> None:
    """Refuse a value around which something leads from the input to the output.

    Args:
        head: what lies behind it.
        x: an input. Shape ``(1, …)``.
        other: another one.

    Raises:
        ValueError: it is not all that the output depends on.
    """
    if head.leads_around(x, other):
        raise ValueError(
            f"a path leads around '{head.name}' to the output, so what follows it is no game of its map alone; take a "
            "layer that everything passes through"
        )
