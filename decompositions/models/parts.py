"""What is within an attribute of a module and may be written to while the attribute stays the same object."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from torch import nn

from decompositions.models.held import DEPTH

_TABLES = ("_parameters", "_buffers", "_modules")  # of a module, whose entries are told apart by name
_GONE = object()
_COPIES: dict[type, Callable[[Any], Any]] = {
    list: list, dict: dict, set: set, deque: deque, OrderedDict: dict, bytearray: bytearray,
}  # fmt: skip
OWN = {key for key in vars(nn.Module()) if key.startswith("_")}  # a module's own tables, of its parts and hooks
_LIBRARIES = ("builtins", "torch", "numpy")  # whose objects are not looked into


class Part(Protocol):
    """Something within an attribute that may be written to while the attribute stays the same object."""

    def differing(self, key: str) -> list[str]:
        """The attribute's name, or a more telling one, if the part is not as it was."""

    def restore(self) -> None:
        """As it was."""


def parts_of(value: Any, seen: set[int], shallow: bool = False, depth: int = DEPTH) -> Iterator[Part]:
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
            yield KeptTensor.of(value, not isinstance(value, nn.Parameter))
    elif type(getattr(value, "__dict__", None)) is dict and not _is_of_library(value):
        yield _Container(vars(value), dict(vars(value)))
        held = vars(value).values()
    if not shallow:
        for each in tuple(held):
            yield from parts_of(each, seen, depth=depth - 1)


def _is_of_library(value: Any) -> bool:
    home = getattr(value, "__module__", None) or type(value).__module__
    return callable(value) or str(home).partition(".")[0] in _LIBRARIES


@dataclass(frozen=True, eq=False)
class KeptTensor:
    """A tensor that a module holds, where its numbers lie, and those numbers, if they are kept."""

    tensor: torch.Tensor
    place: torch.Tensor
    numbers: torch.Tensor | None
    requires_grad: bool
    grad: torch.Tensor | None

    @classmethod
    def of(cls, tensor: torch.Tensor, kept: bool) -> KeptTensor:
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
    if torch.equal(a, b):  # some ten times faster, and false where there is a NaN
        return True
    return a.shape == b.shape and bool(torch.isclose(a, b, rtol=0.0, atol=0.0, equal_nan=True).all())


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
    keys = moved_keys(before, now)
    return [str(each) for each in keys] if key in _TABLES else [key] * bool(keys)


def moved_keys(before: dict[Any, Any], now: dict[Any, Any]) -> list[Any]:
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
