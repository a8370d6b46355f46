"""What a model was like before it was called: its attributes, tensors, tables and random generators."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from weakref import WeakSet

import torch
from torch import nn

from decompositions.models.generators import Generator, generators, own_generator
from decompositions.models.held import DEPTH, SOURCES, held_by
from decompositions.models.parts import OWN, KeptTensor, Part, moved_keys, parts_of

_WRITERS: WeakSet[nn.Module] = WeakSet()  # modules that write to their parameters when they are called


@dataclass(frozen=True, eq=False)
class Before:
    """What a model and the random generators were like.

    Args:
        modules: by name.
        generators: each with its state then.
    """

    modules: dict[str, _Module]
    generators: tuple[Generator, ...]

    def drawn(self) -> list[str]:
        """The random generators that have moved since, in words."""
        return [each.name for each in self.generators if each.moved()]

    def changed(self) -> list[str]:
        """The attributes and buffers that are not as they were, by their full names."""
        found = []
        for name, module in self.modules.items():
            found += [f"{name}.{key}".lstrip(".") for key in module.changed()]
        return found

    def restore(self) -> None:
        """Put everything back."""
        for module in self.modules.values():
            module.restore()
        for each in self.generators:
            if each.moved():
                each.restore()

    def restore_tensors(self) -> None:
        """Put the numbers of parameters, buffers and other tensors back, and nothing else."""
        for module in self.modules.values():
            for each in module.tensors.values():
                each.restore()


def before_calling(function: Any, models: tuple[nn.Module, ...], device: torch.device | None, looking: bool) -> Before:
    """As :func:`~decompositions.models.undisturbed.undisturbed` finds it."""
    modules = {name: _Module.of(module, looking) for model in models for name, module in model.named_modules()}
    own = [each for each in held_by(function, DEPTH) if isinstance(each, SOURCES)]
    own += [each for module in modules.values() for each in module.attributes.values() if isinstance(each, SOURCES)]
    return Before(modules, (*generators(device), *map(own_generator, own)))


@dataclass(frozen=True, eq=False)
class _Module:
    """One module: its attributes, the tables behind its tensors, modules and hooks, and lists and dicts it keeps."""

    module: nn.Module
    attributes: dict[str, Any]
    inside: tuple[tuple[str, Part], ...]
    tensors: dict[str, KeptTensor] = field(default_factory=dict)

    @classmethod
    def of(cls, module: nn.Module, looking: bool) -> _Module:
        kept = looking or module in _WRITERS
        if isinstance(module, torch.jit.ScriptModule):
            buffers = {name: KeptTensor.of(each, True) for name, each in module.named_buffers(recurse=False)}
            return cls(module, {}, (), buffers)
        attributes = dict(vars(module))
        seen = {id(module)}
        inside = tuple((key, part) for key, value in attributes.items() for part in parts_of(value, seen, key in OWN))
        held = {**attributes, **attributes.get("_buffers", {}), **attributes.get("_parameters", {})}
        tensors = {
            key: KeptTensor.of(each, kept or not isinstance(each, nn.Parameter))
            for key, each in held.items()
            if isinstance(each, torch.Tensor) and not isinstance(each, nn.UninitializedParameter)
        }
        return cls(module, attributes, inside, tensors)

    def changed(self) -> list[str]:
        if not self.attributes:
            return [key for key, each in self.tensors.items() if each.changed()]
        found = moved_keys(self.attributes, vars(self.module))
        for key, part in self.inside:
            if key not in found:
                found += part.differing(key)
        return found + [key for key, each in self.tensors.items() if key not in found and each.changed()]

    def restore(self) -> None:
        if any(isinstance(each.tensor, nn.Parameter) and each.changed() for each in self.tensors.values()):
            _WRITERS.add(self.module)
        for each in self.tensors.values():
            each.restore()
        if not self.attributes:
            return
        for _, part in self.inside:
            part.restore()
        now = vars(self.module)
        if moved_keys(self.attributes, now):
            now.clear()
            now.update(self.attributes)
