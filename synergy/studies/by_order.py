"""What a method gives of the effects of every order, inside the coalition and outside it."""

from __future__ import annotations

from collections.abc import Mapping
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
        errors: of the three: the noise of the effects, of what is given with the method's own numerical error, and the
            standard error of the sample. Shape ``(3, K)``.
    """

    orders: np.ndarray
    effects: np.ndarray
    inside: np.ndarray
    outside: np.ndarray
    errors: np.ndarray


def by_order(allocation: Allocation, strengths: Mapping[int, float] | None = None) -> ByOrder:
    r"""The sums of a table of one game, over Harsanyi dividends or what has their rows.

    Where rows are a sample of an order whose effects are all known, what is given of these is told by its ratio to
    the effects of the sample: a method that shares each effect out in full then gives all of them, whichever were
    drawn.

    .. math:: \sum_{|S|=k} q(S) \approx \frac{\sum_{S \text{ drawn}} q(S)}{\sum_{S \text{ drawn}} |J(S)|}
              \sum_{|S|=k} |J(S)|

    Args:
        allocation: the table.
        strengths: :math:`\sum_{|S|=k} |J(S)|` by k, where they are known from all rows.

    Reference: cochran1977sampling
    """
    table = allocation.by_support()
    effects = table.effects
    parts = np.zeros((3, len(effects)))
    for start, stop, rows in table.blocks():
        values, given = to_float(effects.values[start:stop]), to_float(rows)
        members = to_float(effects.table(start, stop)) > 0
        own, others = np.sign(values) * (given * members).sum(1), np.abs(given * ~members).sum(1)
        parts[:, start:stop] = np.abs(values), own, others
    orders, sums, errors = summed(effects, parts)
    if strengths is not None and effects.strata is not None:
        _by_ratio(effects, parts, strengths, orders, sums, errors)
    if allocation.error is not None:
        errors[1:] += summed(effects, allocation.error[None])[1]
    return ByOrder(orders, sums[0], sums[1], sums[2], errors)


def _by_ratio(
    effects: Effects,
    parts: np.ndarray,
    strengths: Mapping[int, float],
    orders: np.ndarray,
    sums: np.ndarray,
    errors: np.ndarray,
) -> None:
    """Put ratio estimates in the place of the sums over samples, and the errors of their residuals."""
    for each in () if effects.strata is None else effects.strata.drawn:
        place, drawn = orders == each.size, parts[0, each.rows].sum()
        if each.size not in strengths or not drawn or len(each.rows) == each.population:
            continue
        ratios = parts[1:, each.rows].sum(1) / drawn
        residuals = np.zeros_like(parts)
        residuals[1:, each.rows] = parts[1:, each.rows] - ratios[:, None] * parts[0, each.rows]
        sums[:, place] = strengths[each.size] * np.array([[1.0], *ratios[:, None]])
        errors[:, place] = summed(effects, residuals)[2][:, place]


def summed(effects: Effects, parts: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sums of rows over all coalitions of each number of players, those that were drawn for all of their size.

    Args:
        effects: whose rows they are.
        parts: numbers of each row. Shape ``(parts, m)``.

    Returns:
        The numbers of players, ``(K,)``, the sums, and what noise and the sample leave open; both ``(parts, K)``.
    """
    weights, sizes, noise = _weights(effects), effects.sizes(0, len(effects)), effects.noise_floor()
    orders = np.unique(sizes[(weights > 0) & (sizes > 0)])
    sums = np.array([[(part * weights)[sizes == order].sum() for order in orders] for part in parts])
    errors = np.tile([(noise * weights)[sizes == order].sum() for order in orders], (len(parts), 1))
    for each in () if effects.strata is None else effects.strata.drawn:
        drawn, place = parts[:, each.rows], orders == each.size
        if 1 < drawn.shape[1] < each.population:
            share = drawn.shape[1] / each.population
            error = each.population * drawn.std(1, ddof=1) * np.sqrt((1 - share) / drawn.shape[1])
            errors[:, place] = np.hypot(errors[:, place], error[:, None])
    return orders, sums, errors


def _weights(effects: Effects) -> np.ndarray:
    """How many coalitions every row stands for. Shape ``(m,)``."""
    sizes = effects.sizes(0, len(effects))
    return np.ones(len(sizes)) if effects.strata is None else effects.strata.weights(sizes)
