"""Calling a caller's model so that afterwards it is as before: its buffers, attributes, hooks and flags, and the
random numbers of the process.

A model may do what it likes when it is called: count its calls, keep what it saw, draw random numbers. The caller lent
it for a question; what it did meanwhile is undone, also after an error or an interruption.
"""

from __future__ import annotations

import pickle
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import CellType
from typing import Any

import numpy as np
import torch
from torch import nn

_TABLES = ("_parameters", "_buffers", "_modules")  # of a module, whose entries are told apart by name


@contextmanager
def undisturbed(function: Any, device: torch.device | None = None) -> Iterator[Before]:
    """Work that calls a function and leaves no trace in its models, nor in the random generators.

    Within another such context of the same function this one only reads; who came first puts things back, after the
    last has left, so that threads that share a model do not undo each other's work.

    Args:
        function: a model, or a function that calls some (:func:`models_of`).
        device: where it runs, for the generator there.

    Yields:
        What was there before, which can tell what has changed.
    """
    models = models_of(function)
    key = tuple(id(model) for model in models)
    with _LOCK:
        entry = _OPEN.get(key)
        if entry is None:
            entry = _OPEN[key] = _Entry(_before(models, device))
        entry.users += 1
    try:
        with outside_inference():
            yield entry.before
    finally:
        with _LOCK:
            entry.users -= 1
            if not entry.users:
                del _OPEN[key]
                entry.before.restore()


def models_of(function: Any, depth: int = 3) -> tuple[nn.Module, ...]:
    """The models that a function holds: itself, its attributes, what it closes over, the globals that it names."""
    if isinstance(function, nn.Module):
        return (function,)
    if not callable(function) or depth == 0:
        return ()
    code = getattr(function, "__code__", None)
    held = [getattr(function, "__self__", None), *getattr(function, "__dict__", {}).values()]
    held += [getattr(function, "func", None), *getattr(function, "args", ())]  # of a functools.partial
    if code is not None:
        held += [cell.cell_contents for cell in function.__closure__ or () if cell != _EMPTY]
        held += [function.__globals__.get(name) for name in code.co_names]
    known = {id(model): model for each in held if not isinstance(each, type) for model in models_of(each, depth - 1)}
    return tuple(known.values())


_EMPTY = CellType()


@contextmanager
def outside_inference() -> Iterator[None]:
    """Outside of torch.inference_mode, whose tensors know no gradient; the mode of gradients stays as it is."""
    if not torch.is_inference_mode_enabled():
        yield
        return
    graded = torch.is_grad_enabled()
    with torch.inference_mode(False), torch.set_grad_enabled(graded):
        yield


@dataclass(eq=False)
class _Entry:
    before: Before
    users: int = 0


_OPEN: dict[tuple[int, ...], _Entry] = {}
_LOCK = threading.RLock()


@dataclass(frozen=True, eq=False)
class Before:
    """What a model and the random generators were like.

    Args:
        modules: by name.
        generators: each with its state then.
    """

    modules: dict[str, _Module]
    generators: tuple[_Generator, ...]

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


def _before(models: tuple[nn.Module, ...], device: torch.device | None) -> Before:
    modules = {name: _Module.of(module) for model in models for name, module in model.named_modules()}
    return Before(modules, tuple(_generators(device)))


@dataclass(frozen=True, eq=False)
class _Tensor:
    """A tensor that a module holds, and its numbers where it is not a parameter, which no forward pass writes."""

    tensor: torch.Tensor
    version: int | None
    numbers: torch.Tensor | None
    requires_grad: bool
    grad: torch.Tensor | None

    @classmethod
    def of(cls, tensor: torch.Tensor) -> _Tensor:
        held = tensor.detach().clone() if not isinstance(tensor, nn.Parameter) else None
        grad = tensor.grad if tensor.is_leaf else None
        return cls(tensor, _version(tensor), held, tensor.requires_grad, grad)

    def changed(self) -> bool:
        if self.numbers is None or self.numbers.device.type == "meta":
            return False
        known = self.version is not None and _version(self.tensor) == self.version
        return not known and not _same(self.tensor, self.numbers)

    def restore(self) -> None:
        if self.changed() and self.numbers is not None:
            with torch.no_grad():
                self.tensor.detach().copy_(self.numbers)
        if self.tensor.is_leaf:
            if self.tensor.requires_grad != self.requires_grad:
                self.tensor.requires_grad_(self.requires_grad)
            if self.tensor.grad is not self.grad:
                self.tensor.grad = self.grad


def _same(a: torch.Tensor, b: torch.Tensor) -> bool:
    """Bit for bit the same numbers, NaN included."""
    return a.shape == b.shape and bool(torch.isclose(a, b, rtol=0.0, atol=0.0, equal_nan=True).all())


def _version(tensor: torch.Tensor) -> int | None:
    """How often a tensor has been written to; None where torch does not count."""
    return None if tensor.is_inference() else tensor._version


@dataclass(frozen=True, eq=False)
class _Module:
    """One module: its attributes, the tables behind its tensors, modules and hooks, and lists and dicts it keeps."""

    module: nn.Module
    attributes: dict[str, Any]
    containers: dict[str, Any]
    tensors: dict[str, _Tensor] = field(default_factory=dict)

    @classmethod
    def of(cls, module: nn.Module) -> _Module:
        if isinstance(module, torch.jit.ScriptModule):
            return cls(module, {}, {}, {name: _Tensor.of(each) for name, each in module.named_buffers(recurse=False)})
        attributes = dict(vars(module))
        containers = {key: _copy(value) for key, value in attributes.items() if type(value) in _COPIES}
        held = {**attributes, **attributes.get("_buffers", {}), **attributes.get("_parameters", {})}
        tensors = {key: _Tensor.of(each) for key, each in held.items() if isinstance(each, torch.Tensor)}
        return cls(module, attributes, containers, tensors)

    def changed(self) -> list[str]:
        if not self.attributes:
            return [key for key, each in self.tensors.items() if each.changed()]
        found = _moved(self.attributes, vars(self.module))
        for key, before in self.containers.items():
            if key not in found:
                found += _differing(key, before, self.attributes[key])
        return found + [key for key, each in self.tensors.items() if key not in found and each.changed()]

    def restore(self) -> None:
        for each in self.tensors.values():
            each.restore()
        if not self.attributes:
            return
        for key, before in self.containers.items():
            _refill(self.attributes[key], before)
        now = vars(self.module)
        if _moved(self.attributes, now):
            now.clear()
            now.update(self.attributes)


_GONE = object()
_COPIES: dict[type, Callable[[Any], Any]] = {list: list, dict: dict, set: set, type(nn.Module()._forward_hooks): dict}


def _copy(container: Any) -> Any:
    return _COPIES[type(container)](container)


def _differing(key: str, before: Any, now: Any) -> list[str]:
    """The names of what differs in a container: the entries of a module's tables, else the container itself."""
    if not isinstance(before, dict):
        same = len(before) == len(now) and all(a is b for a, b in zip(before, now, strict=True))
        return [] if same else [key]
    keys = _moved(before, now)
    return [str(each) for each in keys] if key in _TABLES else [key] * bool(keys)


def _moved(before: dict[Any, Any], now: dict[Any, Any]) -> list[Any]:
    """The keys under which two dicts do not hold the same object."""
    if len(before) == len(now) and all(now.get(key, _GONE) is value for key, value in before.items()):
        return []
    return [key for key in {**before, **now} if before.get(key, _GONE) is not now.get(key, _GONE)]


def _refill(container: Any, before: Any) -> None:
    """A list, dict or set with what was in it."""
    if not _differing("", before, container):
        return
    container.clear()
    if isinstance(container, list):
        container.extend(before)
    else:
        container.update(before)


@dataclass(frozen=True, eq=False)
class _Generator:
    """A source of random numbers and its state then."""

    name: str
    state: Any
    read: Callable[[], Any]
    write: Callable[[Any], None]

    def moved(self) -> bool:
        return self.read() != self.state

    def restore(self) -> None:
        self.write(self.state)


def _generators(device: torch.device | None) -> Iterator[_Generator]:
    yield _generator("torch", lambda: _bytes(torch.get_rng_state()), lambda state: torch.set_rng_state(_tensor(state)))
    if device is not None and device.type == "cuda":
        yield _generator(
            f"torch on {device}",
            lambda: _bytes(torch.cuda.get_rng_state(device)),
            lambda state: torch.cuda.set_rng_state(_tensor(state), device),
        )
    yield _generator("numpy", _numpy_state, lambda state: np.random.set_state(pickle.loads(state)))  # noqa: NPY002  # a model may draw from it
    yield _generator("random", random.getstate, random.setstate)


def _generator(name: str, read: Callable[[], Any], write: Callable[[Any], None]) -> _Generator:
    return _Generator(name, read(), read, write)


def _numpy_state() -> bytes:
    return pickle.dumps(np.random.get_state())  # noqa: NPY002


def _bytes(state: torch.Tensor) -> bytes:
    return state.numpy().tobytes()


def _tensor(state: bytes) -> torch.Tensor:
    return torch.frombuffer(bytearray(state), dtype=torch.uint8)
