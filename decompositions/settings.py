"""How an error names what to set: as an argument in Python, as an option on a command line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

_OPTIONS: ContextVar[Mapping[str, str]] = ContextVar("options", default={})  # noqa: B039  (nobody writes into it)
NOTHING = object()


@contextmanager
def options(known: Mapping[str, str]) -> Iterator[None]:
    """Within it, settings of these names are written as the options of a command.

    Args:
        known: from arguments to options, ``{"limit": "--limit"}``. Others are written as in Python.
    """
    before = _OPTIONS.set(known)
    try:
        yield
    finally:
        _OPTIONS.reset(before)


def setting(name: str, value: Any = NOTHING, call: str = "{}") -> str:
    """A setting as the person who reads it writes it.

    Args:
        name: of the argument.
        value: that it takes; none says "give it".
        call: of Python, in which the setting stands at the braces.

    >>> setting("limit", 8), setting("target"), setting("degree", 6, "taylor(game, {})")
    ('limit=8', 'target=', 'taylor(game, degree=6)')
    >>> with options({"limit": "--limit"}):
    ...     setting("limit", 8), setting("order", 2)
    ('--limit 8', 'order=2')
    """
    option = _OPTIONS.get().get(name)
    if option is not None:
        return option if value is NOTHING else f"{option} {_typed(value)}"
    return call.format(f"{name}=" if value is NOTHING else f"{name}={value!r}")


def argument(name: str) -> str:
    """An argument as the person who reads it knows it.

    >>> with options({"x": "--input"}):
    ...     argument("x"), argument("order")
    ('--input', 'order')
    """
    return _OPTIONS.get().get(name, name)


def either(in_python: str, on_command: str) -> str:
    """Words for whoever writes Python, or for whoever types a command.

    >>> with options({"x": "--input"}):
    ...     either("take x[None]", "save x[None]")
    'save x[None]'
    """
    return on_command if _OPTIONS.get() else in_python


def _typed(value: Any) -> str:
    """A value as a word of a command: several of them with commas."""
    return ",".join(map(str, value)) if isinstance(value, (tuple, list)) else str(value)
