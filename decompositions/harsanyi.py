"""Harsanyi dividends: what each coalition adds to what its parts already bring."""

from __future__ import annotations

import numpy as np

from decompositions import coalitions, degrees
from decompositions.arithmetic import Array, is_exact, wide, zeros
from decompositions.effects import Effects
from decompositions.game import Game
from decompositions.mobius import mobius


def harsanyi(game: Game, *, order: int | None = None, limit: int = coalitions.LIMIT) -> Effects:
    r"""The Harsanyi dividends of a game, all of them or those of at most ``order`` players.

    .. math:: J(S) = \sum_{T \subseteq S} (-1)^{|S| - |T|} g(1_T)

    Null players (whose part of x − b is zero) are not evaluated: their coalitions have dividend zero. g is evaluated in
    the model's precision and transformed in float64.

    Args:
        game: the question.
        order: the largest number of players of a coalition; None for all 2ⁿ. These dividends are exact, too, but they
            add up to f(x) − f(b) only with the higher ones; the difference is ``effects.remainder``.
        limit: model calls above which the work is refused.

    Raises:
        ValueError: too many calls, an order below 1, or an output that is not finite (the coalition is named).

    Reference: harsanyi1963simplified

    >>> effects = harsanyi(Game.from_values([0., 1., 2., 7.]))
    >>> effects[0, 1].item(), effects.independent.tolist()
    (4.0, [1.0, 2.0])
    """
    active = game.cube.active()
    if order is None:
        return _all(game, active, limit)
    if order < 1:
        raise ValueError(f"the order is the largest number of players in a coalition, at least 1, not {order}")
    return _up_to(game, active, order, limit)


def price(game: Game, order: int | None = None) -> int:
    """The model calls that :func:`harsanyi` would make.

    >>> price(Game.from_function(lambda z: z.sum(1), [1.0, 2.0, 3.0], [0.0, 2.0, 0.0]))
    4
    """
    active = len(game.cube.active())
    count = 2**active if order is None else degrees.count_up_to_order(active, order) + 1  # and the input itself
    return count * game.cube.calls_per_point


def _all(game: Game, active: tuple[int, ...], limit: int) -> Effects:
    calls = price(game)
    coalitions.require_limit(calls, limit, f"pass limit={calls} to pay for them, or order=2 for the lower orders only")
    values, paid = coalitions.with_progress(game, calls, "coalitions", lambda g: coalitions.dense(g, active))
    masks = degrees.spread_masks(active)
    coalitions.require_finite(values, lambda row: _label(game, int(masks[row])))
    noise = evaluation_noise(game, values)
    dividends = mobius(values if is_exact(values) else wide(values), inplace=True)
    return Effects(_scatter(dividends, masks, game.n), game.names, "harsanyi", None, noise, 0, False, paid)


def _up_to(game: Game, active: tuple[int, ...], order: int, limit: int) -> Effects:
    table = degrees.up_to_order(active, game.n, order)
    calls = price(game, order)
    coalitions.require_limit(calls, limit, f"pass limit={calls} to pay for them, or a lower order")
    ends = np.ones((1, game.n), dtype=np.uint8)

    values, paid = coalitions.with_progress(
        game, calls, f"coalitions of at most {order}", lambda g: coalitions.rows(g, np.concatenate([table, ends]))
    )
    names = [*(_label(game, degrees.mask(degrees.support(row))) for row in table), "of all players"]
    coalitions.require_finite(values, lambda row: names[row])
    noise = evaluation_noise(game, values)
    values = values if is_exact(values) else wide(values)
    dividends = _lower_dividends(values[..., :-1], table)
    remainder = values[..., -1] - dividends.sum(-1)
    return Effects(dividends, game.names, "harsanyi", table, noise, remainder, order < len(active), paid)


def _lower_dividends(values: Array, table: np.ndarray) -> Array:
    """J(S) = v(S) − Σ_{T⊊S} J(T), smallest coalitions first."""
    row_of = {degrees.mask(degrees.support(row)): position for position, row in enumerate(table)}
    dividends = values.copy() if is_exact(values) else values.clone()
    for mask, position in row_of.items():
        subset = (mask - 1) & mask if mask else 0
        smaller = []
        while mask:
            smaller.append(row_of[subset])
            if not subset:
                break
            subset = (subset - 1) & mask
        if smaller:
            dividends[..., position] -= dividends[..., smaller].sum(-1)
    return dividends


def _scatter(dividends: Array, masks: np.ndarray, n: int) -> Array:
    """Dividends over the active players at their places among all 2ⁿ coalitions; the others are zero."""
    if len(masks) == 2**n:
        return dividends
    everything = zeros((*dividends.shape[:-1], 2**n), dividends)
    everything[..., masks] = dividends
    return everything


def evaluation_noise(game: Game, values: Array) -> float:
    """The rounding error of one value of g: the epsilon of its type times the largest value."""
    return game.cube.precision * float(abs(values).max()) if game.cube.precision else 0.0


def _label(game: Game, mask: int) -> str:
    members = degrees.coalition(mask)
    return "{" + ", ".join(game.names[i] for i in members) + "}" if members else "∅ (the baseline)"
