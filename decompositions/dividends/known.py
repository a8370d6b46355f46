"""Values of a game at some coalitions and all their subsets: dividends, and whole games of a few players."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from decompositions import degrees
from decompositions.arithmetic import Array, is_exact, wide
from decompositions.dividends.noise import evaluation_noise
from decompositions.dividends.subsets import dividends
from decompositions.effects.coalitions import Coalitions
from decompositions.effects.effects import Effects
from decompositions.effects.strata import Strata
from decompositions.evaluation import corners
from decompositions.evaluation.checkpoint import Checkpoint
from decompositions.expressions.settling import settle
from decompositions.games.game import Game
from decompositions.games.subgame_cube import SubgameCube
from decompositions.games.table_cube import TableCube
from decompositions.mobius import zeta


@dataclass(frozen=True, eq=False)
class Known:
    """v at some coalitions and all their subsets, and at the input.

    Args:
        game: the question.
        coalitions: where the values are known; with every coalition all its subsets.
        values: Shape ``(..., c)``, floats as float64.
        top: f(x). Shape ``(..., 1)``.
        noise: rounding error of one value.
    """

    game: Game
    coalitions: Coalitions
    values: Array
    top: Array
    noise: float

    @staticmethod
    def of_effects(game: Game, effects: Effects, coalitions: Coalitions) -> Known:
        """Values that all dividends of a game say. Shape ``(..., 2**n)``."""
        table = zeta(effects.values)
        at = coalitions.masks() if is_exact(table) else torch.as_tensor(coalitions.masks(), device=table.device)
        return Known(game, coalitions, table[..., at], table[..., -1:], effects.noise)

    def dividends(self, wanted: Coalitions, strata: Strata | None = None) -> Effects:
        """The exact dividends of some coalitions, and what they leave of f(x) − f(b).

        Args:
            wanted: of which all subsets are known.
            strata: how they were chosen.
        """
        found = settle(dividends(self.values, self.coalitions, wanted))
        active = self.game.cube.active()
        null = degrees.mask(set(range(self.game.n)) - set(active))
        truncated = int((~wanted.meeting(null)).sum()) < 2 ** len(active)
        return Effects(
            found,
            names=self.game.names,
            coalitions=wanted,
            noise=self.noise,
            remainder=settle(self.top - found.sum(-1, keepdims=True))[..., 0],
            truncated=truncated,
            strata=strata if truncated else None,
        )

    def subgame(self, members: tuple[int, ...]) -> Game:
        """The game restricted to some players, of which all coalitions are known; the others are null players."""
        places = self.coalitions.rows(Coalitions.subsets(members, self.game.n).bits)
        at = places if is_exact(self.values) else torch.as_tensor(places, device=self.values.device)
        return Game(SubgameCube(TableCube(self.values[..., at]), members, self.game.n), self.game.names)


def known(game: Game, coalitions: Coalitions, checkpoint: Checkpoint | None = None, client: Any = None) -> Known:
    """The values at some coalitions and at the input.

    Args:
        game: the question.
        coalitions: with every one of them all its subsets; :func:`decompositions.dividends.subsets.closure` adds these.
        checkpoint: where values are kept.
        client: of a Dask cluster, whose workers evaluate a torch model or function.

    Raises:
        ValueError: a value that is not finite (the coalition is named).
    """

    everyone = np.ones((1, game.n), dtype=np.uint8)

    def table(start: int, stop: int) -> np.ndarray:
        some = coalitions.table(start, stop)
        return some if stop <= len(coalitions) else np.concatenate([some, everyone])

    found = corners.rows(game, table, len(coalitions) + 1, checkpoint, client)
    corners.require_finite(found.values, lambda row: _name(game, table(row, row + 1)[0]))
    noise = max(evaluation_noise(game, found.values), found.error)
    values = found.values if is_exact(found.values) else wide(found.values)
    return Known(game, coalitions, values[..., :-1], values[..., -1:], noise)


def _name(game: Game, row: np.ndarray) -> str:
    return "of all players" if row.all() else corners.label(game, degrees.support(row))
