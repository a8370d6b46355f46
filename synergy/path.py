"""The integral of the gradient along the straight path: the algorithm that the path methods share."""

from __future__ import annotations

from typing import Any

import torch

from decompositions.arithmetic import Array, concatenate
from decompositions.game import Game

POINTS = 2**14  # points on paths that are made at once


def attribute(game: Game, ends: Any, nodes: int | None) -> Array:
    """The integral to x, ``(n,)``, or to a batch of end points, ``(m, n)``."""
    values = integral(game, game.ends(ends), nodes)
    return values[0] if ends is None else values


def estimate(game: Game, ends: Any, nodes: int | None) -> tuple[Array, Array]:
    """The same with its numerical error."""
    values, errors = integral_with_error(game, game.ends(ends), nodes)
    return (values[0], errors[0]) if ends is None else (values, errors)


def integral(game: Game, ends: Array, nodes: int | None) -> Array:
    r"""Path integral to every end point e from the baseline.

    .. math:: e_i \int_0^1 \partial_i g(s e)\, ds

    Args:
        game: the question; with several baselines the mean over them.
        ends: Shape ``(m, n)``.
        nodes: of the quadrature; None for the game's own choice (exact for polynomial expressions).

    Returns:
        Shape ``(m, n)``.
    """
    places, weights = game.cube.path_rule(nodes)
    block = max(1, POINTS // len(places))
    parts = []
    for start in range(0, len(ends), block):
        some = ends[start : start + block]
        points = (some[:, None, :] * places[:, None]).reshape(-1, game.n)
        slopes = game.gradient(points).reshape(len(some), len(places), game.n)
        parts.append(some * (slopes * weights[:, None]).sum(1))
    return concatenate(parts, 0)


def integral_with_error(game: Game, ends: Array, nodes: int | None) -> tuple[Array, Array]:
    """The integral, and its largest difference from those with half the nodes and with one less.

    Two other rules, as one may agree by accident where the gradient jumps; no error where the rule is exact.
    """
    values = integral(game, ends, nodes)
    if not game.cube.precision:
        return values, values * 0
    count = len(game.cube.path_rule(nodes)[0])
    half = abs(values - integral(game, ends, max(1, count // 2)))
    fewer = abs(values - integral(game, ends, max(1, count - 1)))
    return values, torch.maximum(half, fewer)
