"""float32 with all its digits, whatever torch was told to save: TF32 and bfloat16 in products and convolutions.

The switches belong to the process. While anyone computes here they are held, and who leaves last puts them back.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch import backends


@contextmanager
def full_precision() -> Iterator[None]:
    """Products and convolutions in float32 with all its digits, on CUDA by the same kernel every time."""
    with _LOCK:
        if not _HELD.users:
            _HELD.before = _turn()
        _HELD.users += 1
    try:
        yield
    finally:
        with _LOCK:
            _HELD.users -= 1
            if not _HELD.users:
                _put_back(_HELD.before)


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


class _Held:
    """How many compute here, and what the switches were before the first came, in the order to put them back;
    and what the newer ones seemed to say."""

    users: int = 0
    before: list[tuple[_Switch, Any]]
    seen: list[Any]


_HELD = _Held()
_LOCK = threading.Lock()


def _turn() -> list[tuple[_Switch, Any]]:
    """Turn every switch; what they said before."""
    _HELD.seen = [switch.value() for switch in _NEWER]
    passing = [_turned(switch) for switch in _PASSING]
    older = [switch.value() for switch in _OLDER]
    newer = [_turned(switch) for switch in _NEWER]
    replaced = [(switch, switch.known(value)) for switch, value in zip(_OLDER, older, strict=True)]
    for switch in (*_OLDER, *_NEWER):  # writing an older one writes newer ones
        switch.write(switch.wanted)
    return [*replaced, *newer, *reversed(passing)]


def _put_back(before: list[tuple[_Switch, Any]]) -> None:
    for switch, value in before:
        switch.write(value)
    for switch, seen in zip(_NEWER, _HELD.seen, strict=True):
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


_PASSING = [  # to those below that say nothing themselves, which are read and written without them
    each for part in (backends, backends.cudnn, backends.mkldnn) for each in _switch(part, "fp32_precision", "none")
]
_OLDER = [
    _Switch(torch.get_float32_matmul_precision, torch.set_float32_matmul_precision, "highest", "high"),
    *_switch(backends.cudnn, "allow_tf32", False, True),
]
_NEWER = [
    *_newer(backends.cuda, "matmul"),
    *_newer(backends.cudnn, "conv", "rnn"),
    *_newer(backends.mkldnn, "matmul", "conv", "rnn"),
    *_switch(backends.cudnn, "benchmark", False),
    *_switch(backends.cudnn, "deterministic", True),
]
