"""What torch is told while effects are computed, above all float32 with all its digits, not TF32 or bfloat16.

The switches belong to the process. While anyone computes here they are held, and who leaves last puts them back.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch import backends


@contextmanager
def full_precision() -> Iterator[None]:
    """Products and convolutions in float32 with all its digits, on CUDA by the same kernel every time."""
    with _PRECISION.held():
        yield


@contextmanager
def differentiable() -> Iterator[None]:
    """Recurrences by torch itself: cuDNN's have a gradient only while a model is trained."""
    with _RECURRENCES.held():
        yield


class _Switch(NamedTuple):
    """A setting of torch: how it is read and written, what is wanted of it here, and what it says otherwise."""

    read: Callable[[], Any]
    write: Callable[[Any], None]
    wanted: Any
    otherwise: Any = None

    def value(self) -> Any:
        """What it says; None where torch refuses to say, since an older and a newer switch disagree."""
        try:
            return self.read()
        except RuntimeError:
            return None

    def known(self, before: Any) -> Any:
        """What it said before the newer switches were turned, which it agrees with now if it wants all digits, too."""
        if before is not None:
            return before
        return self.otherwise if self.value() is None else self.wanted


class _Switches:
    """Switches that are held while anyone needs them so.

    Args:
        newer: each on its own.
        passing: pass their setting on to those of the newer that say nothing themselves.
        older: replaced by some of the newer; writing one writes those.
    """

    def __init__(self, newer: list[_Switch], passing: Sequence[_Switch] = (), older: Sequence[_Switch] = ()) -> None:
        self.newer, self.passing, self.older = newer, passing, older
        self.users, self.lock = 0, threading.Lock()
        self.before: list[tuple[_Switch, Any]] = []  # what they said, in the order to put them back
        self.seen: list[Any] = []  # what the newer ones seemed to say

    @contextmanager
    def held(self) -> Iterator[None]:
        with self.lock:
            if not self.users:
                self._turn()
            self.users += 1
        try:
            yield
        finally:
            with self.lock:
                self.users -= 1
                if not self.users:
                    self._put_back()

    def _turn(self) -> None:
        self.seen = [switch.value() for switch in self.newer]
        passing = [_turned(switch) for switch in self.passing]
        older = [switch.value() for switch in self.older]
        newer = [_turned(switch) for switch in self.newer]
        replaced = [(switch, switch.known(value)) for switch, value in zip(self.older, older, strict=True)]
        for switch in (*self.older, *self.newer):
            switch.write(switch.wanted)
        self.before = [*replaced, *newer, *reversed(passing)]

    def _put_back(self) -> None:
        for switch, value in self.before:
            switch.write(value)
        for switch, seen in zip(self.newer, self.seen, strict=True):
            if switch.value() != seen:  # torch's default, not said by the switch itself
                switch.write("none")


def _turned(switch: _Switch) -> tuple[_Switch, Any]:
    before = switch.value()
    switch.write(switch.wanted)
    return switch, before


def _switch(owner: Any, name: str, wanted: Any, otherwise: Any = None) -> list[_Switch]:
    """An attribute of a part of torch; none where this version of torch does not have it."""
    if not hasattr(owner, name):
        return []
    return [_Switch(lambda: getattr(owner, name), lambda value: setattr(owner, name, value), wanted, otherwise)]


def _newer(owner: Any, *parts: str) -> list[_Switch]:
    return [each for part in parts for each in _switch(getattr(owner, part, None), "fp32_precision", "ieee")]


_PRECISION = _Switches(
    newer=[
        *_newer(backends.cuda, "matmul"),
        *_newer(backends.cudnn, "conv", "rnn"),
        *_newer(backends.mkldnn, "matmul", "conv", "rnn"),
        *_switch(backends.cudnn, "benchmark", False),
        *_switch(backends.cudnn, "deterministic", True),
    ],
    passing=[
        each for part in (backends, backends.cudnn, backends.mkldnn) for each in _switch(part, "fp32_precision", "none")
    ],
    older=[
        _Switch(torch.get_float32_matmul_precision, torch.set_float32_matmul_precision, "highest", "high"),
        *_switch(backends.cudnn, "allow_tf32", False, True),
    ],
)
_RECURRENCES = _Switches(_switch(backends.cudnn, "enabled", False))
