"""How far paid work has come: one bar, in a terminal or a notebook, with the time that is left."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from importlib.util import find_spec
from typing import Any

from tqdm import tqdm

CALL = "call"
DELAY = 2  # seconds, before which no bar is shown
Moved = Callable[[int], None]
_PART: ContextVar[Any] = ContextVar("part", default=None)  # the bar of the innermost work that has its own
_WHOLE: ContextVar[Any] = ContextVar("whole", default=None)  # the bar of a work that has many parts


@contextmanager
def progress(total: int, what: str, done: int = 0) -> Iterator[Moved]:
    """A bar over some work, shown after two seconds; within :func:`whole_progress` only the title of that one.

    Args:
        total: model calls.
        what: the bar's title.
        done: calls of the total that were paid earlier; the rate and the remaining time leave them out.

    Yields:
        What is told how many calls were made.
    """
    whole = _WHOLE.get()
    if whole is not None:
        whole.set_description(what, refresh=False)
        yield _ignored
        return
    with _bar_of(_PART, total, what, done) as moved:
        yield moved


def expected(calls: int) -> None:
    """What work that is under way has found out: so many calls are still to come. Its bar takes them for its total."""
    bar = _PART.get()
    if bar is not None:
        bar.total = bar.n + calls
        if bar.format_dict["elapsed"] >= DELAY:  # a refresh does not ask for the delay
            bar.refresh()


@contextmanager
def whole_progress(total: int, what: str, done: int = 0, unit: str = CALL) -> Iterator[Moved]:
    """One bar over a work of many parts, each of which is its title while it runs; arguments as of :func:`progress`.

    It is moved by what it yields alone, whatever its parts tell theirs; it counts what ``unit`` says.
    """
    if _WHOLE.get() is not None:
        yield _ignored
        return
    with _bar_of(_WHOLE, total, what, done, unit) as moved:
        yield moved


@contextmanager
def _bar_of(place: ContextVar[Any], total: int, what: str, done: int, unit: str = CALL) -> Iterator[Moved]:
    """A bar that is found at a place while it is shown."""
    with _bar(total, what, done, unit) as bar:
        before = place.set(bar)
        try:
            yield bar.update
        finally:
            place.reset(before)


def _bar(total: int, what: str, done: int, unit: str) -> Any:
    """A bar of the kind that is seen here: none where nobody looks, as in a file or a pipe."""
    notebook = in_notebook()
    shown = notebook or _is_terminal(sys.stderr)
    return _kind(notebook)(
        total=total or None, initial=done, desc=what, unit=unit, delay=DELAY, leave=False, disable=not shown
    )


def _kind(notebook: bool) -> Any:
    """A bar of widgets where a notebook has them, else one of letters."""
    if notebook and find_spec("ipywidgets") is not None:
        from tqdm.notebook import tqdm as of_widgets

        return of_widgets
    return tqdm


def in_notebook() -> bool:
    """Whether a notebook runs this."""
    shell = sys.modules.get("IPython") and sys.modules["IPython"].get_ipython()
    return getattr(shell, "kernel", None) is not None


def _is_terminal(stream: Any) -> bool:
    try:
        return bool(stream.isatty())
    except (AttributeError, ValueError):  # none, or one that is closed
        return False


def _ignored(calls: int) -> None:
    pass
