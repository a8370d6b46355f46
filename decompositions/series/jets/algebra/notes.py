"""What is noted while a function runs on jets: the module it is in, the branches it takes, how far its kinks are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

Look = Callable[[int, torch.Tensor, torch.Tensor], None]
_BRANCHES: ContextVar[Branches | None] = ContextVar("branches", default=None)
_INSIDE: ContextVar[list[str] | None] = ContextVar("inside", default=None)  # the modules that are being run


@contextmanager
def naming(names: Mapping[nn.Module, str]) -> Iterator[None]:
    """Within this context errors say in which module they arose."""
    inside: list[str] = []

    def enter(module: nn.Module, args: Any) -> None:
        if _INSIDE.get() is inside:  # not in another thread
            inside.append(f"{type(module).__name__} '{names[module]}'" if module in names else "")

    def leave(module: nn.Module, args: Any, result: Any) -> None:
        if _INSIDE.get() is inside and inside:
            inside.pop()

    with ExitStack() as stack:
        stack.callback(_INSIDE.reset, _INSIDE.set(inside))
        stack.callback(nn.modules.module.register_module_forward_pre_hook(enter).remove)
        stack.callback(nn.modules.module.register_module_forward_hook(leave).remove)
        yield


@contextmanager
def noting(look: Look | None) -> Iterator[Branches]:
    """Within this context branches are noted, and margins looked at."""
    notes = Branches([], look)
    token = _BRANCHES.set(notes)
    try:
        yield notes
    finally:
        _BRANCHES.reset(token)


@dataclass
class Branches:
    """The branches that are noted, who looks at margins (series that are zero at a kink), and how many there were."""

    found: list[tuple[str, torch.Tensor]]
    look: Look | None
    margins: int = 0

    def see(self, margin: torch.Tensor) -> None:
        if self.look is not None and margin.ndim > 1:
            batch = margin.shape[1]
            self.look(self.margins, margin[0].reshape(batch, -1), margin[1].reshape(batch, -1))
        self.margins += 1


def _place(function: Any) -> str:
    """The operation, and the module in which it runs."""
    inside = _INSIDE.get()
    return function.overloadpacket.__name__ + (f" in {inside[-1]}" if inside and inside[-1] else "")


def see_branch(function: Any, branch: torch.Tensor) -> None:
    notes = _BRANCHES.get()
    if notes is not None:
        notes.found.append((_place(function), branch))


def see_margin(function: Any, margin: torch.Tensor) -> None:
    """What is zero at a kink of an operation: where it is zero at the start, it must stay so.

    Raises:
        ValueError: a kink right at the start.
    """
    notes = _BRANCHES.get()
    if notes is not None:
        notes.see(margin)
    on = margin[0] == 0
    leaves = int((on & (margin[1:] != 0).any(0)).sum()) if len(margin) > 1 and on.any() else 0
    if leaves:
        raise ValueError(
            f"'{_place(function)}' has a kink right at the baseline ({leaves} places), so there is no Taylor series "
            "there; take another baseline, a smoothed network, taylor(game, degree, smooth=10), or harsanyi() and "
            "measure()"
        )


def side(function: Any, margin: torch.Tensor) -> torch.Tensor:
    """On which side of its kink an operation is that is continuous there."""
    see_branch(function, margin[0].sign())
    see_margin(function, margin)
    return margin[0]
