"""A rule that shares large effects among the sets of the order alone."""

from __future__ import annotations

from dataclasses import dataclass
from math import comb

import numpy as np

from decompositions.arithmetic import Array
from synergy.interaction_index import AbstractLift


@dataclass(frozen=True)
class TopDistributing(AbstractLift):
    r"""Effects of fewer than k players go to their own sets; all others are shared among their sets of k players.

    .. math:: w(T, \kappa) = \binom{s-1}{k-1}^{-1} \sum_{i \in T} a_i(\kappa), \qquad |T| = k \le s

    With ``1/|S|`` it is Shapley–Taylor, with ``κᵢ/|κ|`` Sum of Powers.

    Reference: lundstrom2023distributing
    """

    name: str = "top-distributing"
    title: str = "top-distributing lift"

    def weights(self, shares: Array, places: np.ndarray, order: int) -> Array:
        chosen, s, t = shares[:, places], shares.shape[1], places.shape[1]
        if s < order:
            return chosen[..., 0] * 0 + int(s == t)
        if t < order:
            return chosen[..., 0] * 0
        return chosen.sum(-1) / comb(s - 1, order - 1)
