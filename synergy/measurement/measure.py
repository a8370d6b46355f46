"""Measuring an allocation: the Möbius transform, over the masked inputs, of the method itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from decompositions import degrees
from decompositions.arguments import shown, whole
from decompositions.arithmetic import Array, concatenate, is_exact, wide, zeros
from decompositions.dividends.harsanyi import harsanyi, is_sparse
from decompositions.dividends.harsanyi import price as harsanyi_price
from decompositions.dividends.known import known
from decompositions.dividends.subsets import closure
from decompositions.effects.coalitions import Coalitions
from decompositions.effects.effects import Effects
from decompositions.effects.naming import Coalition
from decompositions.evaluation import corners as coalitions
from decompositions.evaluation.cost import LIMIT, require_limit, with_progress
from decompositions.evaluation.progress import whole_progress
from decompositions.games.game import Game, require_game
from decompositions.mobius import mobius, zeta
from decompositions.models.undisturbed import outside_inference
from decompositions.networks.reading.kept import readings_kept
from synergy.allocation.allocation import Allocation, from_table
from synergy.calls import Calls
from synergy.measurement.external import ForeignMethod
from synergy.measurement.rows import (
    Wanted,
    attributions_at_x,
    choose,
    estimate_at_x,
    measured_rows,
    require_room,
    require_rows,
)
from synergy.measurement.spread import ENDS, Rows, attributions, independent, require_finite
from synergy.measurement.subject import as_method, ends, estimate, price, seen, some_ends
from synergy.measurement.vanishing import POINTS, vanishing
from synergy.method import AbstractMethod
from synergy.path_method import AbstractPathMethod

BUDGET = 2**15  # model calls that a measured allocation may cost
COMPARED = 6  # coalitions beside ∅ and N at which effects and game are compared
CHECKED = COMPARED + 2


@outside_inference()
@readings_kept()
def measure(
    subject: str | AbstractMethod | Callable[..., torch.Tensor] | Any,
    game: Game,
    *,
    order: int | None = None,
    rows: Iterable[Coalition] | None = None,
    effects: Effects | None = None,
    budget: int = BUDGET,
    limit: int = LIMIT,
    points: int | None = None,
) -> Allocation:
    r"""Who is given how much of which effect, in practice.

    .. math:: M_i(S) = \sum_{T \subseteq S} (-1)^{|S| - |T|} A_i(f; x_T, b)

    Needs nothing of the method but its attributions at the 2ⁿ masked inputs, so it exists for every method and model.
    Null players are not switched: x_T is the same with and without them.

    A row takes only the 2^|S| end points of its own coalition's subsets. So ``order`` and ``rows`` measure some rows of
    any number of players: all of at most ``order`` of them, and of every further size 16 that are drawn uniformly, up
    to the largest size, 8 at most, whose end points the budget pays. The criteria then speak of coalitions up to that
    size, with intervals; what these rows leave of the attributions is ``remainder``.

    Args:
        subject: a registered name, a method, any callable ``(model, inputs, baselines, target) → attributions``
            shaped like the inputs, or a captum attribution object on the game's model.
        game: the question; for a callable, of a model.
        order: the largest number of players of which all coalitions are measured.
        rows: coalitions that are measured, by their players' numbers or names; beside ``order``, further ones.
        effects: the game's Harsanyi dividends, if they are known already; of some coalitions, whose rows are measured.
        budget: model calls that rows up to an order may cost together with those that are drawn; the former are
            measured whatever they cost.
        limit: end points above which the work is refused.
        points: interior points of the cube at which it may be tried whether synergies without a dividend vanish (for
            the diagnostic ``phantom``); only where there are any, 2ⁿ model calls each at most, beside the price that is
            said. None for 64 in exact games and none of a model's.

    Raises:
        LookupError: no such method.
        TypeError: neither a method nor a callable, or a callable on a game without a model.
        ValueError: too many end points, effects of another game, or attributions that are not finite (the coalition is
            named).

    Theory: :ref:`measured-allocation`.
    """
    require_game(game, "measure()")
    limit = whole(limit, "limit is the number of end points above which the work is refused", 1)
    rule = "points is the number of interior points that may be tried"
    points = (0 if game.cube.precision else POINTS) if points is None else whole(points, rule, 0)
    budget = whole(budget, "budget is the number of model calls that rows may cost", 0)
    chosen = as_method(subject, game)
    if order is not None or rows is not None:
        if effects is not None:
            raise ValueError("effects say themselves which rows there are; give them, or an order and rows")
        return _some_rows(chosen, game, choose(chosen, game, order, rows, budget), None, (budget, limit))
    if isinstance(effects, Effects) and effects.coalitions is not None:
        return _some_rows(chosen, game, Wanted(effects.coalitions, effects.strata), effects, (budget, limit))
    require_ends(game, limit)
    if effects is None and is_sparse(game):
        everything = Wanted(Coalitions.subsets(game.cube.active(), game.n), None)
        return _some_rows(chosen, game, everything, None, (budget, limit))
    settled, each, paid = _tried(chosen, game)
    first = CHECKED * game.cube.calls_per_point if effects is not None else harsanyi_price(game)
    with whole_progress(first + round(each * ends(game)), chosen.name) as moved:
        watched = game.watched(moved)
        if effects is None:
            known, checked = harsanyi(watched, limit=max(limit, LIMIT)), 0
        else:
            known, checked = effects, require_same(effects, watched)
        table = measured(settled, watched, known, points)
    return replace(table, calls=table.calls + checked + paid)


def _tried(chosen: AbstractMethod | ForeignMethod, game: Game) -> tuple[AbstractMethod | ForeignMethod, float, int]:
    """A method by the rule that it finds at x, the calls of one end point, and those of the trial.

    One that is measured by the rule as it stands is not tried.
    """
    if not isinstance(chosen, AbstractPathMethod) or chosen.nodes is not None:
        return chosen, float(price(chosen, game) // ends(game)), 0
    calls, some = Calls(), some_ends(game)
    settled = chosen.settled(game, estimate(chosen, game.watched(calls)), some)
    return settled, settled.taking(game, calls.count, some), calls.count


def _some_rows(
    chosen: AbstractMethod | ForeignMethod, game: Game, wanted: Wanted, effects: Effects | None, limits: tuple[int, int]
) -> Allocation:
    """:func:`measure` of some rows: their values first, then the method's attributions at the same coalitions."""
    budget, limit = limits
    require_room(len(wanted.coalitions), game.n)
    everything = closure(wanted.coalitions)
    require_limit(len(everything), limit, "take a lower order, or fewer rows")
    price = len(everything) * game.cube.calls_per_point
    found, paid = with_progress(game, price, "coalitions", lambda watched: known(watched, everything))
    found = replace(found, game=game)
    if effects is None:
        effects = found.dividends(wanted.coalitions, wanted.strata)
    else:
        require_rows(effects, found)
    at_x, more = with_progress(
        game, 0, f"{chosen.name} at x", lambda watched: attributions_at_x(chosen, watched, budget)
    )
    if at_x is None:
        at_x, estimating = with_progress(game, 0, "estimate", lambda watched: estimate_at_x(chosen, watched, budget))
        more += estimating
    table = measured_rows(chosen, found, effects, at_x)
    return replace(table, calls=table.calls + paid + more)


def measured(chosen: AbstractMethod | ForeignMethod, game: Game, effects: Effects, points: int) -> Allocation:
    """:func:`measure` of what has been looked at."""
    active = game.cube.active()
    masks = degrees.spread_masks(active)
    rows = Rows(_mobius_by_player, zeta)
    step = len(masks) if chosen.corners else ENDS
    starts = range(0, len(masks), step)
    (table, own), paid = with_progress(
        game,
        price(chosen, game),
        chosen.name,
        lambda watched: attributions(
            chosen,
            seen(chosen, watched, effects),
            (degrees.spread(s, min(s + step, len(masks)), active, game.n, game.cube.device) for s in starts),
            rows,
        ),
    )
    require_finite(table, chosen.name, lambda row: coalitions.label(game, degrees.coalition(int(masks[row]))))
    noise = game.cube.precision * float(abs(table).max()) if game.cube.precision else 0.0
    spread = own.beside(independent(np.full((len(masks), game.n), noise), rows)).over(masks, 2**game.n)
    table = _transform(table, masks, game.n)
    ghosts, more = with_progress(
        game,
        0,
        f"{chosen.name}: vanishing synergies",
        lambda watched: vanishing(watched, effects, table, spread.shares, points),
    )
    return from_table(
        effects, table, chosen.name, error=spread.sums, certain=spread.certain, vanishing=ghosts, calls=paid + more
    )


def require_ends(game: Game, limit: int = LIMIT) -> None:
    """Refuse a measured allocation of too many end points.

    Raises:
        ValueError: more than the limit.
    """
    require_limit(ends(game), limit, "take fewer players")


def require_same(effects: Effects, game: Game) -> int:
    """Refuse effects that are not all Harsanyi dividends of this game, and say what that took in model calls.

    Names, f(b), f(x) and the values of some other coalitions, drawn once and for all, are compared.

    Raises:
        TypeError: no effects.
        ValueError: other effects.
    """
    require_effects(effects)
    if effects.basis != "harsanyi" or effects.truncated:
        raise ValueError(
            "all Harsanyi dividends of the game are needed here, a row for each of the 2ⁿ coalitions or for every one "
            "that has one, as harsanyi(game) gives them; leave effects out"
        )
    if effects.names != game.names:
        raise ValueError(f"these effects are of the players {effects.names}, the game has {game.names}")
    if effects.exact is (game.cube.precision > 0):
        raise ValueError("these effects and the game are of two number systems; decompose with harsanyi(game)")
    drawn = degrees.some_corners(game.n, COMPARED, torch.Generator().manual_seed(0))
    corners = torch.cat([torch.zeros(1, game.n) > 0, torch.ones(1, game.n) > 0, drawn])
    given = game(corners.numpy().astype(np.int64))
    known = concatenate([_value(effects, corner) for corner in corners.numpy()], -1)
    floor = 10 * effects.noise * len(effects) ** 0.5
    if (
        given.shape != known.shape
        or not (abs(given - known) <= floor + abs(known) * (0 if effects.exact else 1e-9)).all()
    ):
        raise ValueError(
            "these effects are of another game: f(b), f(x) or the values of other coalitions differ; decompose with "
            "harsanyi(game)"
        )
    return len(corners) * game.cube.calls_per_point


def require_effects(effects: Any) -> None:
    """Refuse what are no effects.

    Raises:
        TypeError: names what came.
    """
    if not isinstance(effects, Effects):
        raise TypeError(f"effects are what harsanyi(game) gives, not {shown(effects)}")


def _value(effects: Effects, corner: np.ndarray) -> Array:
    """v(T) from the dividends: the sum over all coalitions within T. Shape ``(..., 1)``."""
    if corner.all():
        return effects.values.sum(-1, keepdims=True)
    values = effects.values
    if effects.coalitions is None:
        within = torch.from_numpy(degrees.spread_masks(tuple(np.flatnonzero(corner).tolist())))
    else:
        within = torch.from_numpy(~effects.coalitions.meeting(degrees.mask(np.flatnonzero(~corner).tolist())))
    return values[..., within.numpy() if is_exact(values) else within.to(values.device)].sum(-1, keepdims=True)


def _transform(table: Array, masks: np.ndarray, n: int) -> Array:
    """Möbius transform over the end points, and zero rows for the coalitions with null players."""
    rows = _mobius_by_player(table)
    if len(masks) == 2**n:
        return rows
    everything = zeros((*rows.shape[:-2], 2**n, n), rows)
    everything[..., masks, :] = rows
    return everything


def _mobius_by_player(table: Array) -> Array:
    """Möbius transform over the end points. Shape ``(..., 2**n, players)`` in and out."""
    turned = table.swapaxes(-1, -2)
    return mobius(turned if is_exact(turned) else wide(turned).contiguous()).swapaxes(-1, -2)
