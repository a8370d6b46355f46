"""Evaluating g at many corners: in chunks, with progress, and without the null players."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from decompositions import counts, degrees
from decompositions.arithmetic import Array, concatenate, is_exact
from decompositions.evaluation.again import error_seen, require_same_again
from decompositions.evaluation.checkpoint import Checkpoint
from decompositions.evaluation.prefix import prefix
from decompositions.evaluation.ranges import here, there
from decompositions.evaluation.spans import RANGE, range_length, spans
from decompositions.evaluation.work import Work
from decompositions.games import trial
from decompositions.games.function_cube import FunctionCube
from decompositions.games.game import Game
from decompositions.games.table_cube import TableCube
from decompositions.memory import needed

OR_ANOTHER = "; or the checkpoint is of another function, then give another directory"
BLOCK = 2**20  # values that are looked at together


@dataclass(frozen=True, eq=False)
class Corners:
    """g at all coalitions of the active players.

    Args:
        values: position = bitmask over the active players. Shape ``(..., 2**active)``.
        how: by what shortcuts they were computed; empty for none.
        error: of a value, in units of f, seen on samples: of the shortcuts and of the function's own rounding.
        fresh: whether nobody else holds the values, so that they may be overwritten.
    """

    values: Array
    how: str = ""
    error: float = 0.0
    fresh: bool = True


def corners(game: Game, active: tuple[int, ...], checkpoint: Checkpoint | None = None, client: Any = None) -> Corners:
    """g at all coalitions of the ``active`` players, by the cheapest way that gives the same numbers.

    Args:
        game: the question.
        active: players.
        checkpoint: where values are kept.
        client: of a Dask cluster, whose workers evaluate a torch model or function.

    Raises:
        ValueError: g is no function: a coalition evaluated once more has another value.
    """
    total, n, cube = 2 ** len(active), game.n, game.cube
    if isinstance(cube, TableCube) and total == cube.table.shape[-1]:
        return Corners(cube.table, fresh=False)
    if not isinstance(cube, FunctionCube):
        ranges = spans(total, RANGE)
        parts = [game(degrees.spread(start, stop, active, n, cube.device)) for start, stop in ranges]
        return Corners(concatenate(parts, -1))
    work, error = all_work(cube, active)
    found = _evaluated(game, cube, work, checkpoint, client)
    return replace(found, error=max(found.error, error))


def all_work(cube: FunctionCube, active: tuple[int, ...]) -> tuple[Work, float]:
    """All coalitions of the active players by the cheapest way, and how far it may be from the whole network's."""
    plan = _shortcut(cube.unwatched(), active)
    if plan is None:
        return plain_work(cube, active), 0.0
    players, device = plan.players, cube.device
    work = Work(
        2 ** len(active),
        lambda start, stop: degrees.bits(start, stop, players, device),
        plan.values_at_once,
        lambda row: members(row, active),
        plan.description,
    )
    return work, plan.error


def looked_at(game: Game, cube: FunctionCube, work: Work, values: torch.Tensor) -> float:
    """The error of a value of g at the coalitions of some work, as it is seen at a few of them.

    Raises:
        ValueError: g gives other values there than before; the coalition is named.
    """
    require_same_again(game, cube, work, values)
    return error_seen(cube, work, values)


def members(row: int, active: tuple[int, ...]) -> tuple[int, ...]:
    """The players of the coalition at a position of :func:`corners`.

    >>> members(5, (0, 2, 4))
    (0, 4)
    """
    return tuple(active[j] for j in degrees.coalition(row))


def label(game: Game, coalition: tuple[int, ...]) -> str:
    """A coalition in the players' names."""
    return trial.label(game.names, coalition)


def _shortcut(cube: FunctionCube, active: tuple[int, ...]) -> prefix.SharedPrefix | None:
    while True:
        try:
            return prefix.shared_prefix(cube, active)
        except (RuntimeError, MemoryError) as error:
            cube = cube.halved(error)


def dense(game: Game, active: tuple[int, ...]) -> Array:
    """The values of :func:`corners`."""
    return corners(game, active).values


def rows(
    game: Game,
    table: Callable[[int, int], np.ndarray],
    total: int,
    checkpoint: Checkpoint | None = None,
    client: Any = None,
) -> Corners:
    """g at the coalitions of a table of zeros and ones, of which some rows are made at a time.

    Args:
        game: the question.
        table: from the first and the last but one of some rows to these. Shape ``(stop−start, n)``.
        total: how many rows there are.
        checkpoint: where values are kept.
        client: as in :func:`corners`.

    Returns:
        Values of shape ``(..., total)``.
    """
    if isinstance(game.cube, FunctionCube):
        return _evaluated(game, game.cube, some_work(game.cube, table, total), checkpoint, client)
    parts = (game.points(table(*some).astype(bool)) for some in spans(total, RANGE))
    return Corners(concatenate([game.cube.values(points) for points in parts], -1))


def some_work(cube: FunctionCube, table: Callable[[int, int], np.ndarray], total: int) -> Work:
    """The coalitions of a table of zeros and ones, of which some rows are made at a time, as in :func:`rows`."""
    device = cube.device  # alone, as work may travel, and what watches a cube may not
    return Work(
        total,
        lambda start, stop: torch.from_numpy(table(start, stop) > 0).to(device),
        FunctionCube.values_at_once,
        lambda row: degrees.support(table(row, row + 1)[0]),
    )


def plain_work(cube: FunctionCube, active: tuple[int, ...]) -> Work:
    """All coalitions of the active players, without shortcuts."""
    n, device = cube.n, cube.device
    return Work(
        2 ** len(active),
        lambda start, stop: degrees.spread(start, stop, active, n, device),
        FunctionCube.values_at_once,
        lambda row: members(row, active),
    )


def _evaluated(game: Game, cube: FunctionCube, work: Work, checkpoint: Checkpoint | None, client: Any) -> Corners:
    """g at all coalitions of some work; whatever its model keeps from call to call is put back only at the end."""
    with cube.calling():
        values, cube = _range_by_range(cube, work, checkpoint, client)
        require_same_again(game, cube, work, values, "" if checkpoint is None else OR_ANOTHER)
        return Corners(values, work.how, error_seen(cube, work, values))


def _range_by_range(
    cube: FunctionCube, work: Work, checkpoint: Checkpoint | None, client: Any
) -> tuple[torch.Tensor, FunctionCube]:
    """The values, of which those that a checkpoint holds are not evaluated, and the cube by the chunk that fits."""
    values = room(work.total, cube)
    ranges = spans(work.total, range_length(work.total, cube.points_at_once))
    if checkpoint is not None:
        cube = checkpoint.restore(values, work, cube)
        ranges = [each for each in ranges if each not in checkpoint.kept]
    for found in here(cube, work, ranges) if client is None else there(cube, work, ranges, client):
        start, stop = found.span
        values[start:stop] = found.values
        cube = cube.by(min(cube.chunk, found.chunk))
        if checkpoint is not None:
            checkpoint.keep(start, found.values, work.how, found.chunk)
    return values, cube


def room(total: int, cube: FunctionCube, targets: int | None = None) -> torch.Tensor:
    """Zeros for the values of so many coalitions, of one target or of several.

    Raises:
        MemoryError: they do not fit.
    """
    shape = (total,) if targets is None else (targets, total)
    size = cube.weights.dtype.itemsize * total * (targets or 1)
    with needed(f"the values of {counts.count(total)} coalitions", size, cube.weights.device):
        return torch.zeros(shape, dtype=cube.weights.dtype, device=cube.weights.device)


def require_finite(values: Array, name: Callable[[int], str]) -> None:
    """Refuse values that are no finite numbers.

    Args:
        values: Shape ``(..., m)``.
        name: of a position along the last axis.

    Raises:
        ValueError: names the first coalition whose value is NaN or infinite.
    """
    if is_exact(values):
        return
    count, first, table = 0, -1, values.reshape(-1, values.shape[-1])
    for start, stop in spans(table.shape[-1], BLOCK):
        wrong = ~torch.isfinite(table[:, start:stop]).all(0)
        if wrong.any():
            first = start + int(wrong.nonzero()[0]) if first < 0 else first
            count += int(wrong.sum())
    if count:
        value = table[:, first]
        bad = value[~torch.isfinite(value)][0].item()
        raise ValueError(
            f"the output is {bad} for the coalition {name(first)} ({count} of {table.shape[-1]} are not finite); "
            "a decomposition needs finite values: look at the model's output there"
        )
