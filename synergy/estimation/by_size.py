"""What a policy gives by the number of members of a coalition, exactly."""

from __future__ import annotations

from fractions import Fraction
from math import comb
from typing import Any

import numpy as np

from decompositions.degrees import bits
from synergy.algorithms.differences import on_values
from synergy.policies.policy import Policy

TRIED = 3  # more coalitions of every size at which a policy is looked at, where it does not say that it is symmetric
FEW = 10  # players of whose coalitions all are looked at then
BLOCK = 64  # sizes that are looked at together


def mean_gains(policy: Policy, active: int, n: int) -> list[Fraction]:
    r"""How a policy of |S| weighs the mean gains of a player, by the number of the others.

    .. math:: a_i = \sum_{S \ni i} w(|S|) J(S) = \sum_{t=0}^{n-1} \binom{n-1}{t} \alpha(t + 1)\, M_{i,t}, \qquad
              \alpha(t) = \sum_j (-1)^j \binom{n - t}{j} w(t + j)

    with :math:`M_{i,t}` the mean of v(T ∪ i) − v(T) over the T of t other players. These differences are of high order:
    of floats nothing would be left.

    Args:
        policy: whose weights they are.
        active: players that are no null players.
        n: all players, as the policy sees them.

    Returns:
        One share for each t; they are 1/n each for the Shapley value.

    Raises:
        ValueError: a policy that reads degrees or does not go by the number of members alone.

    >>> from synergy.policies.policy import equal_shares, full_credit
    >>> mean_gains(equal_shares, 2, 2), mean_gains(full_credit, 2, 2)
    ([Fraction(1, 2), Fraction(1, 2)], [Fraction(0, 1), Fraction(1, 1)])
    """
    alphas = on_values(weights_by_size(policy, active, n))
    return [comb(active - 1, t) * alpha for t, alpha in enumerate(alphas)]


def weights_by_size(policy: Policy, largest: int, n: int) -> list[Fraction]:
    """w(1), …, w(largest) of a policy of n players, after a look at all coalitions of few players, or at some of each
    size; of a policy that says that it is symmetric at one of each size.

    Raises:
        ValueError: it reads degrees, its weights differ between coalitions of one size or between their members, or it
            gives something to others.
    """
    if policy.reads == "degree":
        raise ValueError(
            f"policy '{policy.formula}' reads degrees, and an estimate is of Harsanyi dividends, which only know who "
            "takes part; say reads='support' if the rule asks no more than that"
        )
    if n <= FEW and not policy.symmetric:
        return _of_all(policy, largest, n)
    found: list[Fraction] = []
    rng = np.random.default_rng(0)
    for start in range(0, largest, BLOCK):
        sizes = np.arange(start, min(start + BLOCK, largest)) + 1
        first = np.arange(n) < sizes[:, None]
        tables = [first] if policy.symmetric else [first, *(rng.permuted(first, axis=1) for _ in range(TRIED))]
        weights = [_exact(policy, table) for table in tables]
        for place, size in enumerate(sizes.tolist()):
            found.append(_one(policy, size, [(t[place], w[place]) for t, w in zip(tables, weights, strict=True)]))
    return found


def _of_all(policy: Policy, largest: int, n: int) -> list[Fraction]:
    """The same after a look at all coalitions."""
    table = bits(1, 2**n, n).numpy()
    weights, sizes = _exact(policy, table), table.sum(1)
    of_size = [np.flatnonzero(sizes == size).tolist() for size in range(1, largest + 1)]
    return [_one(policy, size, [(table[r], weights[r]) for r in rows]) for size, rows in enumerate(of_size, 1)]


def _one(policy: Policy, size: int, rows: list[tuple[np.ndarray, np.ndarray]]) -> Fraction:
    """The one weight of all members of some coalitions of a size."""
    held = {entry for there, weights in rows for entry in weights[there]}
    rest = {entry for there, weights in rows for entry in weights[~there]} - {0}
    if len(held) > 1 or rest:
        some = ", ".join(str(each) for each in sorted(held | rest)[:3])
        raise ValueError(
            f"policy '{policy.formula}' does not go by the number of members alone (coalitions of {size} give {some}), "
            "and an estimate needs one weight per size, the same for all members and 0 for others; "
            "allocate(harsanyi(game, order=2), policy) shares out the lower orders"
        )
    return held.pop()


def _exact(policy: Policy, table: np.ndarray) -> np.ndarray:
    """The weights for some coalitions as fractions. Shape ``(m, n)``."""
    numbers = np.array([Fraction(0), Fraction(1)], dtype=object)[table.astype(np.int64)]
    return np.vectorize(_fraction, otypes=[object])(policy.shares(numbers))


def _fraction(weight: Any) -> Fraction:
    """A weight exactly: a float is the fraction that it stands for."""
    return (
        weight
        if isinstance(weight, Fraction)
        else Fraction(weight)
        if isinstance(weight, int)
        else Fraction(float(weight))
    )
