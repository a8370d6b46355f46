"""The mean of a sample with a bootstrap interval."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

RESAMPLES, LEVEL = 4999, 0.95
ROUNDING = 2.0**-50  # of the largest value, and for each value, by which equal ones may differ
LEAST = 1e-6  # that is left out at an end, however few values there are


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
    r"""The mean with its 95 % bootstrap interval, bias-corrected and accelerated.

    For the mean of n values a bootstrap is a little narrow. So the tails that are left out are
    :math:`\Phi(-\sqrt{n/(n-1)}\; t_{0.975,\,n-1})` each, which of a normal sample makes Student's interval.

    Args:
        values: of a sample. Shape ``(N,)``.
        seed: of the samples that are drawn from it.

    Returns:
        NaN for the ends where there are fewer than two values, or infinite ones.

    Reference: efron1987better, hesterberg2015what

    >>> bootstrap([2.0, 2.0, 2.0])
    Interval(mean=2.0, low=2.0, high=2.0)
    """
    sample = np.asarray(values, dtype=np.float64)
    mean = float(sample.mean())
    if len(sample) < 2 or not np.isfinite(sample).all():
        return Interval(mean, np.nan, np.nan)
    largest = float(np.abs(sample).max())
    if np.ptp(sample) <= len(sample) * ROUNDING * largest:
        return Interval(mean, mean, mean)
    from scipy.stats import bootstrap as resampled  # a third of what all else takes to import

    generator, level = np.random.default_rng(seed), 1 - 2 * _tail(len(sample))
    settings = {"n_resamples": RESAMPLES, "confidence_level": level, "method": "BCa", "random_state": generator}
    unit = math.frexp(largest)[1]  # by powers of two, which round nothing: squares and cubes are numbers then
    found = resampled((np.ldexp(sample, -unit),), np.mean, axis=0, **settings).confidence_interval
    return Interval(mean, math.ldexp(found.low, unit), math.ldexp(found.high, unit))


def _tail(n: int) -> float:
    """What is left out at either end of an interval for the mean of n values."""
    from scipy.special import ndtr, stdtrit

    return max(LEAST, float(ndtr(-np.sqrt(n / (n - 1)) * stdtrit(n - 1, (1 + LEVEL) / 2))))
