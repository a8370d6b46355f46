"""Sources of random numbers, each with the state that it had."""

from __future__ import annotations

import pickle
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch


@dataclass(frozen=True, eq=False)
class Generator:
    """A source of random numbers and its state then."""

    name: str
    state: Any
    read: Callable[[], Any]
    write: Callable[[Any], object]

    def moved(self) -> bool:
        return self.read() != self.state

    def restore(self) -> None:
        self.write(self.state)


def generators(device: torch.device | None) -> Iterator[Generator]:
    yield _generator("torch", lambda: _bytes(torch.get_rng_state()), lambda state: torch.set_rng_state(_tensor(state)))
    if device is not None and device.type == "cuda":
        yield _generator(
            f"torch on {device}",
            lambda: _bytes(torch.cuda.get_rng_state(device)),
            lambda state: torch.cuda.set_rng_state(_tensor(state), device),
        )
    yield _generator("numpy", _numpy_state, lambda state: np.random.set_state(pickle.loads(state)))  # noqa: NPY002  # a model may draw from it
    yield _generator("random", random.getstate, random.setstate)


def own_generator(source: Any) -> Generator:
    """Of a generator that a model or a function holds itself."""
    if isinstance(source, torch.Generator):
        return _generator("its own", lambda: _bytes(source.get_state()), lambda state: source.set_state(_tensor(state)))
    if isinstance(source, random.Random):
        return _generator("its own", source.getstate, source.setstate)
    bits: Any = source.bit_generator
    return _generator(
        "its own", lambda: pickle.dumps(bits.state), lambda state: setattr(bits, "state", pickle.loads(state))
    )


def _generator(name: str, read: Callable[[], Any], write: Callable[[Any], object]) -> Generator:
    return Generator(name, read(), read, write)


def _numpy_state() -> bytes:
    return pickle.dumps(np.random.get_state())  # noqa: NPY002


def _bytes(state: torch.Tensor) -> bytes:
    return state.numpy().tobytes()


def _tensor(state: bytes) -> torch.Tensor:
    return torch.frombuffer(bytearray(state), dtype=torch.uint8)
