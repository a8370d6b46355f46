"""Ranges of some work on the workers of a Dask cluster: the same numbers as here, bit for bit.

What the work is of, a model above all, travels as one parcel. It is the argument of a task, so that the scheduler can
give it to a new worker when one is lost, and workers hand it to each other. After it a task is two whole numbers. A
worker does one range at a time, by as many threads as this process has, as the bits of a sum depend on their number.
"""

from __future__ import annotations

import ctypes
import os
import pickle
import threading
import uuid
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any, TypeVar

import numpy as np
import torch

from decompositions.arguments import shown
from decompositions.games.cube import AbstractCube
from decompositions.games.function_cube import FunctionCube

T = TypeVar("T")
Span = tuple[int, int]
AHEAD = 2  # ranges that a worker does or waits for, so that it is not idle while the next one travels
GPU = "GPU"  # the resource that a worker with a GPU says it has
TRIM, MMAP = -1, -3  # options of mallopt: what is given back at the end of the heap, and what never lies on it
_ONE_AT_A_TIME = threading.Lock()  # ranges of one worker, as a model may keep something from call to call


def require_client(client: Any, cube: AbstractCube | None = None) -> None:
    """Refuse what is no client of a running Dask cluster, and a game of which nothing is to be sent there.

    Args:
        client: None for this process.
        cube: of the game, if it is one.

    Raises:
        ImportError: Dask is not installed.
        TypeError: another object, or a client of coroutines.
        ValueError: the client is closed, or the values of the game are at hand.
    """
    if client is None:
        return
    try:
        from distributed import Client
    except ImportError as error:
        raise ImportError(
            "client is that of a Dask cluster, and dask.distributed is not installed: "
            "pip install 'synergy-effects[distributed]'"
        ) from error
    rule = "client is a distributed.Client, such as Client(LocalCluster())"
    if not isinstance(client, Client):
        raise TypeError(f"{rule}, not {shown(client)}")
    if client.asynchronous:
        raise TypeError(f"{rule}, and this one is asynchronous; make one without asynchronous=True")
    if client.status != "running":
        raise ValueError(f"{rule}, and this one is {client.status}; make another")
    if cube is not None and not isinstance(cube, FunctionCube):
        raise ValueError(
            "a cluster evaluates a torch model or function; this game is of an expression, of trees or a table, whose "
            "values are at hand or cheap: leave client out"
        )


def on_workers(
    client: Any, of: Any, answer: Callable[[Any, Span], T], ranges: Sequence[Span], device: str = "cpu"
) -> Iterator[tuple[Span, T]]:
    """What a function answers to ranges, each with its range, as they come.

    A worker that is lost costs the range it was at, which Dask gives to another one.

    Args:
        client: of the cluster.
        of: what the answers are about; sent once to every worker.
        answer: from that and a range to what is wanted; a function of these alone.
        ranges: those that are wanted.
        device: "cuda" for work that a worker with a GPU must do.

    Raises:
        TypeError: ``of`` cannot be sent.
        ValueError: no worker has a GPU.
        ConnectionError: the cluster is lost.
        RuntimeError: workers are lost again and again over one range, or have other versions than this process.
        Exception: whatever ``answer`` raises there.
    """
    from distributed import CancelledError, KilledWorker, as_completed

    name, data, resources = f"synergy-{uuid.uuid4().hex}", packed(of), _resources(client, device)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Sending large graph")
        parcel = client.submit(Parcel, data, _setting(), key=f"{name}-parcel", pure=False, resources=resources)
    waiting, running = iter(ranges), as_completed()
    spans: dict[str, Span] = {}
    try:
        while True:
            for span in islice(waiting, max(0, _at_once(client) - running.count())):
                key = f"{name}-{span[0]}-{span[1]}"
                spans[key] = span
                running.add(client.submit(_answered, answer, parcel, span, key=key, pure=False, resources=resources))
            future = next(running, None)
            if future is None:
                return
            found = future.result()
            future.release()
            yield spans[future.key], found
    except KilledWorker as error:
        start, stop = spans.get(str(error.task), (0, 0))
        raise RuntimeError(
            f"several workers were lost over the range {start:,} to {stop - 1:,}, most often because their memory is "
            "full: give them more, or smaller pieces (the chunk of a game)"
        ) from error
    except Exception as error:
        if client.status == "running" and not isinstance(error, CancelledError):
            raise  # one of the function's own
        raise ConnectionError(
            "the cluster is lost: its scheduler answers no more, or its client was closed; start one and call again "
            "(what a checkpoint holds is not paid again)"
        ) from error
    finally:
        _let_go(client, [parcel, *running.futures])


def _at_once(client: Any) -> int:
    """How many ranges are to be on their way; the workers may become more or fewer meanwhile."""
    return AHEAD * max(1, len(workers(client)))


def workers(client: Any) -> list[dict[str, Any]]:
    """What the scheduler knows of the workers there are now."""
    return list(client.scheduler_info(n_workers=-1)["workers"].values())


def _resources(client: Any, device: str) -> dict[str, int] | None:
    if device != "cuda":
        return None
    if not any(GPU in each["resources"] for each in workers(client)):
        raise ValueError(
            "the model is on a GPU, and no worker says that it has one: start them with "
            f"dask worker --resources '{GPU}=1', or move the model and x to the cpu"
        )
    return {GPU: 1}


def _let_go(client: Any, futures: list[Any]) -> None:
    """Stop what nobody waits for any more."""
    if client.status == "running":
        client.cancel(futures, force=True)


def packed(of: Any) -> bytes:
    """Something as bytes, functions and classes of this session included.

    Raises:
        TypeError: it holds what cannot be sent.
    """
    import cloudpickle

    try:
        return bytes(cloudpickle.dumps(of, protocol=pickle.HIGHEST_PROTOCOL))
    except Exception as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise TypeError(
            f"the model cannot be sent to the workers of a cluster: {reason}; a model of torch modules and functions "
            "that hold neither open files, locks nor compiled code can"
        ) from error


@dataclass(frozen=True, eq=False)
class Parcel:
    """What a worker needs: opened once, whatever comes of it, and handed on as it came.

    Args:
        data: what the answers are about, pickled.
        setting: of the process that asks.
    """

    data: bytes
    setting: dict[str, Any]

    def __reduce__(self) -> tuple[Any, ...]:
        return Parcel, (self.data, self.setting)

    @cached_property
    def opened(self) -> Any:
        """The thing itself."""
        there, here = self.setting["versions"], _setting()["versions"]
        if there != here:
            raise RuntimeError(
                f"the numbers of a cluster are those of this process only by the same libraries: here {there}, on a "
                f"worker {here}; install the same there"
            )
        return pickle.loads(self.data)


def _answered(answer: Callable[[Any, Span], T], parcel: Parcel, span: Span) -> T:
    """The answer to one range, on a worker."""
    with _ONE_AT_A_TIME, _as_there(parcel.setting), _memory_kept():
        return answer(parcel.opened, span)


def _setting() -> dict[str, Any]:
    """What the bits of a result depend on, besides the numbers that go in."""
    return {
        "versions": f"torch {torch.__version__}, NumPy {np.__version__}",
        "threads": torch.get_num_threads(),
        "type": torch.get_default_dtype(),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
    }


@contextmanager
def _as_there(setting: dict[str, Any]) -> Iterator[None]:
    """The setting of the process that asks, for a while."""
    before = _setting()
    _set(setting)
    try:
        yield
    finally:
        _set(before)


@contextmanager
def _memory_kept() -> Iterator[None]:
    """Memory that is freed stays with a worker while it computes.

    Dask starts workers, by a variable that GNU's C library reads, so that they give back every 64 KiB at once; a
    network, which frees and takes megabytes at every layer, runs half as fast there.
    """
    given_back = os.environ.get("MALLOC_TRIM_THRESHOLD_", "")
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if given_back.isdecimal() else None
    if mallopt is None:
        yield
        return
    mallopt(TRIM, 2**30)
    mallopt(MMAP, 2**25)
    try:
        yield
    finally:
        mallopt(TRIM, int(given_back))
        mallopt(MMAP, 2**17)


def _set(setting: dict[str, Any]) -> None:
    torch.set_num_threads(setting["threads"])
    torch.set_default_dtype(setting["type"])
    torch.use_deterministic_algorithms(setting["deterministic"])
