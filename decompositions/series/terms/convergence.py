r"""How far a power series reaches, judged by the growth of its terms.

The radius of convergence is the largest r for which :math:`\sum_\kappa |\text{effect}(\kappa)|\, r^{|\kappa|}` is
finite, in units of the way from b to x: x lies at 1. Of finitely many terms it can only be estimated, and where they do
not say enough it is not known: NaN, never infinity.
"""

from __future__ import annotations

import numpy as np

FEW = 5  # terms that a fit needs
WIDE = 18  # degrees from which on the largest terms of two thirds are compared
POWERS = (-1.5, 2.5)  # of the degree beside the radius: a double pole −1, a pole 0, a logarithm 1, a root 3/2
SMOOTH = 0.05  # how far the logarithms of terms may be from a fit
NEAR = 0.1  # how far an estimate from few terms must be from x, in its logarithm
STEPS = 200  # of a bisection
LARGEST = 700.0  # of a logarithm that is looked for
LEVEL = 8.0  # times as small as those before: terms that rounding left do not shrink so
ROUNDING = 64 * float(np.finfo(float).eps)  # of the largest term: what rounding leaves of one that is zero


def radius(growth: np.ndarray) -> float:
    r"""An estimate of the radius of convergence from the size of the terms, by the root test.

    Near a singularity the terms go like :math:`k^{-p} r^{-k}` with a small p: that is fitted to the logarithms of their
    peaks. Terms that vanish are left out, as in a series of powers of s³, and so are those between the peaks of a pair
    of singularities, which come and go. Where no such fit is good, r is that by which the largest of the last third of
    the terms is as large as the largest of the third before, if no small p takes it to the other side of x.

    Args:
        growth: the size of the terms of degree 0, 1, …, K. Shape ``(K+1,)``.

    Returns:
        NaN where the terms are too few, or do not say on which side of x the radius is.

    >>> round(radius(np.array([1., 2., 4., 8., 16., 32., 64., 128., 256., 512.])), 6)
    0.5
    >>> radius(np.array([1., 2., 3., 0., 0., 0., 0., 0., 0.]))
    nan
    """
    sizes = np.asarray(growth, dtype=float)
    top = len(sizes) - 1
    degrees = np.flatnonzero(sizes[1:] > 0) + 1
    logarithms = np.log(sizes[degrees])
    if not np.isfinite(logarithms).all() or not (degrees > 2 * top / 3).any():
        return float("nan")
    power, rate, misfit = _fitted(degrees, logarithms, top)
    good = POWERS[0] <= power <= POWERS[1]
    if good and abs(rate) > (4 * misfit if top >= WIDE else NEAR):
        return float(np.exp(rate))
    rate, slack = _compared(degrees, logarithms, top)
    faster = power > POWERS[1]  # the terms fall faster the higher their degree, as those of an entire function do
    if top < WIDE or rate - POWERS[1] * slack <= 0 <= rate - POWERS[0] * slack or (faster and rate < 0):
        return float("nan")
    return float(np.exp(rate))


def _fitted(degrees: np.ndarray, logarithms: np.ndarray, top: int) -> tuple[float, float, float]:
    """p, log r and the largest misfit of k^(−p) r^(−k) through the peaks of the last two thirds, or all terms there.

    NaN for a bad fit.
    """
    upper = degrees > top / 3
    upper = upper if upper.sum() >= FEW else degrees > 0
    peaks = upper & _peaks(degrees, logarithms)
    chosen = peaks if peaks.sum() >= FEW - 1 and not peaks[upper][:-1].all() else upper
    k, y = degrees[chosen], logarithms[chosen]
    if len(k) < FEW:
        return float("nan"), float("nan"), float("nan")
    design = np.stack([np.ones(len(k)), -np.log(k), -k], 1)
    found = np.linalg.lstsq(design, y, rcond=None)[0]
    misfit = float(np.abs(design @ found - y).max())
    return (float(found[1]), float(found[2]), misfit) if misfit <= SMOOTH else (float("nan"),) * 3


def _peaks(degrees: np.ndarray, logarithms: np.ndarray) -> np.ndarray:
    """The terms that are not below the line between their neighbours; neither the first nor the last."""
    k, y = degrees, logarithms
    found = np.zeros(len(k), dtype=bool)
    share = (k[1:-1] - k[:-2]) / (k[2:] - k[:-2])
    found[1:-1] = y[1:-1] >= (1 - share) * y[:-2] + share * y[2:] - 1e-3
    return found


def _compared(degrees: np.ndarray, logarithms: np.ndarray, top: int) -> tuple[float, float]:
    """log r from the largest terms of the last two thirds, and by how much a power of the degree would move it."""
    last = degrees > 2 * top / 3
    before = (degrees > top / 3) & ~last
    if not before.any():
        return float("nan"), float("nan")
    low, high = -LARGEST, LARGEST
    for _ in range(STEPS):
        rate = (low + high) / 2
        scaled = logarithms + rate * degrees
        low, high = (low, rate) if scaled[last].max() > scaled[before].max() else (rate, high)
    one, two = (int(degrees[part][scaled[part].argmax()]) for part in (before, last))
    return rate, float(np.log(two / one) / (two - one))


def regular(growth: np.ndarray) -> bool:
    """Whether the terms of all degrees follow one law, as those of a series do that does not end, however small.

    >>> regular(0.1 ** np.arange(24.0)), regular(np.array([1.0, 2.0, 0.0, 0.0, 0.0, 0.0, 0.0]))
    (True, False)
    """
    sizes = np.asarray(growth, dtype=float)
    k = np.flatnonzero(sizes[1:] > 0) + 1
    k = k[k > (len(sizes) - 1) / 3]
    if len(k) < FEW or k[-1] <= 2 * (len(sizes) - 1) / 3:
        return False
    design = np.stack([np.ones(len(k)), np.log(k), k, k * np.log(k)], 1)  # the last one of entire functions
    y = np.log(sizes[k])
    return bool(np.abs(design @ np.linalg.lstsq(design, y, rcond=None)[0] - y).max() <= 2 * SMOOTH)


def ends(growth: np.ndarray, last: int) -> bool:
    """Whether the terms above a degree are zero but for rounding, which does not shrink from degree to degree.

    Those of a series with a singularity go on to shrink, also where they come and go; those of powers of s⁵ have
    zeros between them.

    >>> ends(np.array([1.0, 2.0, 0.0, 0.0, 0.0, 0.0]), 1), ends(0.01 ** np.arange(12.0), 6)
    (True, False)
    """
    sizes = np.asarray(growth, dtype=float)
    above = sizes[last + 1 :]
    gap = int(np.gcd.reduce(np.flatnonzero(sizes[: last + 1])))
    if not above.any():
        return gap <= len(above)
    first, second = above[: len(above) // 2].max(initial=0.0), above[len(above) // 2 :].max()
    return bool(above.max() <= ROUNDING * sizes.max() and 0 < first <= LEVEL * second)


def grows(growth: np.ndarray) -> bool:
    """Whether the largest term is one of the last third of the degrees.

    >>> grows(np.array([0., 0., 0., 8., 0., 0., 64.])), grows(np.array([0., 8., 0., 4., 0., 2.]))
    (True, False)
    """
    sizes = np.asarray(growth, dtype=float)[1:]
    last = 2 * len(sizes) // 3
    return bool(len(sizes)) and bool(sizes[last:].max() >= sizes[:last].max(initial=0.0) > 0)


def describes(degrees: np.ndarray, values: np.ndarray, reach: float) -> bool:
    """Whether the terms of a series may be shown as what x is made of: it reaches x, or may and its terms shrink."""
    return not reach <= 1 and not (np.isnan(reach) and grows(growth_of(degrees, values)))


def growth_of(degrees: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The sizes of the terms by degree: of all κ with one sum. Shape ``(m, n)`` and ``(m,)`` → ``(K+1,)``."""
    totals = degrees.sum(1)
    return np.bincount(totals, np.abs(values), minlength=int(totals.max()) + 1)


def statement(growth: np.ndarray, known: float, remainder: float, noise: float, reach: float) -> str:
    """What a person should know of a series that was cut off.

    Args:
        growth: the size of the terms by degree, as for :func:`radius`.
        known: the sum at x of terms that were left out, as far as it is known.
        remainder: what the kept terms leave unexplained at x.
        noise: the error of a coefficient.
        reach: the radius of convergence; NaN where it is not known, infinity where the series ends.
    """
    if reach <= 1:
        return (
            f"the series at b does not reach x: it converges up to about {reach:.2g} of the way, so its terms do not "
            "add up to f(x) − f(b); the dividends, harsanyi(), and the measured allocation, measure(), need no series"
        )
    sizes = np.asarray(growth, dtype=float)
    missing = remainder - known
    short = not abs(missing) <= 100 * (_tail(sizes, reach) + noise * len(sizes)) + 1e-9 * sizes.max(initial=0.0)
    ways = "(a flat function, or a singularity beside the way); use harsanyi() and measure()"
    if np.isnan(reach):
        unknown = "it is not known whether the series reaches x"
        unknown += f": its terms grow up to degree {len(sizes) - 1}" if grows(sizes) else ""
        left = f"those to degree {len(sizes) - 1} do not add up to f(x) − f(b): {missing:.3g} is missing {ways}"
        return f"{unknown}; {left}" if short else f"{unknown}; take a higher degree"
    if short:
        return f"the terms of the series do not add up to f(x) − f(b): {missing:.3g} is missing {ways}"
    end = "ends" if np.isinf(reach) else "reaches x"
    return f"the terms above this degree add up to {remainder:.3g}; the series {end}"


def branch_statement(branch: str, remainder: float, reach: float) -> str:
    """The same of the series of one branch of a function with kinks, which may end before x.

    Args:
        branch: for a person.
        remainder: what the kept terms leave unexplained at x.
        reach: how far the branch holds, at most 1; NaN where it is not known.
    """
    ways = "the dividends, harsanyi(), and the measured allocation, measure(), need no series"
    if np.isnan(reach):
        return (
            f"it is not known whether the series reaches x: it is that of {branch}, the branch at b, and f may have a "
            f"kink on the way to x or to a corner; {remainder:.3g} of f(x) − f(b) is missing; {ways}"
        )
    return (
        f"the series at b does not reach x: it is that of {branch}, the branch at b, which a kink ends at about "
        f"{reach:.2g} of the way to x or to a corner, so its terms need not add up to f(x) − f(b): {remainder:.3g} is "
        f"missing; {ways}"
    )


def _tail(sizes: np.ndarray, reach: float) -> float:
    """A bound on the terms above the known degrees, by a rate half way between x and the radius; 0 for none."""
    if not 1 < reach < np.inf:
        return 0.0
    rate, below = (1 + min(reach, 3.0)) / 2, np.arange(len(sizes) - 1)[::-1]  # degrees below the highest
    return float((sizes[1:] / rate**below).max(initial=0.0) / (rate - 1)) if rate > 1 else float("inf")
