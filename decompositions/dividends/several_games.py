"""Several questions to one model, answered from one set of forward passes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import torch

from decompositions import degrees
from decompositions.dividends.harsanyi import harsanyi, of_corners, price
from decompositions.effects.effects import Effects
from decompositions.evaluation import corners as coalitions
from decompositions.evaluation.cost import LIMIT, as_limit, require_limit
from decompositions.evaluation.prefix.prefix import SharedPrefix, shared_prefix
from decompositions.evaluation.several_targets import Question, questions_of
from decompositions.games.game import Game, require_games
from decompositions.models.one_tensor import is_same_call


def harsanyi_all(games: Sequence[Game], *, limit: int = LIMIT) -> list[Effects]:
    """The Harsanyi dividends of several games, in order; those of one model share its forward passes.

    Games that differ only in the target cost as much as one. Those with other inputs, baselines or players of the same
    model fill common batches. Any other game is decomposed on its own.

    Args:
        games: the questions.
        limit: model calls, of all together, above which the work is refused.

    Raises:
        ValueError: too many calls, or an output that is not finite.

    >>> model = torch.nn.Linear(2, 3)
    >>> games = [Game.from_model(model, torch.ones(1, 2), target=target) for target in range(3)]
    >>> [effects.calls for effects in harsanyi_all(games)]
    [4, 0, 0]
    """
    games = require_games(games, "harsanyi_all()")
    limit = as_limit(limit)
    questions = questions_of(games)
    shared = {place for each in questions for place in each.places}
    alone = [i for i in range(len(games)) if i not in shared]
    calls = sum(2 ** len(each.active) for each in questions) + sum(price(games[i]) for i in alone)
    require_limit(calls, limit, "take fewer games")
    found = {i: harsanyi(games[i], limit=limit) for i in alone}
    for each, values in _answers(questions):
        work = coalitions.plain_work(each.cube, each.active)
        seen = coalitions.looked_at(games[each.places[0]], each.cube, work, values[0])
        for i, row in zip(each.places, values, strict=True):
            error = max(each.error, seen if i == each.places[0] else 0.0)
            corners = coalitions.Corners(row, each.how, error, fresh=True)
            paid = 2 ** len(each.active) if i == each.places[0] else 0
            found[i] = of_corners(games[i], each.active, corners, paid)
    return [found[i] for i in range(len(games))]


def _answers(questions: list[Question]) -> Iterator[tuple[Question, torch.Tensor]]:
    """The values at all coalitions, ``(targets, 2**active)``, of every question."""
    groups: list[list[Question]] = []
    for each in questions:
        plan = shared_prefix(each.cube, each.active)
        if plan is not None:
            yield replace(each, plan=plan), _by_plan(each, plan)
        else:
            group = next((group for group in groups if _fills_batches_of(each, group[0])), None)
            if group is None:
                groups.append([each])
            else:
                group.append(each)
    for group in groups:
        yield from zip(group, _in_common_batches(group), strict=True)


def _fills_batches_of(one: Question, other: Question) -> bool:
    """Whether two questions are of one model, at inputs of one shape."""
    alike = one.cube.x.shape == other.cube.x.shape and one.cube.x.dtype == other.cube.x.dtype
    return alike and is_same_call(one.module, other.module)


def _by_plan(question: Question, plan: SharedPrefix) -> torch.Tensor:
    cube, n = question.cube, len(question.active)
    values = question.room()
    for start in range(0, 2**n, cube.chunk):
        stop = min(2**n, start + cube.chunk)
        present = degrees.bits(start, stop, n, cube.device)
        with cube.calling():
            values[:, start:stop] = question.select(plan.suffix.module(plan.rebuild(present)))
        cube.on_calls(len(present))
    return values


def _in_common_batches(group: list[Question]) -> list[torch.Tensor]:
    """Batches that hold the coalitions of several questions, one after the other."""
    chunk = group[0].cube.chunk
    answers = [_Answers(each.room()) for each in group]
    waiting: list[tuple[int, torch.Tensor]] = []
    rows = 0
    for number, each in enumerate(group):
        total = 2 ** len(each.active)
        start = 0
        while start < total:
            stop = min(total, start + chunk - rows)
            waiting.append((number, _inputs(each, start, stop)))
            rows, start = rows + stop - start, stop
            if rows == chunk:
                _run(group, waiting, answers)
                waiting, rows = [], 0
    if waiting:
        _run(group, waiting, answers)
    return [each.values for each in answers]


@dataclass(eq=False)
class _Answers:
    """The values of a question, of which the first are there."""

    values: torch.Tensor
    done: int = 0

    def append(self, some: torch.Tensor) -> None:
        self.values[:, self.done : self.done + some.shape[1]] = some
        self.done += some.shape[1]


def _inputs(question: Question, start: int, stop: int) -> torch.Tensor:
    cube = question.cube
    return cube.inputs(degrees.spread(start, stop, question.active, cube.n, cube.device))[:, 0]


def _run(group: list[Question], waiting: list[tuple[int, torch.Tensor]], answers: list[_Answers]) -> None:
    with group[0].cube.calling():
        outputs = group[0].module(torch.cat([inputs for _, inputs in waiting]))
    for (number, inputs), part in zip(waiting, outputs.split([len(i) for _, i in waiting]), strict=True):
        answers[number].append(group[number].select(part))
        group[number].cube.on_calls(len(inputs))
