"""An estimate: values with their standard errors, and how far they are to be trusted."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from decompositions import show
from decompositions.counts import several
from decompositions.visible import visible

CERTAIN = 3.5  # standard errors from which on a value is told from zero


@dataclass(frozen=True, eq=False)
class Estimation:
    """What is known of an index from some of the coalitions.

    Args:
        index: its name.
        values: of players ``(n,)``, or of pairs ``(n, n)``, symmetric with zeros on the diagonal.
        error: their standard errors, of the same shape; 0 where all coalitions were evaluated.
        surrogate: the surrogate's own values, which may be biased.
        r2: how much of the variance the surrogate explains at coalitions that it has not seen; nan where all were
            evaluated, or where the values do not vary.
        calls: model calls that were paid.
        coalitions: that were evaluated.
        names: of the players.
        notes: what is to be said of them.
        exact: whether nothing was left out: all coalitions were evaluated, or all leaves added up. An error of 0 alone
            does not say so.
        rounding: the norm of what the rounding of the game's values makes of these; it is in ``error``.
    """

    index: str
    values: np.ndarray
    error: np.ndarray
    surrogate: np.ndarray
    r2: float
    calls: int
    coalitions: int
    names: tuple[str, ...]
    notes: tuple[str, ...] = ()
    exact: bool = False
    rounding: float = 0.0

    @property
    def n(self) -> int:
        """The number of players."""
        return len(self.names)

    @property
    def trust(self) -> float:
        """‖standard errors‖ / ‖values‖: 0 is exact, above 1/4 is doubtful, above 1/2 is noise.

        It is 0, too, where neither rises above the rounding of the game's values: no budget tells more.
        """
        unit = max(float(np.abs(part).max(initial=0.0)) for part in (self.values, self.error)) or 1.0
        values, errors = (float(np.linalg.norm(part / unit)) for part in (self.values, self.error))
        if max(values, errors) <= CERTAIN * self.rounding / unit:
            return 0.0
        return errors / values if values else math.inf

    @property
    def undecided(self) -> np.ndarray:
        """Which values are below 3.5 of their standard errors: not told from zero. Of the shape of the values."""
        return np.abs(self.values) < CERTAIN * self.error

    def plot(self, path: str | Path | None = None) -> Any:
        """Bars with whiskers, or the matrix of pairs, as a matplotlib figure (extra ``viz``), saved if asked."""
        return show.figure(self, path)

    def _repr_html_(self) -> str | None:
        return show.notebook(self)

    def to_pandas(self) -> Any:
        """A pandas DataFrame: a row per player, or pair, with its value, error and surrogate, and if it may be 0.

        Raises:
            ImportError: pandas is missing (extra ``pandas``).
        """
        return show.frame(self)

    def __str__(self) -> str:
        return show.text(self)

    def __repr__(self) -> str:
        largest = sorted(range(self.n), key=lambda i: -abs(self.values[i]).max())[:3] if self.n else []
        some = ", ".join(self.names[i] for i in largest)
        size = f"{several(self.coalitions, 'coalition')}; trust {self.trust:.2g}"
        return visible(f"Estimation({self.index} of {several(self.n, 'player')} from {size}; largest: {some})")
