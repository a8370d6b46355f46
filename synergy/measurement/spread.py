"""Attributions at end points, and the numerical error of the rows that are made of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
import torch

from decompositions.arithmetic import Array, concatenate, is_exact, to_float
from decompositions.games.game import Game
from synergy.allocation.judge import SAME_SIZE
from synergy.measurement.external import ForeignMethod
from synergy.measurement.subject import estimate, require_table
from synergy.method import AbstractMean, AbstractMethod
from synergy.moments import Moments, certain

ENDS = 1024  # end points that a method is asked for at once


class Rows(NamedTuple):
    """From something at every end point to something in every row.

    Args:
        transform: the Möbius transform over the end points. Shape ``(..., c, n)`` → ``(..., m, n)``.
        summed: the sum over all end points that a row is made of. Shape ``(c,)`` → ``(m,)``.
    """

    transform: Callable[[Array], Array]
    summed: Callable[[np.ndarray], np.ndarray]


class Spread(NamedTuple):
    """The numerical error of every row: of its sum, and of its shares one by one (their norm). Shape ``(m,)`` each.

    What exceeds it ``certain`` times over is no error.
    """

    sums: np.ndarray
    shares: np.ndarray
    certain: float = SAME_SIZE

    def beside(self, other: Spread) -> Spread:
        """Both errors, which know nothing of each other."""
        return Spread(np.hypot(self.sums, other.sums), np.hypot(self.shares, other.shares), self.certain)

    def over(self, masks: np.ndarray, length: int) -> Spread:
        """Among more rows, that err by nothing."""
        wider = np.zeros((2, length))
        wider[:, masks] = self.sums, self.shares
        return Spread(wider[0], wider[1], self.certain)


def attributions(
    chosen: AbstractMethod | ForeignMethod, game: Game, blocks: Iterable[Array], rows: Rows
) -> tuple[Array, Spread]:
    """A_i at end points, some at a time, ``(..., c, n)``, and the method's error in the rows."""
    if isinstance(chosen, AbstractMean):
        return _of_draws(chosen, game, [game.ends(block) for block in blocks], rows)
    pieces, errors = [], []
    for some in map(game.ends, blocks):
        found = estimate(chosen, game, some)
        pieces.append(found.values)
        errors.append(np.zeros((len(some), game.n)) if found.errors is None else to_float(found.errors))
    return concatenate(pieces, -2), independent(np.concatenate(errors), rows)


def _of_draws(chosen: AbstractMean, game: Game, blocks: list[Array], rows: Rows) -> tuple[Array, Spread]:
    """The mean over the draws at all end points, and its standard error in the rows.

    The draws are the same at every end point, so they are transformed one by one: a row errs by what its own value
    varies by from draw to draw, not by what its end points would add up to if they knew nothing of each other.
    """
    at_ends, sums, shares = Moments(), Moments(), Moments()
    for parts in zip(*(chosen.draws(game, some) for some in blocks), strict=True):
        for part, some in zip(parts, blocks, strict=True):
            require_table(part, chosen.name, (len(some), game.n))
        table = concatenate(list(parts), -2)
        at_ends.add(table)
        drawn = rows.transform(table)
        sums.add(to_float(drawn.sum(-1)))
        shares.add(to_float(drawn))
    return at_ends.mean, Spread(sums.error, np.linalg.norm(shares.error, axis=-1), certain(sums.count))


def independent(errors: np.ndarray, rows: Rows) -> Spread:
    """The error of the rows where those at the end points know nothing of each other: they add in squares.

    Args:
        errors: of the attributions. Shape ``(c, n)``.
        rows: what they are made into.
    """
    unit = float(errors.max(initial=0.0)) or 1.0  # squares stay in range
    spread = unit * np.sqrt(np.maximum(rows.summed(((errors / unit) ** 2).sum(-1)), 0))
    return Spread(spread, spread)


def require_finite(table: Array, name: str, label: Callable[[int], str]) -> None:
    """Refuse attributions that are no finite numbers. Shape ``(..., c, n)``.

    Raises:
        ValueError: names the first end point.
    """
    if is_exact(table):
        return
    finite = torch.isfinite(table).all(-1)
    if not finite.all():
        first = int((~finite.reshape(-1, table.shape[-2]).all(0)).nonzero()[0])
        raise ValueError(
            f"{name} gives NaN or infinity at the end point {label(first)}; nothing can be measured with that"
        )
