"""Effects of single players and of pairs, as one table."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from decompositions.arguments import shown
from decompositions.arithmetic import to_float
from decompositions.effects.effects import Effects
from synergy.estimation.estimation import CERTAIN, Estimation
from synergy.interactions.result import Interactions
from synergy.pictures.ranking import largest, require_one_game

Found = Effects | Estimation | Interactions


@dataclass(frozen=True, eq=False)
class Pairs:
    """What single players and pairs do.

    Args:
        values: of single players on the diagonal, of pairs beside it, symmetric; NaN where nothing is known. Shape
            ``(n, n)``.
        undecided: which of them are not told from zero. Shape ``(n, n)``.
        names: of the players.
        what: the entries are.
        note: what is to be said of it.
    """

    values: np.ndarray
    undecided: np.ndarray
    names: tuple[str, ...]
    what: str
    note: str

    def of(self, most: int) -> list[int]:
        """The players that have the largest entries, in order."""
        return largest(np.nanmax(np.abs(np.nan_to_num(self.values)), axis=1), most)


def pairs_of(found: Found) -> Pairs:
    """The table of effects, of an index, or of an estimate of pairs, which has no single players.

    Raises:
        TypeError: neither effects, an index nor an estimate.
        ValueError: of several games, or of single players alone.
    """
    if isinstance(found, Estimation):
        return _of_estimation(found)
    if isinstance(found, Interactions):
        return _of_interactions(found)
    if not isinstance(found, Effects):
        raise TypeError(
            f"interactions are drawn from Effects, Interactions or an estimate of pairs, not {shown(found)}"
        )
    require_one_game(found)
    effects = found.by_support()
    n, values = effects.n, to_float(effects.values)
    table = np.full((n, n), np.nan if effects.truncated else 0.0)
    for row in np.flatnonzero((effects.sizes(0, len(effects)) - 1) // 2 == 0).tolist():
        key = effects.key(row)
        table[key[0], key[-1]] = table[key[-1], key[0]] = values[row]
    note = "on the diagonal the effects of single players, beside it those of pairs"
    return Pairs(table, np.zeros((n, n), dtype=bool), effects.names, "J(S)", note)


def _of_estimation(found: Estimation) -> Pairs:
    if found.values.ndim != 2:
        raise ValueError(
            f"'{found.index}' is of single players, and interactions are of pairs; take attributions() instead, or "
            "estimate(game, 'sii')"
        )
    table = found.values.astype(float)
    np.fill_diagonal(table, np.nan)
    undecided = np.zeros_like(table, dtype=bool) if found.exact else found.undecided
    note = "" if found.exact else f"dots: not told from zero ({CERTAIN} standard errors)"
    return Pairs(table, undecided, found.names, found.index, note)


def _of_interactions(found: Interactions) -> Pairs:
    table = to_float(found.to_matrix())
    if table.ndim != 2:
        raise ValueError(f"a picture shows one game, and these values have shape {tuple(found.array.shape)}")
    note = "on the diagonal the values of single players, beside it those of pairs"
    said = f"{note}; {found.note}" if found.note else note
    return Pairs(table, np.zeros(table.shape, dtype=bool), found.names, found.index, said)
