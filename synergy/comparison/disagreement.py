"""Where methods disagree about a player, and which effect causes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from decompositions.arithmetic import to_float
from synergy.allocation.allocation import Allocation
from synergy.comparison.comparison import Comparison
from synergy.comparison.result import Result
from synergy.comparison.scale import own_scale
from synergy.wording.numbers import scalar

CANDIDATES = 50  # rows of either table that are looked at: those of which the player is given most


@dataclass(frozen=True)
class Cause:
    """The effect of which two methods give a player most differently.

    Args:
        key: the coalition; () for the constant.
        effect: J(S); of the constant, f(b).
        more: what the one method gives the player of it.
        less: what the other gives.
    """

    key: tuple[int, ...]
    effect: Any
    more: float
    less: float


@dataclass(frozen=True)
class Disagreement:
    """Two methods that disagree about a player, more than any two others do.

    Args:
        player: its number.
        more: the method that gives it most.
        less: the method that gives it least.
        cause: the effect behind the largest part of that; None where their rows are not known.
    """

    player: int
    more: Result
    less: Result
    cause: Cause | None

    @property
    def given(self) -> tuple[float, float]:
        """What the two methods give the player."""
        high, low = (to_float(each.attribution)[self.player] for each in (self.more, self.less))
        return float(high), float(low)

    @property
    def share(self) -> float | None:
        """The part of the difference that the cause makes; above 1 where other effects take some of it back."""
        high, low = self.given
        return None if self.cause is None else (self.cause.more - self.cause.less) / (high - low)


def disagreements(comparison: Comparison, most: int = 3) -> tuple[Disagreement, ...]:
    """The players about whom methods disagree most, beyond their numerical errors.

    Methods with a scale of their own are left out: theirs is no disagreement but another unit.

    Args:
        comparison: of one game.
        most: how many players.
    """
    shown = [r for r in comparison.columns if r.attribution is not None and not own_scale(comparison, r)]
    if len(shown) < 2:
        return ()
    given = np.stack([to_float(each.attribution) for each in shown])
    errors = np.stack([_errors(each, comparison.effects.n) for each in shown])
    high, low = given.argmax(0), given.argmin(0)
    players = np.arange(comparison.effects.n)
    apart = given[high, players] - given[low, players]
    beyond = apart > errors[high, players] + errors[low, players] + 1e-9 * np.abs(given).max()
    order = [int(i) for i in np.argsort(-apart, kind="stable")[:most] if beyond[i]]
    return tuple(
        Disagreement(i, shown[high[i]], shown[low[i]], _cause(comparison, shown[high[i]], shown[low[i]], i))
        for i in order
    )


def _errors(result: Result, n: int) -> np.ndarray:
    return np.zeros(n) if result.error is None else to_float(result.error)


def _cause(comparison: Comparison, more: Result, less: Result, player: int) -> Cause | None:
    """The row of both tables in which the one method gives the player most more than the other."""
    first, second = (each.allocation for each in (more, less))
    if first is None or second is None:
        return None
    first, second = first.by_support(), second.by_support()
    found = []
    for key in dict.fromkeys([*_large(first, player), *_large(second, player)]):
        try:
            found.append(
                Cause(key, scalar(comparison.effects[key]), *(float(table[key][player]) for table in (first, second)))
            )
        except LookupError:  # one of them has other rows
            continue
    cause = max(found, key=lambda each: each.more - each.less, default=None)
    return cause if cause is not None and cause.more > cause.less else None


def _large(table: Allocation, player: int) -> list[tuple[int, ...]]:
    """The coalitions of which a player is given most."""
    shares = np.concatenate([to_float(rows[..., player]) for _, _, rows in table.blocks()])
    return [table.effects.key(int(row)) for row in np.argsort(-np.abs(shares), kind="stable")[:CANDIDATES]]
