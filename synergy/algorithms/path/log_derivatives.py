"""Derivatives of g by the logarithms of the players' positions."""

from __future__ import annotations

import torch

from decompositions.arithmetic import wide
from decompositions.games.function_cube import FunctionCube


def log_derivatives(cube: FunctionCube, points: torch.Tensor, order: int) -> torch.Tensor:
    r"""All derivatives of an order by the players' logarithms, :math:`\theta_i = t_i\, \partial_i`.

    .. math:: \theta_{i_1} \cdots \theta_{i_k} g(t)

    They commute. The second are :math:`t_i t_j \partial_{ij} g`, and :math:`t_i \partial_i g` besides where i = j.

    Args:
        cube: g; n^(k−1) backward passes for each point count as model calls.
        points: Shape ``(batch, n)``.
        order: k.

    Returns:
        Shape ``(batch, n, …, n)``, in float64.

    Raises:
        ValueError: the model has no derivative of that order.
    """
    with cube.calling(), torch.enable_grad():
        return cube.in_parts(points, lambda some, part: _at(some, part, order))


def _at(cube: FunctionCube, points: torch.Tensor, order: int) -> torch.Tensor:
    leaf = torch.zeros_like(points).requires_grad_()
    inputs = cube.inputs(points * leaf.exp())
    values = wide(cube.outputs(inputs.flatten(0, 1))).reshape(len(points), -1) @ cube.weights
    cube.on_calls(len(points) * len(cube.baseline) * cube.n ** (order - 1))
    found = values[:, None]
    for k in range(order):
        columns = [_slope(column, leaf, again=k + 1 < order) for column in found.unbind(1)]
        found = torch.stack(columns, 1).flatten(1)
    return wide(found).reshape(len(points), *(cube.n,) * order)


def _slope(values: torch.Tensor, leaf: torch.Tensor, again: bool) -> torch.Tensor:
    """The derivatives of each row by its own logarithms; zero where it depends on none. Shape ``(batch, n)``."""
    if not values.requires_grad:
        return torch.zeros_like(leaf)
    try:
        (found,) = torch.autograd.grad(values.sum(), leaf, retain_graph=True, create_graph=again, allow_unused=True)
    except RuntimeError as error:
        raise ValueError(
            f"torch has no derivative of this order for the model: {str(error).splitlines()[0]}; take an index of "
            "first derivatives (SP), or effects, interactions(taylor(game, degree), …)"
        ) from error
    return torch.zeros_like(leaf) if found is None else found
