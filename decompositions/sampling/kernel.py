"""How the values of two coalitions vary together, fitted to some values by marginal likelihood."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch

STEPS = 60  # evaluations of the likelihood, about
NOISE = math.exp(-6.0)  # to start with, of values of variance one
LOWEST, HIGHEST = (-14.0, -9.0, -14.0, -16.0), (3.0, 7.0, 5.0, 0.0)  # of c, v, l and the noise
CONDITION = 1e-11  # the noise at least, relative to the largest eigenvalue that the rest may have


@dataclass(frozen=True, eq=False)
class Kernel:
    r"""The covariance of a Gaussian process on coalitions, with x = 2z − 1:

    .. math:: k(z, z') = v\, e(z, z') + \frac{l}{n} \langle x, x' \rangle, \qquad
              e(z, z') = \prod_i e^{-c_i [z_i \ne z'_i]}

    Of a process that is even or odd, g(N \\ z) = ± g(z), the first term is the part of e that is so, too:
    :math:`\tfrac12 v\, (e(z, z') \pm e(z, N \setminus z'))`.

    Args:
        decay: c, one per player. Shape ``(n,)``, float64.
        variance: v.
        linear: l; 0 of an even process.
        noise: variance of a value around the process.
        mean: of the process; 0 of an odd one.
        parity: 1 of an even process, −1 of an odd one, 0 of any.
    """

    decay: torch.Tensor
    variance: float
    linear: float
    noise: float
    mean: float
    parity: int = 0

    def between(self, one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
        """k of all pairs from two tables of zeros and ones. Shape ``(a, n)``, ``(b, n)`` → ``(a, b)``."""
        x, y = 2 * one - 1, 2 * other - 1
        found = self.product(x, y)[0]
        return found.addmm_(x * (self.linear / max(1, len(self.decay))), y.T) if self.linear else found

    def product(self, x: torch.Tensor, y: torch.Tensor, turned: bool = False) -> tuple[torch.Tensor, torch.Tensor]:
        """The first term of tables of ±1, and beside it, if asked for, that of the process of the other parity.

        The slopes of the one go by the other. Without a parity both are the same. ``(a, n)``, ``(b, n)`` → ``(a, b)``.
        """
        apart = -0.5 * self.decay.sum().expand(1, len(y))
        found = torch.addmm(apart, x * (0.5 * self.decay), y.T).exp_()
        if not self.parity:
            found.mul_(self.variance)
            return found, found
        across = torch.addmm(apart, x * (-0.5 * self.decay), y.T).exp_()
        other = found.sub(across, alpha=self.parity).mul_(self.variance / 2) if turned else found
        return found.add_(across, alpha=self.parity).mul_(self.variance / 2), other

    def noise_for(self, count: int) -> float:
        """The noise for so many points, at least as much as keeps their covariance far from singular."""
        return max(self.noise, CONDITION * count * (self.variance + self.linear))


def flat(n: int, mean: float) -> Kernel:
    """The kernel of a process that is its mean, whatever the coalition."""
    return Kernel(torch.zeros(n, dtype=torch.float64), 0.0, 0.0, 1.0, mean)


def middle(values: torch.Tensor, parity: int) -> tuple[float, float]:
    """The mean of a process with some values, 0 of an odd one; and how far they are from it, as a root mean square."""
    mean = 0.0 if parity < 0 else float(values.mean())
    return mean, float((values - mean).square().mean().sqrt())


def fitted(table: torch.Tensor, values: torch.Tensor, parity: int = 0) -> Kernel:
    """The kernel under which values are most likely, with a weak pull of all log c to their mean.

    Args:
        table: coalitions as zeros and ones, some hundreds. Shape ``(m, n)``, float64.
        values: Shape ``(m,)``, float64; not all the mean of the process.
        parity: of the process.
    """
    from scipy.optimize import minimize  # as long to import as torch's half

    n, (mean, scale) = table.shape[1], middle(values, parity)
    x, y = 2 * table - 1, (values - mean) / scale
    bounds = [(LOWEST[0], HIGHEST[0])] * n + list(zip(LOWEST[1:], HIGHEST[1:], strict=True))
    found = minimize(
        lambda theta: _surprise(theta, x, y, parity),
        _start(n, parity),
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"maxfun": STEPS},
    )
    variance, linear, noise = (float(each) for each in np.exp(found.x[n:]) * scale**2)
    linear = 0.0 if parity > 0 else linear
    return Kernel(torch.from_numpy(np.exp(found.x[:n])), variance, linear, noise, mean, parity)


def _start(n: int, parity: int) -> np.ndarray:
    """Logarithms of c, v, l and the noise, of values of variance one, from which a good likelihood is found.

    An odd process starts as a straight line and little that coalitions share beside it; an even one, which would be
    nearly a constant, with so large a v that it varies by about 1.
    """
    decay, variance = {-1: (20 / n, 1.0), 0: (1 / n, 1.0), 1: (1 / n, 4.0 * n)}[parity]
    return np.log([*np.full(n, decay), variance, 1.0, NOISE])


def _surprise(theta: np.ndarray, x: torch.Tensor, y: torch.Tensor, parity: int = 0) -> tuple[float, np.ndarray]:
    r"""−log p(y) and its gradient by log c, log v, log l and log noise.

    .. math:: \tfrac12 y^\top K^{-1} y + \tfrac12 \log\det K + \tfrac12 \sum_i (\log c_i - \overline{\log c})^2
    """
    n, m = x.shape[1], len(x)
    c, (v, linear, noise) = torch.from_numpy(np.exp(theta[:n])), np.exp(theta[n:])
    linear = 0.0 if parity > 0 else linear
    kernel = Kernel(c, v, linear, noise, 0.0, parity)
    product, turned = kernel.product(x, x, turned=True)
    lower = torch.linalg.cholesky(
        product.addmm(x * (linear / n), x.T).add_(torch.eye(m, dtype=x.dtype), alpha=kernel.noise_for(m))
    )
    inverse = torch.cholesky_inverse(lower)
    alpha = inverse @ y
    by_entry = (inverse - alpha[:, None] * alpha) / 2
    weighted = by_entry * product
    apart = theta[:n] - theta[:n].mean()
    by_decay = -0.5 * c * (weighted.sum() - (x * ((by_entry * turned) @ x)).sum(0))
    gradient = [
        *(by_decay.numpy() + apart),
        float(weighted.sum()),
        float((x * (by_entry @ x)).sum()) * linear / n,
        float(by_entry.diagonal().sum()) * noise,
    ]
    value = 0.5 * float(y @ alpha) + float(lower.diagonal().log().sum()) + 0.5 * float(apart @ apart)
    return value, np.array(gradient)
