"""What is a library's, what is our own and what a user's: of libraries names and versions count, not the code."""

from __future__ import annotations

import functools
import site
import sys
import sysconfig
import types
from pathlib import Path
from typing import Any

OWN = ("decompositions", "synergy")
EXTENSION = "an extension"  # whose metaclasses have a descriptor where others name their module
BELOW = "decompositions.model"  # any module of it: where our own code stands is no part of a question


def functions_of(method: Any) -> list[Any]:
    """The functions of what stands in a class as a method."""
    parts = ("__func__", "fget", "func")
    found = [getattr(method, part, None) for part in parts if not isinstance(method, types.FunctionType)]
    return [each for each in found if each is not None] or [method]


def is_library_code(value: Any) -> bool:
    """Whether a function, or what wraps it, was written in a library; what is no Python function counts as such."""
    functions = [each for each in functions_of(value) if isinstance(each, types.FunctionType)]
    return all(library_of(each.__globals__.get("__name__")) for each in functions)


@functools.cache
def library_of(module: Any) -> str:
    """The name and version of an installed library, or this package's name; empty for a user's own module."""
    if module is not None and not isinstance(module, str):
        return EXTENSION
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


def type_name(value: Any) -> str:
    return f"{library_of(type(value).__module__)}.{type(value).__qualname__}"


def name_of(value: Any) -> str:
    """The name of a library's object that has one: an operation, an alias of a type."""
    try:
        return str(value.__name__)
    except Exception:  # foreign attributes may raise anything
        return ""
