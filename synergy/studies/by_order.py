"""What a method gives of the effects of every order, inside the coalition and outside it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from decompositions.arithmetic import to_float
from decompositions.effects.effects import Effects
from synergy.allocation.allocation import Allocation


@dataclass(frozen=True, eq=False)
class ByOrder:
    r"""Sums over the coalitions of each number of players k; those of which only a sample is known stand for all.

    Args:
        orders: the k of which there are rows. Shape ``(K,)``.
        effects: :math:`\sum_{|S|=k} |J(S)|`. Shape ``(K,)``.
        inside: :math:`\sum_{|S|=k} \operatorname{sgn} J(S) \sum_{i \in S} M_i(S)`, what the members are given of it,
            equal to ``effects`` where each is shared out in full. Shape ``(K,)``.
        outside: :math:`\sum_{|S|=k} \sum_{i \notin S} |M_i(S)|`, what others are given. Shape ``(K,)``.
        error: the noise of the effects, and with it the method's own numerical error. Shape ``(K,)``.
    """

    orders: np.ndarray
    effects: np.ndarray
    inside: np.ndarray
    outside: np.ndarray
    error: np.ndarray


def by_order(allocation: Allocation) -> ByOrder:
    """The sums of a table of one game, over Harsanyi dividends or what has their rows."""
    table = allocation.by_support()
    effects = table.effects
    sums = np.zeros((4, effects.n + 1))
    weights, sizes = weights_of(effects), effects.sizes(0, len(effects))
    errors = effects.noise_floor() + (0.0 if allocation.error is None else allocation.error)
    for start, stop, rows in table.blocks():
        values, given = to_float(effects.values[start:stop]), to_float(rows)
        members = to_float(effects.table(start, stop)) > 0
        inside = np.sign(values) * (given * members).sum(1)
        outside = np.abs(given * ~members).sum(1)
        parts = np.stack([np.abs(values), inside, outside, errors[start:stop]]) * weights[start:stop]
        for part, total in zip(parts, sums, strict=True):
            total += np.bincount(sizes[start:stop], part, effects.n + 1)
    there = np.unique(sizes[(weights > 0) & (sizes > 0)])
    return ByOrder(there, *sums[:, there])


def weights_of(effects: Effects) -> np.ndarray:
    """How many coalitions every row stands for. Shape ``(m,)``."""
    sizes = effects.sizes(0, len(effects))
    return np.ones(len(sizes)) if effects.strata is None else effects.strata.weights(sizes)
