"""Measuring an allocation: the Möbius transform, over the masked inputs, of the method itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import torch

from decompositions import degrees
from decompositions.arguments import shown, whole
from decompositions.arithmetic import Array, concatenate, is_exact, to_float, wide, zeros
from decompositions.dividends.harsanyi import harsanyi
from decompositions.effects.effects import Effects
from decompositions.evaluation import corners as coalitions
from decompositions.evaluation.cost import LIMIT, require_limit, with_progress
from decompositions.games.game import Game, require_game
from decompositions.mobius import mobius, zeta
from decompositions.models.undisturbed import outside_inference
from synergy.allocation.allocation import Allocation, from_table
from synergy.allocation.judge import SAME_SIZE
from synergy.measurement.external import ForeignMethod
from synergy.measurement.subject import as_method, ends, estimate, price, require_table, seen
from synergy.measurement.synergy_function import POINTS, vanishing
from synergy.method import AbstractMean, AbstractMethod
from synergy.moments import Moments, certain

ENDS = 1024  # end points that a method is asked for at once
COMPARED = 6  # coalitions beside ∅ and N at which effects and game are compared


@outside_inference()
def measure(
    subject: str | AbstractMethod | Callable[..., torch.Tensor] | Any,
    game: Game,
    *,
    effects: Effects | None = None,
    limit: int = LIMIT,
    points: int = POINTS,
) -> Allocation:
    r"""Who is given how much of which effect, in practice.

    .. math:: M_i(S) = \sum_{T \subseteq S} (-1)^{|S| - |T|} A_i(f; x_T, b)

    Needs nothing of the method but its attributions at the 2ⁿ masked inputs, so it exists for every method and model.
    Null players are not switched: x_T is the same with and without them.

    Args:
        subject: a registered name, a method, any callable ``(model, inputs, baselines, target) → attributions``
            shaped like the inputs, or a captum attribution object on the game's model.
        game: the question; for a callable, of a model.
        effects: the game's Harsanyi dividends, if they are known already.
        limit: end points above which the work is refused.
        points: interior points of the cube at which it may be tried whether synergies without a dividend vanish (for
            the diagnostic ``phantom``); only where there are any, 2ⁿ model calls each at most.

    Raises:
        LookupError: no such method.
        TypeError: neither a method nor a callable, or a callable on a game without a model.
        ValueError: too many end points, effects of another game, or attributions that are not finite (the coalition is
            named).
    """
    require_game(game, "measure()")
    limit = whole(limit, "limit is the number of end points above which the work is refused", 1)
    points = whole(points, "points is the number of interior points that may be tried", 0)
    chosen = as_method(subject, game)
    require_ends(game, limit)
    if effects is None:
        return measured(chosen, game, harsanyi(game, limit=max(limit, LIMIT)), points)
    checked = require_same(effects, game)
    table = measured(chosen, game, effects, points)
    return replace(table, calls=table.calls + checked)


def measured(chosen: AbstractMethod | ForeignMethod, game: Game, effects: Effects, points: int) -> Allocation:
    """:func:`measure` of what has been looked at."""
    active = game.cube.active()
    masks = degrees.spread_masks(active)
    (table, own), paid = with_progress(
        game,
        price(chosen, game),
        chosen.name,
        lambda watched: _attributions(chosen, seen(chosen, watched, effects), active),
    )
    _require_finite(table, chosen.name, lambda row: coalitions.label(game, degrees.coalition(int(masks[row]))))
    noise = game.cube.precision * float(abs(table).max()) if game.cube.precision else 0.0
    spread = own.beside(_independent(np.full((len(masks), game.n), noise))).over(masks, 2**game.n)
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
    if not isinstance(effects, Effects):
        raise TypeError(f"effects are what harsanyi(game) gives, not {shown(effects)}")
    if not effects.dense:
        raise ValueError("all Harsanyi dividends of the game are needed here; decompose with harsanyi(game)")
    if effects.names != game.names:
        raise ValueError(f"these effects are of the players {effects.names}, the game has {game.names}")
    if effects.exact is (game.cube.precision > 0):
        raise ValueError("these effects and the game are of two number systems; decompose with harsanyi(game)")
    drawn = degrees.some_corners(game.n, COMPARED, torch.Generator().manual_seed(0))
    corners = torch.cat([torch.zeros(1, game.n) > 0, torch.ones(1, game.n) > 0, drawn])
    given = game(corners.numpy().astype(np.int64))
    known = concatenate([_value(effects, corner) for corner in corners.numpy()], -1)
    floor = 10 * effects.noise * 2 ** (game.n / 2)
    if (
        given.shape != known.shape
        or not (abs(given - known) <= floor + abs(known) * (0 if effects.exact else 1e-9)).all()
    ):
        raise ValueError(
            "these effects are of another game: f(b), f(x) or the values of other coalitions differ; decompose with "
            "harsanyi(game)"
        )
    return len(corners) * game.cube.calls_per_point


def _value(effects: Effects, corner: np.ndarray) -> Array:
    """v(T) from the dividends: the sum over all coalitions within T. Shape ``(..., 1)``."""
    if corner.all():
        return effects.values.sum(-1, keepdims=True)
    within = torch.from_numpy(degrees.spread_masks(tuple(np.flatnonzero(corner).tolist())))
    values = effects.values
    return values[..., within.numpy() if is_exact(values) else within.to(values.device)].sum(-1, keepdims=True)


class _Spread(NamedTuple):
    """The numerical error of every row: of its sum, and of its shares one by one (their norm). Shape ``(m,)`` each.

    What exceeds it ``certain`` times over is no error.
    """

    sums: np.ndarray
    shares: np.ndarray
    certain: float = SAME_SIZE

    def beside(self, other: _Spread) -> _Spread:
        """Both errors, which know nothing of each other."""
        return _Spread(np.hypot(self.sums, other.sums), np.hypot(self.shares, other.shares), self.certain)

    def over(self, masks: np.ndarray, length: int) -> _Spread:
        """Among more rows, that err by nothing."""
        wider = np.zeros((2, length))
        wider[:, masks] = self.sums, self.shares
        return _Spread(wider[0], wider[1], self.certain)


def _attributions(chosen: AbstractMethod | ForeignMethod, game: Game, active: tuple[int, ...]) -> tuple[Array, _Spread]:
    """A_i at all end points of the active players, ``(..., 2**active, n)``, and the method's error in the rows."""
    total = 2 ** len(active)
    step = total if chosen.corners else ENDS
    blocks = (degrees.spread(s, min(s + step, total), active, game.n, game.cube.device) for s in range(0, total, step))
    if isinstance(chosen, AbstractMean):
        return _of_draws(chosen, game, [game.ends(block) for block in blocks])
    pieces, errors = [], []
    for some in map(game.ends, blocks):
        found = estimate(chosen, game, some)
        pieces.append(found.values)
        errors.append(np.zeros((len(some), game.n)) if found.errors is None else to_float(found.errors))
    return concatenate(pieces, -2), _independent(np.concatenate(errors))


def _of_draws(chosen: AbstractMean, game: Game, blocks: list[Array]) -> tuple[Array, _Spread]:
    """The mean over the draws at all end points, and its standard error in the rows.

    The draws are the same at every end point, so they are transformed one by one: a row errs by what its own value
    varies by from draw to draw, not by what its end points would add up to if they knew nothing of each other.
    """
    at_ends, sums, shares = Moments(), Moments(), Moments()
    for parts in zip(*(chosen.draws(game, some) for some in blocks), strict=True):
        for part, some in zip(parts, blocks, strict=True):
            require_table(part, chosen.name, (len(some), game.n))
        table = concatenate(list(parts), -2)
        at_ends.add(table)
        rows = _mobius_by_player(table)
        sums.add(to_float(rows.sum(-1)))
        shares.add(to_float(rows))
    return at_ends.mean, _Spread(sums.error, np.linalg.norm(shares.error, axis=-1), certain(sums.count))


def _independent(errors: np.ndarray) -> _Spread:
    """The error of the rows where those at the end points know nothing of each other: they add in squares."""
    unit = float(errors.max(initial=0.0)) or 1.0  # squares stay in range
    spread = unit * np.sqrt(np.maximum(zeta(((errors / unit) ** 2).sum(-1)), 0))
    return _Spread(spread, spread)


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


def _require_finite(table: Array, name: str, label: Callable[[int], str]) -> None:
    if is_exact(table):
        return
    finite = torch.isfinite(table).all(-1)
    if not finite.all():
        first = int((~finite.reshape(-1, table.shape[-2]).all(0)).nonzero()[0])
        raise ValueError(
            f"{name} gives NaN or infinity at the end point {label(first)}; nothing can be measured with that"
        )
