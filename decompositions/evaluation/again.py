"""Whether g is a function, and how it rounds: a few of many coalitions, evaluated once more."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch

from decompositions import degrees
from decompositions.evaluation.work import Work
from decompositions.games import noise, trial
from decompositions.games.function_cube import FunctionCube
from decompositions.games.game import Game
from decompositions.games.rows import largest_of, values_of
from decompositions.models.before import Before

AGAIN = 2**-3  # of the coalitions, at most, that are evaluated once more at the end, to see whether g is a function
SAMPLE = 2**6  # of them, at most
SUSPECT = 2**9  # of them, where the function kept something or drew random numbers, or the part above if that is more
ALONE = 5  # that are evaluated alone, too
TRIED = 2**6  # coalitions from which on the rounding error is looked at; fewer are hardly more than were tried before
FEWEST, MOST = 4, 16  # coalitions at which the rounding error is looked at


def error_seen(cube: FunctionCube, work: Work, values: torch.Tensor) -> float:
    """The rounding error of a value, seen where values tell that it may be large; 0 if hardly more than were tried."""
    if cube.device.type == "meta" or work.total < TRIED:
        return 0.0
    places = noise.telling(values, max(FEWEST, min(MOST, work.total // 8))).tolist()
    points = degrees.table(map(work.members, places), cube.n)
    return noise.noise(cube, points.to(cube.device))


def require_same_again(game: Game, cube: FunctionCube, work: Work, values: torch.Tensor, hint: str = "") -> None:
    """Refuse a g that is no function: a few coalitions from all over the table must have the same values once more.

    Some are asked for alone, since rows may depend on each other in large batches only; more are asked for where
    random numbers were drawn or something was kept from call to call.
    """
    if cube.device.type == "meta":
        return
    few = _spread(work.total, ALONE)
    some = asked_again(work.total)
    with cube.calling() as before:
        asked = _Asked(game, cube, work, _unit(cube, values[few + some]), before, hint)
        if len(cube.baseline) <= ALONE:
            asked.require_same(few, values[few], 1)
        else:
            _require_rows_apart(game, cube, work, some or few)
        asked.require_same(some, values[some], cube.chunk)
        if before.drawn() or before.changed():
            many = _spread(work.total, max(SUSPECT, int(AGAIN * work.total)))
            asked.require_same(many, values[many], cube.chunk)


def require_same_at(game: Game, cube: FunctionCube, work: Work, places: list[int], first: torch.Tensor) -> None:
    """Refuse a g that gives other values at some places than ``first``, which others have found there."""
    with cube.calling() as before:
        _Asked(game, cube, work, _unit(cube, first), before, "").require_same(places, first, cube.chunk)


def asked_again(total: int) -> list[int]:
    """The places of the coalitions that are asked for again, all over so many; none of few."""
    return _spread(total, min(SAMPLE, int(AGAIN * total)))


def _unit(cube: FunctionCube, values: torch.Tensor) -> float:
    """How far a value may be from what it was."""
    return trial.ROUNDING * cube.precision * largest_of(values)


@dataclass(frozen=True, eq=False)
class _Asked:
    """A function that is asked again: by how much values may differ, what its models held before, a hint for errors."""

    game: Game
    cube: FunctionCube
    work: Work
    unit: float
    before: Before
    hint: str

    def require_same(self, places: list[int], first: torch.Tensor, chunk: int) -> None:
        again = self.work.at(places, self.cube.by(chunk))
        same = torch.isclose(again, first, rtol=0.0, atol=self.unit, equal_nan=True)
        if same.all():
            return
        worst = int((~same).nonzero()[0])
        where = trial.label(self.game.names, self.work.members(places[worst]))
        why = trial.cause(self.before)
        together = _in_its_batch(self.cube, self.work, places[worst])
        if not self.before.drawn() and torch.isclose(together, first[worst], rtol=0.0, atol=self.unit):
            raise trial.depending(again[worst].item(), first[worst].item(), where)
        raise trial.changing(first[worst].item(), again[worst].item(), where, why, self.hint)


def _require_rows_apart(game: Game, cube: FunctionCube, work: Work, places: list[int]) -> None:
    """The same of a game with many baselines: a few rows of a batch are asked for alone, not all of some coalitions."""
    places = [places[i] for i in _spread(len(places), cube.points_at_once)]
    x = cube.x if len(cube.x) == 1 else cube.x[: cube.chunk]
    part = replace(cube, x=x, baseline=cube.baseline[: cube.chunk], weights=cube.weights[: cube.chunk])
    rows = part.inputs(torch.cat([work.points(place, place + 1) for place in places])).flatten(0, 1)
    together = values_of(cube, rows)
    unit = trial.ROUNDING * cube.precision * largest_of(together)
    for row in _spread(len(rows), ALONE):
        alone = values_of(cube, rows[row : row + 1], 1)[0]
        if not torch.isclose(alone, together[row], rtol=0.0, atol=unit, equal_nan=True):
            coalition, baseline = divmod(row, len(part.baseline))
            where = f"{trial.label(game.names, work.members(places[coalition]))} and baseline {baseline}"
            raise trial.depending(alone.item(), together[row].item(), where)


def _spread(total: int, count: int) -> list[int]:
    """So many places among ``total``, all over them, the first and the last included.

    >>> _spread(9, 3), _spread(2, 3), _spread(8, 1)
    ([0, 4, 8], [0, 1], [0])
    """
    count = min(count, total)
    return [place * (total - 1) // max(1, count - 1) for place in range(count)]


def _in_its_batch(cube: FunctionCube, work: Work, place: int) -> torch.Tensor:
    """g at a coalition together with those with which it was evaluated."""
    size = cube.points_at_once
    start = place // size * size
    return work.values(cube.unwatched(), work.points(start, min(start + size, work.total)))[place - start]
