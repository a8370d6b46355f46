"""Surrogates of some values, and what each pair of coalitions leaves when the surrogate has not seen it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch

from decompositions.sampling.design import Design
from decompositions.sampling.kernel import Kernel, fitted, flat, middle
from decompositions.sampling.surrogate import Sum, Surrogate

POINTS = 3000  # pairs of coalitions that a surrogate is trained on, at most; the others leave residuals only
LIKELY = 500  # of them, by which its kernels are chosen
ODD, EVEN = -1, 1


@dataclass(frozen=True, eq=False)
class Half:
    """The pairs of one half, left out one by one from a surrogate whose kernels have seen only the other half.

    Args:
        surrogate: trained on all.
        left_out: the mean of the surrogates without one of the pairs.
        pairs: their numbers in the design. Shape ``(h,)``.
        residuals: v − g where g has not seen the pair; 0 of a void one. Shape ``(h, 2)``.
        seen: v − g of all coalitions of the design, the mean over the pairs left out, 0 of a coalition that is itself
            left out. Shape ``(b + 2 pairs,)``.
        failed: whether the values vary and the surrogate, or its odd or even part, is no more than a constant.
    """

    surrogate: Sum
    left_out: Sum
    pairs: np.ndarray
    residuals: np.ndarray
    seen: np.ndarray
    failed: bool


def halves(design: Design, values: np.ndarray, points: int = POINTS) -> tuple[Half, Half]:
    r"""The two crossed halves of a design that is not complete: the pairs of even numbers, and those of odd ones.

    All coalitions of the design come in complementary pairs. So the odd part of the values,
    :math:`\tfrac12 (v(z) - v(N \setminus z))`, on which the Shapley values rest, and the even part, on which
    interactions of pairs rest, are functions of pairs, each with a process and a kernel of its own.

    Args:
        design: the coalitions.
        values: of the rows of its table, of the order of 1. Shape ``(b + 2 pairs,)``.
        points: pairs that a surrogate is trained on, at most.
    """
    first, second = _pairs(design)
    table = torch.from_numpy(design.table()[first]).double()
    border, free = len(design.border) // 2, ~design.void
    odd, even = (
        _Known(table, torch.from_numpy(values[first] + parity * values[second]) / 2, border, free, parity)
        for parity in (ODD, EVEN)
    )

    def half(which: int) -> Half:
        one, other = odd.half(which, points), even.half(which, points)
        seen = np.empty(len(values))
        seen[first], seen[second] = other.seen + one.seen, other.seen - one.seen
        return Half(
            Sum(one.surrogate, other.surrogate),
            Sum(one.left_out, other.left_out),
            np.arange(which, len(design.drawn), 2),
            np.stack([other.residuals + one.residuals, other.residuals - one.residuals], 1),
            seen,
            one.failed or other.failed,
        )

    return half(0), half(1)


def _pairs(design: Design) -> tuple[np.ndarray, np.ndarray]:
    """The rows of the design's table that are complements: the border's first, then those that were drawn."""
    border, drawn = len(design.border), len(design.drawn)
    ends, rest = np.arange(border), border + np.arange(2 * drawn)  # the border's complements are the border, backwards
    return (
        np.concatenate([ends[: border // 2], rest[:drawn]]),
        np.concatenate([ends[::-1][: border // 2], rest[drawn:]]),
    )


@dataclass(frozen=True, eq=False)
class _Part:
    r"""What a half has of the odd or of the even part.

    With K of all training pairs, noise included, and α = K⁻¹(y − μ), leaving the pair P out gives

    .. math:: r_P = \alpha_P / (K^{-1})_{PP}, \qquad \alpha^{(-P)} = \alpha - K^{-1}_{\cdot P}\, r_P
    """

    surrogate: Surrogate
    left_out: Surrogate
    residuals: np.ndarray
    seen: np.ndarray
    failed: bool


@dataclass(frozen=True, eq=False)
class _Known:
    """The first coalitions of all pairs ``(b/2 + pairs, n)``, the odd or even part of the values there, how many of the
    pairs are the border, and which of the others are not void."""

    table: torch.Tensor
    values: torch.Tensor
    border: int
    free: np.ndarray
    parity: int

    def half(self, which: int, points: int) -> _Part:
        """Leave out the pairs whose numbers are even or odd, one by one."""
        total = len(self.table) - self.border
        kept = min(self.border, max(points // 2, points - total))
        inside, pairs = min(total, points - kept), np.arange(which, total, 2)
        kernel, failed = self._kernel(self.border + np.arange(1 - which, total, 2))
        mine = pairs[pairs < inside]
        others = self.border + np.arange(1 - which, inside, 2)
        training = np.concatenate([_some(np.arange(self.border), kept), others, self.border + mine])
        surrogate, lower = _trained(kernel, self.table[training], self.values[training])
        residuals = np.zeros(len(pairs))
        trained, fewer = _leave_out(surrogate, lower, torch.from_numpy(self.free[mine]))
        residuals[: len(mine)] = trained.numpy()
        left_out = replace(surrogate, coefficients=surrogate.coefficients - fewer / max(1, len(pairs)))
        seen = np.empty(len(self.table))
        seen[training] = kernel.noise_for(len(training)) * left_out.coefficients.numpy()  # what a process leaves
        beyond = np.setdiff1d(np.arange(len(self.table)), training)
        outside = self.border + pairs[len(mine) :]
        residuals[len(mine) :] = self._beyond(surrogate, outside) * self.free[pairs[len(mine) :]]
        seen[beyond] = self._beyond(left_out, beyond)
        seen[outside] -= residuals[len(mine) :] / max(1, len(pairs))
        return _Part(surrogate.unfolded(), left_out.unfolded(), residuals, seen, failed)

    def _kernel(self, others: np.ndarray) -> tuple[Kernel, bool]:
        """The likely kernel for the border and some other pairs, or a constant's; and whether none could be found."""
        inner = _some(others, LIKELY)
        likely = np.concatenate([_some(np.arange(self.border), LIKELY - len(inner)), inner])
        table, values = self.table[likely], self.values[likely]
        mean, apart = middle(values, self.parity)
        constant = replace(flat(table.shape[1], mean), parity=self.parity)
        try:
            return (fitted(table, values, self.parity), False) if apart else (constant, False)
        except torch.linalg.LinAlgError:  # type: ignore[attr-defined]
            return constant, True

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
    r"""The residuals of the last pairs, ``(pairs,)``, and :math:`\sum_P K^{-1}_{\cdot P} r_P`, ``(m,)``.

    The last block of K⁻¹ is that of the last block of L alone. A pair that is not free is not left out.
    """
    last = len(lower) - len(free)
    inverse = torch.cholesky_inverse(lower[last:, last:])
    residuals = surrogate.coefficients[last:] / inverse.diagonal() * free
    given = torch.zeros(len(lower), 1, dtype=torch.float64)
    given[last:, 0] = residuals
    return residuals, torch.cholesky_solve(given, lower)[:, 0]
