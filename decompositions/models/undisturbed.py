"""Calling a caller's model so that afterwards it is as before: its buffers, attributes, hooks and flags, and the
random numbers of the process.

A model may do what it likes when it is called: count its calls, keep what it saw, draw random numbers. The caller lent
it for a question; what it did meanwhile is undone, also after an error or an interruption.
"""

from __future__ import annotations

import pickle
import random
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import CellType
from typing import Any, Protocol
from weakref import WeakSet

import numpy as np
import torch
from torch import nn

DEPTH = 3  # how far what a function holds is followed
_TABLES = ("_parameters", "_buffers", "_modules")  # of a module, whose entries are told apart by name


@contextmanager
def undisturbed(function: Any, device: torch.device | None = None, *, looking: bool = False) -> Iterator[Before]:
    """Work that calls a function and leaves no trace in its models, nor in the random generators.

    Within another such context of the same function this one only reads; who came first puts things back, after the
    last has left, so that threads that share a model do not undo each other's work.

    Args:
        function: a model, or a function that calls some (:func:`models_of`).
        device: where it runs, for the generator there.
        looking: whether parameters, too, are kept, to see which modules write to them. Of those they are kept in
            every later context; other modules' parameters are taken to be left alone, as copies of all would cost as
            much memory as the model.

    Yields:
        What was there before, which can tell what has changed.
    """
    models = models_of(function)
    key = tuple(id(model) for model in models)
    with _LOCK:
        entry = _OPEN.get(key)
        if entry is None:
            entry = _OPEN[key] = _Entry(_before(function, models, device, looking))
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


def models_of(function: Any, depth: int = DEPTH) -> tuple[nn.Module, ...]:
    """The models that a function holds: itself, its attributes, what it closes over, the globals that it names."""
    known = {id(each): each for each in _held(function, depth) if isinstance(each, nn.Module)}
    return tuple(known.values())


def _held(function: Any, depth: int) -> Iterator[Any]:
    """The models and random generators that a function holds."""
    if isinstance(function, (nn.Module, *_SOURCES)):
        yield function
        return
    if not callable(function) or depth == 0:
        return
    code = getattr(function, "__code__", None)
    held = [getattr(function, "__self__", None), *getattr(function, "__dict__", {}).values()]
    held += [getattr(function, "func", None), *getattr(function, "args", ())]  # of a functools.partial
    if code is not None:
        held += [cell.cell_contents for cell in function.__closure__ or () if cell != _EMPTY]
        held += [function.__globals__.get(name) for name in code.co_names]
    for each in held:
        if not isinstance(each, type):
            yield from _held(each, depth - 1)


_EMPTY = CellType()
_SOURCES = (torch.Generator, np.random.Generator, random.Random)  # of random numbers, of one's own
_WRITERS: WeakSet[nn.Module] = WeakSet()  # modules that write to their parameters when they are called


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

    def restore_tensors(self) -> None:
        """Put the numbers of parameters, buffers and other tensors back, and nothing else."""
        for module in self.modules.values():
            for each in module.tensors.values():
                each.restore()


def _before(function: Any, models: tuple[nn.Module, ...], device: torch.device | None, looking: bool) -> Before:
    modules = {name: _Module.of(module, looking) for model in models for name, module in model.named_modules()}
    own = [each for each in _held(function, DEPTH) if isinstance(each, _SOURCES)]
    own += [each for module in modules.values() for each in module.attributes.values() if isinstance(each, _SOURCES)]
    return Before(modules, (*_generators(device), *map(_own_generator, own)))


@dataclass(frozen=True, eq=False)
class _Tensor:
    """A tensor that a module holds, where its numbers lie, and those numbers, if they are kept."""

    tensor: torch.Tensor
    place: torch.Tensor
    numbers: torch.Tensor | None
    requires_grad: bool
    grad: torch.Tensor | None

    @classmethod
    def of(cls, tensor: torch.Tensor, kept: bool) -> _Tensor:
        held = tensor.detach().clone() if kept else None
        grad = tensor.grad if tensor.is_leaf else None
        return cls(tensor, tensor.detach(), held, tensor.requires_grad, grad)

    def moved(self) -> bool:
        """Whether its numbers lie elsewhere now: ``tensor.data = …``."""
        lost = self.tensor.dtype != self.place.dtype or self.tensor.shape != self.place.shape
        return lost or (self.tensor.device.type != "meta" and self.tensor.data_ptr() != self.place.data_ptr())

    def changed(self) -> bool:
        if self.moved():
            return True
        if self.numbers is None or self.numbers.device.type == "meta":
            return False
        return not _same(self.tensor, self.numbers)  # not by torch's count of writes, which leaves out those to .data

    def differing(self, key: str) -> list[str]:
        return [key] if self.changed() else []

    def restore(self) -> None:
        if self.changed():
            with torch.no_grad():
                if self.moved():
                    self.tensor.data = self.place
                if self.numbers is not None and not _same(self.place, self.numbers):
                    self.place.copy_(self.numbers)
        if self.tensor.is_leaf:
            if self.tensor.requires_grad != self.requires_grad:
                self.tensor.requires_grad_(self.requires_grad)
            if self.tensor.grad is not self.grad:
                self.tensor.grad = self.grad


def _same(a: torch.Tensor, b: torch.Tensor) -> bool:
    """Bit for bit the same numbers, NaN included."""
    return a.shape == b.shape and bool(torch.isclose(a, b, rtol=0.0, atol=0.0, equal_nan=True).all())


@dataclass(frozen=True, eq=False)
class _Module:
    """One module: its attributes, the tables behind its tensors, modules and hooks, and lists and dicts it keeps."""

    module: nn.Module
    attributes: dict[str, Any]
    inside: tuple[tuple[str, _Part], ...]
    tensors: dict[str, _Tensor] = field(default_factory=dict)

    @classmethod
    def of(cls, module: nn.Module, looking: bool) -> _Module:
        kept = looking or module in _WRITERS
        if isinstance(module, torch.jit.ScriptModule):
            buffers = {name: _Tensor.of(each, True) for name, each in module.named_buffers(recurse=False)}
            return cls(module, {}, (), buffers)
        attributes = dict(vars(module))
        seen = {id(module)}
        inside = tuple((key, part) for key, value in attributes.items() for part in _inside(value, seen, key in _OWN))
        held = {**attributes, **attributes.get("_buffers", {}), **attributes.get("_parameters", {})}
        tensors = {
            key: _Tensor.of(each, kept or not isinstance(each, nn.Parameter))
            for key, each in held.items()
            if isinstance(each, torch.Tensor) and not isinstance(each, nn.UninitializedParameter)
        }
        return cls(module, attributes, inside, tensors)

    def changed(self) -> list[str]:
        if not self.attributes:
            return [key for key, each in self.tensors.items() if each.changed()]
        found = _moved(self.attributes, vars(self.module))
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
        if _moved(self.attributes, now):
            now.clear()
            now.update(self.attributes)


_GONE = object()
_COPIES: dict[type, Callable[[Any], Any]] = {
    list: list, dict: dict, set: set, deque: deque, OrderedDict: dict, bytearray: bytearray,
}  # fmt: skip
_OWN = {key for key in vars(nn.Module()) if key.startswith("_")}  # a module's own tables, of its parts and hooks
_LIBRARIES = ("builtins", "torch", "numpy")  # whose objects are not looked into


class _Part(Protocol):
    """Something within an attribute that may be written to while the attribute stays the same object."""

    def differing(self, key: str) -> list[str]:
        """The attribute's name, or a more telling one, if the part is not as it was."""

    def restore(self) -> None:
        """As it was."""


def _inside(value: Any, seen: set[int], shallow: bool = False, depth: int = DEPTH) -> Iterator[_Part]:
    """The containers, arrays, tensors and plain objects within a value, and what they hold.

    Args:
        value: of an attribute.
        seen: the objects that are known already, by id; filled on.
        shallow: whether what it holds is known otherwise.
        depth: how far to go.
    """
    if isinstance(value, (bool, int, float, complex, str, bytes, type, nn.Module)) or value is None or not depth:
        return
    if id(value) in seen:
        return
    seen.add(id(value))
    held: Iterable[Any] = ()
    if type(value) in _COPIES:
        yield _Container(value, _COPIES[type(value)](value))
        held = () if isinstance(value, bytearray) else value.values() if isinstance(value, dict) else value
    elif isinstance(value, tuple):
        held = value
    elif isinstance(value, np.ndarray) and value.dtype != object and value.flags.writeable:
        yield _Numbers(value, value.copy())
    elif isinstance(value, torch.Tensor):
        if depth < DEPTH:  # an attribute's own tensor is known otherwise
            yield _Tensor.of(value, not isinstance(value, nn.Parameter))
    elif type(getattr(value, "__dict__", None)) is dict and not _is_of_library(value):
        yield _Container(vars(value), dict(vars(value)))
        held = vars(value).values()
    if not shallow:
        for each in tuple(held):
            yield from _inside(each, seen, depth=depth - 1)


def _is_of_library(value: Any) -> bool:
    home = getattr(value, "__module__", None) or type(value).__module__
    return callable(value) or str(home).partition(".")[0] in _LIBRARIES


@dataclass(frozen=True, eq=False)
class _Container:
    """A list, dict, set, … and what was in it."""

    container: Any
    before: Any

    def differing(self, key: str) -> list[str]:
        return _differing(key, self.before, self.container)

    def restore(self) -> None:
        _refill(self.container, self.before)


@dataclass(frozen=True, eq=False)
class _Numbers:
    """A NumPy array and its numbers."""

    array: np.ndarray
    before: np.ndarray

    def differing(self, key: str) -> list[str]:
        return [] if self.array.tobytes() == self.before.tobytes() else [key]

    def restore(self) -> None:
        if self.differing(""):
            self.array[...] = self.before


def _differing(key: str, before: Any, now: Any) -> list[str]:
    """The names of what differs in a container: the entries of a module's tables, else the container itself."""
    if not isinstance(before, dict):
        same = len(before) == len(now) and all(a is b for a, b in zip(before, now, strict=False))
        return [] if same else [key]
    keys = _moved(before, now)
    return [str(each) for each in keys] if key in _TABLES else [key] * bool(keys)


def _moved(before: dict[Any, Any], now: dict[Any, Any]) -> list[Any]:
    """The keys under which two dicts do not hold the same object."""
    if len(before) == len(now) and all(now.get(key, _GONE) is value for key, value in before.items()):
        return []
    return [key for key in {**before, **now} if before.get(key, _GONE) is not now.get(key, _GONE)]


def _refill(container: Any, before: Any) -> None:
    """A container with what was in it."""
    if not _differing("", before, container):
        return
    container.clear()
    if isinstance(container, (list, deque, bytearray)):
        container.extend(before)
    else:
        container.update(before)


@dataclass(frozen=True, eq=False)
class _Generator:
    """A source of random numbers and its state then."""

    name: str
    state: Any
    read: Callable[[], Any]
    write: Callable[[Any], object]

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


def _own_generator(source: Any) -> _Generator:
    """Of a generator that a model or a function holds itself."""
    if isinstance(source, torch.Generator):
        return _generator("its own", lambda: _bytes(source.get_state()), lambda state: source.set_state(_tensor(state)))
    if isinstance(source, random.Random):
        return _generator("its own", source.getstate, source.setstate)
    bits: Any = source.bit_generator
    return _generator(
        "its own", lambda: pickle.dumps(bits.state), lambda state: setattr(bits, "state", pickle.loads(state))
    )


def _generator(name: str, read: Callable[[], Any], write: Callable[[Any], object]) -> _Generator:
    return _Generator(name, read(), read, write)


def _numpy_state() -> bytes:
    return pickle.dumps(np.random.get_state())  # noqa: NPY002


def _bytes(state: torch.Tensor) -> bytes:
    return state.numpy().tobytes()


def _tensor(state: bytes) -> torch.Tensor:
    return torch.frombuffer(bytearray(state), dtype=torch.uint8)
