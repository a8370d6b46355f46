"""Surrogates of some values, and what each pair of coalitions leaves when the surrogate has not seen it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch

from decompositions.sampling.design import Design
from decompositions.sampling.kernel import Kernel, fitted, flat
from decompositions.sampling.surrogate import Surrogate

POINTS = 4000  # coalitions that a surrogate is trained on, at most; the others leave residuals only
LIKELY = 500  # of them, by which its kernel is chosen


@dataclass(frozen=True, eq=False)
class Half:
    r"""The pairs of one half, left out one by one from a surrogate whose kernel has seen only the other half.

    With K of all training points, α = K⁻¹(y − μ) and the 2 × 2 block of a pair P, leaving it out gives

    .. math:: r_P = (K^{-1}_{PP})^{-1} \alpha_P, \qquad \alpha^{(-P)} = \alpha - K^{-1}_{\cdot P}\, r_P

    Args:
        surrogate: trained on all.
        left_out: the mean of the surrogates without one of the pairs.
        pairs: their numbers in the design. Shape ``(h,)``.
        residuals: v − g where g has not seen the pair; 0 of a void one. Shape ``(h, 2)``.
        seen: v − g of all coalitions of the design, the mean over the pairs left out, 0 of a coalition that is itself
            left out. Shape ``(b + 2 pairs,)``.
    """

    surrogate: Surrogate
    left_out: Surrogate
    pairs: np.ndarray
    residuals: np.ndarray
    seen: np.ndarray

    @property
    def failed(self) -> bool:
        """Whether the surrogate is no more than a constant."""
        return not self.surrogate.kernel.variance


def halves(design: Design, values: np.ndarray, points: int = POINTS) -> tuple[Half, Half]:
    """The two crossed halves of a design that is not complete: the pairs of even numbers, and those of odd ones.

    Args:
        design: the coalitions.
        values: of the rows of its table, of the order of 1. Shape ``(b + 2 pairs,)``.
        points: that a surrogate is trained on, at most.
    """
    table = torch.from_numpy(design.table()).double()
    known = _Known(table, torch.from_numpy(values), len(design.border), ~design.void)
    return known.half(0, points), known.half(1, points)


@dataclass(frozen=True, eq=False)
class _Known:
    """Coalitions ``(b + 2 pairs, n)``, their values, how many of them are the border, and which pairs are not void."""

    table: torch.Tensor
    values: torch.Tensor
    border: int
    free: np.ndarray

    def half(self, parity: int, points: int) -> Half:
        """Leave out the pairs whose numbers have a parity, one by one."""
        total = (len(self.table) - self.border) // 2
        kept = min(self.border, max(points // 2, points - 2 * total))
        inside, pairs = min(total, (points - kept) // 2), np.arange(parity, total, 2)
        kernel = self._kernel(self._both(np.arange(1 - parity, total, 2)))
        mine = self._both(pairs[pairs < inside])
        training = np.concatenate(
            [_some(np.arange(self.border), kept), self._both(np.arange(1 - parity, inside, 2)), mine]
        )
        surrogate, lower = _trained(kernel, self.table[training], self.values[training])
        free = self.free[pairs]
        trained, fewer = _leave_out(surrogate, lower, torch.from_numpy(free[pairs < inside]))
        left_out = replace(surrogate, coefficients=surrogate.coefficients - fewer / max(1, len(pairs)))
        outside = self._beyond(surrogate, self._both(pairs[pairs >= inside])).reshape(2, -1).T
        residuals = np.concatenate([trained.numpy(), outside]) * free[:, None]
        seen = self._beyond(left_out, np.arange(len(self.table)))
        seen[self._both(pairs)] -= residuals.T.flatten() / max(1, len(pairs))
        return Half(surrogate, left_out, pairs, residuals, seen)

    def _both(self, pairs: np.ndarray) -> np.ndarray:
        """The rows of some pairs: the first of each, then the second of each."""
        first = self.border + pairs
        return np.concatenate([first, first + (len(self.table) - self.border) // 2])

    def _kernel(self, others: np.ndarray) -> Kernel:
        """The likely kernel for the border and some other rows; a constant's where it cannot be computed, or is one."""
        share = max(LIKELY // 2, LIKELY - self.border)
        inner = _some(others, share)
        likely = np.concatenate([_some(np.arange(self.border), LIKELY - len(inner)), inner])
        table, values = self.table[likely], self.values[likely]
        constant = flat(table.shape[1], float(values.mean()))
        try:
            return fitted(table, values) if float(values.std(correction=0)) else constant
        except torch.linalg.LinAlgError:
            return constant

    def _beyond(self, surrogate: Surrogate, rows: np.ndarray) -> np.ndarray:
        """v − g."""
        return (self.values[rows] - surrogate.at(self.table[rows])).numpy()


def _some(rows: np.ndarray, count: int) -> np.ndarray:
    """So many of some rows, in order, whatever their values are."""
    if len(rows) <= count:
        return rows
    return np.sort(np.random.default_rng(0).choice(rows, count, replace=False))


def _trained(kernel: Kernel, table: torch.Tensor, values: torch.Tensor) -> tuple[Surrogate, torch.Tensor]:
    """The surrogate, and the lower triangle L of K = L Lᵀ."""
    covariance = kernel.between(table, table)
    covariance.diagonal().add_(kernel.noise_for(len(table)))
    lower = torch.linalg.cholesky(covariance)
    coefficients = torch.cholesky_solve((values - kernel.mean)[:, None], lower)[:, 0]
    return Surrogate(kernel, table, coefficients), lower


def _leave_out(surrogate: Surrogate, lower: torch.Tensor, free: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    r"""The residuals of the last pairs, ``(pairs, 2)``, and :math:`\sum_P K^{-1}_{\cdot P} r_P`, ``(m,)``.

    The last block of K⁻¹ is that of the last block of L alone. A pair that is not free is not left out.
    """
    pairs = len(free)
    last = len(lower) - 2 * pairs
    inverse = torch.cholesky_inverse(lower[last:, last:])
    both = torch.arange(2 * pairs).reshape(2, pairs).T
    blocks = inverse[both[:, :, None], both[:, None, :]]
    residuals = torch.linalg.solve(blocks, surrogate.coefficients[last + both]) * free[:, None]
    given = torch.zeros(len(lower), 1, dtype=torch.float64)
    given[last + both.flatten(), 0] = residuals.flatten()
    return residuals, torch.cholesky_solve(given, lower)[:, 0]
