"""Indices as sums over all values, whose weights go by size and overlap alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from fractions import Fraction
from itertools import product
from math import comb
from typing import Any

import numpy as np

from decompositions.arguments import shown
from decompositions.sampling.surrogate import Sum
from synergy.algorithms.differences import on_values
from synergy.estimation.by_size import mean_gains
from synergy.interaction_index import INDICES, AbstractIndex
from synergy.interactions import indices as indices  # registers the built-in indices
from synergy.policies.policy import Policy, equal_shares

NODES = 48  # of a Gauss–Legendre quadrature, at most; exact for 96 players, and 1e-13 for 1000
NAMES = "'shapley', 'banzhaf', of pairs 'sii', 'STII', 'FSII', or a Policy, such as method(name).policy(game)"


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
    return _of_pairs(given, active)


def pair_index(name: str) -> AbstractIndex:
    """The index of sets of players of which the pairs are meant; "sii" is SII.

    Raises:
        LookupError: no such index.
    """
    if name != "sii" and name not in INDICES:
        near = get_close_matches(name.lower(), {each.lower(): each for each in INDICES}, n=1, cutoff=0.7)
        hint = "".join(f"; did you mean '{each}'?" for each in INDICES if each.lower() in near)
        raise LookupError(f"no index {shown(name)} is estimated; take {NAMES}{hint}")
    return INDICES["SII" if name == "sii" else name]


def _of_pairs(name: str, n: int) -> Index:
    r"""The pairs of an index of order 2, of n players.

    .. math:: W_{j,r} = \binom nr (-1)^{2-j}\, \alpha(r + 2 - j)

    with α the index's weights on v (:func:`synergy.algorithms.differences.on_values`).

    Raises:
        LookupError: no such index.
        ValueError: one without pairs, or whose pairs no rule on the diagonal of the cube gives.
    """
    index = pair_index(name)
    if index.largest is not None and index.largest < 2:
        raise ValueError(f"{name} is an index of single players; take 'shapley' or 'banzhaf'")
    if n < 2:
        return Index(name, 2, np.zeros((3, n + 1)), lambda g: np.zeros((n, n)))
    rule = _on_the_diagonal([index.weight(2, s, 2) for s in range(2, n + 1)])
    if rule is None:
        raise ValueError(
            f"the pairs of {name} are no integral of a simple rule over the diagonal of the cube, and are not estimated"
            "; take SII, STII, FSII, BII or CHII"
        )
    alphas = [Fraction(0), Fraction(0), *on_values([index.weight(2, s, 2) for s in range(2, n + 1)])]
    weights = np.zeros((3, n + 1))
    for j, r in product(range(3), range(n + 1)):
        if j <= r <= n - 2 + j:
            weights[j, r] = _float(comb(n, r) * (-1) ** j * alphas[r + 2 - j])
    return Index(name, 2, weights, lambda g: g.bends(*rule))


def _on_the_diagonal(weights: Sequence[Fraction]) -> tuple[np.ndarray, np.ndarray] | None:
    r"""Nodes and weights with :math:`\sum_p c_p\, p^{s-2} = w(s)`: of one place, or of a parabola over all of [0, 1].

    Args:
        weights: w(2), …, w(n).

    Returns:
        None where neither gives the weights.

    >>> [each.round(3).tolist() for each in _on_the_diagonal([Fraction(1), Fraction(1, 2), Fraction(1, 4)])]
    [[0.5], [1.0]]
    """
    first, place = weights[0], weights[1] / weights[0] if len(weights) > 1 and weights[0] else Fraction(0)
    if all(weight == first * place**power for power, weight in enumerate(weights)):
        return np.array([float(place)]), np.array([float(first)])
    if len(weights) < 3:  # two weights are those of a straight line
        weights = [*weights, _third(*weights)]
    density = _parabola(weights[:3])
    if any(weight != _moment(density, power) for power, weight in enumerate(weights)):
        return None
    nodes, shares = _legendre(len(weights) + 3)
    return nodes, shares * np.polynomial.polynomial.polyval(nodes, [float(each) for each in density])


def _moment(density: Sequence[Fraction], power: int) -> Fraction:
    r""":math:`\int_0^1 (a + b p + c p^2)\, p^k\, dp`."""
    return sum((each / (power + degree + 1) for degree, each in enumerate(density)), Fraction(0))


def _parabola(moments: Sequence[Fraction]) -> list[Fraction]:
    """a, b and c of a parabola with the moments 0, 1 and 2: by the inverse of Hilbert's matrix."""
    inverse = ((9, -36, 30), (-36, 192, -180), (30, -180, 180))
    return [sum((entry * each for entry, each in zip(row, moments, strict=True)), Fraction(0)) for row in inverse]


def _third(zeroth: Fraction, first: Fraction) -> Fraction:
    """The moment 2 of the straight line with the moments 0 and 1."""
    a, b = 4 * zeroth - 6 * first, 12 * first - 6 * zeroth
    return a / 3 + b / 4


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


def _legendre(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights on [0, 1], exact for polynomials of degree n − 1, up to so many nodes."""
    nodes, weights = np.polynomial.legendre.leggauss(min(n // 2 + 1, NODES))
    return (nodes + 1) / 2, weights / 2
