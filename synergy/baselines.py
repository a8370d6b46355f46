"""Baselines from a group of inputs: its median, those of its members nearest to x, or to its mean."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from decompositions.arguments import shown, whole

Space = Callable[[Any], Any]
RULE = "a group is a batch of inputs, a tensor or an array of numbers of shape (members, *shape)"


def median(group: Any) -> Any:
    """The median of every entry over a group, as a baseline; of two in the middle the lower one.

    Args:
        group: Shape ``(members, *shape)``, a tensor or an array.

    Returns:
        Shape ``(1, *shape)``, of the group's kind.

    Raises:
        TypeError, ValueError: no such group.

    >>> median(torch.tensor([[0., 5.], [1., 9.], [4., 7.]])).tolist()
    [[1.0, 7.0]]
    """
    members = _members(group)
    middle = members.flatten(1).median(0).values.reshape(1, *members.shape[1:])
    return _like(middle, group)


def nearest(group: Any, x: Any, count: int = 1, *, space: Space | None = None) -> Any:
    """The members of a group that are nearest to x, the nearest first, as baselines.

    Args:
        group: Shape ``(members, *shape)``, a tensor or an array.
        x: Shape ``(1, *shape)``, or without the batch axis.
        count: how many.
        space: in which Euclidean distances are taken, such as an encoder: from a batch to one of vectors.

    Returns:
        Shape ``(count, *shape)``, of the group's kind.

    Raises:
        TypeError, ValueError: no such group, another shape, or more than there are.

    Reference: jha2020enhanced

    >>> nearest(np.array([[0., 5.], [1., 9.], [4., 7.]]), np.array([[3., 8.]]), 2).tolist()
    [[4.0, 7.0], [1.0, 9.0]]
    """
    members = _members(group)
    point = torch.as_tensor(x).to(members)
    if tuple(point.shape) not in {tuple(members.shape[1:]), (1, *members.shape[1:])}:
        raise ValueError(
            f"x is one input of the group's shape, {(1, *members.shape[1:])}, not {tuple(point.shape)}; give both alike"
        )
    return _closest(group, members, point.reshape(1, *members.shape[1:]), count, space)


def close_to_mean(group: Any, count: int = 1, *, space: Space | None = None) -> Any:
    """The members of a group, such as a class, that are nearest to its mean: typical ones, as baselines.

    Args:
        group: Shape ``(members, *shape)``, a tensor or an array.
        count: how many.
        space: in which the mean and the distances are taken, such as an encoder.

    Returns:
        Shape ``(count, *shape)``, of the group's kind.

    Raises:
        TypeError, ValueError: no such group, or more than there are.

    Reference: jha2020enhanced

    >>> close_to_mean(torch.tensor([[0.], [2.], [7.]])).tolist()
    [[2.0]]
    """
    return _closest(group, _members(group), None, count, space)


def _closest(group: Any, members: torch.Tensor, point: torch.Tensor | None, count: int, space: Space | None) -> Any:
    """The members nearest to a point, or to their mean; of two as near the first."""
    count = whole(count, "count is the number of members that are taken", 1, len(members))
    places = _in(space, members)
    centre = places.mean(0, keepdim=True) if point is None else _in(space, point)
    order = (places - centre).norm(dim=1).argsort(stable=True)
    return group[order[:count].cpu().numpy()] if isinstance(group, np.ndarray) else group[order[:count]]


def _in(space: Space | None, inputs: torch.Tensor) -> torch.Tensor:
    """Inputs as vectors of a space. Shape ``(rows, width)``, float64 where there is one."""
    if space is None:
        return inputs.flatten(1).to(torch.float32 if inputs.device.type == "mps" else torch.float64)
    with torch.no_grad():
        given = space(inputs.clone())
    found = torch.as_tensor(given)
    if len(found) != len(inputs):
        raise ValueError(
            f"space is a function from a batch to one vector for each member, and of {len(inputs)} it gives "
            f"{len(found)} rows"
        )
    return found.flatten(1).to(torch.float32 if found.device.type == "mps" else torch.float64)


def _members(group: Any) -> torch.Tensor:
    if not isinstance(group, (torch.Tensor, np.ndarray)):
        raise TypeError(f"{RULE}, not {shown(group)}")
    if isinstance(group, np.ndarray) and group.dtype.kind not in "biuf":
        raise TypeError(f"{RULE}, not of {group.dtype}")
    members = torch.as_tensor(group)
    if members.ndim < 2 or not len(members):
        raise ValueError(f"{RULE}, at least one of them, not {tuple(members.shape)}")
    if members.is_floating_point() and not members.isfinite().all():
        raise ValueError(f"{RULE}, finite ones; leave members with gaps out")
    return members


def _like(values: torch.Tensor, group: Any) -> Any:
    return values.numpy() if isinstance(group, np.ndarray) else values
