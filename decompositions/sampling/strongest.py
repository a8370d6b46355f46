"""The strongest dividends of a game of many players: proposed by a surrogate, and then evaluated exactly."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import torch

from decompositions import degrees
from decompositions.arguments import whole
from decompositions.arithmetic import to_float
from decompositions.dividends import of_leaves
from decompositions.dividends.known import Known, known
from decompositions.dividends.noise import evaluation_noise
from decompositions.dividends.subsets import MOST, closure
from decompositions.effects.coalitions import Coalitions
from decompositions.effects.effects import Effects
from decompositions.evaluation import corners
from decompositions.evaluation.cost import LIMIT, with_progress
from decompositions.games.game import Game, require_game
from decompositions.games.leaves import leaves
from decompositions.mobius import mobius
from decompositions.sampling.design import least
from decompositions.sampling.proposals import proposals
from decompositions.sampling.sample import BUDGET, Sample, sample

VERIFIED = 5  # of the budget, one part in so many is for the subsets of what the surrogate proposes


def strongest(
    game: Game | Sample,
    k: int = 50,
    *,
    order: int,
    budget: int = BUDGET,
    seed: int = 0,
    checkpoint: str | Path | None = None,
) -> Effects:
    r"""The strongest dividends of at most ``order`` players that are found, each of them exact.

    A surrogate is trained on most of the budget, as in an estimate, and says which coalitions look strong. The rest
    pays for the values at all their subsets, so that each row is

    .. math:: J(S) = \sum_{T \subseteq S} (-1)^{|S| - |T|} g(1_T)

    and no guess; one below its own noise floor is left out, unless all are there. That none is stronger is not said:
    ``effects.remainder`` is what all other coalitions add up to. Of a game of :meth:`Game.from_trees` all dividends are
    looked at, without a call, and none is stronger.

    Args:
        game: the question; or a :class:`decompositions.sampling.sample.Sample` of one, which is not paid again.
        k: how many.
        order: the largest number of players of a coalition.
        budget: model calls, a fifth of them for the exact values; where a sample is given, further calls.
        seed: of the draws.
        checkpoint: a directory in which the values of the sample are kept.

    Raises:
        TypeError, ValueError: whatever does not fit; a value that is not finite (the coalition is named).

    >>> effects = strongest(Game.from_values([0., 1., 2., 7.]), 1, order=2)
    >>> effects[0, 1].item(), effects.remainder.item()
    (4.0, 3.0)
    """
    k = whole(k, "k is the number of effects", 1)
    order = whole(order, "order is the largest number of players of a coalition", 1, MOST)
    budget = whole(budget, "budget is the number of model calls", 0 if isinstance(game, Sample) else 1)
    if isinstance(game, Sample):
        given, left = game, budget
    else:
        require_game(game, "strongest()")
        sum_of_leaves = leaves(game.cube)
        if sum_of_leaves is not None:
            return of_leaves.strongest(game, sum_of_leaves, k, order, LIMIT)
        left = _spared(game, budget)
        given = sample(game, budget - left, seed, checkpoint)
    values = _by_mask(given)
    if given.design.complete:
        chosen = _of_all(given, k, order)
    else:
        surrogates = [half.surrogate for half in given.halves]
        each = max(1, given.game.cube.calls_per_point)
        chosen = _affordable(proposals(surrogates, order), values, left // each)
        small = given.design.border.sum(1) <= min(order, (given.design.n - 1) // 2)
        chosen += [tuple(np.flatnonzero(row).tolist()) for row in given.design.border[small]]
    return _exactly(given, values, chosen, k)


def _spared(game: Game, budget: int) -> int:
    """Calls that are kept for exact values; none where all coalitions fit the budget."""
    active, each = len(game.cube.active()), max(1, game.cube.calls_per_point)
    return 0 if 2**active * each <= budget else max(0, min(budget // VERIFIED, budget - each * least(active)))


def _by_mask(given: Sample) -> dict[int, float]:
    """The values by the bitmask over the active players."""
    octets = np.packbits(given.design.table(), axis=1, bitorder="little")
    masks = (int.from_bytes(row.tobytes(), "little") for row in octets)
    return dict(zip(masks, given.values.tolist(), strict=True))


def _of_all(given: Sample, k: int, order: int) -> list[tuple[int, ...]]:
    """The strongest where all values are known."""
    table = given.design.table().astype(np.int64)
    dividends = np.empty(len(table))
    dividends[table @ (1 << np.arange(given.design.n))] = given.values
    dividends = mobius(dividends)
    sizes = degrees.sizes(0, len(table))
    dividends[(sizes > order) | (sizes == 0)] = 0.0
    best = np.argsort(-np.abs(dividends), kind="stable")[:k]
    return [degrees.coalition(int(mask)) for mask in best if 0 < sizes[mask] <= order]


def _affordable(proposed: Iterable[tuple[int, ...]], values: dict[int, float], left: int) -> list[tuple[int, ...]]:
    """Those of the proposed coalitions, in order, whose subsets' values are known or can still be paid for."""
    chosen, paid = [], set[int]()
    for members in proposed:
        if 2 ** len(members) > len(values) + left:
            continue
        missing = [mask for mask in _subsets(members) if mask not in values and mask not in paid]
        if len(missing) <= left:
            chosen.append(members)
            paid.update(missing)
            left -= len(missing)
    return chosen


def _subsets(members: tuple[int, ...]) -> list[int]:
    """The bitmasks of all subsets."""
    return [sum(1 << i for i in some) for size in range(len(members) + 1) for some in combinations(members, size)]


def _exactly(given: Sample, values: dict[int, float], chosen: list[tuple[int, ...]], k: int) -> Effects:
    """The k strongest of the chosen coalitions and their subsets, with what is missing of their values evaluated."""
    players, game = np.array(given.active, dtype=np.int64), given.game
    distinct = sorted({(), *chosen}, key=lambda each: (len(each), each))
    below = closure(Coalitions.of_members([tuple(players[list(each)].tolist()) for each in distinct], game.n))
    table, paid = _known(given, below, values)
    everything = table.dividends(below)
    sizes = np.abs(to_float(everything.values))
    best = np.argsort(-sizes, kind="stable")
    seen = best > 0 if k >= len(best) - 1 and not everything.truncated else sizes[best] > everything.noise_floor()[best]
    best = best[(best > 0) & seen][:k]
    rows = np.array([0, *np.sort(best).tolist()])
    effects = table.dividends(Coalitions(below.bits[rows], game.n))
    return replace(effects, calls=given.calls + paid)


def _known(given: Sample, below: Coalitions, values: dict[int, float]) -> tuple[Known, int]:
    """The values at coalitions, and the calls that were paid for those that the sample has not."""
    game, each = given.game, max(1, given.game.cube.calls_per_point)
    if not game.cube.precision:
        return known(game, below), 0  # exact numbers, which a sample has as floats only
    octets = np.packbits(below.table()[:, list(given.active)], axis=1, bitorder="little")
    masks = [int.from_bytes(row.tobytes(), "little") for row in octets]
    missing = np.array([mask not in values for mask in masks], dtype=bool)
    table = np.array([values.get(mask, 0.0) for mask in masks])
    noise = given.noise
    if missing.any():
        rows = below.table()[missing]
        found, _ = with_progress(
            game, each * len(rows), "subsets", lambda g: corners.rows(g, lambda a, b: rows[a:b], len(rows))
        )
        corners.require_finite(found.values, lambda row: corners.label(game, degrees.support(rows[row])))
        noise = max(noise, evaluation_noise(game, found.values), found.error)
        table[missing] = to_float(found.values)
    top = torch.tensor([values[(1 << len(given.active)) - 1]], dtype=torch.float64)
    return Known(game, below, torch.from_numpy(table), top, noise), each * int(missing.sum())
