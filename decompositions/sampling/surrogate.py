"""A sum of products over the players, whose mean derivatives and dividends are closed forms."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch

from decompositions.sampling.kernel import Kernel


@dataclass(frozen=True, eq=False)
class Surrogate:
    r"""The mean of a Gaussian process on coalitions.

    .. math:: g(z) = \mu + \sum_j \alpha_j\, k(z_j, z)

    With :math:`a_{ji} = e^{-c_i (1 - z_{ji})}` and :math:`b_{ji} = e^{-c_i z_{ji}}` its product part is
    :math:`\sum_j \alpha_j v \prod_i (a_{ji} \text{ if } z_i \text{ else } b_{ji})`, multilinear in the players: on the
    cube every factor is :math:`m_{ji}(t_i) = t_i a_{ji} + (1 - t_i) b_{ji}`.

    Args:
        kernel: k and μ.
        centres: z_j, zeros and ones. Shape ``(m, n)``, float64.
        coefficients: α. Shape ``(m,)``, float64.
    """

    kernel: Kernel
    centres: torch.Tensor
    coefficients: torch.Tensor

    @property
    def n(self) -> int:
        """The number of players."""
        return int(self.centres.shape[1])

    def unfolded(self) -> Surrogate:
        """The same function of an odd or even process by plain products: with the complements of all centres, too."""
        parity = self.kernel.parity
        coefficients = torch.cat([self.coefficients, parity * self.coefficients]) / 2
        return Surrogate(replace(self.kernel, parity=0), torch.cat([self.centres, 1 - self.centres]), coefficients)

    def at(self, table: torch.Tensor) -> torch.Tensor:
        """g at coalitions of zeros and ones. Shape ``(k, n)`` → ``(k,)``."""
        if not len(table):
            return torch.zeros(0, dtype=torch.float64)
        parts = [self.kernel.between(some, self.centres) @ self.coefficients for some in table.split(1024)]
        return self.kernel.mean + torch.cat(parts)

    def slopes(self, nodes: np.ndarray, weights: np.ndarray) -> np.ndarray:
        r""":math:`\sum_p w_p\, \partial_i g(p, \dots, p)` of every player. Shape ``(q,)``, ``(q,)`` → ``(n,)``."""
        found = 2 * self._tilt() * float(weights.sum())
        for p, weight in zip(nodes, weights, strict=True):
            products, there, away = self._along(float(p))
            inside = self.centres.T @ products
            found += weight * (there * inside + away * (products.sum() - inside))
        return found.numpy()

    def bends(self, nodes: np.ndarray, weights: np.ndarray) -> np.ndarray:
        r""":math:`\sum_p w_p\, \partial_i \partial_k g(p, \dots, p)` of every pair; i = k is 0. Shape ``(n, n)``."""
        found = torch.zeros(self.n, self.n, dtype=torch.float64)
        for p, weight in zip(nodes, weights, strict=True):
            products, there, away = self._along(float(p))
            inner = self.centres * (there - away) + away  # u_ji
            found.addmm_((inner * (weight * products)[:, None]).T, inner)
        return found.fill_diagonal_(0.0).numpy()

    def by_size(self) -> np.ndarray:
        r"""The mean of g(T ∪ i) − g(T) over all T of t other players, t = 0, …, n − 1. Shape ``(n, n)``, rows t.

        With :math:`E_t` the mean over the coalitions of t players of a product of factors (positive, so that nothing
        cancels), built factor by factor, and the factor of player i divided out again.
        """
        found = (2 * self._tilt()).expand(self.n, self.n).clone()
        step = max(1, 2**22 // max(1, self.n**2))
        for centres, coefficients in zip(self.centres.split(step), self.coefficients.split(step), strict=True):
            there, away = (-self.kernel.decay * (1 - centres)).exp(), (-self.kernel.decay * centres).exp()
            means = _without_each(_means(there, away), there, away)  # (n, j, i)
            found += self.kernel.variance * torch.einsum("tji,ji,j->ti", means, there - away, coefficients)
        return found.numpy()

    def dividends(self, columns: np.ndarray) -> np.ndarray:
        r""":math:`J(S) = \sum_j \alpha_j v \prod_{i \in S} (a_{ji} - b_{ji}) \prod_{i \notin S} b_{ji}`, and of single
        players the linear part, too.

        Args:
            columns: the players of coalitions of one size, at least one. Shape ``(k, s)``.

        Returns:
            Shape ``(k,)``.
        """
        decay = self.kernel.decay
        base = self.kernel.variance * self.coefficients * (-(self.centres @ decay)).exp()
        factors = (self.centres * (decay.exp() - 1) + (1 - self.centres) * ((-decay).exp() - 1)).T.contiguous()
        weighted = (factors * base).T.contiguous()
        heads, place = np.unique(columns[:, :-1], axis=0, return_inverse=True)  # many have all players but one alike
        parts = []
        for some in torch.from_numpy(heads).split(max(1, 2**18 // max(1, len(base)))):
            product = torch.ones(len(some), len(base), dtype=torch.float64)
            for column in some.T:
                product *= factors[column]
            parts.append(product @ weighted)
        found = torch.cat(parts)[place.reshape(-1), columns[:, -1]]
        return (found + 2 * self._tilt()[columns[:, 0]] if columns.shape[1] == 1 else found).numpy()

    def _tilt(self) -> torch.Tensor:
        """The linear part is its product with 2z − 1. Shape ``(n,)``."""
        return self.kernel.linear / self.n * (self.coefficients @ (2 * self.centres - 1))

    def _along(self, p: float) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """At (p, …, p): α v Π m of every centre ``(m,)``, and (a − b)/m of players there and away ``(n,)``."""
        away = (-self.kernel.decay).exp()
        at_there, at_away = p + (1 - p) * away, p * away + 1 - p
        logs = self.centres @ (at_there.log() - at_away.log()) + at_away.log().sum()
        products = self.kernel.variance * self.coefficients * logs.exp()
        return products, (1 - away) / at_there, (away - 1) / at_away


@dataclass(frozen=True, eq=False)
class Sum:
    """A function of coalitions by its odd and its even part, unfolded.

    Args:
        odd: changes its sign from a coalition to its complement.
        even: does not.
    """

    odd: Surrogate
    even: Surrogate

    @property
    def n(self) -> int:
        """The number of players."""
        return self.odd.n

    def at(self, table: torch.Tensor) -> torch.Tensor:
        """As :meth:`Surrogate.at`."""
        return self.odd.at(table) + self.even.at(table)

    def slopes(self, nodes: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """As :meth:`Surrogate.slopes`; of the even part they are opposite at p and 1 − p."""
        odd = self.odd.slopes(nodes, weights)
        return odd if _symmetric(nodes, weights) else odd + self.even.slopes(nodes, weights)

    def bends(self, nodes: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """As :meth:`Surrogate.bends`; of the odd part they are opposite at p and 1 − p."""
        even = self.even.bends(nodes, weights)
        return even if _symmetric(nodes, weights) else even + self.odd.bends(nodes, weights)

    def by_size(self) -> np.ndarray:
        """As :meth:`Surrogate.by_size`."""
        return self.odd.by_size() + self.even.by_size()

    def dividends(self, columns: np.ndarray) -> np.ndarray:
        """As :meth:`Surrogate.dividends`."""
        return self.odd.dividends(columns) + self.even.dividends(columns)


def _symmetric(nodes: np.ndarray, weights: np.ndarray) -> bool:
    """Whether what is at p is at 1 − p, too, up to rounding."""
    return bool(np.allclose(nodes + nodes[::-1], 1, 0, 1e-14) and np.allclose(weights, weights[::-1], 1e-12, 0))


def _means(there: torch.Tensor, away: torch.Tensor) -> torch.Tensor:
    """The mean over coalitions of each size of the product of all factors. Shape ``(m, n)`` → ``(n+1, m)``."""
    count, n = there.shape
    means = torch.zeros(n + 1, count, dtype=torch.float64)
    means[0] = 1.0
    sizes = torch.arange(n + 1, dtype=torch.float64)[:, None]
    for i in range(n):
        shifted = torch.cat([torch.zeros(1, count, dtype=torch.float64), means[:-1]])
        means = ((i + 1 - sizes).clamp_min(0) * away[:, i] * means + sizes * there[:, i] * shifted) / (i + 1)
    return means


def _without_each(means: torch.Tensor, there: torch.Tensor, away: torch.Tensor) -> torch.Tensor:
    r"""The same without one of the players. Shape ``(n+1, m)`` → ``(n, m, n)``; the last axis says which one.

    With one factor more, :math:`n M_t = (n - t)\, b\, E_t + t\, a\, E_{t-1}`: solved upwards where the first term is
    the larger one, downwards elsewhere, so that no error grows.
    """
    n = there.shape[1]
    up, down = torch.empty(n, *there.shape, dtype=torch.float64), torch.empty(n, *there.shape, dtype=torch.float64)
    for t in range(n):
        before = 0.0 if t == 0 else t * there * up[t - 1]
        up[t] = (n * means[t][:, None] - before) / ((n - t) * away)
    for t in reversed(range(n)):
        after = 0.0 if t == n - 1 else (n - 1 - t) * away * down[t + 1]
        down[t] = (n * means[t + 1][:, None] - after) / ((t + 1) * there)
    sizes = torch.arange(n, dtype=torch.float64)[:, None, None]
    return torch.where(sizes * there <= (n - sizes) * away, up, down)
