"""The mean of a sample with a bootstrap interval."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

RESAMPLES, LEVEL = 4999, 0.95


class Interval(NamedTuple):
    """A mean, and the ends of its interval."""

    mean: float
    low: float
    high: float

    @property
    def apart(self) -> bool:
        """Whether zero lies outside."""
        return self.low > 0 or self.high < 0


def bootstrap(values: Any, seed: int = 0) -> Interval:
    """The mean with its 95 % bootstrap interval, bias-corrected and accelerated.

    Args:
        values: of a sample. Shape ``(N,)``.
        seed: of the samples that are drawn from it.

    Returns:
        NaN for the ends where there are fewer than two values, or infinite ones.

    Reference: efron1987better

    >>> bootstrap([2.0, 2.0, 2.0])
    Interval(mean=2.0, low=2.0, high=2.0)
    """
    sample = np.asarray(values, dtype=np.float64)
    mean = float(sample.mean())
    if len(sample) < 2 or not np.isfinite(sample).all():
        return Interval(mean, np.nan, np.nan)
    if np.ptp(sample) == 0:
        return Interval(mean, mean, mean)
    from scipy.stats import bootstrap as resampled  # a third of what all else takes to import

    generator = np.random.default_rng(seed)
    settings = {"n_resamples": RESAMPLES, "confidence_level": LEVEL, "method": "BCa", "random_state": generator}
    found = resampled((sample,), np.mean, axis=0, **settings).confidence_interval
    return Interval(mean, float(found.low), float(found.high))
