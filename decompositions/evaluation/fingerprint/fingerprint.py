"""Fingerprints: what a function can reach, written down part by part, so that a changed function is known again.

From the function on everything that it can read is visited: its code with names, constants and nested functions,
defaults, closures, the globals that its code names, attributes of modules and objects, hooks, replaced methods, the
object of a bound method, what a partial holds. Each becomes a *part*, a path that a person can read and a hash of its
contents; addresses, hash seeds and the order in which sets and mappings were filled do not enter, so an unchanged
function has the same parts in another process.

Of installed libraries and of this package the names and versions count, not the code. Not seen are files, the
environment, random number generators, the insides of extensions in other languages, names that are only made up at run
time or put among Python's own (builtins), how far a generator has run, torch's default type, and what holds a process
together (locks, streams, loggers).
"""

from __future__ import annotations

import builtins
import collections
import enum
import functools
import inspect
import sys
import types
from collections.abc import Iterable, Iterator
from typing import Any

import torch

from decompositions.evaluation.fingerprint.code import code_of, names_in
from decompositions.evaluation.fingerprint.contents import ATOMS, content_of, digest, is_container
from decompositions.evaluation.fingerprint.libraries import (
    functions_of,
    is_library_code,
    library_of,
    name_of,
    type_name,
)
from decompositions.evaluation.fingerprint.states import script, state_of

MOST = 100_000  # objects whose contents are looked at; of what is further away only the type counts
CONSTRUCTION = (
    "__init__", "__new__", "__post_init__", "__init_subclass__", "__class_getitem__", "__set_name__", "__del__",
    "__repr__", "__str__", "__reduce__", "__reduce_ex__", "__getstate__", "__setstate__", "__copy__", "__deepcopy__",
    "__annotate__", "__annotate_func__",
)  # fmt: skip  # methods that f does not call
METHODS = (types.FunctionType, staticmethod, classmethod, property, functools.cached_property, functools.partialmethod)


def fingerprint(value: Any, name: str) -> dict[str, str]:
    """The parts of a function, or of anything else, under a name.

    >>> def double(z, factor=2.0):
    ...     return factor * z
    >>> sorted(fingerprint(double, "f"))
    ['f', 'f.__defaults__']
    """
    return _Walk().parts_of(value, name)


def changes(now: dict[str, str], there: dict[str, str], loose: Iterable[str] = ()) -> list[str]:
    """The parts in which two fingerprints differ, sorted, without loose ones and what lies below them.

    >>> changes({"f": "1", "f.k": "2"}, {"f": "1", "f.k": "3", "f.cache": "4"}, ["f.cache"])
    ['f.k']
    """
    differ = sorted(path for path in now.keys() | there.keys() if now.get(path) != there.get(path))
    known = set(loose)
    return [path for path in differ if known.isdisjoint(_above(path))]


def _above(path: str) -> Iterator[str]:
    """A path and the beginnings of it that are paths."""
    yield path
    yield from (path[:place] for place, mark in enumerate(path) if mark in ".[ ")


class _Walk:
    """One visit of everything, breadth first, so that cycles end and paths are short."""

    def __init__(self, inside_set: bool = False) -> None:
        self.inside_set = inside_set
        self.members: dict[int, str] = {}  # of sets, each looked at once
        self.parts: dict[str, str] = {}
        self.queue: collections.deque[tuple[str, Any]] = collections.deque()
        self.seen: dict[int, str] = {}
        self.held: list[Any] = []  # what is made on the way stays, so that no two things have one address
        self.named: set[str] = set()  # by the code that was reached
        self.waiting: dict[str, list[tuple[str, Any]]] = collections.defaultdict(list)  # until code names them

    def parts_of(self, value: Any, name: str) -> dict[str, str]:
        self.queue.append((name, value))
        while self.queue:
            self._visit(*self.queue.popleft())
        return self.parts

    def _visit(self, path: str, value: Any) -> None:
        content = content_of(value)
        if content is not None:
            self._note(path, content)
        elif id(value) in self.seen:
            if self.seen[id(value)] != path:
                self._note(path, f"as {self.seen[id(value)]}")
        elif len(self.seen) >= MOST:
            self._note(path, type_name(value))
        else:
            self.seen[id(value)] = path
            self.held.append(value)
            self._look(path, value)

    def _note(self, path: str, content: str) -> None:
        """Write a part down; two things of one path, as two classes of one name, are one part."""
        self.parts[path] = digest(self.parts.get(path, "") + content)

    def _look(self, path: str, value: Any) -> None:
        """Note what a thing is and queue what it holds."""
        if isinstance(value, types.FunctionType):
            self._function(path, value)
        elif isinstance(value, types.ModuleType):
            self._python_module(path, value)
        elif isinstance(value, type):
            self._class(path, value)
        elif isinstance(value, (list, tuple, dict, set, frozenset)) and is_container(value):
            self._container(path, value)
        elif isinstance(value, (torch.jit.ScriptModule, torch.jit.ScriptFunction)):
            self._note(path, script(value))
        elif isinstance(value, enum.Enum):
            self._note(path, f"{type_name(value)}.{value.name}")
            self.queue.append((f"{path}.value", value.value))
        elif isinstance(value, _BOUND):
            self._bound(path, value)
        else:
            self._instance(path, value)

    # functions -------------------------------------------------------------------------------------------------------

    def _function(self, path: str, f: types.FunctionType) -> None:
        library = library_of(f.__globals__.get("__name__"))
        self._note(path, f"{library}.{f.__qualname__}" if library else f"code {code_of(f.__code__)}")
        for what in ("__defaults__", "__kwdefaults__", "__dict__"):
            if getattr(f, what):
                self.queue.append((f"{path}.{what}", getattr(f, what)))
        for name, cell in zip(f.__code__.co_freevars, f.__closure__ or (), strict=True):
            try:
                self.queue.append((f"{path} → {name}", cell.cell_contents))
            except ValueError:  # an empty cell: the name is not bound yet
                self._note(f"{path} → {name}", "nothing")
        if not library:
            self._code_names(path, f)

    def _code_names(self, path: str, f: types.FunctionType) -> None:
        """The globals, imports and attributes that a function's code names."""
        for name, kind in sorted(names_in(f.__code__)):
            if kind == "import":
                package = f.__globals__.get("__package__")
                found = sys.modules.get(name) or sys.modules.get(f"{package}.{name}")
                self.queue.append((f"{path} → {name}", found))
            elif kind == "global" and (name in f.__globals__ or not hasattr(builtins, name)):
                self.queue.append((f"{path} → {name}", f.__globals__.get(name)))
            self._name(name)

    def _name(self, name: str) -> None:
        """Code was reached that names something: what waited for that is visited."""
        if name not in self.named:
            self.named.add(name)
            self.queue.extend(self.waiting.pop(name, ()))

    def _wait(self, name: str, path: str, value: Any) -> None:
        if name in self.named:
            self.queue.append((path, value))
        else:
            self.waiting[name].append((path, value))

    def _bound(self, path: str, value: Any) -> None:
        """A method of an object, or a function of another language."""
        owner = getattr(value, "__self__", None)
        self._note(path, f"{getattr(value, '__module__', '')}.{getattr(value, '__qualname__', '')}")
        if isinstance(value, types.MethodType):
            self.queue.append((f"{path}.__func__", value.__func__))
        if owner is not None and not isinstance(owner, types.ModuleType):
            self.queue.append((f"{path}.__self__", owner))

    # modules and classes ---------------------------------------------------------------------------------------------

    def _python_module(self, path: str, module: types.ModuleType) -> None:
        library = library_of(module.__name__)
        self._note(path, f"module {library or module.__name__}")
        for name, value in list(vars(module).items()):
            if not library or isinstance(value, types.ModuleType) or content_of(value) is not None:
                self._wait(name, f"{path}.{name}", value)
            elif callable(value):
                known = f"{getattr(value, '__module__', '')}.{getattr(value, '__qualname__', type(value).__qualname__)}"
                self._wait(name, f"{path}.{name}", known if is_library_code(value) else value)

    def _class(self, path: str, cls: type) -> None:
        library = library_of(cls.__module__)
        self._note(path, f"class {library}.{cls.__qualname__}" if library else f"class {cls.__qualname__}")
        self.queue.extend((f"class {base.__qualname__}", base) for base in cls.__mro__[1:-1])
        if not library_of(type(cls).__module__):
            self.queue.append((f"class {type(cls).__qualname__}", type(cls)))
        for name, value in list(vars(cls).items()):
            dunder = name.startswith("__") and name.endswith("__")
            if isinstance(value, METHODS):
                if library and is_library_code(value):
                    continue
                called = name in ("forward", "__call__") or (dunder and name not in CONSTRUCTION)
                self._method(f"{path}.{name}", name, value, called)
            elif not (library or dunder):
                self.queue.append((f"{path}.{name}", value))

    def _method(self, path: str, name: str, value: Any, called: bool) -> None:
        for function in functions_of(value):
            if called:
                self.queue.append((path, function))
            else:
                self._wait(name, path, function)

    # objects ---------------------------------------------------------------------------------------------------------

    def _container(self, path: str, value: Any) -> None:
        """What a container holds, where that is not data alone."""
        self._note(path, f"{type_name(value)} of {len(value)}")
        if isinstance(value, (set, frozenset)):
            parts = sorted(map(self._member, value))
            self._note(path, f"{type_name(value)} {parts}")
        elif isinstance(value, dict):
            for number, (key, each) in enumerate(value.items()):
                if type(key) in ATOMS:
                    self.queue.append((f"{path}[{key!r}]", each))
                else:
                    self.queue.extend([(f"{path}[{number}].key", key), (f"{path}[{number}]", each)])
        else:
            self.queue.extend((f"{path}[{number}]", each) for number, each in enumerate(value))

    def _member(self, value: Any) -> str:
        """A member of a set, whose order says nothing: by itself; of members of sets in it only the types count."""
        if self.inside_set:
            return content_of(value) or type_name(value)
        if id(value) not in self.members:
            self.held.append(value)
            self.members[id(value)] = digest(repr(sorted(_Walk(inside_set=True).parts_of(value, "").items())))
        return self.members[id(value)]

    def _instance(self, path: str, value: Any) -> None:
        cls = type(value)
        self._note(path, f"{type_name(value)} {name_of(value) if library_of(cls.__module__) else ''}")
        self.queue.append((f"class {cls.__qualname__}", cls))
        for name, each in state_of(value).items():
            if not isinstance(inspect.getattr_static(cls, name, None), functools.cached_property):
                self.queue.append((f"{path}.{name}", each))


_BOUND = (
    types.MethodType,
    types.BuiltinFunctionType,
    types.MethodWrapperType,
    types.WrapperDescriptorType,
    types.MethodDescriptorType,
    types.ClassMethodDescriptorType,
)
