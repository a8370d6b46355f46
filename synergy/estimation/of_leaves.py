"""Indices of a game that is a sum of leaves: exact, by all leaves and without any coalition."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from types import MappingProxyType
from typing import Any

from decompositions.games.leaves import Leaves
from synergy.estimation.by_size import weights_by_size
from synergy.estimation.estimation import Estimation
from synergy.estimation.index import pair_index
from synergy.interactions.indices.banzhaf import BanzhafIndex
from synergy.interactions.indices.shapley import ShapleyIndex
from synergy.policies.policy import Policy

PLAYERS: Mapping[str, Callable[[int], Fraction]] = MappingProxyType(
    {
        "shapley": lambda size: ShapleyIndex().weight(1, size, 1),
        "banzhaf": lambda size: BanzhafIndex().weight(1, size, 1),
    }
)


def of_leaves(leaves: Leaves, index: Any, names: tuple[str, ...]) -> Estimation:
    r"""An index of all players, or of all pairs, as a weighted sum of dividends, leaf by leaf.

    .. math:: I(i) = \sum_{S \ni i} w(|S|)\, J(S), \qquad I(i, k) = \sum_{S \ni i, k} w(2, |S|)\, J(S)

    with w(s) = 1/s for the Shapley value, :math:`2^{1-s}` for Banzhaf's, or that of a policy; w(2, s) is that of the
    index, 1/(s − 1) for SII.

    Args:
        leaves: of the game.
        index: "shapley", "banzhaf", "sii", the name of another index of pairs or a policy, which has been looked at.
        names: of the players.

    Raises:
        ValueError: a policy that does not go by the number of members alone.
    """
    name = index.formula if isinstance(index, Policy) else index
    if isinstance(index, Policy):
        shares = weights_by_size(index, min(leaves.longest, leaves.n), leaves.n)
        values = leaves.by_player(lambda size: shares[size - 1])
    elif index in PLAYERS:
        values = leaves.by_player(PLAYERS[index])
    else:
        pairs = pair_index(index)
        values = leaves.by_pair(lambda size: pairs.weight(2, size, 2))
    note = f"exact: {leaves.how}"
    return Estimation(name, values, 0 * values, values, math.nan, 0, 0, names, (note,), exact=True)
