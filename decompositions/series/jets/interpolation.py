r"""All coefficients of a polynomial in n variables from its values along lines through the origin.

Along the direction :math:`d = (1, z_2, …, z_n)` the part of degree k of g is a polynomial in z of degree at most k:

.. math:: a_k(d) = \sum_{|\kappa| = k} c_\kappa\, d^\kappa = \sum_{|\kappa| = k} c_\kappa \prod_{i \ge 2} z_i^{\kappa_i}

so its coefficients follow from its values at the simplex of nodes :math:`(z_{j_2}, …, z_{j_n})`, :math:`|j| \le K`, by
Newton's divided differences along one axis after the other. The nodes z are Leja points of [−1, 1], which keep the
error near rounding.

Reference: neidinger2019multivariate
"""

from __future__ import annotations

from functools import cache

import numpy as np
import torch

from decompositions.degrees import simplex

GRID = 2001  # candidates for Leja points


@cache
def leja(count: int) -> np.ndarray:
    """Points of [−1, 1], each as far from those before as can be (in the product of distances). Shape ``(count,)``.

    >>> leja(3).tolist()
    [0.0, -1.0, 1.0]
    """
    grid = np.linspace(-1.0, 1.0, GRID)
    points, products = [0.0], np.abs(grid)
    while len(points) < count:
        points.append(float(grid[np.argmax(products)]))
        products = products * np.abs(grid - points[-1])
    return np.array(points)


def directions(n: int, degree: int) -> np.ndarray:
    """The lines along which a function of n variables must be expanded, one row each. Shape ``(C(n−1+K, K), n)``."""
    nodes = leja(degree + 1)[simplex(n - 1, degree)]
    return np.concatenate([np.ones((len(nodes), 1)), nodes], 1)


def coefficients(along: torch.Tensor, n: int) -> tuple[np.ndarray, torch.Tensor]:
    """The coefficients of a function from its expansions along :func:`directions`.

    Args:
        along: a_k at every direction, float64. Shape ``(K+1, C(n−1+K, K))``.
        n: the number of variables.

    Returns:
        Degree vectors by degree, ``(m, n)``, and their coefficients, ``(m,)``.
    """
    degree = len(along) - 1
    places = simplex(n - 1, degree)
    orders = places.sum(1)
    divide, expand = (torch.as_tensor(t).to(along) for t in _transforms(degree + 1))
    groups = [_fibres(places, axis) for axis in range(n - 1)]
    values = _along_axes(along.clone(), groups, divide)
    known = torch.as_tensor(orders[None] <= np.arange(degree + 1)[:, None], device=along.device)
    values = _along_axes(values * known, groups, expand)  # beyond degree k there is nothing but rounding
    rows, columns = np.nonzero(orders[None] <= np.arange(degree + 1)[:, None])
    table = np.concatenate([(rows - orders[columns])[:, None], places[columns]], 1)
    return table, values[torch.as_tensor(rows, device=along.device), torch.as_tensor(columns, device=along.device)]


def _along_axes(values: torch.Tensor, groups: list[list[np.ndarray]], transform: torch.Tensor) -> torch.Tensor:
    """A triangular transform along every axis of the simplex: its leading block on every fibre."""
    for fibres in groups:
        for fibre in fibres:
            length = fibre.shape[1]
            if length > 1:
                place = torch.as_tensor(fibre, device=values.device)
                values[:, place] = values[:, place] @ transform[:length, :length].T
    return values


def _fibres(places: np.ndarray, axis: int) -> list[np.ndarray]:
    """The rows of the simplex that differ in one axis only, by length: each ``(fibres, length)``, in order."""
    others = np.delete(places, axis, 1)
    order = np.lexsort((places[:, axis], *others.T)) if others.shape[1] else np.argsort(places[:, axis])
    starts = np.flatnonzero(places[order, axis] == 0)
    lengths = np.diff(np.append(starts, len(order)))
    return [order[starts[lengths == length][:, None] + np.arange(length)] for length in np.unique(lengths)]


@cache
def _transforms(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Values at the nodes → divided differences (lower triangular); those → coefficients (upper triangular)."""
    z = leja(count)
    divide, expand = np.zeros((count, count)), np.zeros((count, count))
    expand[0, 0] = 1.0
    for j in range(1, count):
        expand[:, j] = np.append(0.0, expand[:-1, j - 1]) - z[j - 1] * expand[:, j - 1]
    for column in range(count):
        table = np.eye(count)[column]
        for step in range(1, count):
            table[step:] = (table[step:] - table[step - 1 : -1]) / (z[step:] - z[:-step])
        divide[:, column] = table
    return divide, expand
