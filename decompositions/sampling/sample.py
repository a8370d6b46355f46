"""The values of a game at the coalitions of a design: what every estimate and every search starts from."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from decompositions import degrees
from decompositions.arguments import whole
from decompositions.arithmetic import Array, to_float
from decompositions.dividends.noise import evaluation_noise
from decompositions.evaluation import corners
from decompositions.evaluation.checkpoint import opened
from decompositions.evaluation.cluster import require_client
from decompositions.evaluation.cost import with_progress
from decompositions.evaluation.several_targets import Question, questions_of
from decompositions.games.function_cube import FunctionCube
from decompositions.games.game import Game, require_game, require_games
from decompositions.sampling.design import Design, design, least
from decompositions.sampling.left_out import Half, halves

BUDGET = 5000  # model calls
MOST = 2**22  # coalitions


@dataclass(frozen=True, eq=False)
class Sample:
    """A game's values at the coalitions of a design over its active players.

    Args:
        game: the question.
        design: over the players that are no null players, in order.
        values: of the rows of ``design.table()``. Shape ``(rows,)``, float64.
        noise: rounding error of one value.
        coalitions: that were evaluated; one that was drawn twice is evaluated once.
        calls: model calls that were paid for them.
    """

    game: Game
    design: Design
    values: np.ndarray
    noise: float
    coalitions: int
    calls: int

    @property
    def active(self) -> tuple[int, ...]:
        """The players of the design."""
        return self.game.cube.active()

    @property
    def unit(self) -> float:
        """A power of two as large as the largest difference from the baseline's value; 1 where all are alike."""
        largest = float(np.abs(self.values - self.values[0]).max())
        return 2.0 ** math.frexp(largest)[1] if largest else 1.0

    @property
    def scaled(self) -> np.ndarray:
        """The differences from the baseline's value, in that unit. Shape ``(rows,)``."""
        return (self.values - self.values[0]) / self.unit

    @cached_property
    def halves(self) -> tuple[Half, Half]:
        """The surrogates and what they leave, in that unit; of a design that is not complete. Computed once."""
        return halves(self.design, self.scaled)


def sample(
    game: Game, budget: int = BUDGET, seed: int = 0, checkpoint: str | Path | None = None, client: Any = None
) -> Sample:
    """Evaluate a game at as many coalitions as a budget allows; at all of them where they fit.

    Args:
        game: the question.
        budget: model calls.
        seed: of the draws.
        checkpoint: a directory in which finished ranges of values are kept, as in
            :func:`decompositions.dividends.harsanyi.harsanyi`.
        client: of a Dask cluster, whose workers evaluate the coalitions, as there.

    Raises:
        TypeError: no whole numbers.
        ValueError: a budget that is too small (the least one is said), a table of several games, or a value that is not
            finite (the coalition is named).

    >>> sample(Game.from_values([0., 1., 2., 7.])).values.tolist()
    [0.0, 1.0, 2.0, 7.0]
    """
    require_game(game, "an estimate")
    require_client(client, game.cube)
    active, each = game.cube.active(), max(1, game.cube.calls_per_point)
    plan, table, places = _planned(game, budget, seed)
    described = f"{budget} calls drawn with seed {seed}"
    with opened(checkpoint, game, active, described, len(table)) as store:
        done, calls = store.done * each if store else 0, each * len(table)
        found, _ = with_progress(
            game,
            calls,
            "coalitions",
            lambda g: corners.rows(g, lambda start, stop: table[start:stop], len(table), store, client),
            done,
        )
    return _looked_at(game, plan, (table, places), found.values, found.error, calls)


def price(game: Game, budget: int = BUDGET, seed: int = 0) -> int:
    """The model calls that :func:`sample` makes: a coalition that is drawn twice is evaluated once.

    >>> price(Game.from_function(lambda z: z.sum(1), [1.0, 2.0, 3.0]))
    8
    """
    return len(_planned(game, budget, seed)[1]) * game.cube.calls_per_point


def sample_all(games: Sequence[Game], budget: int = BUDGET, seed: int = 0) -> list[Sample]:
    """The samples of several games, in order; those that differ only in the target share their model calls.

    Args:
        games: the questions.
        budget: model calls, of each set of games that share theirs.
        seed: of the draws.

    Raises:
        TypeError, ValueError: as :func:`sample`.

    >>> import torch
    >>> model = torch.nn.Linear(12, 3)
    >>> games = [Game.from_model(model, torch.ones(1, 12), target=target) for target in range(3)]
    >>> [each.calls for each in sample_all(games, budget=500)]
    [500, 0, 0]
    """
    games = require_games(games, "sample_all()")
    found: dict[int, Sample] = {}
    for question in questions_of(games):
        if len(question.places) > 1:
            found.update(_of_targets(question, games, budget, seed))
    return [found[place] if place in found else sample(game, budget, seed) for place, game in enumerate(games)]


def _of_targets(question: Question, games: Sequence[Game], budget: int, seed: int) -> Iterator[tuple[int, Sample]]:
    """The place of every game of a question with its sample; the first of them pays."""
    first = games[question.places[0]]
    plan, table, places = _planned(first, budget, seed)
    values, calls = question.at(table), len(table) * first.cube.calls_per_point
    work = corners.some_work(question.cube, lambda start, stop: table[start:stop], len(table))
    for place, row in zip(question.places, values, strict=True):
        game = games[place]
        assert isinstance(game.cube, FunctionCube)
        error = corners.looked_at(game, game.cube, work, row)
        yield place, _looked_at(game, plan, (table, places), row, error, calls)
        calls = 0


def _looked_at(
    game: Game, plan: Design, rows: tuple[np.ndarray, np.ndarray], values: Array, error: float, calls: int
) -> Sample:
    """The sample of the values at some coalitions, which are the first of ``rows``, as :func:`_planned` gives them.

    Raises:
        ValueError: values of several games, or one that is not finite.
    """
    table, places = rows
    corners.require_finite(values, lambda row: corners.label(game, degrees.support(table[row])))
    if values.ndim != 1:
        raise ValueError(
            f"an estimate is of one game, and this table is of several, of shape {tuple(values.shape[:-1])}; "
            "give them one by one, each as Game.from_values(table[place])"
        )
    noise = max(evaluation_noise(game, values), error)
    return Sample(game, plan, to_float(values)[places], noise, len(table), calls)


def _planned(game: Game, budget: int, seed: int) -> tuple[Design, np.ndarray, np.ndarray]:
    """The design that a budget pays, its coalitions, each once, and where each row of the design is among them.

    Raises:
        TypeError, ValueError: no whole numbers, or a budget that is too small.
    """
    active, each = game.cube.active(), max(1, game.cube.calls_per_point)
    budget = whole(budget, f"budget is the number of model calls, for {len(active)} players", each * least(len(active)))
    seed = whole(seed, "seed is that of the coalitions that are drawn", 0)
    plan = design(len(active), min(budget // each, MOST), seed)
    return plan, *_distinct(plan, active, game.n)


def _distinct(plan: Design, active: tuple[int, ...], n: int) -> tuple[np.ndarray, np.ndarray]:
    """The coalitions of a design among n players, each once, and where each of its rows is among them."""
    drawn = plan.table()[len(plan.border) :]
    once, places = np.unique(drawn, axis=0, return_inverse=True) if len(drawn) else (drawn, np.zeros(0, np.int64))
    table = np.zeros((len(plan.border) + len(once), n), dtype=np.uint8)
    table[:, list(active)] = np.concatenate([plan.border, once])
    return table, np.concatenate([np.arange(len(plan.border)), len(plan.border) + places.reshape(-1)])
