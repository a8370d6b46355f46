"""Indices from the values of all coalitions, of more players than a table of the values is kept for."""

from __future__ import annotations

import math
from math import comb
from pathlib import Path
from typing import Any

import numpy as np

from decompositions.evaluation.checkpoint import opened
from decompositions.evaluation.cost import with_progress
from decompositions.evaluation.sums import Sums, summed
from decompositions.games.function_cube import FunctionCube
from decompositions.games.game import Game
from synergy.estimation.estimation import Estimation
from synergy.estimation.index import Index, index_of


def of_all(
    game: Game, cube: FunctionCube, index: Any, checkpoint: str | Path | None = None, client: Any = None
) -> Estimation:
    r"""The exact index from sums of all values, by size and by who is in, of which no table is made.

    .. math:: I(S) = \sum_s \binom ns^{-1} \sum_j W_{j, s} \sum_{|T| = s,\ |S \cap T| = j} v(T)

    Args:
        game: the question.
        cube: its g.
        index: as in :func:`synergy.estimation.estimate.estimate`.
        checkpoint: a directory in which the values are kept; then there must be room for all of them.
        client: of a Dask cluster; its workers send sums only.

    Raises:
        ValueError: a value that is not finite, or not the same when asked again (the coalition is named).
    """
    active = cube.active()
    wanted = index_of(index, len(active), game.n)
    calls = 2 ** len(active) * cube.calls_per_point
    with opened(checkpoint, game, active, None) as store:

        def work(watched: Game) -> tuple[Sums, str]:
            assert isinstance(watched.cube, FunctionCube)
            return summed(watched, watched.cube, active, wanted.order, store, client)

        done = store.done * cube.calls_per_point if store else 0
        (sums, how), _ = with_progress(game, calls, "all coalitions", work, done)
    values = np.zeros((game.n,) * wanted.order)
    values[np.ix_(*[list(active)] * wanted.order)] = of_sums(wanted, sums)
    note = "; ".join(["exact: the values of all coalitions", *[how] * bool(how)])
    return Estimation(
        wanted.name,
        values,
        0 * values,
        values,
        math.nan,
        calls,
        2 ** len(active),
        game.names,
        (note,),
        exact=True,
    )


def of_sums(index: Index, sums: Sums) -> np.ndarray:
    """An index from the sums of all values. Shape ``(n,)`` or ``(n, n)``, with zeros on the diagonal."""
    sizes, within = sums.sizes.numpy(), sums.within.numpy()
    n = len(sizes) - 1
    weights = index.weights / np.array([float(comb(n, size)) for size in range(n + 1)])
    if index.order == 1:
        none, one = weights
        return none @ sizes + (one - none) @ within
    none, one, both = weights
    single = (one - none) @ np.diagonal(within, axis1=1, axis2=2)
    found = none @ sizes + single[:, None] + single + np.tensordot(both - 2 * one + none, within, 1)
    np.fill_diagonal(found, 0.0)
    return found
