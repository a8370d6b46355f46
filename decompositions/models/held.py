"""The models and the sources of random numbers that a function holds."""

from __future__ import annotations

import random
from collections.abc import Iterator
from types import CellType
from typing import Any

import numpy as np
import torch
from torch import nn

DEPTH = 3  # how far what a function holds is followed
_EMPTY = CellType()
SOURCES = (torch.Generator, np.random.Generator, random.Random)  # of random numbers, of one's own


class Around(nn.Module):
    """A module of this package around what a caller gave; into what it holds besides nobody writes."""

    @property
    def given(self) -> tuple[Any, ...]:
        """The caller's model and functions in it."""
        raise NotImplementedError


def models_of(function: Any, depth: int = DEPTH) -> tuple[nn.Module, ...]:
    """The models that a function holds: itself, its attributes, what it closes over, the globals that it names."""
    known = {id(each): each for each in held_by(function, depth) if isinstance(each, nn.Module)}
    return tuple(known.values())


def held_by(function: Any, depth: int) -> Iterator[Any]:
    """The models and random generators that a function holds; of what is put around them only what is inside."""
    if isinstance(function, Around):
        for each in function.given:
            yield from held_by(each, depth)
        return
    if isinstance(function, (nn.Module, *SOURCES)):
        yield function
        return
    if not callable(function) or depth == 0:
        return
    code = getattr(function, "__code__", None)
    held = [getattr(function, "__self__", None), *getattr(function, "__dict__", {}).values()]
    held += [getattr(function, "func", None), *getattr(function, "args", ())]  # of a functools.partial
    if code is not None:
        held += [cell.cell_contents for cell in function.__closure__ or () if cell != _EMPTY]
        held += [function.__globals__.get(name) for name in code.co_names]
    for each in held:
        if not isinstance(each, type):
            yield from held_by(each, depth - 1)
