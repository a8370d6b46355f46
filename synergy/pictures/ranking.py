"""Which effects and players a picture has room for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from decompositions.arguments import shown
from decompositions.effects.effects import Effects
from synergy.allocation.allocation import Allocation
from synergy.comparison.comparison import Comparison

PLAYERS = 24  # rows of players


def require_one_game(effects: Any) -> None:
    """Refuse what is no table of effects, and one of several games.

    Raises:
        TypeError: another result; those that have effects are named with them.
        ValueError: it has leading axes.
    """
    if not isinstance(effects, Effects):
        has = isinstance(effects, (Comparison, Allocation))
        way = f": take the .effects of this {type(effects).__name__}" if has else ""
        raise TypeError(f"effects are drawn, as harsanyi(game) or taylor(game) gives them, not {shown(effects)}{way}")
    if effects.values.ndim != 1:
        raise ValueError(
            f"a figure shows one game; these effects have shape {tuple(effects.values.shape)}; make one of each game"
        )


def strongest(effects: Effects, k: int) -> list[tuple[tuple[int, ...], Any]]:
    """The k strongest effects of one game above its noise floor, with their keys."""
    require_one_game(effects)
    return effects.top(k)


def members(effects: Effects, key: tuple[int, ...]) -> tuple[int, ...]:
    """The players in an effect, whether its key is a coalition or a degree vector."""
    return key if effects.basis == "harsanyi" else tuple(i for i, power in enumerate(key) if power)


def row_of(effects: Effects, key: tuple[int, ...]) -> int:
    """The row of an effect that is there, by its coalition or degree vector."""
    if effects.degrees is None:
        return effects.rows(key)[0]
    return int(np.flatnonzero((effects.degrees == np.array(key)).all(1))[0])


def most_often(coalitions: Iterable[Iterable[int]], most: int = PLAYERS) -> list[int]:
    """The players in some coalitions, in order; of too many those in most of them, small coalitions counting more.

    >>> most_often([(0, 1, 2, 3), (3,), (5,)], most=2)
    [3, 5]
    """
    counts: dict[int, float] = {}
    for each in map(tuple, coalitions):
        counts |= {player: counts.get(player, 0.0) + 1 / len(each) for player in each}
    return sorted(sorted(counts, key=lambda player: (-counts[player], player))[:most])


def largest(sizes: Sequence[float] | np.ndarray, most: int = PLAYERS) -> list[int]:
    """The places of the largest sizes, in order."""
    return sorted(np.argsort(-np.abs(np.asarray(sizes)), kind="stable")[:most].tolist())
