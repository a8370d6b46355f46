"""Indices as sums over all values, whose weights go by size and overlap alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import comb
from typing import Any

import numpy as np

from decompositions.arguments import shown
from decompositions.sampling.surrogate import Sum
from synergy.estimation.by_size import mean_gains
from synergy.policies.policy import Policy, equal_shares

NODES = 48  # of a Gauss–Legendre quadrature, at most; exact for 96 players, and 1e-13 for 1000
NAMES = "'shapley', 'banzhaf', 'sii' or a Policy, such as method(name).policy(game)"


@dataclass(frozen=True, eq=False)
class Index:
    r"""A player's, or a pair's, weighted sum of all values.

    .. math:: I(S) = \sum_T \frac{W_{|S \cap T|, |T|}}{\binom{n}{|T|}}\, v(T), \qquad |S| = \text{order}

    Args:
        name: as a person writes it.
        order: 1 for players, 2 for pairs.
        weights: W, per mean over the coalitions of one size. Shape ``(order+1, n+1)``.
        of: the index of a surrogate, ``(n,)`` or ``(n, n)``.
    """

    name: str
    order: int
    weights: np.ndarray
    of: Callable[[Sum], np.ndarray]


def index_of(given: Any, active: int, n: int) -> Index:
    """An index from its name or its policy.

    Args:
        given: what a person asks for.
        active: players that are no null players, at least one.
        n: all players.

    Raises:
        TypeError: neither a name nor a policy.
        LookupError: no such name.
        ValueError: a policy that does not go by the number of members alone.
    """
    if given is equal_shares:
        return replace(index_of("shapley", active, n), name=given.formula)
    if isinstance(given, Policy):
        shares = mean_gains(given, active, n)
        floats = np.array([_float(share) for share in shares])
        return Index(given.formula, 1, players(shares), lambda g: floats @ g.by_size())
    if not isinstance(given, str):
        raise TypeError(f"an index is {NAMES}, not {shown(given)}")
    if given == "shapley":
        return Index(given, 1, players([Fraction(1, active)] * active), lambda g: g.slopes(*_legendre(active)))
    if given == "banzhaf":
        shares = [Fraction(comb(active - 1, t), 2 ** (active - 1)) for t in range(active)]
        return Index(given, 1, players(shares), lambda g: g.slopes(np.array([0.5]), np.ones(1)))
    if given == "sii":
        return Index(given, 2, _pairs(active), lambda g: g.bends(*_legendre(active)))
    raise LookupError(f"no index {shown(given)} is estimated; take {NAMES}")


def players(shares: Sequence[Fraction]) -> np.ndarray:
    r"""W of :math:`\sum_t \text{shares}_t M_{i,t}`, the mean gains of a player by the number of the others.

    :math:`W_{1,s} = \tfrac ns\, \text{shares}_{s-1}` and :math:`W_{0,s} = -\tfrac n{n-s}\, \text{shares}_s`: for the
    Shapley value 1/s and −1/(n − s). Shape ``(n,)`` → ``(2, n+1)``.

    >>> players([Fraction(1, 2), Fraction(1, 2)]).tolist()
    [[-0.5, -1.0, 0.0], [0.0, 1.0, 0.5]]
    """
    n = len(shares)
    outside = [_float(-shares[s] * n / (n - s)) for s in range(n)]
    inside = [_float(shares[s - 1] * n / s) for s in range(1, n + 1)]
    return np.array([[*outside, 0.0], [0.0, *inside]])


def _float(share: Fraction) -> float:
    """A weight of a size as a float.

    Raises:
        ValueError: it is beyond the floats; nothing could be estimated by it.
    """
    try:
        return float(share)
    except OverflowError as error:
        raise ValueError(
            "the policy weighs the values of single coalitions by more than 10^308, so that no sample tells its "
            "attribution; take a policy whose weights go smoothly with the number of members, or coarser players"
        ) from error


def _pairs(n: int) -> np.ndarray:
    r"""W of the Shapley interaction index of pairs: :math:`\frac{n}{s(s-1)}` for coalitions of s with both,
    :math:`-\frac{n}{s(n-s)}` with one and :math:`\frac{n}{(n-s)(n-s-1)}` with none. Shape ``(3, n+1)``.
    """
    weights = np.zeros((3, n + 1))
    s = np.arange(n + 1.0)
    if n > 1:
        weights[0, :-2] = (n / np.maximum((n - s) * (n - s - 1), 1))[:-2]
        weights[1, 1:-1] = -n / (s * (n - s))[1:-1]
        weights[2, 2:] = (n / np.maximum(s * (s - 1), 1))[2:]
    return weights


def _legendre(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights on [0, 1], exact for polynomials of degree n − 1, up to so many nodes."""
    nodes, weights = np.polynomial.legendre.leggauss(min(n // 2 + 1, NODES))
    return (nodes + 1) / 2, weights / 2
