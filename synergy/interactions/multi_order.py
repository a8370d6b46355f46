"""Interactions of pairs by the number of the others that are there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from math import comb
from pathlib import Path
from typing import Any

import numpy as np
import torch

from decompositions import degrees, show
from decompositions.arguments import shown
from decompositions.arithmetic import Array, is_exact, rationals, to_float, wide, zeros
from decompositions.contraction import contract
from decompositions.counts import several
from decompositions.effects.effects import Effects
from decompositions.effects.naming import Coalition, members_of
from decompositions.effects.supersets import contract_listed
from decompositions.games.game import Game
from synergy.interactions.all_effects import all_effects


@dataclass(frozen=True, eq=False)
class MultiOrder:
    """What pairs do together beside m others, for every m.

    Args:
        array: by m and by pair. Shape ``(..., orders, pairs)``.
        names: of the players.
        whole: whether all m are there, up to n − 2.
    """

    array: Array
    names: tuple[str, ...]
    whole: bool = True

    @property
    def n(self) -> int:
        """The number of players."""
        return len(self.names)

    @property
    def orders(self) -> range:
        """The m that are there, from 0 on."""
        return range(self.array.shape[-2])

    def pairs(self) -> Iterator[tuple[int, int]]:
        """The pairs, as the columns of ``array`` have them."""
        return combinations(range(self.n), 2)

    def __getitem__(self, pair: Coalition) -> Array:
        """What a pair does, by m: ``found[0, 2]``, ``found["a", "c"]``. Shape ``(..., orders)``.

        Raises:
            TypeError, IndexError, LookupError, ValueError: no two players; as indexing effects does.
        """
        members = tuple(sorted(members_of(pair, self.names)))
        if len(members) != 2:
            raise LookupError(f"these are interactions of pairs, and {members} has {several(len(members), 'player')}")
        return self.array[..., list(self.pairs()).index((members[0], members[1]))]

    @property
    def strength(self) -> np.ndarray:
        r"""The relative strength of each m, of which the mean is 1; NaN where nothing interacts. Shape ``(orders,)``.

        .. math:: J^{(m)} = \frac{\mathbb E_{ij}\, |I^{(m)}(i, j)|}{\mathbb E_{m'}\, \mathbb E_{ij}\, |I^{(m')}(i, j)|}

        Of several games both are means over all of them. Networks are seen to be strong at small and at large m, and
        weak between: their representation bottleneck.
        """
        sizes = np.abs(to_float(self.array)).mean(-1).reshape(-1, len(self.orders)).mean(0)
        mean = sizes.mean()
        return sizes / mean if mean else np.full(sizes.shape, np.nan)

    def plot(self, path: str | Path | None = None) -> Any:
        """The strength over m as a matplotlib figure (extra ``viz``), saved if asked."""
        return show.figure(self, path=path)

    def __str__(self) -> str:
        return show.text(self)

    def __repr__(self) -> str:
        rest = "" if self.whole else f" of {self.n - 1}; those of larger m need effects of more players"
        return f"MultiOrder({several(self.n, 'player')}, {several(len(self.orders), 'order')}{rest})"


def multi_order(game_or_effects: Game | Effects) -> MultiOrder:
    r"""The mean interaction of every pair with m others there, for all m from 0 to n − 2.

    .. math:: I^{(m)}(i, j) = \mathbb E_{R \subseteq N \setminus \{i, j\},\, |R| = m}\, \Delta_{ij} v(R)
              = \sum_{S \ni i, j} \binom{m}{s-2} \binom{n-2}{s-2}^{-1} J(S)

    Their mean over m is the Shapley interaction index of the pair. Of effects up to an order K those of m ≤ K − 2 are
    whole, and only these are given.

    Args:
        game_or_effects: the question, all of whose dividends are computed, or what it is made of.

    Raises:
        TypeError: no game and no effects.
        ValueError: fewer than two players, effects that lack some of pairs, or as
            :func:`decompositions.dividends.harsanyi.harsanyi` raises.

    Reference: deng2022discovering

    Theory: :ref:`order-of-a-pair`.

    >>> found = multi_order(Game.from_values([0., 0., 0., 1., 0., 0., 0., 3.]))
    >>> found[0, 1].tolist(), found[0, 2].tolist()
    ([1.0, 3.0], [0.0, 2.0])
    """
    if not isinstance(game_or_effects, (Game, Effects)):
        raise TypeError(f"multi_order() takes a Game or its Effects, not {shown(game_or_effects)}")
    effects = all_effects(game_or_effects, "multi_order()") if isinstance(game_or_effects, Game) else game_or_effects
    largest = _known(effects)
    effects = effects.by_support()
    values = effects.values if effects.exact else wide(effects.values)
    sums = [_pairs_of_size(effects, values, s) for s in range(2, largest + 1)]
    n, orders = effects.n, []
    for m in range(largest - 1):
        shares = rationals([Fraction(comb(m, s), comb(n - 2, s)) for s in range(m + 1)], values)
        orders.append(sum(share * part for share, part in zip(shares, sums, strict=False)))
    array = np.stack(orders, -2) if effects.exact else torch.stack(orders, -2)
    return MultiOrder(array, effects.names, largest == n)


def _known(effects: Effects) -> int:
    """The number of players up to which all effects are there."""
    if effects.n < 2:
        raise ValueError("interactions of pairs need two players at least")
    if not effects.truncated:
        return effects.n
    known = effects.strata.order if effects.strata is not None and effects.basis == "harsanyi" else 0
    if known < 2:
        raise ValueError(
            "multi_order() needs the effects of all pairs, and of larger coalitions for larger m; decompose with "
            "harsanyi(game), or up to an order of 2 at least"
        )
    return min(known, effects.n)


def _pairs_of_size(effects: Effects, values: Array, size: int) -> Array:
    """For every pair the sum of the effects of coalitions of a size that hold it. Shape ``(..., pairs)``."""
    n = effects.n
    weights = [Fraction(s == size) for s in range(n + 1)]
    if effects.dense:
        found = contract(values, rationals(weights, values), 2)
        columns = [found[degrees.mask(pair)] for pair in combinations(range(n), 2)]
        return np.stack(columns, -1) if is_exact(values) else torch.stack(columns, -1)
    assert effects.coalitions is not None
    sets, sums = contract_listed(effects.coalitions, values, weights, 2)
    table = zeros((*values.shape[:-1], comb(n, 2)), values)
    first, second = sets[:, 0], sets[:, 1]
    table[..., first * (2 * n - first - 1) // 2 + second - first - 1] = sums
    return table
