"""How far a power series reaches, judged by the growth of its terms."""

from __future__ import annotations

from typing import Any

import numpy as np

from decompositions.arithmetic import to_float

TERMS = 12  # from which on a power of the degree is fitted beside the radius


def radius(growth: np.ndarray) -> float:
    r"""An estimate of the radius of convergence, in units of the way from b to x: x lies at 1.

    The largest r for which :math:`\sum_\kappa |\text{effect}(\kappa)|\, r^{|\kappa|}` is finite, by the root test. Near
    a singularity the terms go like :math:`k^{-p} r^{-k}` with a small p (a pole −p ≥ 0, a logarithm p = 1, a root
    p = 3/2): this is fitted to the logarithms of their peaks, since the terms of a pair of singularities come and go.
    Where there are too few terms, or no such p, as in entire functions, r alone is fitted to the upper half.

    Args:
        growth: the size of the terms of degree 0, 1, …, K. Shape ``(K+1,)``.

    Returns:
        NaN where there are too few terms to say, infinity where they end.

    >>> round(radius(np.array([1., 2., 4., 8., 16., 32., 64., 128.])), 6)
    0.5
    """
    sizes = np.asarray(growth, dtype=float)[1:]
    if len(sizes) < 5:
        return float("nan")
    envelope = np.maximum(sizes[1:], sizes[:-1])
    upper = envelope[len(envelope) // 2 - 1 :]
    if not upper.all():
        return float("inf")
    if len(sizes) >= TERMS:
        power, rate = _fitted(sizes)
        if -1.5 <= power <= 2.5:
            return float(np.exp(rate))
    slope = np.polyfit(np.arange(len(upper)), np.log(upper), 1)[0]
    return float(np.exp(-slope))


def _fitted(sizes: np.ndarray) -> tuple[float, float]:
    """p and log r of the terms k^(−p) r^(−k), from the peaks of the last two thirds, or from all where none stand out.

    Args:
        sizes: of the terms of degree 1, 2, … Shape ``(K,)``.
    """
    start = len(sizes) // 3
    k = np.arange(start + 1, len(sizes))  # degrees with two neighbours
    here, before, after = sizes[start:-1], sizes[start - 1 : -2], sizes[start + 1 :]
    peaks = (here > 0) & (here >= 0.999 * np.sqrt(before) * np.sqrt(after))
    chosen = peaks if peaks.sum() >= 4 and not peaks.all() else here > 0
    design = np.stack([np.ones(len(k)), -np.log(k), -k], 1)[chosen]
    _, power, rate = np.linalg.lstsq(design, np.log(here[chosen]), rcond=None)[0]
    return float(power), float(rate)


def of_terms(degrees: np.ndarray, coefficients: Any, remainder: Any) -> tuple[float, str]:
    """The radius and the statement of a series of which just these terms are known; nothing of one with symbols."""
    try:
        sizes = np.abs(to_float(coefficients))
        rest = float(remainder)
    except TypeError:  # symbols
        return float("nan"), ""
    totals = degrees.sum(1)
    growth = np.bincount(totals, sizes, minlength=int(totals.max()) + 1)
    return radius(growth), statement(growth, 0.0, rest, 0.0)


def statement(growth: np.ndarray, known: float, remainder: float, noise: float) -> str:
    """What a person should know of a series that was cut off.

    Args:
        growth: the size of the terms by degree, as for :func:`radius`.
        known: the sum at x of terms that were left out, as far as it is known.
        remainder: what the kept terms leave unexplained at x.
        noise: the error of a coefficient.
    """
    reach = radius(growth)
    if reach <= 1:
        return (
            f"the series at b does not reach x: it converges up to about {reach:.2g} of the way, so its terms do not "
            "add up to f(x) − f(b); the dividends, harsanyi(), and the measured allocation, measure(), need no series"
        )
    if np.isnan(reach):
        return "too few terms are known to say whether the series reaches x; take a higher degree"
    sizes = np.asarray(growth, dtype=float)
    tail = 0.0 if np.isinf(reach) else max(sizes[-2:]) / (reach - 1)
    if abs(remainder - known) > 100 * (tail + noise * len(sizes)) + 1e-9 * sizes.max(initial=0.0):
        return (
            f"the terms of the series shrink, but they do not add up to f(x) − f(b): {remainder - known:.3g} is "
            "missing (a flat function, or a singularity beside the way); use harsanyi() and measure()"
        )
    return f"the terms above this degree add up to {remainder:.3g}; the series reaches x"
