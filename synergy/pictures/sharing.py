"""The rows of an allocation that a picture shows: who is given how much of the strongest effects."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from decompositions.arithmetic import to_float
from decompositions.effects.effects import Effects
from synergy.allocation.allocation import Allocation
from synergy.pictures.ranking import members, require_one_game, row_of
from synergy.wording.effects import effect_label

LABEL = 28  # letters of an effect's name
SEEN = 0.005  # of the largest share: what is smaller has no colour and no mark

Key = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Sharing:
    """Some rows of an allocation.

    Args:
        keys: of the effects; the constant is the key of nobody.
        names: of the effects.
        effects: their sizes. Shape ``(k,)``.
        shares: what every player is given of them; NaN where that was not measured. Shape ``(k, n)``.
        inside: who takes part. Shape ``(k, n)``.
        error: of the sums of the rows, beyond which a gap is none of rounding. Shape ``(k,)``.
    """

    keys: list[Key]
    names: list[str]
    effects: np.ndarray
    shares: np.ndarray
    inside: np.ndarray
    error: np.ndarray

    @property
    def leaks(self) -> np.ndarray:
        """What players outside an effect are given of it; zero for the others and where it could not be seen."""
        size = np.abs(np.nan_to_num(self.shares))
        least = np.maximum(SEEN * size.max(initial=0.0), self.error[:, None])
        return np.where(~self.inside & (size > least), self.shares, 0.0)

    @property
    def given(self) -> np.ndarray:
        """What the players in an effect are given of it together. Shape ``(k,)``."""
        return np.where(self.inside, self.shares, 0.0).sum(1)


def keys_of(effects: Effects, k: int) -> list[Key]:
    """The strongest effects of a table, at most k."""
    return [key for key, _ in effects.top(k)]


def sharing(table: Allocation, keys: list[Key], effects: Effects | None = None) -> Sharing:
    """The rows of some effects.

    Args:
        table: the allocation.
        keys: of the effects, in the table's own basis, or coalitions of ``effects``.
        effects: whose coalitions the keys are, where the table may share out others: the same ones by degree, or fewer.
    """
    require_one_game(table.effects)
    own = table.effects if effects is None else effects
    rows = [_row(table, key, effects) for key in keys]
    return Sharing(
        list(keys),
        [effect_label(own, key, LABEL) for key in keys],
        np.array([float(own.values[row_of(own, key)]) for key in keys]),
        np.array([row[0] for row in rows]).reshape(len(keys), table.n),
        table.inside(_members(own, keys)),
        np.array([row[1] for row in rows]),
    )


def _members(effects: Effects, keys: list[Key]) -> np.ndarray:
    """Who takes part in some effects. Shape ``(k, players)``."""
    table = [[i in members(effects, key) for i in range(effects.n)] for key in keys]
    return np.array(table, dtype=bool).reshape(len(keys), effects.n)


def with_constant(found: Sharing, table: Allocation) -> Sharing:
    """The same rows, and below them the constant f(b), where players are given a part of it that can be seen."""
    constant = to_float(table.rows(0, 1))[0]
    if np.abs(constant).max(initial=0.0) <= SEEN * np.abs(np.nan_to_num(found.shares)).max(initial=0.0):
        return found
    return Sharing(
        [*found.keys, ()],
        [*found.names, "∅, the constant f(b)"],
        np.append(found.effects, float(table.effects.values[0])),
        np.vstack([found.shares, constant]),
        np.vstack([found.inside, np.zeros(len(constant), dtype=bool)]),
        np.append(found.error, 0.0),
    )


def _row(table: Allocation, key: Key, effects: Effects | None) -> tuple[np.ndarray, float]:
    """The shares of one effect, and their error; NaN where the table has no such row."""
    unknown = np.full(table.n, np.nan)
    if effects is None or effects is table.effects:
        row = row_of(table.effects, key)
        return to_float(table.rows(row, row + 1))[0], _error(table, row)
    try:
        places = table.effects.rows(key)
        return to_float(table[key]), sum(_error(table, row) for row in places)
    except LookupError:
        return unknown, 0.0


def _error(table: Allocation, row: int) -> float:
    return 0.0 if table.error is None else float(table.certain * table.error[row])
