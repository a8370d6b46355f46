"""The players that take part in some effect, and the table over their coalitions alone."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch

from decompositions import degrees
from decompositions.effects.coalitions import Coalitions
from decompositions.effects.effects import Effects


@dataclass(frozen=True)
class Active:
    """The players of effects that are in at least one that is not zero; the others are null players.

    Args:
        players: their numbers, ascending.
    """

    players: tuple[int, ...]

    @staticmethod
    def of(effects: Effects) -> Active:
        """Of coalition effects of one game, in floats.

        >>> values = torch.tensor([1., 0., 0., 0., 2., 0., 0., 0.])
        >>> Active.of(Effects(values, names=("a", "b", "c")))
        Active(players=(2,))
        """
        rows = np.flatnonzero((effects.values != 0).cpu().numpy())
        if effects.coalitions is None:
            return Active(degrees.coalition(int(np.bitwise_or.reduce(rows, initial=0))))
        return Active(tuple(np.flatnonzero(effects.coalitions.table()[rows].any(0)).tolist()))

    def __len__(self) -> int:
        return len(self.players)

    def table(self, effects: Effects) -> torch.Tensor:
        """The effects of the coalitions of these players; bit j is ``players[j]``. Shape ``(2**k,)``."""
        if effects.coalitions is None:
            return effects.values[torch.from_numpy(self._masks).to(effects.values.device)]
        rows = np.flatnonzero((effects.values != 0).cpu().numpy())
        places = effects.coalitions.table()[rows][:, list(self.players)] @ (1 << np.arange(len(self)))
        table = effects.values.new_zeros(2 ** len(self))
        table[torch.from_numpy(places).to(table.device)] = effects.values[torch.from_numpy(rows).to(table.device)]
        return table

    def effects(self, table: torch.Tensor, pattern: Effects) -> Effects:
        """Effects of such a table, where and as others have theirs: of all coalitions, or of those of these players."""
        coalitions = None
        if pattern.coalitions is None:
            values = torch.zeros(len(pattern), dtype=table.dtype, device=table.device)
            values[torch.from_numpy(self._masks).to(table.device)] = table
        else:
            bits = degrees.spread(0, 2 ** len(self), self.players, pattern.n)
            values, coalitions = table, Coalitions.of_table(bits.numpy().astype(np.uint8))
        known = Effects(values, names=pattern.names, coalitions=coalitions)
        return replace(known, noise=pattern.noise, calls=pattern.calls, evaluation=pattern.evaluation)

    @property
    def _masks(self) -> np.ndarray:
        return degrees.spread_masks(self.players)
