"""A lift of a rule, applied to effects row by row."""

from __future__ import annotations

from itertools import chain

import numpy as np
import torch

from decompositions import degrees
from decompositions.arithmetic import Array, concatenate, is_exact, wide, zeros
from decompositions.effects.coalitions import listed, packed
from decompositions.effects.effects import Effects
from decompositions.effects.supersets import handed_out
from decompositions.expressions.settling import settle
from decompositions.games.game import Game
from decompositions.series.taylor import taylor
from synergy.interaction_index import AbstractLift
from synergy.interactions.all_effects import all_effects
from synergy.interactions.integrated import has_integrals, integrated
from synergy.interactions.result import Interactions
from synergy.interactions.set_allocation import in_theory


def lifted(given: Game | Effects, lift: AbstractLift, order: int) -> Interactions:
    """The values of a lift.

    Args:
        given: a game, which is integrated, or decomposed as the rule needs it, or effects.
        lift: the lift.
        order: the largest number of players of a set.

    Raises:
        ValueError: a rule that reads degrees, of a game that has no Taylor series or of Harsanyi dividends; a series
            that does not reach x; or as :func:`synergy.interactions.integrated.integrated` raises.
    """
    if isinstance(given, Game) and has_integrals(given, lift):
        return integrated(given, lift, order)
    effects = given if isinstance(given, Effects) else _decomposed(given, lift)
    lift.policy.require(effects)
    _require_reach(effects, lift)
    values = effects.values if effects.exact else wide(effects.values)
    shares = _shares(lift, effects, values)
    bits = _players(effects)

    def weights(s: int, rows: np.ndarray, places: np.ndarray) -> Array:
        return lift.weights(_taken(shares, rows, listed(bits[rows], s)), places, order)

    def sizes(s: int, rows: np.ndarray, places: np.ndarray) -> Array:
        return abs(weights(s, rows, places)).to(floors)

    parts = [handed_out(bits, effects.n, values, t, weights) for t in range(1, order + 1)]
    floors = torch.from_numpy(effects.noise_floor())
    noise = [handed_out(bits, effects.n, floors, t, sizes)[1] for t in range(1, order + 1)] if effects.noise else []
    return Interactions(
        settle(concatenate([sums for _, sums in parts], -1)),
        tuple(chain.from_iterable(map(tuple, sets.tolist()) for sets, _ in parts)),
        names=effects.names,
        index=lift.name,
        title=lift.title,
        order=order,
        base=effects.base,
        missing=effects.truncated,
        remainder=effects.remainder if effects.truncated else 0,
        calls=effects.calls,
        remark=effects.note,
        noise=torch.cat(noise).numpy() if noise else np.zeros(sum(len(sets) for sets, _ in parts)),
        shared=lambda: in_theory(effects, lift, order),
    )


def _decomposed(game: Game, lift: AbstractLift) -> Effects:
    """Taylor effects for a rule that reads degrees, else dividends."""
    if lift.policy.reads == "support":
        return all_effects(game, lift.name)
    try:
        return taylor(game)
    except ValueError as error:
        raise ValueError(f"{lift.name} shares out Taylor effects, by their degrees: {error}") from error


def _require_reach(effects: Effects, lift: AbstractLift) -> None:
    """Refuse a series that is not the function's all the way to x: what it gives would not be its integral."""
    if lift.policy.reads == "degree" and effects.truncated and effects.radius < 1:
        raise ValueError(
            f"{lift.name} is an integral from b to x, and these effects are those of a series that reaches "
            f"{effects.radius:.2g} of the way; {effects.note or 'take a baseline nearer to x'}"
        )


def _players(effects: Effects) -> np.ndarray:
    """Who takes part in every row, as bitsets."""
    if effects.coalitions is not None:
        return effects.coalitions.bits
    if effects.degrees is not None:
        return packed(effects.degrees)
    return packed(degrees.bits(0, len(effects), effects.n).numpy())


def _shares(lift: AbstractLift, effects: Effects, values: Array) -> Array:
    """a_i(κ) of all rows; of the constant nothing. Shape ``(m, n)``."""
    table = effects.table(1, len(effects))
    given = lift.policy.shares(table if is_exact(values) else wide(table))
    return concatenate([zeros((1, effects.n), given), given], 0)


def _taken(shares: Array, rows: np.ndarray, players: np.ndarray) -> Array:
    """The shares of the players of some rows. Shape ``(m, s)``."""
    if is_exact(shares):
        return np.take_along_axis(shares[rows], players, 1)
    return shares[rows].gather(1, torch.as_tensor(players, device=shares.device))
