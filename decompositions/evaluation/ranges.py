"""The values of ranges of coalitions: one range after the other here, or many at once on the workers of a cluster."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from decompositions.evaluation.cluster import Span, on_workers
from decompositions.evaluation.work import Work
from decompositions.games.function_cube import FunctionCube


@dataclass(frozen=True, eq=False)
class Evaluated:
    """The values of one range.

    Args:
        span: its first coalition, and the one behind its last.
        values: Shape ``(range,)``, float64.
        chunk: by which they were evaluated.
    """

    span: Span
    values: torch.Tensor
    chunk: int


def here(cube: FunctionCube, work: Work, ranges: Sequence[Span]) -> Iterator[Evaluated]:
    """The values of some ranges, in order, each by the chunk that fitted the one before."""
    for span in ranges:
        found = evaluated(cube, work, span)
        cube = cube.by(found.chunk)
        yield found


def there(cube: FunctionCube, work: Work, ranges: Sequence[Span], client: Any) -> Iterator[Evaluated]:
    """The same values, as they come from the workers of a cluster; the cube's watchers are told of every range."""
    remote = _Remote(cube.unwatched(), work)
    for span, (values, chunk, calls) in on_workers(client, remote, _Remote.answer, ranges, cube.device.type):
        cube.on_calls(calls)
        yield Evaluated(span, values.to(cube.weights.device), chunk)


@dataclass(eq=False)
class _Remote:
    """Some work on a worker, by the chunk that fits there."""

    cube: FunctionCube
    work: Work

    def answer(self, span: Span) -> tuple[torch.Tensor, int, int]:
        """The values of a range, the chunk by which they were evaluated, and the calls that were made."""
        calls = 0

        def report(count: int) -> None:
            nonlocal calls
            calls += count

        with self.cube.calling():
            found = evaluated(self.cube.watched(report), self.work, span)
        self.cube = self.cube.by(found.chunk)
        return found.values.cpu(), found.chunk, calls


def evaluated(cube: FunctionCube, work: Work, span: Span) -> Evaluated:
    """Evaluate one range in batches of one size: where memory runs out, all of it anew by half the chunk.

    Raises:
        MemoryError: not even one input fits.
    """
    start, stop = span
    points = work.points(start, stop)
    values = torch.zeros(stop - start, dtype=cube.weights.dtype, device=cube.weights.device)
    while True:
        done = 0
        try:
            for some in points.split(cube.points_at_once):
                values[done : done + len(some)] = work.values(cube, some)
                done += len(some)
            return Evaluated(span, values, cube.chunk)
        except Exception as error:
            last = min(done + cube.points_at_once, len(points)) - 1
            cube = _smaller(cube, error, f"coalitions {start + done:,} to {start + last:,} of {work.total:,}")


def _smaller(cube: FunctionCube, error: Exception, where: str) -> FunctionCube:
    """The cube by half the chunk if memory ran out; the error with its place if not."""
    try:
        return cube.halved(error)
    except Exception as final:
        final.add_note(f"in the evaluation of the {where} (positions in the table)")
        raise
