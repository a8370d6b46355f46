"""How the values of two coalitions vary together, fitted to some values by marginal likelihood."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch

STEPS = 60  # evaluations of the likelihood, about
START = (0.0, -1.0, -6.0)  # logarithms of v, l and the noise, of values of variance one
LOWEST, HIGHEST = (-14.0, -9.0, -14.0, -16.0), (3.0, 7.0, 5.0, 0.0)  # of c, v, l and the noise
CONDITION = 1e-11  # the noise at least, relative to the largest eigenvalue that the rest may have


@dataclass(frozen=True, eq=False)
class Kernel:
    r"""The covariance of a Gaussian process on coalitions, with x = 2z − 1:

    .. math:: k(z, z') = v \prod_i e^{-c_i [z_i \ne z'_i]} + \frac{l}{n} \langle x, x' \rangle

    Args:
        decay: c, one per player. Shape ``(n,)``, float64.
        variance: v.
        linear: l.
        noise: variance of a value around the process.
        mean: of the process.
    """

    decay: torch.Tensor
    variance: float
    linear: float
    noise: float
    mean: float

    def between(self, one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
        """k of all pairs from two tables of zeros and ones. Shape ``(a, n)``, ``(b, n)`` → ``(a, b)``."""
        x, y = 2 * one - 1, 2 * other - 1
        found = torch.addmm(-0.5 * self.decay.sum().expand(1, len(y)), x * (0.5 * self.decay), y.T).exp_()
        return found.mul_(self.variance).addmm_(x * (self.linear / max(1, len(self.decay))), y.T)

    def noise_for(self, count: int) -> float:
        """The noise for so many points, at least as much as keeps their covariance far from singular."""
        return max(self.noise, CONDITION * count * (self.variance + self.linear))


def flat(n: int, mean: float) -> Kernel:
    """The kernel of a process that is its mean, whatever the coalition."""
    return Kernel(torch.zeros(n, dtype=torch.float64), 0.0, 0.0, 1.0, mean)


def fitted(table: torch.Tensor, values: torch.Tensor) -> Kernel:
    """The kernel under which values are most likely, with a weak pull of all log c to their mean.

    Args:
        table: coalitions as zeros and ones, some hundreds. Shape ``(m, n)``, float64.
        values: Shape ``(m,)``, float64; not all the same.
    """
    from scipy.optimize import minimize  # as long to import as torch's half

    n, mean, scale = table.shape[1], float(values.mean()), float(values.std(correction=0))
    x, y = 2 * table - 1, (values - mean) / scale
    start = np.array([*np.full(n, -math.log(n)), *START])
    bounds = [(LOWEST[0], HIGHEST[0])] * n + list(zip(LOWEST[1:], HIGHEST[1:], strict=True))
    found = minimize(
        lambda theta: _surprise(theta, x, y),
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"maxfun": STEPS},
    )
    variance, linear, noise = np.exp(found.x[n:]) * scale**2
    return Kernel(torch.from_numpy(np.exp(found.x[:n])), float(variance), float(linear), float(noise), mean)


def _surprise(theta: np.ndarray, x: torch.Tensor, y: torch.Tensor) -> tuple[float, np.ndarray]:
    r"""−log p(y) and its gradient by log c, log v, log l and log noise.

    .. math:: \tfrac12 y^\top K^{-1} y + \tfrac12 \log\det K + \tfrac12 \sum_i (\log c_i - \overline{\log c})^2
    """
    n, m = x.shape[1], len(x)
    c, (v, linear, noise) = torch.from_numpy(np.exp(theta[:n])), np.exp(theta[n:])
    kernel = Kernel(c, v, 0.0, noise, 0.0)
    product = kernel.between((x + 1) / 2, (x + 1) / 2)
    lower = torch.linalg.cholesky(
        product.addmm(x * (linear / n), x.T).add_(torch.eye(m, dtype=x.dtype), alpha=kernel.noise_for(m))
    )
    inverse = torch.cholesky_inverse(lower)
    alpha = inverse @ y
    by_entry = (inverse - alpha[:, None] * alpha) / 2
    weighted = by_entry * product
    apart = theta[:n] - theta[:n].mean()
    by_decay = -0.5 * c * (weighted.sum() - (x * (weighted @ x)).sum(0))
    gradient = [
        *(by_decay.numpy() + apart),
        float(weighted.sum()),
        float((x * (by_entry @ x)).sum()) * linear / n,
        float(by_entry.diagonal().sum()) * noise,
    ]
    value = 0.5 * float(y @ alpha) + float(lower.diagonal().log().sum()) + 0.5 * float(apart @ apart)
    return value, np.array(gradient)
