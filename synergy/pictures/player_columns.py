"""Players that have a column of their own, where there is no room for all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from synergy.pictures.canvas import plains
from synergy.pictures.ranking import most_often
from synergy.pictures.sharing import Sharing


@dataclass(frozen=True)
class Columns:
    """The players that have a column, and whether all others share a last one.

    Args:
        players: in order.
        others: the players that share the last column.
        names: of the columns.
        limit: where the colours end.
    """

    players: list[int]
    others: list[int]
    names: list[str]
    limit: float

    def of(self, table: np.ndarray, pool: Any = np.sum) -> np.ndarray:
        """A table of all players as one of these columns. Shape ``(..., n)`` to ``(..., columns)``."""
        own = table[..., self.players]
        return np.append(own, pool(table[..., self.others], -1)[..., None], -1) if self.others else own


def columns_for(tables: list[Sharing], names: tuple[str, ...], most: int) -> Columns:
    """The players in the effects and those who are given something of others; of too many those in most of them.

    Args:
        tables: the rows that are shown.
        names: of all players.
        most: columns, at most; beyond it all others share a further one.
    """
    rows = [np.flatnonzero(inside) for table in tables for inside in table.inside if inside.any()]
    leaks = [np.flatnonzero(leaked) for table in tables for leaked in table.leaks if leaked.any()]
    every = list(range(len(names)))
    players = every if len(names) <= most + 1 else most_often([*rows, *leaks] or [every], most)
    others = [i for i in every if i not in set(players)]
    sizes = [float(np.abs(np.nan_to_num(table.shares)).max(initial=0.0)) for table in tables]
    labels = plains([names[i] for i in players], 16) + [f"{len(others)} more"] * bool(others)
    return Columns(players, others, labels, max(sizes) or 1.0)
