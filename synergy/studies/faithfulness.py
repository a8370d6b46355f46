"""Faithfulness as it is usually measured: how f falls, or rises, as players go, or come, in a method's order."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch

from decompositions.arithmetic import to_float
from decompositions.games.game import Game


class Areas(NamedTuple):
    r"""Areas below the curves of deletion and insertion, relative to f(x) − f(b).

    With S_k the k players of the largest attributions and :math:`u(S) = (g(S) - g(\emptyset)) / (g(N) - g(\emptyset))`,

    .. math::
        \text{deletion} = \int u(N \setminus S_k), \qquad \text{insertion} = \int u(S_k)

    over k/n from 0 to 1, by trapezoids. Low deletion and high insertion are called faithful.
    """

    deletion: float
    insertion: float
    error: float


def areas(game: Game, noise: float, attribution: np.ndarray) -> Areas | None:
    """Both areas, players of the same attribution in their own order.

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
    curves = (values - base) / (top - base)
    insertion, deletion = (float(np.trapezoid(each, dx=1 / n)) for each in (curves[: n + 1], curves[n + 1 :]))
    return Areas(deletion, insertion, 2 * noise * (1 + max(abs(deletion), abs(insertion))) / abs(top - base))
