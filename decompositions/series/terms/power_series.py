"""The power series of g at the baseline, and what is known of the terms that are missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from decompositions.arithmetic import Array


@dataclass(frozen=True, eq=False)
class PowerSeries:
    """The power series of g at t = 0, up to a degree.

    Args:
        degrees: Shape ``(m, n)``, by degree, the constant first.
        coefficients: Shape ``(m,)``.
        remainder: g(1) less all coefficients.
        truncated: whether terms are missing.
        noise: the error of a coefficient; 0 for exact ones.
        radius: an estimate of the radius of convergence, x at 1; infinity where the series ends, NaN where unknown.
        note: what a person should know of the terms that are missing.
    """

    degrees: np.ndarray
    coefficients: Array
    remainder: Any
    truncated: bool
    noise: float = 0.0
    radius: float = float("nan")
    note: str = ""
