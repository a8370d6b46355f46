r"""Sums over all supersets, weighted by size: what every symmetric index of players and groups is made of.

.. math:: I(S) = \sum_{T \supseteq S} W[|S|, |T|]\, a(T), \qquad |S| \le k

with a table W of (k+1) × (n+1) weights. The values are weighted once per size of S and then summed away one player at
a time, in about 2(k+1) 2ⁿ additions; no table with a row per coalition and a column per player is made.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import torch

from decompositions import degrees
from decompositions.arguments import whole
from decompositions.arithmetic import Array, is_exact, zeros
from decompositions.memory import needed
from decompositions.mobius import table_size

LOW = 14  # log2 of the entries that are weighted at once
WIDE = 20  # the same on other devices, where a call costs more than its arithmetic


def contract(values: Array, weights: Array, order: int) -> dict[int, Array]:
    """I(S) of all coalitions of exactly ``order`` players.

    Args:
        values: a, position = bitmask. Shape ``(..., 2**n)``.
        weights: the row W[order, ·]: one weight per size, in the number system of ``values``. Shape ``(n+1,)``.
        order: the number of players of S.

    Returns:
        Bitmask → I(S), ``(...,)``, smaller bitmasks first.

    Raises:
        TypeError, ValueError: an order that is no whole number of at least 0, values that are neither floats nor exact
            numbers, or another number of weights.

    >>> contract(torch.tensor([0., 1., 2., 4.]), torch.tensor([0., 1., 0.5]), 1)
    {1: tensor(3.), 2: tensor(4.)}
    """
    order = whole(order, "order is the number of players of the coalitions", 0)
    parts: dict[int, Array] = {0: weighted(values, weights)}
    found: dict[int, Array] = {} if order else {0: parts.pop(0).sum(-1)}
    for bit in reversed(range(table_size(values.shape[-1]))):
        rest: dict[int, Array] = {}
        for mask, part in parts.items():
            without, with_ = part[..., : 1 << bit], part[..., 1 << bit :]
            missing = order - mask.bit_count()
            if missing == 1:
                found[mask | 1 << bit] = with_.sum(-1)
            else:
                rest[mask | 1 << bit] = with_
            rest[mask] = without + with_
        parts = {mask: part for mask, part in rest.items() if order - mask.bit_count() <= bit}
    return {mask: found[mask] for mask in sorted(found)}


def by_player(values: Array, weights: Array) -> Array:
    """I({i}) of every player. Shape ``(..., 2**n)``, ``(n+1,)`` → ``(..., n)``."""
    columns = list(contract(values, weights, 1).values())
    if not columns:
        return zeros((*values.shape[:-1], 0), values)
    return np.stack(columns, -1) if is_exact(values) else torch.stack(columns, -1)


def weighted(values: Array, weights: Array) -> Array:
    """W[|T|] a(T), block by block. Shape ``(..., 2**n)``."""
    n = table_size(values.shape[-1])
    if not is_exact(values) and not values.is_floating_point():
        raise TypeError(
            f"values are floats or an object array of exact numbers, not {values.dtype}; use as_array(values)"
        )
    if weights.shape != (n + 1,):
        raise ValueError(f"weights are one per size 0 to {n}, {n + 1} of them, not of shape {tuple(weights.shape)}")
    low = min(n, LOW if is_exact(values) or values.device.type == "cpu" else WIDE)
    sizes = degrees.sizes(0, 2**low) if is_exact(values) else _sizes(low, values.device)
    size, device = 8 * math.prod(values.shape), getattr(values, "device", "cpu")
    with needed("the weighted effects", size, device, "take fewer players"):
        result = values.copy() if is_exact(values) else values.clone(memory_format=torch.contiguous_format)
    rows = [weights[sizes + more] for more in range(n - low + 1)]
    for block in range(2 ** (n - low)):
        result[..., block << low : (block + 1) << low] *= rows[block.bit_count()]
    return result


@lru_cache
def _sizes(n: int, device: torch.device) -> torch.Tensor:
    return torch.as_tensor(degrees.sizes(0, 2**n), device=device)
