"""Who is given how much of which effect, where the ones who are given something are sets of players."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import combinations
from math import comb
from typing import Any

import numpy as np
import torch

from decompositions.arithmetic import Array, like, rationals, stack, zeros
from decompositions.counts import count
from decompositions.degrees import count_up_to_order
from decompositions.effects.effects import Effects
from decompositions.evaluation.spans import spans
from synergy.allocation.allocation import Allocation
from synergy.interaction_index import AbstractIndex, AbstractLift

SETS = 2**20  # columns of a table, at most
NUMBERS = 2**22  # shares that are made at once

Sets = tuple[tuple[int, ...], ...]
Rows = Callable[["SetAllocation", int, int], Array]


@dataclass(frozen=True, eq=False)
class SetAllocation(Allocation):
    r"""One row per effect, one column per set of 1 to k players; the column sums are the index.

    In theory a row is :math:`w(T, S)\, J(S)`; measured, it is :math:`\sum_{R \subseteq S} (-1)^{|S|-|R|} I_T(v_R)` with
    :math:`v_R(A) = v(A \cap R)`, the game in which only the players of R can be there. A set belongs to an effect if
    all its players do: what goes to another one is leakage.

    Args:
        sets: the columns, sorted tuples of players.
    """

    sets: Sets = field(default=())

    @property
    def n(self) -> int:
        """The number of columns: of sets."""
        return len(self.sets)

    @property
    def names(self) -> tuple[str, ...]:
        """The sets in the players' names: ``not·happy``."""
        return tuple("·".join(self.effects.names[i] for i in players) for players in self.sets)

    def blocks(self) -> Iterator[tuple[int, int, Array]]:
        """All rows, some at a time: start, stop and the shares ``(..., stop−start, n)``."""
        return ((start, stop, self.rows(start, stop)) for start, stop in spans(len(self), max(1, NUMBERS // self.n)))

    def inside(self, members: Any) -> np.ndarray:
        """Which sets have all their players in effects. Shapes ``(m, players)`` → ``(m, n)``."""
        table = members.cpu().numpy() if isinstance(members, torch.Tensor) else np.asarray(members)
        within = np.ones((len(table), len(self.sets)), dtype=bool)
        for place in range(max(map(len, self.sets))):
            some = [(column, players[place]) for column, players in enumerate(self.sets) if place < len(players)]
            columns, players = np.array(some).T
            within[:, columns] &= table[:, players]
        return within


def in_theory(effects: Effects, index: AbstractIndex | AbstractLift, order: int) -> SetAllocation:
    """Effects shared out among sets of at most ``order`` players by an index.

    Args:
        effects: dividends, or Taylor effects for an index that reads degrees.
        index: whose weights are taken.
        order: the largest number of players of a set.

    Raises:
        ValueError: more sets than a table has columns for; an index of degrees, of dividends.
    """
    sets = columns(effects.n, order)
    if isinstance(index, AbstractIndex):
        effects = effects.by_support()
        rows = _by_weights(effects, index, order, sets)
    else:
        index.policy.require(effects)
        rows = _by_lift(effects, index, order)
    made = SetAllocation(
        effects,
        lambda start, stop: rows(made, start, stop),
        f"{index.name} of order {order}",
        sets=sets,
        proven=_proven(index, effects.n, order) if isinstance(index, AbstractIndex) else frozenset(),
    )
    return made


def _proven(index: AbstractIndex, n: int, order: int) -> frozenset[str]:
    """The criteria that the weights meet on effects of every size."""
    sizes = range(1, n + 1)
    weights = [[index.weight(t, s, order) for t in range(1, min(s, order) + 1)] for s in sizes]
    sums = [sum((comb(s, t) * w for t, w in enumerate(each, 1)), Fraction(0)) for s, each in enumerate(weights, 1)]
    found = {
        "coverage": all(any(each) for each in weights),
        "relevance": True,
        "completeness": all(each == 1 for each in sums),
    }
    return frozenset(name for name, holds in found.items() if holds)


def columns(n: int, order: int) -> Sets:
    """All sets of 1 to ``order`` of n players, the smallest first.

    Raises:
        ValueError: more than a table has columns for.
    """
    sets = count_up_to_order(n, order) - 1
    if sets > SETS:
        raise ValueError(
            f"there are {count(sets)} sets of at most {order} of {n} players, above the {count(SETS)} columns that a "
            "table has; take a lower order, or the index itself: interactions()"
        )
    return tuple(players for t in range(1, order + 1) for players in combinations(range(n), t))


def _by_weights(effects: Effects, index: AbstractIndex, order: int, sets: Sets) -> Rows:
    """w(|T|, |S|) J(S) where T is within S."""
    by_size = [index.weights(t, effects.n, order) for t in range(1, order + 1)]
    weights = stack([rationals(each, effects.values) for each in by_size], -1)  # sizes of S × sizes of T
    sizes = np.fromiter(map(len, sets), dtype=np.int64) - 1

    def rows(allocation: SetAllocation, start: int, stop: int) -> Array:
        within = allocation.inside(effects.table(start, stop) > 0)
        given = weights[effects.sizes(start, stop)][:, sizes] * like(within, effects.values)
        return effects.values[..., start:stop, None] * given

    return rows


def _by_lift(effects: Effects, lift: AbstractLift, order: int) -> Rows:
    """w(T, κ) of every effect, by the shares of its players."""
    starts = [count_up_to_order(effects.n, t - 1) - 1 for t in range(1, order + 1)]

    def rows(allocation: SetAllocation, start: int, stop: int) -> Array:
        table = effects.table(start, stop)
        members = np.asarray(table.cpu() if isinstance(table, torch.Tensor) else table) > 0
        given = zeros((stop - start, allocation.n), effects.values)
        for s in range(1, int(members.sum(1).max(initial=0)) + 1):
            chosen = np.flatnonzero(members.sum(1) == s)
            if not len(chosen):
                continue
            players = np.nonzero(members[chosen])[1].reshape(len(chosen), s)
            shares = _of_players(lift.policy.shares(table[chosen]), players)
            for t in range(1, min(s, order) + 1):
                places = np.array(list(combinations(range(s), t)))
                weights = lift.weights(shares, places, order) + zeros((len(chosen), len(places)), given)
                where = starts[t - 1] + _rank(players[:, places], effects.n)
                given[chosen[:, None], where] = weights
        return effects.values[..., start:stop, None] * given

    return rows


def _of_players(shares: Array, players: np.ndarray) -> Array:
    """The shares of the players of some effects. Shape ``(m, s)``."""
    return shares[np.arange(len(players))[:, None], players]


def _rank(sets: np.ndarray, n: int) -> np.ndarray:
    """The place of sets of t players among all of t of n, in lexicographic order. Shape ``(..., t)`` → ``(...)``.

    >>> _rank(np.array([[0, 1], [0, 2], [1, 2]]), 3).tolist()
    [0, 1, 2]
    """
    t = sets.shape[-1]
    after = np.array([[comb(left, k) for k in range(t + 1)] for left in range(n)])
    last = comb(n, t) - 1
    return last - sum(after[n - 1 - sets[..., place], t - place] for place in range(t))
