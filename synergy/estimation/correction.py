"""An index of a surrogate, and what the values beyond it add: unbiased whatever the surrogate is worth."""

from __future__ import annotations

import math
from dataclasses import dataclass
from math import comb

import numpy as np
import torch

from decompositions.sampling.design import Design
from decompositions.sampling.sample import Sample
from synergy.estimation.index import Index

BLOCK = 2**16  # coalitions that are summed together


@dataclass(frozen=True, eq=False)
class Corrected:
    """An index of the active players, in the unit of ``sample.scaled``.

    Args:
        values: Shape ``(n,)`` or ``(n, n)``.
        error: their standard errors.
        surrogate: the surrogate's own.
        r2: of the surrogate where it has not seen the coalitions; nan where all were evaluated.
        rounding: what the rounding of the values makes of them, as standard errors; 0 where all were evaluated.
    """

    values: np.ndarray
    error: np.ndarray
    surrogate: np.ndarray
    r2: float
    rounding: np.ndarray


def exact(sample: Sample, index: Index) -> Corrected:
    """The index from the values of all coalitions."""
    border = sample.design.border
    values = total(border, _on_values(index, border) * sample.scaled)
    return Corrected(values, np.zeros_like(values), values, math.nan, np.zeros_like(values))


def corrected(sample: Sample, index: Index) -> Corrected:
    """The index of the surrogates with their pairs left out, and the weighted residuals (the spread of the latter)."""
    design, table = sample.design, sample.design.table()
    pairs, seen = len(design.drawn), _on_values(index, table) / design.repeats
    values, surrogate = np.zeros((design.n,) * index.order), np.zeros((design.n,) * index.order)
    residuals = np.zeros((pairs, 2))
    for half in sample.halves:
        part = len(half.pairs) / pairs
        values += part * (index.of(half.left_out) + total(table, seen * half.seen))
        surrogate += part * index.of(half.surrogate)
        residuals[half.pairs] = half.residuals
    summands = _summands(sample, index, residuals)
    mean = total(design.drawn, summands * design.open) / pairs
    rounding = _rounding(sample, index)
    error = np.hypot(_error(design, summands), rounding)
    return Corrected(values + mean, error, surrogate, _r2(sample, residuals), rounding)


def _rounding(sample: Sample, index: Index) -> np.ndarray:
    """The error of a weighted sum of values that are rounded independently, each by the sample's noise."""
    design = sample.design
    first, second, chances = _on_pairs(index, design)
    drawn = (first**2 + second**2) / (2 * len(chances) * chances) ** 2
    squares = total(design.border, _on_values(index, design.border) ** 2) + total(design.drawn, drawn)
    return sample.noise / sample.unit * np.sqrt(squares)


def _summands(sample: Sample, index: Index, residuals: np.ndarray) -> np.ndarray:
    """½ (w(z) r(z) + w(z̄) r(z̄)) / q of every pair, by how many players of a set are in z, ``(order+1, pairs)``."""
    first, second, chances = _on_pairs(index, sample.design)
    return (first * residuals[:, 0] + second * residuals[:, 1]) / (2 * chances)


def _on_pairs(index: Index, design: Design) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """w(z) and w(z̄) of every pair that was drawn, by how many players of a set are in z, ``(order+1, pairs)``; and q.

    A set of which j players are in z has order − j in z̄.
    """
    sizes = design.drawn.sum(1, dtype=np.int64)
    return index.weights[:, sizes], index.weights[::-1, design.n - sizes], design.chances[sizes]


def _error(design: Design, summands: np.ndarray) -> np.ndarray:
    r"""The standard error of the mean of :math:`\varrho\, y`, with ϱ the open part of a pair's sizes.

    Drawn without replacement, a part f of all pairs errs by :math:`1 - f` times the variance of independent draws, of
    y; and ϱ = 1 − f up to the pair itself.
    """
    pairs, scaled = len(design.drawn), summands * np.sqrt(design.open)
    mean, square = total(design.drawn, scaled) / pairs, total(design.drawn, scaled**2) / pairs
    return np.sqrt(np.maximum(square - mean**2, 0.0) / (pairs - 1))


def _on_values(index: Index, table: np.ndarray) -> np.ndarray:
    """The weight of each coalition's value, by how many players of a set are in it. Shape ``(order+1, m)``."""
    n = table.shape[1]
    weights = index.weights * np.array([1 / comb(n, size) for size in range(n + 1)])
    return weights[:, table.sum(1, dtype=np.int64)]


def _r2(sample: Sample, residuals: np.ndarray) -> float:
    """The part of the variance at the drawn pairs that is explained by surrogates that have not seen them."""
    drawn = sample.scaled[len(sample.design.border) :]
    free, variance = ~sample.design.void, float(drawn.var())
    return 1 - float((residuals[free] ** 2).mean()) / variance if variance and free.any() else math.nan


def total(table: np.ndarray, by_overlap: np.ndarray) -> np.ndarray:
    """Sums over coalitions T of what each gives to a set S, which depends on |S ∩ T| alone.

    No table with a row per coalition and an entry per set is made.

    Args:
        table: zeros and ones. Shape ``(m, n)``.
        by_overlap: for |S ∩ T| = 0, 1 and, of pairs, 2. Shape ``(order+1, m)``.

    Returns:
        Of all players ``(n,)`` or all pairs ``(n, n)``, with zeros on the diagonal.

    >>> total(np.array([[1, 0, 0], [1, 1, 0]]), np.array([[0.0, 0.0], [10.0, 1.0]])).tolist()
    [11.0, 1.0, 0.0]
    """
    n, order = table.shape[1], len(by_overlap) - 1
    found = torch.zeros((n,) * order, dtype=torch.float64)
    for start in range(0, len(table), BLOCK):
        z = torch.from_numpy(table[start : start + BLOCK]).double()
        none, one, *both = torch.from_numpy(by_overlap[:, start : start + BLOCK])
        single = (one - none) @ z
        if both:
            found += none.sum() + single[:, None] + single
            found.addmm_((z * (both[0] - 2 * one + none)[:, None]).T, z)
        else:
            found += none.sum() + single
    return (found.fill_diagonal_(0.0) if order == 2 else found).numpy()
