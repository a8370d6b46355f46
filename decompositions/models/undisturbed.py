"""Calling a caller's model so that afterwards all is as before: what it holds, and the process's random numbers.

A model may do what it likes when it is called: count its calls, keep what it saw, draw random numbers. The caller lent
it for a question; what it did meanwhile is undone, also after an error or an interruption.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch

from decompositions.models.before import Before, before_calling
from decompositions.models.held import models_of


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
            entry = _OPEN[key] = _Entry(before_calling(function, models, device, looking))
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
