"""The Shapley value."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from math import factorial
from typing import Any

import numpy as np

from decompositions import degrees
from decompositions.arithmetic import Array, rationals, zeros
from decompositions.coalitions import LIMIT, dense, require_limit
from decompositions.game import Game
from synergy.method import AbstractMethod, register
from synergy.policies import Policy, equal_shares


@register
@dataclass(frozen=True)
class Shapley(AbstractMethod):
    r"""The mean marginal contribution of a player over all orders in which the players may come in.

    .. math:: a_i = \sum_{S \not\ni i} \frac{|S|!\,(n - |S| - 1)!}{n!} \bigl( v(S \cup i) - v(S) \bigr)
              = \sum_{S \ni i} \frac{J(S)}{|S|}

    At x it is computed as it is written. For a batch of end points the potential of Hart and Mas-Colell
    (hart1989potential) gives the Shapley values of all games restricted to coalitions T in one pass:
    :math:`P(T) = (v(T) - v(\emptyset) + \sum_{i \in T} P(T \setminus i)) / |T|` and
    :math:`a_i(T) = P(T) - P(T \setminus i)`.

    Args:
        limit: model calls above which the work is refused.
    """

    title = "Shapley value"
    formula = equal_shares.formula
    reference = "shapley1953value"
    independent = "1"
    interaction = "1[i∈S]/|S|"
    holds = "all"
    corners = True
    limit: int = LIMIT

    def policy(self, game: Game) -> Policy:
        return equal_shares

    def attribute(self, game: Game, ends: Any = None) -> Array:
        active = game.cube.active()
        calls = 2 ** len(active) * game.cube.calls_per_point
        require_limit(calls, self.limit, f"pass limit={calls} to pay for them, or take fewer players")
        corners = dense(game, active)
        if ends is None:
            return _at_input(corners, active, game.n)
        potential = _potential(corners, len(active))
        masks = _masks(game.ends(ends), active)
        return _gains(potential, masks, active, game)


def _at_input(values: Array, active: tuple[int, ...], n: int) -> Array:
    """The weighted marginal contributions, summed player by player. Shape ``(..., 2**active)`` → ``(..., n)``."""
    result = zeros((*values.shape[:-1], n), values)
    weights = rationals(_weights(len(active)), values)[degrees.sizes(0, 2 ** len(active) // 2)] if active else None
    for bit, player in enumerate(active):
        pairs = values.reshape(*values.shape[:-1], -1, 2, 1 << bit)
        gains = pairs[..., 1, :] - pairs[..., 0, :]
        result[..., player] = gains.reshape(*values.shape[:-1], -1) @ weights
    return result


@cache
def _weights(p: int) -> list[Fraction]:
    """s!(p−s−1)!/p! for coalitions of s = 0, 1, …, p−1 others."""
    return [Fraction(factorial(s) * factorial(p - s - 1), factorial(p)) for s in range(p)]


def _potential(values: Array, n: int) -> Array:
    """P of all coalitions, smaller ones first. Shape ``(..., 2**n)``."""
    sizes = degrees.sizes(0, 2**n)
    potential = values * 0
    players = 1 << np.arange(n)
    for size in range(1, n + 1):
        coalitions = np.nonzero(sizes == size)[0]
        inside = (coalitions[:, None] & players) > 0
        smaller = (coalitions[:, None] ^ players)[inside].reshape(-1, size)
        gains = values[..., coalitions] - values[..., :1] + potential[..., smaller].sum(-1)
        potential[..., coalitions] = gains / size
    return potential


def _masks(ends: Array, active: tuple[int, ...]) -> np.ndarray:
    """The end points as bitmasks over the active players. Shape ``(m, n)`` → ``(m,)``."""
    bits = ends if isinstance(ends, np.ndarray) else ends.cpu().numpy()
    if ((bits != 0) & (bits != 1)).any():
        raise ValueError("the Shapley value is defined for end points x_T: rows of zeros and ones")
    return (bits[:, list(active)] == 1).astype(np.int64) @ (1 << np.arange(len(active)))


def _gains(potential: Array, masks: np.ndarray, active: tuple[int, ...], game: Game) -> Array:
    """P(T) − P(T \\ i) for every end point T and player i. Shape ``(..., m, n)``."""
    without = np.repeat(masks[:, None], game.n, axis=1)
    for position, player in enumerate(active):
        without[:, player] = masks & ~(1 << position)
    return potential[..., masks][..., None] - potential[..., without]
