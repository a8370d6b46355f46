"""The strongest interactions of a table of effects, by how many take part."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from decompositions.arguments import shown, whole
from decompositions.arithmetic import strengths, to_float
from decompositions.effects.effects import Effects


class Together(NamedTuple):
    """An effect of several players."""

    members: tuple[int, ...]
    value: float


def interactions(effects: Effects | None, n: int, k: int, most: int | None = None) -> list[Together]:
    """The k strongest above the noise floor, strongest first; Taylor effects are summed by who takes part.

    Args:
        effects: of one game; without any there are none.
        n: the number of players that they must have.
        k: how many, at most.
        most: players of one effect, at most; None for any number.

    Raises:
        TypeError: no effects.
        ValueError: of several games, with symbols, or of another number of players.
    """
    k = whole(k, "k is the number of interactions to draw", 0)
    if effects is None:
        return []
    if not isinstance(effects, Effects):
        raise TypeError(f"effects are those of harsanyi(), taylor() or strongest(), not {shown(effects)}")
    effects.require_numbers("a picture")
    if effects.n != n or effects.values.ndim != 1:
        raise ValueError(
            f"the input is shown with {n} players, and the effects are of {effects.n} players, "
            f"shape {tuple(effects.values.shape)}; a picture shows those of one game"
        )
    effects = effects.by_support()
    sizes = effects.sizes(0, len(effects))
    strength = np.asarray(strengths(effects.values), dtype=np.float64)
    there = (sizes > 1) & (strength > effects.noise_floor())
    rows = np.flatnonzero(there if most is None else there & (sizes <= most))
    rows = rows[np.lexsort((rows, -strength[rows]))][:k]
    values = to_float(effects.values[rows])
    return [Together(effects.key(int(row)), float(value)) for row, value in zip(rows, values, strict=True)]
