"""Harsanyi dividends: what each coalition adds to what its parts already bring."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from decompositions import degrees
from decompositions.arguments import whole
from decompositions.arithmetic import Array, is_exact, wide, zeros
from decompositions.counts import count
from decompositions.dividends import of_leaves, of_polynomial
from decompositions.dividends.known import known
from decompositions.dividends.noise import evaluation_noise
from decompositions.effects.coalitions import WORD, Coalitions
from decompositions.effects.effects import Effects
from decompositions.effects.strata import Strata
from decompositions.evaluation import corners as coalitions
from decompositions.evaluation.checkpoint import Checkpoint, opened
from decompositions.evaluation.cluster import require_client
from decompositions.evaluation.cost import LIMIT, as_limit, require_limit, with_progress
from decompositions.expressions.settling import settle
from decompositions.games.game import Game, require_game
from decompositions.games.leaves import leaves
from decompositions.memory import needed
from decompositions.mobius import mobius
from decompositions.settings import setting

DENSE = 26  # players of whom those that are null players have rows of zeros, too
TOGETHER = 16  # active players whose dividends are put in their places at once


def harsanyi(
    game: Game,
    *,
    order: int | None = None,
    limit: int = LIMIT,
    checkpoint: str | Path | None = None,
    client: Any = None,
) -> Effects:
    r"""The Harsanyi dividends of a game, all of them or those of at most ``order`` players.

    .. math:: J(S) = \sum_{T \subseteq S} (-1)^{|S| - |T|} g(1_T)

    Null players (whose part of x − b is zero) are not evaluated: their coalitions have dividend zero, and of more than
    26 players no row. An expression of more than 20 players that is a polynomial is not evaluated either: its dividends
    are the sums of its terms by the players in them, sparse and exact. g is evaluated in
    the model's precision and transformed in float64. Of 64 and more coalitions a few (at most a chunk, and
    one in 8) are evaluated once more at the end, which shows whether g is a function; they are not in the price.

    Args:
        game: the question.
        order: the largest number of players of a coalition; None for all 2ⁿ. These dividends are exact, too, but they
            add up to f(x) − f(b) only with the higher ones; the difference is ``effects.remainder``.
        limit: model calls above which the work is refused; of a game of :meth:`Game.from_trees`, which needs none, the
            dividends of all leaves, each counted, and of such a polynomial its terms.
        checkpoint: a directory in which the values of finished ranges of coalitions are kept. Whatever ends the call,
            the same call goes on from there, to the same result bit for bit; the limit is then for the calls that are
            left. Torch models and functions only.
        client: a ``distributed.Client`` of a Dask cluster, whose workers evaluate the coalitions, a range at a time: to
            the same result bit for bit, on machines alike. Torch models and functions only.

    Raises:
        ValueError: too many calls, an order below 1, an output that is not finite (the coalition is named) or not the
            same when asked again, or a checkpoint that is damaged or of another question.
        OSError: the checkpoint cannot be written or is in use, or the cluster is lost (a ConnectionError).
        KeyboardInterrupt: with a checkpoint, its message says how many coalitions are kept.

    Reference: harsanyi1963simplified

    Theory: :ref:`harsanyi-dividends`.

    >>> effects = harsanyi(Game.from_values([0., 1., 2., 7.]))
    >>> effects[0, 1].item(), effects.independent.tolist()
    (4.0, [1.0, 2.0])
    """
    require_game(game, "harsanyi()")
    require_client(client, game.cube)
    limit = as_limit(limit)
    active = game.cube.active()
    if order is not None:
        order = whole(order, "order is the largest number of players of a coalition", 1)
    sum_of_leaves = leaves(game.cube)
    if sum_of_leaves is not None:
        _require_no_checkpoint(checkpoint)
        return of_leaves.dividends(game, sum_of_leaves, order, limit)
    with opened(checkpoint, game, active, order) as store:
        if order is None:
            return _all(game, active, limit, store, client)
        return _up_to(game, active, order, limit, store, client)


def price(game: Game, order: int | None = None) -> int:
    """The model calls for the values of all those coalitions; none where leaves give the table of all 2ⁿ dividends.

    >>> price(Game.from_function(lambda z: z.sum(1), [1.0, 2.0, 3.0], [0.0, 2.0, 0.0]))
    4
    """
    if order is None and game.n <= of_leaves.TABLE and leaves(game.cube) is not None:
        return 0
    active = len(game.cube.active())
    count = 2**active if order is None else degrees.count_up_to_order(active, order) + 1  # and the input itself
    return count * game.cube.calls_per_point


def _require_no_checkpoint(checkpoint: str | Path | None) -> None:
    if checkpoint is not None:
        raise ValueError(
            "a checkpoint keeps the values of coalitions, and the dividends of trees need none; leave "
            f"{setting('checkpoint')} out"
        )


def is_sparse(game: Game) -> bool:
    """Whether :func:`harsanyi` gives a row only to coalitions that have a dividend, or may have one.

    >>> is_sparse(Game.from_function(lambda z: z.sum(1), [1.0, 0.0] * 20)), is_sparse(Game.from_values([0.0, 1.0]))
    (True, False)
    """
    if leaves(game.cube) is not None:
        return game.n > of_leaves.TABLE
    return game.n > DENSE and len(game.cube.active()) < game.n


def in_closed_form(game: Game, limit: int = LIMIT) -> Effects | None:
    """All dividends of a game that has them without its 2ⁿ values: of trees, of polynomials of many players.

    Args:
        game: the question.
        limit: terms above which they are not made.

    Returns:
        Sparse effects, a row for every coalition that has a dividend; None of any other game, or of too many terms.

    >>> in_closed_form(Game.from_function(lambda z: z.sum(1), [1.0, 2.0])) is None
    True
    """
    sum_of_leaves = leaves(game.cube)
    try:
        if sum_of_leaves is None:
            return of_polynomial.dividends(game, limit)
        return of_leaves.dividends(game, sum_of_leaves, None, limit) if game.n > of_leaves.TABLE else None
    except ValueError:  # too many
        return None


def _all(game: Game, active: tuple[int, ...], limit: int, store: Checkpoint | None, client: Any) -> Effects:
    of_terms = of_polynomial.dividends(game, limit)
    if of_terms is not None:
        return of_terms
    calls, done = price(game), _paid_earlier(game, store)
    left = calls - done
    lower = f"take {setting('order', 2)} for the lower orders only"
    require_limit(left, limit, lower, "limit")
    corners, paid = with_progress(
        game, calls, "coalitions", lambda g: coalitions.corners(g, active, store, client), done
    )
    return of_corners(game, active, corners, done + paid)


def _paid_earlier(game: Game, store: Checkpoint | None) -> int:
    return store.done * game.cube.calls_per_point if store else 0


def of_corners(game: Game, active: tuple[int, ...], corners: coalitions.Corners, paid: int) -> Effects:
    """The dividends of a game whose values at the coalitions of its active players are known.

    Raises:
        ValueError: a value that is not finite (the coalition is named).
    """
    values = corners.values
    rows = 2 ** (game.n if game.n <= DENSE else len(active))
    size, device = 8 * rows * math.prod(values.shape[:-1]), getattr(values, "device", "cpu")
    with needed(f"the dividends of {count(rows)} coalitions", size, device):
        return _of_values(game, active, corners, paid)


def _of_values(game: Game, active: tuple[int, ...], corners: coalitions.Corners, paid: int) -> Effects:
    values = corners.values
    coalitions.require_finite(values, lambda row: coalitions.label(game, coalitions.members(row, active)))
    noise = max(evaluation_noise(game, values), corners.error)
    dividends = settle(mobius(_own(values, corners.fresh), inplace=True))
    sparse = is_sparse(game)
    return Effects(
        dividends if sparse else _scatter(dividends, active, game.n),
        names=game.names,
        coalitions=Coalitions.subsets(active, game.n) if sparse else None,
        noise=noise,
        calls=paid,
        evaluation=corners.how,
    )


def _own(values: Array, fresh: bool) -> Array:
    """Values that may be overwritten, floats as float64."""
    widened = values if is_exact(values) else wide(values)
    if fresh or widened is not values:
        return widened
    return widened.clone(memory_format=torch.contiguous_format) if isinstance(widened, torch.Tensor) else widened.copy()


def _up_to(
    game: Game, active: tuple[int, ...], order: int, limit: int, store: Checkpoint | None, client: Any
) -> Effects:
    calls, done = price(game, order), _paid_earlier(game, store)
    left = calls - done
    require_limit(left, limit, "take a lower order", "limit")
    with needed(
        f"the values of {count(calls)} coalitions", 24 * calls * -(-game.n // WORD), way_out="take a lower order"
    ):
        lower = Coalitions.up_to(active, game.n, order)
        what = f"coalitions of at most {order}"
        found, paid = with_progress(game, calls, what, lambda g: known(g, lower, store, client), done)
        dividends = found.dividends(lower, Strata(order) if order < len(active) else None)
        return replace(dividends, calls=done + paid)


def _scatter(dividends: Array, active: tuple[int, ...], n: int) -> Array:
    """Dividends over the active players at their places among all 2ⁿ coalitions; the others are zero."""
    if len(active) == n:
        return dividends
    everything = zeros((*dividends.shape[:-1], 2**n), dividends)
    low = degrees.spread_masks(active[:TOGETHER])
    for block in range(2 ** max(0, len(active) - TOGETHER)):
        place = degrees.mask(coalitions.members(block, active[TOGETHER:]))
        everything[..., low + place] = dividends[..., block * len(low) : (block + 1) * len(low)]
    return everything
