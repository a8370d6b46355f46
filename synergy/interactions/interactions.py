"""How the effects of a game are shared out among sets of players."""

from __future__ import annotations

import math
from fractions import Fraction
from functools import cache
from itertools import chain
from math import comb
from typing import Any

import numpy as np
import torch

from decompositions import degrees
from decompositions.arguments import shown, whole
from decompositions.arithmetic import Array, concatenate, rationals, wide
from decompositions.contraction import contract
from decompositions.counts import several
from decompositions.dividends.harsanyi import harsanyi
from decompositions.effects.effects import Effects
from decompositions.effects.supersets import contract_listed
from decompositions.expressions.settling import settle
from decompositions.games.game import Game
from synergy.algorithms.differences import on_values
from synergy.interaction_index import AbstractIndex, AbstractLift, index_named
from synergy.interactions import indices as indices  # registers the built-in indices
from synergy.interactions.all_effects import all_effects
from synergy.interactions.lifted import lifted
from synergy.interactions.lifts.named import LIFTS
from synergy.interactions.result import Interactions
from synergy.interactions.set_allocation import in_theory

Sets = tuple[tuple[int, ...], ...]


def interactions(game_or_effects: Game | Effects, index: Any = "STII", order: int = 2) -> Interactions:
    r"""An index of all sets of at most so many players.

    .. math:: I(T) = \sum_{S \supseteq T} w(|T|, |S|)\, J(S), \qquad 1 \le |T| \le k

    A game is decomposed first, up to the order alone where the index asks for no more. Of effects some of which are
    missing (up to an order, or the strongest) each of those that are there is shared out, and the result says that, and
    what the missing ones sum to; where the index gives nothing of missing ones its values are whole.

    Args:
        game_or_effects: the question, or what it is made of; Taylor effects are summed by support.
        index: "SV", "BV" (of single players), "SII", "BII", "CHII", "k-SII", "STII", "FSII", "FBII", "kADD-SHAP",
            "Moebius", "Co-Moebius", "RS", "ARS"; those that see degrees, "IH" (of order 2), "RIG", "ARIG", "SP": by
            Taylor effects, or on a network by integrals along the straight path; or an index of one's own, such as
            ``TopDistributing(policy)``.
        order: k, the largest number of players of a set.

    Raises:
        TypeError: no game and no effects; no name of an index; an order that is no whole number.
        LookupError: no such index; the nearest name is said.
        ValueError: an order outside of 1 to n, or above the index's own; an index that is no policy ("JointSV"); an
            index of degrees of a game that has no Taylor series, or whose series does not reach x, of a network with a
            kink where second derivatives are integrated, or of Harsanyi dividends; or as
            :func:`decompositions.dividends.harsanyi.harsanyi` raises.

    Theory: :ref:`interaction-index`.

    >>> found = interactions(Game.from_values([0., 1., 2., 7.]), "SII")
    >>> dict(found)
    {(0,): 3.0, (1,): 4.0, (0, 1): 4.0}
    """
    wanted = index_named(index, LIFTS)
    if not isinstance(game_or_effects, (Game, Effects)):
        raise TypeError(f"interactions() takes a Game or its Effects, not {shown(game_or_effects)}")
    order = _order(order, wanted, game_or_effects.n)
    if isinstance(wanted, AbstractLift):
        return lifted(game_or_effects, wanted, order)
    effects = (
        _decomposed(game_or_effects, wanted, order) if isinstance(game_or_effects, Game) else game_or_effects
    ).by_support()
    values = effects.values if effects.exact else wide(effects.values)
    sets, array = (_of_all if effects.dense else _of_rows)(effects, values, wanted, order)
    missing = effects.truncated and _asks_for(wanted, order, _complete(game_or_effects, effects), effects.n)
    return Interactions(
        settle(array),
        sets,
        names=effects.names,
        index=wanted.name,
        title=wanted.title,
        order=order,
        base=_constant(effects, values, wanted, order),
        missing=missing,
        remainder=effects.remainder if missing else 0,
        calls=effects.calls,
        remark=effects.note,
        noise=_noise(effects, wanted, order, sets),
        shared=lambda: in_theory(_whole(game_or_effects, effects, wanted), wanted, order),
    )


def _order(order: int, index: AbstractIndex | AbstractLift, n: int) -> int:
    """The order as a whole number that there are sets of, and that the index has."""
    order = whole(order, "order is the largest number of players of a set", 1, n)
    if index.largest is not None and order > index.largest:
        raise ValueError(
            f"{index.name} is an index of at most {several(index.largest, 'player')}; give order={index.largest}"
        )
    if isinstance(index, AbstractLift) and order < index.smallest:
        raise ValueError(f"{index.name} is an index of order {index.smallest}; give order={index.smallest}")
    return order


def _decomposed(game: Game, index: AbstractIndex, order: int) -> Effects:
    """The dividends that the index gives anything of."""
    return all_effects(game, index.name) if _asks_for(index, order, order, game.n) else harsanyi(game, order=order)


def _whole(given: Game | Effects, effects: Effects, index: AbstractIndex) -> Effects:
    """All effects, where only those were decomposed that the index gives anything of."""
    return all_effects(given, index.name) if isinstance(given, Game) and effects.truncated else effects


def _asks_for(index: AbstractIndex, order: int, known: int, n: int) -> bool:
    """Whether an index gives anything of effects of more than ``known`` players."""
    sizes = range(0 if index.constant else 1, order + 1)
    return any(index.weight(t, s, order) for s in range(known + 1, n + 1) for t in sizes if t <= s)


def _complete(given: Game | Effects, effects: Effects) -> int:
    """The order up to which all effects are there, where some are missing; Taylor effects may lack any."""
    taylor = isinstance(given, Effects) and given.basis == "taylor"
    return effects.strata.order if effects.strata is not None and not taylor else 0


def _noise(effects: Effects, index: AbstractIndex, order: int, sets: Sets) -> np.ndarray:
    """What the rounding of the values makes of the index, set by set; of a list of effects at most. Shape ``(m,)``."""
    sizes = np.fromiter(map(len, sets), dtype=np.int64, count=len(sets))
    if not effects.noise:
        return np.zeros(len(sets))
    if effects.dense:
        by_size = np.array([0.0, *(_gain(index, t, order, effects.n) for t in range(1, order + 1))])
        return effects.noise * by_size[sizes]
    assert effects.coalitions is not None
    largest = int(effects.coalitions.sizes.max())
    floors, parts = torch.from_numpy(effects.noise_floor()), []
    for t in range(1, order + 1):
        weights = [abs(weight) for weight in index.weights(t, largest, order)]
        parts.append(contract_listed(effects.coalitions, floors, weights, t)[1])
    return torch.cat(parts).numpy()


@cache
def _gain(index: AbstractIndex, t: int, order: int, n: int) -> float:
    """The root of the sum of the squares of an index's weights on all values, of a set of t players."""
    alphas = on_values(index.weights(t, n, order)[t:])
    return math.sqrt(sum((2**t * comb(n - t, u) * alpha**2 for u, alpha in enumerate(alphas)), Fraction(0)))


def _of_all(effects: Effects, values: Array, index: AbstractIndex, order: int) -> tuple[Sets, Array]:
    """The index from the table of all dividends."""
    found: dict[tuple[int, ...], Array] = {}
    for t in range(1, order + 1):
        weights = rationals(index.weights(t, effects.n, order), values)
        of_size = {degrees.coalition(mask): value for mask, value in contract(values, weights, t).items()}
        found |= {players: of_size[players] for players in sorted(of_size)}
    columns = list(found.values())
    return tuple(found), np.stack(columns, -1) if effects.exact else torch.stack(columns, -1)


def _of_rows(effects: Effects, values: Array, index: AbstractIndex, order: int) -> tuple[Sets, Array]:
    """The index from a list of coalitions: of the sets within any of them."""
    assert effects.coalitions is not None
    largest = int(effects.coalitions.sizes.max())
    parts = [
        contract_listed(effects.coalitions, values, index.weights(t, largest, order), t) for t in range(1, order + 1)
    ]
    sets = chain.from_iterable(map(tuple, listed.tolist()) for listed, _ in parts)
    return tuple(sets), concatenate([sums for _, sums in parts], -1)


def _constant(effects: Effects, values: Array, index: AbstractIndex, order: int) -> Any:
    """f(b), or the index's own part of the empty set."""
    if not index.constant:
        return effects.base
    sizes = effects.sizes(0, len(effects))
    return (values * rationals(index.weights(0, int(sizes.max()), order), values)[sizes]).sum(-1)
