"""Faithfulness as it is usually measured: how f falls, or rises, as players go, or come, in a method's order."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch

from decompositions.arithmetic import to_float
from decompositions.games.game import Game


class Curves(NamedTuple):
    r"""The curves of deletion and insertion, relative to f(x) − f(b), with the error of every value of theirs.

    With S_k the k players of the largest attributions and :math:`u(S) = (g(S) - g(\emptyset)) / (g(N) - g(\emptyset))`,

    .. math:: \text{deletion}_k = u(N \setminus S_k), \qquad \text{insertion}_k = u(S_k), \qquad k = 0, \dots, n

    Deletion that falls at once and insertion that rises at once are called faithful.
    """

    deletion: np.ndarray
    insertion: np.ndarray
    error: float


def area(curve: np.ndarray) -> float:
    """Below a curve over k/n from 0 to 1, by trapezoids.

    >>> area(np.array([0.0, 1.0, 1.0]))
    0.75
    """
    return float(np.trapezoid(curve, dx=1 / (len(curve) - 1)))


def curves(game: Game, noise: float, attribution: np.ndarray) -> Curves | None:
    """Both curves, players of the same attribution in their own order.

    Args:
        game: g; where its values are known, as a table of them.
        noise: rounding error of one value of g.
        attribution: Shape ``(n,)``.

    Returns:
        None where f(x) − f(b) does not rise above the noise.

    Reference: petsiuk2018rise
    """
    n = len(attribution)
    order = np.argsort(-attribution, kind="stable")
    present = np.zeros((n + 1, n), dtype=bool)
    for k, player in enumerate(order):
        present[k + 1 :, player] = True
    points = torch.from_numpy(np.concatenate([present, ~present]))
    values = to_float(game(game.ends(points.to(game.cube.device))))
    base, top = values[0], values[n]
    if abs(top - base) <= 2 * noise:
        return None
    relative = (values - base) / (top - base)
    return Curves(relative[n + 1 :], relative[: n + 1], 2 * noise * (1 + abs(relative).max()) / abs(top - base))
