"""A rule for single players, applied to what it gives, again and again."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from decompositions.arithmetic import Array
from synergy.interaction_index import AbstractLift


@dataclass(frozen=True)
class Recursive(AbstractLift):
    r"""A rule taken k times; a set is given what all k-tuples of exactly its players are.

    .. math:: w(T, \kappa) = \sum_{\{i_1, \dots, i_k\} = T} a_{i_1}(\kappa) \cdots a_{i_k}(\kappa)
              = \sum_{R \subseteq T} (-1)^{|T| - |R|} \Bigl( \sum_{i \in R} a_i(\kappa) \Bigr)^k

    as what a player is given of an effect is a multiple of the effect. A set has all its tuples: for k = 2 a pair has
    both orders, :math:`2 a_i a_j`, of which Janizek's :math:`\Gamma_{ij} = \Gamma_{ji}` are a half each. With
    ``1/|S|`` it is Recursive Shapley, with ``κᵢ/|κ|`` Recursive Integrated Gradients, which for k = 2 are Integrated
    Hessians.

    Reference: lundstrom2023distributing

    Theory: :ref:`lifts`.
    """

    name: str = "recursive"
    title: str = "recursive lift"

    def weights(self, shares: Array, places: np.ndarray, order: int) -> Array:
        return hit_exactly(shares[:, places], order)


def hit_exactly(shares: Array, order: int) -> Array:
    """The sum over all ``order``-tuples of exactly these players of the products of their shares.

    Args:
        shares: of the players of some sets. Shape ``(m, c, t)``.
        order: the length of a tuple.

    Returns:
        Shape ``(m, c)``.
    """
    t = shares.shape[-1]
    found = shares[..., 0] * 0
    for size in range(1, t + 1):
        for some in combinations(range(t), size):
            found = found + (-1) ** (t - size) * shares[..., list(some)].sum(-1) ** order
    return found
