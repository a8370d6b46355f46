"""Fingerprints: what a function can reach, written down part by part, so that a changed function is known again.

From the function on everything that it can read is visited: its code with names, constants and nested functions,
defaults, closures, the globals that its code names, attributes of modules and objects, hooks, replaced methods, the
object of a bound method, what a partial holds. Each becomes a *part*, a path that a person can read and a hash of its
contents; addresses, hash seeds and the order in which sets and mappings were filled do not enter, so an unchanged
function has the same parts in another process.

Of installed libraries and of this package the names and versions count, not the code. Not seen are files, the
environment, random number generators, the insides of extensions in other languages, names that are only made up at run
time, and what holds a process together (locks, streams, loggers).
"""

from __future__ import annotations

import builtins
import collections
import ctypes
import dis
import enum
import functools
import hashlib
import inspect
import re
import site
import sys
import sysconfig
import types
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

MOST = 100_000  # objects whose contents are looked at; of what is further away only the type counts
OWN = ("decompositions", "synergy")
BELOW = "decompositions.model"  # any module of it: where our own code stands is no part of a question
OPAQUE = (
    "_asyncio", "_contextvars", "_ctypes", "_io", "_thread", "_weakref", "asyncio", "concurrent", "ctypes", "logging",
    "multiprocessing", "numpy.random", "queue", "random", "socket", "threading", "torch._C", "torch._dynamo",
    "torch._inductor", "tqdm", "weakref",
)  # fmt: skip
CONSTRUCTION = (
    "__init__", "__new__", "__post_init__", "__init_subclass__", "__class_getitem__", "__set_name__", "__del__",
    "__repr__", "__str__", "__reduce__", "__reduce_ex__", "__getstate__", "__setstate__", "__copy__", "__deepcopy__",
    "__annotate__", "__annotate_func__",
)  # fmt: skip  # methods that f does not call
METHODS = (types.FunctionType, staticmethod, classmethod, property, functools.cached_property, functools.partialmethod)
ATOMS = (
    bool, int, float, complex, str, bytes, bytearray, type(None), type(Ellipsis), type(NotImplemented), range,
    torch.dtype, torch.device, torch.layout, torch.memory_format, torch.Size,
)  # fmt: skip
HOOKS = ("_forward_pre_hooks", "_forward_hooks")
INTERNAL = frozenset(vars(nn.Module())) - {"training"}


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
        content = _content(value)
        if content is not None:
            self._note(path, content)
        elif id(value) in self.seen:
            if self.seen[id(value)] != path:
                self._note(path, f"as {self.seen[id(value)]}")
        elif len(self.seen) >= MOST:
            self._note(path, _type_name(value))
        else:
            self.seen[id(value)] = path
            self.held.append(value)
            self._look(path, value)

    def _note(self, path: str, content: str) -> None:
        """Write a part down; two things of one path, as two classes of one name, are one part."""
        self.parts[path] = _hash(self.parts.get(path, "") + content)

    def _look(self, path: str, value: Any) -> None:
        """Note what a thing is and queue what it holds."""
        if isinstance(value, types.FunctionType):
            self._function(path, value)
        elif isinstance(value, types.ModuleType):
            self._python_module(path, value)
        elif isinstance(value, type):
            self._class(path, value)
        elif isinstance(value, (list, tuple, dict, set, frozenset)) and _is_container(value):
            self._container(path, value)
        elif isinstance(value, (torch.jit.ScriptModule, torch.jit.ScriptFunction)):
            self._note(path, _script(value))
        elif isinstance(value, enum.Enum):
            self._note(path, f"{_type_name(value)}.{value.name}")
            self.queue.append((f"{path}.value", value.value))
        elif isinstance(value, _BOUND):
            self._bound(path, value)
        else:
            self._instance(path, value)

    # functions -------------------------------------------------------------------------------------------------------

    def _function(self, path: str, f: types.FunctionType) -> None:
        library = _library(f.__globals__.get("__name__"))
        self._note(path, f"{library}.{f.__qualname__}" if library else f"code {_code(f.__code__)}")
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
        for name, kind in sorted(_names(f.__code__)):
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
        library = _library(module.__name__)
        self._note(path, f"module {library or module.__name__}")
        for name, value in list(vars(module).items()):
            if not library or isinstance(value, types.ModuleType) or _content(value) is not None:
                self._wait(name, f"{path}.{name}", value)
            elif callable(value):
                known = f"{getattr(value, '__module__', '')}.{getattr(value, '__qualname__', type(value).__qualname__)}"
                self._wait(name, f"{path}.{name}", known if _is_library_code(value) else value)

    def _class(self, path: str, cls: type) -> None:
        library = _library(cls.__module__)
        self._note(path, f"class {library}.{cls.__qualname__}" if library else f"class {cls.__qualname__}")
        self.queue.extend((f"class {base.__qualname__}", base) for base in cls.__mro__[1:-1])
        for name, value in list(vars(cls).items()):
            dunder = name.startswith("__") and name.endswith("__")
            if isinstance(value, METHODS):
                if library and _is_library_code(value):
                    continue
                called = name in ("forward", "__call__") or (dunder and name not in CONSTRUCTION)
                self._method(f"{path}.{name}", name, value, called)
            elif not (library or dunder):
                self.queue.append((f"{path}.{name}", value))

    def _method(self, path: str, name: str, value: Any, called: bool) -> None:
        for function in _functions(value):
            if called:
                self.queue.append((path, function))
            else:
                self._wait(name, path, function)

    # objects ---------------------------------------------------------------------------------------------------------

    def _container(self, path: str, value: Any) -> None:
        """What a container holds, where that is not data alone."""
        self._note(path, f"{_type_name(value)} of {len(value)}")
        if isinstance(value, (set, frozenset)):
            parts = sorted(map(self._member, value))
            self._note(path, f"{_type_name(value)} {parts}")
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
            return _content(value) or _type_name(value)
        if id(value) not in self.members:
            self.held.append(value)
            self.members[id(value)] = _hash(repr(sorted(_Walk(inside_set=True).parts_of(value, "").items())))
        return self.members[id(value)]

    def _instance(self, path: str, value: Any) -> None:
        cls = type(value)
        library = _library(cls.__module__)
        self._note(path, f"{_type_name(value)} {_name_of(value) if library else ''}")
        self.queue.append((f"class {cls.__qualname__}", cls))
        if isinstance(value, nn.Module):
            state = _module_state(value)
        elif not library or library.partition(".")[0] in OWN:
            state = _state(value)
        elif library.startswith(OPAQUE) or isinstance(value, torch.Generator):
            return
        else:
            state = _reduced(value)
        for name, each in state.items():
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


def _content(value: Any) -> str | None:
    """Numbers, text, tensors, arrays and containers of them, written down; None for anything else."""
    try:
        return _written(value)
    except RecursionError:
        return None


def _written(value: Any) -> str | None:
    if type(value) in ATOMS:
        return f"{type(value).__name__} {value!r}"
    if isinstance(value, np.generic):
        return f"{value.dtype.descr} {value.tobytes()!r}"
    if isinstance(value, torch.Tensor):
        return f"{type(value).__name__} {of_tensor(value)}{_said_of(value)}"
    if isinstance(value, np.ndarray) and not value.dtype.hasobject:
        shape = f"{value.dtype.descr} {value.shape}"
        return f"{type(value).__name__} {shape} {_hash(np.ascontiguousarray(value).tobytes())}{_said_of(value)}"
    if isinstance(value, re.Pattern):
        return f"pattern {value.pattern!r} {value.flags}"
    if isinstance(value, memoryview):
        return f"memory {value.format} {value.shape} {_hash(value.tobytes())}"
    if isinstance(value, ctypes._SimpleCData):
        return f"{type(value).__name__} {value.value!r}"
    if type(value) in (list, tuple, set, frozenset):
        entries = [_written(each) for each in value]
        known = [each for each in entries if each is not None]
        if len(known) < len(entries):
            return None
        return f"{type(value).__name__} {known if isinstance(value, (list, tuple)) else sorted(known)}"
    if type(value) in _MAPPINGS:
        pairs = [(_written(key), _written(each)) for key, each in value.items()]
        return None if any(None in pair for pair in pairs) else f"{type(value).__name__} {sorted(map(str, pairs))}"
    return None


_MAPPINGS = (dict, collections.OrderedDict, collections.Counter, types.MappingProxyType)


def _said_of(value: Any) -> str:
    """The attributes that somebody gave a tensor or an array, as far as they are data."""
    given = {name: each for name, each in getattr(value, "__dict__", {}).items() if not name.startswith("__")}
    return (
        f" with {[(name, _written(each) or _type_name(each)) for name, each in sorted(given.items())]}" if given else ""
    )


def of_tensor(tensor: torch.Tensor) -> str:
    """A hash of the type, shape and bytes of a tensor."""
    kind = f"{tensor.dtype} {tuple(tensor.shape)}"
    if tensor.device.type == "meta" or nn.parameter.is_lazy(tensor):
        return _hash(f"{type(tensor).__name__} without values")
    if tensor.layout != torch.strided:
        indices = tensor.to_sparse_coo().coalesce()
        return _hash(f"{kind} {tensor.layout} {of_tensor(indices.indices())} {of_tensor(indices.values())}")
    if tensor.is_quantized:
        return _hash(f"{kind} {tensor.q_scale()} {tensor.q_zero_point()} {of_tensor(tensor.int_repr())}")
    plain = tensor.detach().cpu().resolve_conj().resolve_neg().contiguous().flatten().view(torch.uint8)
    found = hashlib.blake2b(f"{kind}\n".encode(), digest_size=16)
    found.update(plain.numpy().data)
    return found.hexdigest()


def _is_container(value: Any) -> bool:
    return type(value) in (list, tuple, set, frozenset, *_MAPPINGS)


def _code(code: types.CodeType) -> str:
    """A hash of what code does; where it stands in which file, and its variables' names, do not count."""
    constants = [_code(each) if isinstance(each, types.CodeType) else _content(each) for each in code.co_consts]
    counts = (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags)
    return _hash(repr((code.co_code, code.co_exceptiontable, code.co_names, counts, constants)))


def _names(code: types.CodeType) -> set[tuple[str, str]]:
    """The names in code and in the functions inside it, and how it uses them: global, import or attribute."""
    found = {(name, "attribute") for name in code.co_names}
    for step in dis.get_instructions(code):
        if step.opname in ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS"):
            found.add((step.argval, "global"))
        elif step.opname == "IMPORT_NAME":
            found.add((step.argval, "import"))
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            found |= _names(constant)
        elif isinstance(constant, str) and constant.isidentifier():  # as in getattr(self, "scale")
            found.add((constant, "attribute"))
    return found


def _functions(method: Any) -> list[Any]:
    """The functions of what stands in a class as a method."""
    parts = ("__func__", "fget", "func")
    found = [getattr(method, part, None) for part in parts if not isinstance(method, types.FunctionType)]
    return [each for each in found if each is not None] or [method]


def _is_library_code(value: Any) -> bool:
    """Whether a function, or what wraps it, was written in a library; what is no Python function counts as such."""
    functions = [each for each in _functions(value) if isinstance(each, types.FunctionType)]
    return all(_library(each.__globals__.get("__name__")) for each in functions)


@functools.cache
def _library(module: str | None) -> str:
    """The name and version of an installed library, or this package's name; empty for a user's own module."""
    top = (module or "").partition(".")[0]
    if top in OWN:
        return BELOW if top == "decompositions" else str(module)
    if not top or top == "__main__" or top not in sys.modules:
        return ""
    if top in sys.stdlib_module_names:
        return str(module)
    file = getattr(sys.modules.get(str(module)), "__file__", None) or getattr(sys.modules[top], "__file__", None)
    if file is None or not any(Path(file).resolve().is_relative_to(folder) for folder in _folders()):
        return ""
    version = getattr(sys.modules[top], "__version__", "")
    return f"{module} {version}" if isinstance(version, str) else str(module)


@functools.cache
def _folders() -> tuple[Path, ...]:
    """Where libraries are installed."""
    paths = [sysconfig.get_path(kind) for kind in ("purelib", "platlib")]
    return tuple(Path(path).resolve() for path in [*paths, *site.getsitepackages(), site.getusersitepackages()] if path)


def _type_name(value: Any) -> str:
    return f"{_library(type(value).__module__)}.{type(value).__qualname__}"


def _name_of(value: Any) -> str:
    """The name of a library's object that has one: an operation, an alias of a type."""
    try:
        return str(value.__name__)
    except Exception:  # foreign attributes may raise anything
        return ""


def _module_state(module: nn.Module) -> dict[str, Any]:
    """A torch module's parameters, buffers, modules, attributes and forward hooks; hooks without their numbers."""
    state: dict[str, Any] = {**module._parameters, **module._buffers, **module._modules}
    state |= {name: value for name, value in vars(module).items() if name not in INTERNAL}
    for kind in HOOKS:
        hooks = getattr(module, kind)
        if hooks:
            keyed = getattr(module, f"{kind}_with_kwargs", {})
            state[kind] = [(hook, number in keyed) for number, hook in hooks.items()]
    return state


def _state(value: Any) -> dict[str, Any]:
    """The attributes of an object of a user's class, and what it holds as a container."""
    state = dict(vars(value)) if hasattr(value, "__dict__") else {}
    for cls in type(value).__mro__:
        slots = cls.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            member = cls.__dict__.get(name)
            if isinstance(member, types.MemberDescriptorType):
                try:
                    state[name] = member.__get__(value)
                except AttributeError:  # not set
                    continue
    for kind in (dict, list, tuple, set, frozenset):
        if isinstance(value, kind):
            state["__contents__"] = kind(value)
    return state


def _reduced(value: Any) -> dict[str, Any]:
    """What an object of a library holds, as it would be pickled; its attributes where it cannot be."""
    if isinstance(value, torch.fx.Graph):
        return {"graph": str(value)}
    try:
        reduced = value.__reduce_ex__(4)
    except Exception:  # whatever a foreign class raises says that it has no contents to show
        reduced = ""
    if isinstance(reduced, str):
        return dict(vars(value)) if hasattr(value, "__dict__") else {"__qualname__": reduced}
    names = ("__class__", "__args__", "__state__", "__list__", "__dict_items__")
    contents = [list(each) if isinstance(each, Iterator) else each for each in reduced[:5]]
    return {name: each for name, each in zip(names, contents, strict=False) if each is not None}


def _script(value: Any) -> str:
    """TorchScript, by the files of its archive; where things stood in the source is left out."""
    import io
    import zipfile

    buffer = io.BytesIO()
    torch.jit.save(value, buffer)
    with zipfile.ZipFile(buffer) as archive:
        files = [(each.filename.partition("/")[2], each.CRC) for each in archive.infolist()]
    return f"TorchScript {sorted(each for each in files if not each[0].endswith('.debug_pkl'))}"


def _hash(content: str | bytes) -> str:
    data = content.encode("utf8", "surrogatepass") if isinstance(content, str) else content
    return hashlib.blake2b(data, digest_size=16).hexdigest()
