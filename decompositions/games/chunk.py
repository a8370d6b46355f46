"""How many inputs a function is handed at once: as many as fit, by the sizes of what it makes of one of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

LARGEST = 4096  # inputs handed over at once, at most, where nobody says how many
CACHE = 2**21  # bytes that a batch's intermediate results may have on average to stay in a CPU's cache
ROOM = 2**28  # bytes that the largest of them may have
SHARE = 2**-5  # of a GPU's memory, likewise


def fitting_chunk(f: Callable[[torch.Tensor], torch.Tensor], x: torch.Tensor) -> int:
    """How many inputs to hand over at once: a power of two, by the sizes of the intermediate results for one of them.

    On a CPU their mean times the chunk stays within the cache; anywhere the largest of them stays within a share of the
    memory. Nothing is timed, so the same question is always asked in the same batches.

    Args:
        f: inputs ``(batch, *shape)`` → ``(batch,)``; called once.
        x: one input. Shape ``(1, *shape)``.

    >>> fitting_chunk(lambda z: z.expand(2**16, 2).clone().sum(), torch.ones(1, 2))
    4
    """
    sizes = _Sizes()
    x = x.clone()  # f may write into it
    with torch.no_grad(), sizes:
        f(x)
    made = sizes.made or [x.nbytes]
    fits = room(x.device) / max(x.nbytes, *made, 1)
    if x.device.type == "cpu":
        fits = min(fits, CACHE * len(made) / max(1, sum(made)))
    return _power_of_two(int(fits))


def room(device: torch.device) -> int:
    """Bytes that the largest intermediate result of a batch may have on a device."""
    if device.type == "cuda":
        return int(SHARE * torch.cuda.get_device_properties(device).total_memory)
    return ROOM


def _power_of_two(number: int) -> int:
    """The largest power of two up to a number, between 1 and :data:`LARGEST`."""
    return 1 << (min(max(1, number), LARGEST).bit_length() - 1)


class _Sizes(TorchDispatchMode):
    """Notes the bytes of every tensor that an operation makes (views take no memory)."""

    def __init__(self) -> None:
        super().__init__()
        self.made: list[int] = []

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = function(*args, **(kwargs or {}))
        held = {each.untyped_storage()._cdata for each in _tensors((args, kwargs))}
        self.made += [each.nbytes for each in _tensors(result) if each.untyped_storage()._cdata not in held]
        return result


def _tensors(tree: Any) -> list[torch.Tensor]:
    return [leaf for leaf in tree_leaves(tree) if isinstance(leaf, torch.Tensor) and leaf.layout == torch.strided]
