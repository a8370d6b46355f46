"""Indices of a game of any number of players: unbiased, with standard errors, and refused where they would be noise."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from decompositions.arguments import whole, yes_or_no
from decompositions.evaluation.cluster import require_client
from decompositions.games.function_cube import FunctionCube
from decompositions.games.game import Game, require_game, require_games
from decompositions.games.leaves import leaves
from decompositions.sampling.sample import BUDGET, MOST, Sample, sample, sample_all
from synergy.estimation.correction import corrected, exact
from synergy.estimation.estimation import Estimation
from synergy.estimation.gate import WARNED, require_trust, said
from synergy.estimation.index import index_of
from synergy.estimation.of_leaves import of_leaves
from synergy.estimation.whole import of_all


def estimate(
    game: Game | Sample,
    index: Any = "shapley",
    *,
    budget: int = BUDGET,
    seed: int = 0,
    refuse: bool = True,
    checkpoint: str | Path | None = None,
    client: Any = None,
) -> Estimation:
    r"""An index of all players, or of all pairs, from some of the coalitions: unbiased, and with its standard errors.

    All coalitions of the smallest and largest sizes are evaluated, and pairs z, z̄ = N \\ z between them are drawn, no
    pair twice, with chances q of their sizes. A Gaussian process g on coalitions is trained on the values, one for
    their odd part and one for their even part; its kernels are chosen on one half of the pairs, and what it leaves,
    r = v − g, is looked at on the other half, each pair P being left out of g in turn:

    .. math:: \hat I = \operatorname{mean}_{P} \Bigl( I(g) + \sum_{z' \text{ seen}, \notin P} w(z')\, (v - g)(z')
              + \varrho\, \frac{w(z)\, r(z) + w(\bar z)\, r(\bar z)}{2\, q(|z|)} \Bigr)

    with w the weights of the index on v (in the last term those of all coalitions of a size together) and ϱ the part of
    the pairs of these sizes that the other draws leave, P being any of them. It is unbiased whatever g is worth, and
    the spread of the summands is the standard error. Where all coalitions of the active players fit the budget, the
    index is exact (of more than 2²² coalitions by sums of their values, of which no table is made), and so it is,
    without a call, for a game of :meth:`Game.from_trees`.

    Args:
        game: the question; or a :class:`decompositions.sampling.sample.Sample` of one, for which nothing is paid.
        index: "shapley", "banzhaf"; "sii" (the Shapley interaction index of pairs), "STII", "FSII", "BII", "CHII" and
            others of :data:`synergy.interactions.INDICES`, of order 2, of which the pairs are estimated; or a policy
            that gives all members of a coalition the same by their number alone; that is tried at all coalitions of up
            to 10 players, and at some of more, unless the policy says that it is symmetric.
        budget: model calls.
        seed: of the draws.
        refuse: whether an estimate whose standard errors are more than half of the values (as norms) is an error; from
            a quarter on it is a warning.
        checkpoint: a directory in which values are kept: the same call goes on from there, to the same numbers.
        client: a ``distributed.Client`` of a Dask cluster, whose workers evaluate the coalitions, to the same numbers.

    Raises:
        TypeError, LookupError, ValueError: whatever does not fit, said with the way out; an estimate that is mostly
            noise, with the budget that it would take.

    Reference: musco2025provably, rasmussen2006gaussian

    >>> estimate(Game.from_values([0., 1., 2., 7.])).values.tolist()
    [3.0, 4.0]
    """
    yes_or_no(refuse, "refuse says whether an estimate that is mostly noise is an error")
    whole(budget, "budget is the number of model calls", 0)
    if not isinstance(game, Sample):
        require_game(game, "estimate()")
        require_client(client, game.cube)
        index_of(index, max(1, len(game.cube.active())), game.n)  # before anything is paid
        known = leaves(game.cube)
        if known is not None:
            return of_leaves(known, index, game.names)
        if isinstance(game.cube, FunctionCube) and _beyond(game.cube, budget):
            return of_all(game, game.cube, index, checkpoint, client)
    given = game if isinstance(game, Sample) else sample(game, budget, seed, checkpoint, client)
    found = estimated(given, index)
    if refuse:
        require_trust(found, given)
    if found.trust > WARNED:
        warnings.warn(said(found, given), stacklevel=2)
    return found


def _beyond(cube: FunctionCube, budget: int) -> bool:
    """Whether a budget pays all coalitions, and these are more than a sample may hold."""
    coalitions = 2 ** len(cube.active())
    return MOST < coalitions <= budget // cube.calls_per_point


def estimate_all(
    games: Sequence[Game], index: Any = "shapley", *, budget: int = BUDGET, seed: int = 0, refuse: bool = True
) -> list[Estimation]:
    """The estimates of several games, in order; those that differ only in the target share their model calls.

    Args:
        games: the questions, such as one input's with every class as the target.
        index, seed, refuse: as in :func:`estimate`.
        budget: model calls, of each set of games that share theirs.

    Raises:
        TypeError, LookupError, ValueError: as :func:`estimate`.

    >>> import torch
    >>> model = torch.nn.Linear(12, 3)
    >>> games = [Game.from_model(model, torch.ones(1, 12), target=target) for target in range(3)]
    >>> [found.calls for found in estimate_all(games, budget=500)]
    [500, 0, 0]
    """
    games = require_games(games, "estimate_all()")
    for game in games:
        index_of(index, max(1, len(game.cube.active())), game.n)  # before anything is paid
    sampled = [game for game in games if leaves(game.cube) is None]
    samples = iter(sample_all(sampled, budget, seed))
    given = [game if leaves(game.cube) is not None else next(samples) for game in games]
    return [estimate(each, index, refuse=refuse) for each in given]


def estimated(sample: Sample, index: Any) -> Estimation:
    """The estimate of an index from a sample, whatever it is worth.

    Raises:
        TypeError, LookupError, ValueError: no such index.
    """
    n, active = sample.game.n, list(sample.active)
    wanted = index_of(index, max(1, len(active)), n)
    found = (exact if sample.design.complete else corrected)(sample, wanted)

    def placed(part: np.ndarray) -> np.ndarray:
        table = np.zeros((n,) * wanted.order)
        table[np.ix_(*[active] * wanted.order)] = part * sample.unit
        return table

    return Estimation(
        wanted.name,
        *(placed(found.values), placed(found.error), placed(found.surrogate)),
        r2=found.r2,
        calls=sample.calls,
        coalitions=sample.coalitions,
        names=sample.game.names,
        notes=_notes(sample),
        exact=sample.design.complete,
        rounding=float(np.linalg.norm(found.rounding)) * sample.unit,
    )


def _notes(sample: Sample) -> tuple[str, ...]:
    """What is to be said of a sample."""
    if sample.design.complete:
        return ()
    if not sample.scaled.any():
        return ("the value is the same at all these coalitions, so nothing is seen to have an effect",)
    if any(half.failed for half in sample.halves):
        return ("no surrogate could be trained, so the errors are those of plain sampling",)
    return ()
