"""Sums of a game's values over all its coalitions, range by range, so that the table of them is never there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import torch

from decompositions import degrees
from decompositions.evaluation import corners
from decompositions.evaluation.again import asked_again, require_same_again, require_same_at
from decompositions.evaluation.checkpoint import Checkpoint
from decompositions.evaluation.cluster import Span, on_workers
from decompositions.evaluation.ranges import evaluated
from decompositions.evaluation.spans import range_length, spans
from decompositions.evaluation.work import Work
from decompositions.games import trial
from decompositions.games.function_cube import FunctionCube
from decompositions.games.game import Game

T = TypeVar("T")
BLOCK = 2**15  # values that are added up together


@dataclass(frozen=True, eq=False)
class Sums:
    r"""Sums of v − v(∅) over the coalitions of each size, float64.

    .. math:: A_s = \sum_{|T| = s} (v(T) - v(\varnothing)), \qquad A_{s, i} = \sum_{|T| = s,\ T \ni i} (\dots), \qquad
              A_{s, ij} = \sum_{|T| = s,\ T \ni i, j} (\dots)

    Args:
        sizes: A_s. Shape ``(n+1,)``.
        within: A_{s, i}, ``(n+1, n)``, or A_{s, ij}, ``(n+1, n, n)``, with A_{s, i} on the diagonal.
        seen: v at a few places all over the table.
    """

    sizes: torch.Tensor
    within: torch.Tensor
    seen: dict[int, float]

    def plus(self, other: Sums) -> Sums:
        """The sums of both."""
        return Sums(self.sizes + other.sizes, self.within + other.within, self.seen | other.seen)


def summed(
    game: Game,
    cube: FunctionCube,
    active: tuple[int, ...],
    order: int,
    checkpoint: Checkpoint | None = None,
    client: Any = None,
) -> tuple[Sums, str]:
    """The sums of all values of a game's active players; of each of its ranges only these are kept, or travel.

    Args:
        game: the question.
        cube: g.
        active: players.
        order: 1 for sums by player, 2 by pair.
        checkpoint: where the values themselves are kept, which then must find room.
        client: of a Dask cluster, whose workers evaluate all ranges but the first.

    Returns:
        The sums, and by what shortcuts the values were computed.

    Raises:
        ValueError: a value that is not finite, or not the same when asked again (the coalition is named).
    """
    if checkpoint is not None:
        return _of_kept(game, active, order, corners.corners(game, active, checkpoint, client))
    with cube.calling():
        work, _ = corners.all_work(cube, active)
        first, *others = spans(work.total, range_length(work.total, cube.points_at_once))
        values = evaluated(cube, work, first).values
        require_same_again(game, cube, replace(work, total=len(values)), values)
        places = asked_again(work.total)
        task = _Task(cube.unwatched(), work, order, float(values[0]), game.names, tuple(places))
        sums = task.of(values, first)
        for each in _here(replace(task, cube=cube), others) if client is None else _there(task, cube, others, client):
            sums = sums.plus(each)
        seen = torch.tensor([sums.seen[place] for place in places], dtype=values.dtype, device=values.device)
        require_same_at(game, cube, work, places, seen)
        return sums, work.how


def _of_kept(game: Game, active: tuple[int, ...], order: int, found: corners.Corners) -> tuple[Sums, str]:
    """The sums of values that are at hand."""
    corners.require_finite(found.values, lambda row: corners.label(game, corners.members(row, active)))
    return _added(found.values, 0, len(active), order, float(found.values[0])), found.how


def _added(values: torch.Tensor, start: int, n: int, order: int, empty: float) -> Sums:
    """The sums of some values.

    Args:
        values: of coalitions that follow each other.
        start: the first of these.
        n: players.
        order: of the sums.
        empty: v(∅).
    """
    sizes, within = torch.zeros(n + 1, dtype=torch.float64), torch.zeros((n + 1, *[n] * order), dtype=torch.float64)
    for some in spans(len(values), BLOCK):
        gains = values[slice(*some)].double() - empty
        members = degrees.bits(start + some[0], start + some[1], n, gains.device).double()
        by_size = members.sum(1).long()
        for size in by_size.unique().tolist():
            gain, member = gains[by_size == size], members[by_size == size]
            sizes[size] += float(gain.sum())
            within[size] += (gain @ member if order == 1 else (member * gain[:, None]).T @ member).cpu()
    return Sums(sizes, within, {})


@dataclass(frozen=True, eq=False)
class _Task:
    """The sums of ranges, on a worker or here.

    Args:
        cube: g.
        work: all coalitions.
        order: of the sums.
        empty: v(∅).
        names: of the players.
        places: at which the values are to be seen.
    """

    cube: FunctionCube
    work: Work
    order: int
    empty: float
    names: tuple[str, ...]
    places: tuple[int, ...]

    def answer(self, span: Span) -> tuple[Sums, int]:
        """The sums of a range and the calls for it."""
        calls = 0

        def report(count: int) -> None:
            nonlocal calls
            calls += count

        with self.cube.calling():
            values = evaluated(self.cube.watched(report), self.work, span).values
        return self.of(values, span), calls

    def of(self, values: torch.Tensor, span: Span) -> Sums:
        """The sums of the values of a range."""
        start, stop = span
        corners.require_finite(values, lambda row: trial.label(self.names, self.work.members(start + row)))
        seen = {place: float(values[place - start]) for place in self.places if start <= place < stop}
        players = (self.work.total - 1).bit_length()
        return replace(_added(values, start, players, self.order, self.empty), seen=seen)


def _here(task: _Task, ranges: Sequence[Span]) -> Iterator[Sums]:
    for span in ranges:
        yield task.answer(span)[0]


def _there(task: _Task, cube: FunctionCube, ranges: Sequence[Span], client: Any) -> Iterator[Sums]:
    for sums, calls in _in_order(on_workers(client, task, _Task.answer, ranges, cube.device.type), ranges):
        cube.on_calls(calls)
        yield sums


def _in_order(found: Iterable[tuple[Span, T]], ranges: Sequence[Span]) -> Iterator[T]:
    """Answers in the order of the ranges, as a sum depends on it to the last bit; those that came early wait."""
    early: dict[Span, T] = {}
    wanted = iter(ranges)
    following = next(wanted, None)
    for span, answer in found:
        early[span] = answer
        while following in early:
            yield early.pop(following)
            following = next(wanted, None)
