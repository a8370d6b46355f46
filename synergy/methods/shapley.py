"""The Shapley value."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from math import comb, factorial
from typing import Any

import numpy as np
import torch

from decompositions.arguments import whole
from decompositions.arithmetic import Array, is_exact, rationals, zeros
from decompositions.evaluation.corners import dense
from decompositions.evaluation.cost import LIMIT, require_limit
from decompositions.games.game import Game, require_game
from decompositions.games.leaves import leaves
from synergy.method import AbstractMethod, kept, register
from synergy.policies.policy import Policy, equal_shares


@register
@dataclass(frozen=True)
class Shapley(AbstractMethod):
    r"""The mean marginal contribution of a player over all orders in which the players may come in.

    .. math:: a_i = \sum_{S \not\ni i} \frac{|S|!\,(n - |S| - 1)!}{n!} \bigl( v(S \cup i) - v(S) \bigr)
              = \sum_{S \ni i} \frac{J(S)}{|S|}

    At x it is computed as it is written. For a batch of end points the potential of Hart and Mas-Colell
    (hart1989potential) gives the Shapley values of all games restricted to coalitions T in one pass:
    :math:`P(T) = (v(T) - v(\emptyset) + \sum_{i \in T} P(T \setminus i)) / |T|` and
    :math:`a_i(T) = P(T) - P(T \setminus i)`. Of a game of trees every leaf has its own in closed form, whatever n.

    Args:
        limit: model calls above which the work is refused.
    """

    title = "Shapley value"
    formula = equal_shares.formula
    reference = "shapley1953value"
    independent = "1"
    interaction = "1[i∈S]/|S|"
    holds = "all"
    all_three = True
    corners = True
    limit: int = LIMIT

    def __post_init__(self) -> None:
        limit = whole(self.limit, "limit is the number of model calls above which the work is refused", 1)
        kept(self, "limit", limit)

    def policy(self, game: Game) -> Policy:
        require_game(game, "an attribution method")
        return equal_shares

    def attribute(self, game: Game, ends: Any = None) -> Array:
        require_game(game, "an attribution method")
        points = None if ends is None else _corners(game, ends)
        sum_of_leaves = leaves(game.cube)
        if sum_of_leaves is not None:
            given = sum_of_leaves.by_player(_by_size, None if points is None else np.asarray(points == 1))
            return torch.from_numpy(given)
        active = game.cube.active()
        calls = 2 ** len(active) * game.cube.calls_per_point
        require_limit(calls, self.limit, "take estimate(game), which gives standard errors, or fewer players")
        corners = dense(game, active)
        if points is None:
            return _at_input(corners, active, game.n)
        return _gains(_potential(corners, len(active)), _masks(points, active), active, game)


def _at_input(values: Array, active: tuple[int, ...], n: int) -> Array:
    """The weighted marginal contributions, summed player by player. Shape ``(..., 2**active)`` → ``(..., n)``."""
    result = zeros((*values.shape[:-1], n), values)
    sizes = _index(_sizes(max(0, len(active) - 1), values), values)  # of the others
    weights = rationals(_weights(len(active)), values)[sizes] if active else None
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
    potential = values * 0
    sizes = _sizes(n, values)
    by_size = sizes.argsort(stable=True).split([comb(n, size) for size in range(n + 1)])
    for size, some in enumerate(by_size[1:], start=1):
        coalitions, smaller = _index(some, values), _index(_without_one(some, size), values)
        gains = values[..., coalitions] - values[..., :1] + potential[..., smaller].sum(-1)
        potential[..., coalitions] = gains / size
    return potential


def _sizes(n: int, values: Array) -> torch.Tensor:
    """The number of players in every coalition, made where the values are. Shape ``(2**n,)``."""
    sizes = torch.zeros(1, dtype=torch.int64, device="cpu" if is_exact(values) else values.device)
    for _ in range(n):
        sizes = torch.cat([sizes, sizes + 1])
    return sizes


def _without_one(coalitions: torch.Tensor, size: int) -> torch.Tensor:
    """Bitmasks of ``size`` players without each of them in turn. Shape ``(m,)`` → ``(m, size)``."""
    rest, columns = coalitions, []
    for _ in range(size):
        lowest = rest & -rest
        columns.append(coalitions ^ lowest)
        rest = rest ^ lowest
    return torch.stack(columns, -1)


def _index(places: torch.Tensor, values: Array) -> Any:
    """Places as the number system of the values takes them, where the values are."""
    return places.numpy() if is_exact(values) else places.to(values.device)


def _corners(game: Game, ends: Any) -> Array:
    """End points that are rows of zeros and ones.

    Raises:
        ValueError: others.
    """
    points = game.ends(ends)
    known = isinstance(ends, torch.Tensor) and ends.dtype == torch.bool
    if not known and ((points != 0) & (points != 1)).any():
        raise ValueError("the Shapley value is defined for end points x_T: rows of zeros and ones")
    return points


def _by_size(size: int) -> Fraction:
    return Fraction(1, size)


def _masks(ends: Array, active: tuple[int, ...]) -> torch.Tensor:
    """The end points as bitmasks over the active players. Shape ``(m, n)`` → ``(m,)``."""
    present = torch.from_numpy((ends == 1).astype(bool)) if isinstance(ends, np.ndarray) else ends == 1
    return (present[:, list(active)].long() << torch.arange(len(active), device=present.device)).sum(-1)


def _gains(potential: Array, masks: torch.Tensor, active: tuple[int, ...], game: Game) -> Array:
    """P(T) − P(T \\ i) for every end point T and player i. Shape ``(..., m, n)``."""
    without = masks[:, None].repeat(1, game.n)
    for position, player in enumerate(active):
        without[:, player] = masks & ~(1 << position)
    return potential[..., _index(masks, potential)][..., None] - potential[..., _index(without, potential)]
