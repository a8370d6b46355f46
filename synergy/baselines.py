"""Baselines from a group of inputs, from x itself, or from what the model gives.

Of a group: its mean, its median, its members nearest to x, to its mean, or to an output. Of x: x, blurred. Of the
model: a place between two inputs where its output is a chosen value. What each asks: notebooks/07_baselines.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from decompositions.arguments import real, shown, whole

Space = Callable[[Any], Any]
HALVINGS = 60  # of the way between two inputs: more than float64 tells apart
RULE = "a group is a batch of inputs, a tensor or an array of numbers of shape (members, *shape)"


def mean(group: Any) -> Any:
    """The mean of every entry over a group, as a baseline. It may look like none of the members.

    Args:
        group: Floating-point numbers. Shape ``(members, *shape)``, a tensor or an array.

    Returns:
        Shape ``(1, *shape)``, of the group's kind.

    Raises:
        TypeError, ValueError: no such group.

    >>> mean(torch.tensor([[0., 5.], [1., 9.], [5., 7.]])).tolist()
    [[2.0, 7.0]]
    """
    members = _members(group)
    if not members.is_floating_point():
        raise TypeError(f"a mean of {members.dtype} is none of that type; give group.float(), or take the median")
    return _like(members.mean(0, keepdim=True), group)


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


def near_output(function: Space, group: Any, value: float, count: int = 1) -> Any:
    r"""The members of a group at which the output is nearest to a value, such as 0, the nearest first, as baselines.

    .. math:: \arg\min_{b \in \text{group}} |f(b) - v|

    Args:
        function: from a batch to one output for each member: ``lambda z: net(z)[:, 3]``.
        group: Shape ``(members, *shape)``, a tensor or an array.
        value: v, of the output.
        count: how many.

    Returns:
        Shape ``(count, *shape)``, of the group's kind.

    Raises:
        TypeError, ValueError: no such group, more than there are, or a function of several outputs.

    >>> near_output(lambda z: z.prod(1), torch.tensor([[1., 5.], [2., 2.], [-1., 3.]]), 3.5, 2).tolist()
    [[2.0, 2.0], [1.0, 5.0]]
    """
    members = _members(group)
    gaps = _outputs(function, members).double() - real(value, "value is the output that is wanted")
    return _first(group, gaps.abs(), count)


def at_output(function: Space, start: Any, end: Any, value: float) -> Any:
    r"""A baseline on the straight way from start to end at which the output is a value, found by halving.

    .. math:: b = \text{start} + s\,(\text{end} - \text{start}), \qquad f(b) = v, \qquad 0 \le s \le 1

    There may be several such places; one of them is found.

    Args:
        function: continuous, from a batch to one output for each member: ``lambda z: net(z)[:, 3]``.
        start: such as a neutral input. Shape ``(1, *shape)``, a tensor of floating-point numbers.
        end: such as x, or an input of another class. Shape ``(1, *shape)``.
        value: v, between the outputs at start and end.

    Returns:
        Shape ``(1, *shape)``, of start's kind.

    Raises:
        TypeError, ValueError: no such inputs, a function of several outputs, or a value that is not between them.

    >>> at_output(lambda z: z.sum(1) ** 2, torch.zeros(1, 2), torch.tensor([[4., 4.]]), 4.0).tolist()
    [[1.0, 1.0]]
    """
    first, last, wanted = _members(start), _members(end), real(value, "value is the output that is wanted")
    if first.shape != last.shape or len(first) != 1:
        raise ValueError(f"start and end are one input each, not of {tuple(first.shape)} and {tuple(last.shape)}")
    if not first.is_floating_point():
        raise TypeError(f"between two inputs of {first.dtype} there is nothing; give floating-point numbers")
    low, high = (float(_outputs(function, each)) for each in (first, last))
    if not min(low, high) <= wanted <= max(low, high):
        raise ValueError(
            f"the output is {low:.4g} at start and {high:.4g} at end, and {wanted:.4g} is not between; choose another "
            "value, start or end"
        )
    left, right = 0.0, 1.0
    for _ in range(HALVINGS):
        middle = (left + right) / 2
        found = float(_outputs(function, torch.lerp(first, last, middle)))
        if found == wanted:
            break
        left, right = (middle, right) if (found < wanted) == (low < high) else (left, middle)
    return _like(torch.lerp(first, last, middle), start)


def blurred(x: Any, sigma: float) -> Any:
    r"""A picture without its details: the mean over a Gaussian window around every pixel, for each channel by itself.

    .. math:: b_p = \sum_q x_q\, e^{-|p - q|^2 / 2\sigma^2} \Big/ \sum_q e^{-|p - q|^2 / 2\sigma^2}

    The window ends at 4σ, and beyond the border the picture is mirrored.

    Args:
        x: Shape ``(…, H, W)``, a tensor or an array of floating-point numbers, usually ``(1, channels, H, W)``.
        sigma: σ, in pixels: details smaller than about 2σ are gone.

    Returns:
        Of x's kind and shape.

    Raises:
        TypeError, ValueError: no picture, or no such σ.

    >>> blurred(np.array([[0., 0., 9., 0., 0.]]), 0.5).round(2).tolist()
    [[0.0, 0.96, 7.08, 0.96, 0.0]]
    """
    from scipy.ndimage import gaussian_filter  # takes a while to load, and few blur

    pixels = _members(x)
    if not pixels.is_floating_point():
        raise TypeError(f"a picture to be blurred has floating-point numbers, not {pixels.dtype}; give x.float()")
    spread = real(sigma, "sigma is the width of the window in pixels", above=0)
    smooth = gaussian_filter(pixels.detach().cpu().numpy(), spread, axes=(-2, -1), truncate=4.0, mode="reflect")
    return _like(torch.from_numpy(smooth).to(pixels), x)


def _outputs(function: Space, inputs: torch.Tensor) -> torch.Tensor:
    """One output for each input. Shape ``(rows,)``."""
    with torch.no_grad():
        found = torch.as_tensor(function(inputs.clone()))
    if found.numel() != len(inputs):
        raise ValueError(
            f"the function gives one output for each input, and of {len(inputs)} it gives {tuple(found.shape)}; choose "
            "one, as in lambda z: net(z)[:, 3]"
        )
    return found.reshape(-1)


def _closest(group: Any, members: torch.Tensor, point: torch.Tensor | None, count: int, space: Space | None) -> Any:
    """The members nearest to a point, or to their mean; of two as near the first."""
    places = _in(space, members)
    centre = places.mean(0, keepdim=True) if point is None else _in(space, point)
    return _first(group, (places - centre).norm(dim=1), count)


def _first(group: Any, far: torch.Tensor, count: int) -> Any:
    """The members that are the least far; of two as far the first."""
    count = whole(count, "count is the number of members that are taken", 1, len(far))
    order = far.argsort(stable=True)
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
    return found.reshape(len(found), -1).to(torch.float32 if found.device.type == "mps" else torch.float64)


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
