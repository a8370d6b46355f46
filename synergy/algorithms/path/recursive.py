r"""Integrated Gradients of Integrated Gradients, by one integral of derivatives along the straight path.

With :math:`\theta_i = t_i \partial_i` and E their sum, Integrated Gradients are :math:`\theta_i E^{-1}`, and all of
these commute; so k of them, one after the other, are

.. math:: \int_0^1 \frac{(-\ln u)^{k-1}}{(k-1)!}\, [\theta_{i_1} \cdots \theta_{i_k} g](u, \dots, u)\, \frac{du}{u}
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np
import torch

from decompositions.arithmetic import Array
from decompositions.games.function_cube import FunctionCube
from synergy.algorithms.path.log_derivatives import log_derivatives
from synergy.algorithms.path.log_rule import log_rule, log_rule_on_panels

NODES = (8, 16, 32)  # of Gauss rules for the weight, until two agree
PANELS = (4, 8, 16, 32)  # of 16 nodes each, after that
AGREE = 1e-10  # of the largest sum
ROUNDINGS = 64  # of every number in a sum
MOST = 2**22  # derivatives at one point

Players = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Recursion:
    """The values of all sets of at most k players at some end points.

    Args:
        sets: the smallest first.
        values: a set's is the sum over all k-tuples of exactly its players. Shape ``(m, sets)``.
        rows: the sums over all tuples that begin with a player, its Integrated Gradients. Shape ``(m, n)``.
        errors: of the values, by quadrature and rounding. Shape ``(m, sets)``.
        row_errors: of the rows. Shape ``(m, n)``.
        rule: of the quadrature.
    """

    sets: tuple[Players, ...]
    values: torch.Tensor
    rows: torch.Tensor
    errors: torch.Tensor
    row_errors: torch.Tensor
    rule: str


def recursion(cube: FunctionCube, ends: Array, order: int) -> Recursion:
    """The values at end points, by rules that follow each other until two agree; of the last two where none do.

    Args:
        cube: g, in float64 if it can be.
        ends: Shape ``(m, n)``.
        order: k.

    Raises:
        ValueError: too many derivatives, or a model that has none of that order.
    """
    if cube.n**order > MOST:
        raise ValueError(
            f"{cube.n:,} players have {cube.n**order:,} derivatives of order {order}; take coarser players or a lower "
            "order"
        )
    found, errors, rule = _agreed(cube, ends, order)
    count, sets = cube.n, tuple(_sets(cube.n, order))
    return Recursion(sets, found[:, count:], found[:, :count], errors[:, count:], errors[:, :count], rule)


def _agreed(cube: FunctionCube, ends: Array, order: int) -> tuple[torch.Tensor, torch.Tensor, str]:
    """The integrals of rows and sets, their errors, and the last rule."""
    rules = _rules(order)
    said, places, weights = next(rules)
    found, _ = _by_rule(cube, ends, order, places, weights)
    agree = False
    while not agree and (rule := next(rules, None)):
        said, places, weights = rule
        before = found
        found, sizes = _by_rule(cube, ends, order, places, weights)
        change, rounding = abs(found - before), ROUNDINGS * cube.precision * sizes
        agree = bool((change <= AGREE * sizes.amax(1, keepdim=True) + rounding).all())
    return found, change + rounding, said


def _rules(order: int) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    for nodes in NODES:
        yield f"Gauss, {nodes} nodes", *log_rule(nodes, order)
    for panels in PANELS:
        yield f"Gauss, {panels} panels", *log_rule_on_panels(16, order, panels)


def _by_rule(
    cube: FunctionCube, ends: Array, order: int, places: np.ndarray, weights: np.ndarray
) -> tuple[torch.Tensor, torch.Tensor]:
    """The integrals of rows and sets by one rule, and those of the magnitudes. Shape ``(m, n + sets)`` each."""
    total, sizes = [], []
    u, w = (cube.array(part).to(ends) for part in (places, weights / places))
    for end in ends:
        derivatives = log_derivatives(cube, end * u[:, None], order)
        columns = torch.cat([derivatives.flatten(2).sum(2) if order > 1 else derivatives, _by_set(derivatives)], 1)
        weighted = columns * w.to(columns)[:, None]
        total.append(weighted.sum(0))
        sizes.append(abs(weighted).sum(0))
    return torch.stack(total), torch.stack(sizes)


def _by_set(derivatives: torch.Tensor) -> torch.Tensor:
    """Sums over the tuples of exactly the players of each set. Shape ``(batch, n, …, n)`` → ``(batch, sets)``."""
    n, order, columns = derivatives.shape[1], derivatives.ndim - 1, []
    flat = derivatives.flatten(1)
    powers = torch.tensor([n**k for k in reversed(range(order))], device=derivatives.device)
    for t in range(1, order + 1):
        members = torch.tensor(list(combinations(range(n), t)), device=derivatives.device).reshape(-1, t)
        onto = [list(places) for places in product(range(t), repeat=order) if len(set(places)) == t]
        columns.append(torch.stack([flat[:, members[:, places] @ powers] for places in onto]).sum(0))
    return torch.cat(columns, 1)


def _sets(n: int, order: int) -> Iterator[Players]:
    for t in range(1, order + 1):
        yield from combinations(range(n), t)
