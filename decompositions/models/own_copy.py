"""A copy of a module into which code may write without the original noticing; its parameters are shared."""

from __future__ import annotations

import copy
from collections import OrderedDict, defaultdict, deque
from functools import partial
from types import CellType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np
import torch
from torch import nn

CONTAINERS = (list, dict, set, OrderedDict, defaultdict, deque)
SHARED = (nn.Parameter, torch.jit.ScriptModule, type, ModuleType)


class OwnCopy:
    """Copies of modules, containers, objects, bound methods and closures, each made once; tensors and arrays are
    cloned.

    Parameters, classes, Python modules and whatever refuses to be copied are shared.
    """

    def __init__(self) -> None:
        self.known: dict[int, tuple[Any, Any]] = {}  # by identity; the original is kept, or its identity may come again

    def of(self, value: Any) -> Any:
        """The copy of a value, the same one whenever it is asked for."""
        if id(value) in self.known:
            return self.known[id(value)][1]
        if isinstance(value, SHARED):
            return value
        if isinstance(value, nn.Module):  # never shared: its code is going to be run
            made = self._kept(value, object.__new__(type(value)))
            made.__dict__.update(self._items(value.__dict__))
            return made
        try:
            return self._made(value)
        except Exception:  # an object's own way of being copied may raise anything
            return self._kept(value, value)

    def _kept(self, value: Any, made: Any) -> Any:
        self.known[id(value)] = value, made
        return made

    def _made(self, value: Any) -> Any:
        if isinstance(value, torch.Tensor):
            return self._kept(value, value.detach().clone().requires_grad_(value.requires_grad))
        if isinstance(value, np.ndarray):
            return self._kept(value, value.copy())
        if type(value) in CONTAINERS:
            return self._container(value)
        if type(value) is tuple:
            return self._kept(value, tuple(map(self.of, value)))
        if isinstance(value, MethodType):
            return MethodType(value.__func__, self.of(value.__self__))
        if type(value) is partial:
            return partial(self.of(value.func), *map(self.of, value.args), **self._items(value.keywords))
        if isinstance(value, FunctionType):
            return self._function(value)
        return self._object(value)

    def _container(self, value: Any) -> Any:
        made = self._kept(value, copy.copy(value))
        made.clear()
        if isinstance(value, dict):
            made.update(self._items(value))
        elif isinstance(value, set):
            made.update(map(self.of, value))
        else:
            made.extend(map(self.of, value))
        return made

    def _items(self, value: dict[Any, Any]) -> dict[Any, Any]:
        return {key: self.of(each) for key, each in value.items()}

    def _function(self, value: FunctionType) -> FunctionType:
        """A function that has values of its own: what it closes over, and its defaults."""
        if not value.__closure__ and not value.__defaults__ and not value.__kwdefaults__:
            return value
        cells = tuple(CellType() for _ in value.__closure__ or ())
        made = FunctionType(value.__code__, value.__globals__, value.__name__, None, cells)
        self._kept(value, made)
        for cell, old in zip(cells, value.__closure__ or (), strict=True):
            try:
                cell.cell_contents = self.of(old.cell_contents)
            except ValueError:  # the old cell is empty too
                continue
        made.__dict__.update(value.__dict__)
        made.__defaults__ = None if value.__defaults__ is None else tuple(map(self.of, value.__defaults__))
        made.__kwdefaults__ = None if value.__kwdefaults__ is None else self._items(value.__kwdefaults__)
        return made

    def _object(self, value: Any) -> Any:
        """An object with attributes; one that does something when it ends is shared, as its copies would do it too."""
        if not hasattr(value, "__dict__") or hasattr(type(value), "__del__"):
            return self._kept(value, value)
        made = self._kept(value, copy.copy(value))
        if made is not value and made.__dict__ is not value.__dict__:
            made.__dict__.update(self._items(value.__dict__))
        return made
