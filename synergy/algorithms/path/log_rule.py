r"""Gauss rules for the weight that integrals of integrals have.

.. math:: \int_0^1 \varphi(u)\, \frac{(-\ln u)^{k-1}}{(k-1)!}\, du

is k integrals one within the other, :math:`\int_0^1 \cdots \int_0^1 \varphi(s_1 \cdots s_k)\, ds`.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from math import factorial

import numpy as np
import scipy.linalg


@cache
def log_rule(nodes: int, order: int) -> tuple[np.ndarray, np.ndarray]:
    r"""Nodes in (0, 1) and weights, exact for polynomials of degree below twice the number of nodes.

    The moments of the weight are :math:`(m + 1)^{-k}`; the recurrence of its orthogonal polynomials follows from them
    in fractions, by Chebyshev's algorithm, and nodes and weights from the recurrence by an eigenvalue problem.

    Args:
        nodes: their number q.
        order: k; with 1 it is the Gauss–Legendre rule.

    Reference: golub1969calculation

    >>> places, weights = log_rule(4, 2)
    >>> [round(float(weights @ places**m), 12) for m in range(3)]  # 1, 1/4, 1/9
    [1.0, 0.25, 0.111111111111]
    """
    alphas, betas = _recurrence([Fraction(1, (m + 1) ** order) for m in range(2 * nodes)])
    places, vectors = scipy.linalg.eigh_tridiagonal(
        np.array([float(a) for a in alphas]), np.sqrt([float(b) for b in betas[1:]])
    )
    return places, vectors[0] ** 2


def log_rule_on_panels(nodes: int, order: int, panels: int) -> tuple[np.ndarray, np.ndarray]:
    r"""The same weight, with a rule of some nodes on each of equal panels.

    On the first, :math:`u = h v`, the weight is a sum of such weights of v; on the others it is smooth.

    >>> places, weights = log_rule_on_panels(12, 2, 3)
    >>> [round(float(weights @ places**m), 12) for m in range(3)]
    [1.0, 0.25, 0.111111111111]
    """
    h, parts = 1 / panels, []
    for j in range(order):
        places, weights = log_rule(nodes, j + 1)
        rest = order - 1 - j
        parts.append((h * places, h * weights * (-np.log(h)) ** rest / factorial(rest)))
    places, weights = log_rule(nodes, 1)
    for panel in range(1, panels):
        u = h * (panel + places)
        parts.append((u, h * weights * (-np.log(u)) ** (order - 1) / factorial(order - 1)))
    return np.concatenate([u for u, _ in parts]), np.concatenate([w for _, w in parts])


def _recurrence(moments: list[Fraction]) -> tuple[list[Fraction], list[Fraction]]:
    """π₍ⱼ₊₁₎ = (u − αⱼ) πⱼ − βⱼ π₍ⱼ₋₁₎ of the monic orthogonal polynomials, from the moments of the weight."""
    before, row = [Fraction(0)] * len(moments), moments
    alphas, betas = [moments[1] / moments[0]], [moments[0]]
    for j in range(1, len(moments) // 2):
        after = [
            row[m + 1] - alphas[-1] * row[m] - betas[-1] * before[m] if j <= m < len(moments) - j else Fraction(0)
            for m in range(len(moments))
        ]
        alphas.append(after[j + 1] / after[j] - row[j] / row[j - 1])
        betas.append(after[j] / row[j - 1])
        before, row = row, after
    return alphas, betas
