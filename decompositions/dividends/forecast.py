"""What a decomposition will take, in calls, tasks, bytes and hours, before any of it is paid."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import torch

from decompositions import degrees
from decompositions.arguments import whole
from decompositions.counts import count, several
from decompositions.evaluation import corners
from decompositions.evaluation.cluster import packed, require_client, workers
from decompositions.evaluation.spans import range_length
from decompositions.evaluation.work import Work
from decompositions.games.function_cube import FunctionCube
from decompositions.games.game import Game, require_game

BATCHES = 5  # that are timed, the first one apart
FLOAT = 8  # bytes
REACHED = 2**62  # coalitions among which those that are timed are taken
UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")


@dataclass(frozen=True)
class Forecast:
    """What the values of many coalitions will take.

    Args:
        order: the largest number of players of a coalition; None for all of them.
        players: that are no null players.
        coalitions: how many.
        calls: of the model, or of what is left of it behind a shared prefix.
        how: by what shortcuts; empty for none.
        tasks: ranges of coalitions, each a task of a cluster.
        length: coalitions in one of them.
        sent: bytes that travel to every worker once; None without a cluster.
        workers: of the cluster; None without one.
        seconds: of one coalition on one worker, as measured here.
        measured: coalitions by which it was.
    """

    order: int | None
    players: int
    coalitions: int
    calls: int
    how: str
    tasks: int
    length: int
    sent: int | None
    workers: int | None
    seconds: float
    measured: int

    @property
    def values(self) -> int:
        """Bytes of all values: what comes back from workers for dividends, and what these take."""
        return FLOAT * self.coalitions

    def sums(self, order: int) -> int:
        """Bytes that come back for an index of players (order 1) or pairs (2), whose values are summed on the workers.

        >>> forecast(Game.from_function(lambda z: z.sum(1), [1.0] * 30)).sums(2)
        223448
        """
        return FLOAT * (self.players + 1) * (1 + self.players**order)

    @property
    def time(self) -> Fraction:
        """Seconds in this process, of so many coalitions that no float may hold them."""
        return Fraction(self.seconds) * self.coalitions

    def __str__(self) -> str:
        which = "all" if self.order is None else f"of at most {self.order} players:"
        rows = [
            ("model calls", f"{count(self.calls)}{f'; {self.how}' if self.how else ''}"),
            ("tasks", f"{several(self.tasks, 'range')} of {several(self.length, 'coalition')}"),
        ]
        if self.sent is not None:
            rows.append(("sent", f"{_size(self.sent)} to every worker, once"))
        rows += [("values", f"{_size(self.values)}, for dividends, which take their places")]
        if self.order is None:
            sums = f"{_size(self.sums(1))} a task for an index of players, {_size(self.sums(2))} of pairs"
            rows.append(("sums instead", sums))
        each = f"{_duration(Fraction(self.seconds))} a coalition, as measured on {count(self.measured)}"
        rows.append(("time", f"{_duration(self.time)} in this process: {each}"))
        if self.workers:
            rows.append(("", f"{_duration(self.time / self.workers)} by {several(self.workers, 'worker')} as fast"))
        title = f"{which} {count(self.coalitions)} coalitions of {several(self.players, 'player')}"
        return "\n".join([title, *(f"  {name:<13}{text}" for name, text in rows)])


def forecast(game: Game, order: int | None = None, *, client: Any = None) -> Forecast:
    """What :func:`~decompositions.dividends.harsanyi.harsanyi` would take, by a few batches that are timed.

    Args:
        game: the question, of a torch model or function.
        order: the largest number of players of a coalition; None for all 2ⁿ.
        client: a ``distributed.Client`` of the Dask cluster whose workers would evaluate the coalitions.

    Returns:
        It prints. An index of all 2ⁿ (:func:`synergy.estimate` with that budget) takes the same time, and of the values
        only their sums come back.

    Raises:
        TypeError, ValueError: no such game, order or client.

    >>> forecast(Game.from_function(lambda z: z.prod(1), [1.0] * 30)).coalitions
    1073741824
    """
    require_game(game, "forecast()")
    require_client(client, game.cube)
    cube, active = game.cube, game.cube.active()
    if not isinstance(cube, FunctionCube):
        raise ValueError(
            "a forecast is of a torch model or function; this game is of an expression, of trees or a table, whose "
            "values are at hand or cheap: ask for its effects at once"
        )
    if order is not None:
        order = whole(order, "order is the largest number of players of a coalition", 1)
    work = _work(cube, active, order)
    seconds, measured = _timed(cube.unwatched(), work)
    length = min(work.total, range_length(work.total, cube.points_at_once))
    return Forecast(
        order,
        len(active),
        work.total,
        work.total * cube.calls_per_point,
        work.how,
        -(-work.total // length),
        length,
        None if client is None else len(packed((cube.unwatched(), work))),
        None if client is None else len(workers(client)),
        seconds,
        measured,
    )


def _work(cube: FunctionCube, active: tuple[int, ...], order: int | None) -> Work:
    """The coalitions; of those up to an order only as many as there are, as one takes as long as another."""
    if order is None or order >= len(active):
        return corners.all_work(cube, active)[0]
    total, n, device = degrees.count_up_to_order(len(active), order) + 1, cube.n, cube.device
    every = 2 ** len(active)
    return Work(
        total,
        lambda start, stop: degrees.spread(start % every, start % every + stop - start, active, n, device),
        FunctionCube.values_at_once,
        lambda row: corners.members(row, active),
    )


def _timed(cube: FunctionCube, work: Work) -> tuple[float, int]:
    """Seconds of one coalition, by the median of a few batches from all over them, and how many were evaluated."""
    size = min(work.total, cube.points_at_once)
    found, measured = [], 0
    with cube.calling():
        for batch in range(1 + BATCHES):
            start = (min(work.total, REACHED) - size) * batch // BATCHES
            begun = time.perf_counter()
            work.values(cube, work.points(start, start + size))
            _wait(cube.device)
            found.append((time.perf_counter() - begun) / size)
            measured += size
    return statistics.median(found[1:]), measured


def _wait(device: torch.device) -> None:
    if device.type in ("cuda", "mps"):
        getattr(torch, device.type).synchronize()


def _size(size: int) -> str:
    """Bytes as a person reads them.

    >>> _size(2**33), _size(1536), _size(7)
    ('8 GiB', '1.5 KiB', '7 B')
    """
    power = max(0, (size.bit_length() - 1) // 10)
    return f"{size / 2 ** (10 * power):.3g} {UNITS[power]}" if power < len(UNITS) else f"{count(size)} B"


def _duration(seconds: Fraction) -> str:
    """A time as a person reads it.

    >>> _duration(Fraction(7000)), _duration(Fraction(3, 10**6)), _duration(Fraction(90))
    ('1.9 h', '3 µs', '1.5 min')
    """
    for unit, length in (("years", 31_557_600), ("days", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        if seconds >= length:
            return (
                f"{float(seconds / length):.2g} {unit}"
                if seconds < 100 * length
                else f"{count(int(seconds / length))} {unit}"
            )
    return f"{float(seconds) * 1e3:.2g} ms" if seconds >= 1e-3 else f"{float(seconds) * 1e6:.2g} µs"
