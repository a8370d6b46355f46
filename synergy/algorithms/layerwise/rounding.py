"""How far rounding moves a layer-wise method's attributions, seen by rounding every number on the way once more.

Multipliers and relevance may grow by orders of magnitude on their way back and cancel at the end; what that costs
cannot be read off the result. So the algorithm runs again with each number changed in its last digit, up or down as its
own bits say: equal numbers stay equal, so that no tie is broken and nothing that is alike at x and b becomes different.

Reference: parker1997monte
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import torch

from decompositions.arithmetic import Array

TIMES = 3  # that the algorithm runs again
ODD = {8: 0x5851F42D4C957F2D, 4: 0x2545F491, 2: 0x6A09}  # multipliers whose products' bits look random, by the bytes
INTEGERS = {8: torch.int64, 4: torch.int32, 2: torch.int16}
_SEED: ContextVar[int | None] = ContextVar("seed", default=None)


def rounding_error(attribute: Callable[[], Array], values: Array) -> Array | None:
    """The error that rounding makes in what an algorithm gives: all of it where too few digits are left to one run.
    None where it cannot be seen, as nothing is computed.

    Args:
        attribute: runs the algorithm once more.
        values: what it gave.
    """
    if not isinstance(values, torch.Tensor) or values.is_meta:
        return None
    error = torch.zeros_like(values)
    for seed in range(TIMES):
        with _rounding(seed):
            try:
                error = torch.maximum(error, abs(attribute() - values))
            except ValueError:  # it refuses what has too few digits left
                return torch.maximum(error, abs(values))
    return error


def rounded(state: Any) -> Any:
    """The tensors of a state or a signal, rounded anew where that is asked for."""
    seed = _SEED.get()
    if seed is None or state is None:
        return state
    if isinstance(state, torch.Tensor):
        return _in_the_last_digit(state, seed)
    parts = [rounded(each) for each in state]
    return type(state)(*parts) if hasattr(state, "_fields") else tuple(parts)


@contextmanager
def _rounding(seed: int) -> Iterator[None]:
    token = _SEED.set(seed)
    try:
        yield
    finally:
        _SEED.reset(token)


def _in_the_last_digit(values: torch.Tensor, seed: int) -> torch.Tensor:
    size = values.element_size()
    if not values.is_floating_point() or size not in INTEGERS:
        return values
    bits = values.contiguous().view(INTEGERS[size]) * ODD[size]
    up = (bits >> (8 * size // 2 + seed)) & 1
    return values * (1 + torch.finfo(values.dtype).eps * (2 * up.to(values.dtype) - 1))
