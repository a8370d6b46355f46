"""What is known of a power series beside its terms: how far it holds, and by how much it misses."""

from __future__ import annotations

from dataclasses import dataclass

from decompositions.arithmetic import Array


@dataclass(frozen=True, eq=False)
class Series:
    """How far the series that effects are the terms of holds; of dividends, which are no series, nothing.

    Args:
        radius: of convergence, estimated, with x at 1: infinity for one that ends, NaN where unknown.
        note: what a person should know of the terms that a series leaves out.
        distance: between the function of these effects and the one that was asked about, the largest over the corners
            (over 256 of them from 9 players on); not zero for a network whose kinks were rounded off.
        gaps: for each coalition the sum of its Taylor effects less its Harsanyi dividend, ``(2**n,)``; None where they
            were too many to compare, and of more than 16 players.
    """

    radius: float = float("nan")
    note: str = ""
    distance: float = 0.0
    gaps: Array | None = None


NONE = Series()
