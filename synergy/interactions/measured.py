"""Who is given how much of which effect by an index as it is computed, whatever weights it is said to have."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from decompositions import degrees
from decompositions.arguments import shown, whole
from decompositions.arithmetic import Array, is_exact, objects, stack, wide
from decompositions.counts import count
from decompositions.dividends.harsanyi import harsanyi
from decompositions.games.game import Game, require_game
from decompositions.mobius import mobius, zeta
from synergy.interaction_index import AbstractIndex, index_named
from synergy.interactions.set_allocation import SetAllocation, Sets, columns

PLAYERS = 10  # of a game on whose restrictions an index is measured, at most

Definition = Callable[[Array, int], Mapping[Any, Any]]


def measure_interactions(subject: Any, game: Game, order: int = 2) -> SetAllocation:
    r"""The rows of an index in practice: the Möbius transform, over all restrictions of the game, of the index itself.

    .. math:: M_T(S) = \sum_{R \subseteq S} (-1)^{|S| - |R|}\, I_T(v_R), \qquad v_R(A) = v(A \cap R)

    In v_R the players outside R are null players. An index with weights on effects gives :math:`w(T, S)\, J(S)`; what
    gives something to sets that an effect does not hold is seen as leakage.

    Args:
        subject: a registered index, by its name, which is taken by its own definition on values; or any function of a
            table of values (position = bitmask, shape ``(2**n,)``) and an order that gives a mapping from sets, tuples
            of players or bitmasks, as :func:`synergy.interactions.joint_shapley.joint_shapley` does.
        game: the question, of at most 10 players.
        order: the largest number of players of a set.

    Raises:
        TypeError: no index and no function, or one that gives something else.
        LookupError: no such index.
        ValueError: too many players, an order outside of 1 to n, or a lift of a rule, which is no function of values.

    >>> from fractions import Fraction
    >>> from synergy.interactions import joint_shapley
    >>> found = measure_interactions(joint_shapley, Game.from_values([Fraction(0), Fraction(1)] * 2))
    >>> {T: str(found.rows(1, 2)[0, place]) for place, T in enumerate(found.sets)}
    {(0,): '2/3', (1,): '0', (0, 1): '1/3'}
    >>> found.criteria().verdicts["relevance"]
    'fail'
    """
    require_game(game, "measure_interactions()")
    definition, name = _definition(subject)
    order = whole(order, "order is the largest number of players of a set", 1, game.n)
    if game.n > PLAYERS:
        raise ValueError(
            f"an index is measured on all {count(2**game.n)} restrictions of a game to some players, "
            f"{count(4**game.n)} values; {PLAYERS} players are the most: take coarser players"
        )
    effects, sets, masks = harsanyi(game), columns(game.n, order), np.arange(2**game.n)
    values = zeta(effects.values)
    ends = stack([_row(definition(values[masks & R], order), sets, values, name) for R in masks], 0)
    table = mobius(ends.T if is_exact(ends) else wide(ends).T.contiguous()).T
    noise = effects.noise * np.sqrt(len(masks)) * 2.0 ** (effects.sizes(0, len(masks)) / 2)
    return SetAllocation(effects, lambda start, stop: table[start:stop], name, error=noise, sets=sets)


def _definition(subject: Any) -> tuple[Definition, str]:
    """What computes the index, and its name."""
    if callable(subject):
        return subject, getattr(subject, "__name__", type(subject).__name__)
    index = index_named(subject, {})
    if not isinstance(index, AbstractIndex):
        raise ValueError(f"{index.name} is made of a rule for effects, not of values; see interactions().allocation")
    return index.definition, index.name


def _row(found: Any, sets: Sets, values: Array, name: str) -> Array:
    """What all sets are given, in the order of the columns. Shape ``(n,)``."""
    if not isinstance(found, Mapping):
        raise TypeError(f"{name} is measured as a mapping from sets to numbers, and gives {shown(found)}")
    by_mask = {key if isinstance(key, int) else degrees.mask(key): value for key, value in found.items()}
    given = [by_mask.get(degrees.mask(players), 0) for players in sets]
    return objects(given) if is_exact(values) else values.new_tensor([float(value) for value in given])
