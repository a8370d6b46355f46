"""Statistics over inputs: means with intervals, paired comparisons, rank correlations; what errors hide is undecided.

The inputs are the sample: an interval says how a number would move with other inputs of the same kind. The numerical
error of a number is another thing, and is carried beside it; that of a mean is the mean of the errors, as rounding and
quadrature need not cancel.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from synergy.bootstrap import bootstrap
from synergy.studies.records import imported


@dataclass(frozen=True)
class Mean:
    """A mean over inputs.

    Args:
        value: the mean.
        low, high: its interval of 95 %; NaN for fewer than two inputs.
        error: the mean of the numerical errors.
        n: the number of inputs.
    """

    value: float
    low: float
    high: float
    error: float
    n: int

    @property
    def undecided(self) -> bool:
        """Whether it is not told from zero: by its numerical error, or by its interval, which one input has not."""
        return not (abs(self.value) > self.error and (self.low > 0 or self.high < 0))


@dataclass(frozen=True)
class Paired:
    r"""Two methods on the same inputs.

    Args:
        difference: the first less the second.
        effect: the matched-pairs rank-biserial correlation :math:`(W_+ - W_-)/(W_+ + W_-)`: 1 where the first is larger
            on every input, −1 where it is smaller.
        p: of Wilcoxon's signed-rank test, two-sided.
        ties: inputs whose difference is within the error of both; they take no side.
    """

    difference: Mean
    effect: float
    p: float
    ties: int


def mean_of(values: Any, errors: Any = 0.0, *, seed: int = 0) -> Mean:
    """The mean and its interval (:func:`synergy.bootstrap.bootstrap`); NaN are left out.

    Args:
        values: one of each input. Shape ``(N,)``.
        errors: their numerical errors. Shape ``(N,)``, or one for all.
        seed: of the resampling.

    >>> mean_of([1.0, 1.0, 4.0]).value, mean_of([2.0, 2.0]).high
    (2.0, 2.0)
    """
    values = np.asarray(values, dtype=np.float64)
    there = ~np.isnan(values)
    errors = np.broadcast_to(np.asarray(errors, dtype=np.float64), values.shape)[there]
    values = values[there]
    if not len(values):
        return Mean(np.nan, np.nan, np.nan, np.nan, 0)
    found = bootstrap(values, seed)
    return Mean(found.mean, found.low, found.high, float(errors.mean()), len(values))


def paired(first: Any, second: Any, errors: Any = 0.0, *, seed: int = 0) -> Paired:
    """Compare two methods input by input; inputs on which either has no number are left out.

    A difference within the numerical error is none: it takes no side in the test, and is counted.

    Args:
        first, second: one of each input. Shape ``(N,)``.
        errors: of the differences. Shape ``(N,)``, or one for all.
        seed: of the resampling.

    Reference: wilcoxon1945individual, kerby2014simple

    >>> paired([3.0, 5.0, 2.0], [1.0, 1.0, 3.0]).effect  # ranks 2 and 3 against 1
    0.6666666666666666
    """
    differences = np.asarray(first, dtype=np.float64) - np.asarray(second, dtype=np.float64)
    errors = np.broadcast_to(np.asarray(errors, dtype=np.float64), differences.shape)
    mean = mean_of(differences, errors, seed=seed)
    there = ~np.isnan(differences)
    sides = differences[there & (np.abs(differences) > errors)]
    return Paired(mean, *_signed_ranks(sides), mean.n - len(sides))


def _signed_ranks(differences: np.ndarray) -> tuple[float, float]:
    """The effect size and p of differences that are not zero."""
    import scipy.stats

    if not len(differences):
        return 0.0, 1.0
    ranks = scipy.stats.rankdata(np.abs(differences))
    return float(np.sign(differences) @ ranks / ranks.sum()), float(scipy.stats.wilcoxon(differences).pvalue)


def corrected(p: Sequence[float]) -> np.ndarray:
    """p after so many tests, by Holm's steps; those that are NaN are no tests.

    Reference: holm1979simple

    >>> corrected([0.01, 0.04, 0.03]).round(3).tolist()
    [0.03, 0.06, 0.06]
    """
    found = np.asarray(p, dtype=np.float64).copy()
    there = ~np.isnan(found)
    if there.any():
        tests = imported("statsmodels.stats.multitest").multipletests
        found[there] = tests(found[there], method="holm")[1]
    return found


def rank_correlations(first: np.ndarray, second: np.ndarray, errors: tuple[Any, Any] = (0.0, 0.0)) -> np.ndarray:
    """Spearman's ρ between two methods' attributions of each input; NaN where one has only ties.

    Attributions within their errors are zero, and so share a rank.

    Args:
        first, second: Shape ``(N, n)``.
        errors: of each. Shape ``(N, n)``, or one for all.

    Returns:
        Shape ``(N,)``.

    >>> rank_correlations(np.array([[1.0, 2.0, 3.0]]), np.array([[10.0, 30.0, 20.0]])).tolist()
    [0.5]
    """
    ranks = [_ranks(values, error) for values, error in zip((first, second), errors, strict=True)]
    products = (ranks[0] * ranks[1]).sum(1)
    sizes = np.sqrt((ranks[0] ** 2).sum(1) * (ranks[1] ** 2).sum(1))
    return np.divide(products, sizes, out=np.full(len(products), np.nan), where=sizes > 0)


def _ranks(values: np.ndarray, error: Any) -> np.ndarray:
    """Ranks within each row, about their mean."""
    import scipy.stats

    told = np.where(np.abs(values) > error, values, 0.0)
    ranks = scipy.stats.rankdata(told, axis=1)
    return ranks - ranks.mean(1, keepdims=True)
