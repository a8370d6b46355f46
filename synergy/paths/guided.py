"""Guided Integrated Gradients."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from decompositions.arguments import real, whole
from decompositions.arithmetic import Array
from decompositions.games.function_cube import FunctionCube
from decompositions.games.game import Game, require_game
from decompositions.models.undisturbed import outside_inference
from synergy.algorithms.path.guided import Guidance, guided
from synergy.algorithms.path.rules import widened
from synergy.method import AbstractEstimate, kept
from synergy.policies.policy import Policy


@dataclass(frozen=True)
class GuidedIG(AbstractEstimate):
    r"""The gradient summed along a path that the gradient chooses: entries with small derivatives go first.

    .. math:: a_i = \sum_{j < m} \partial_i f(z_j)\, (z_{j+1} - z_j)_i, \qquad z_0 = b, \quad z_m = x

    In every step the L1 distance from x falls by its m-th part, and no entry is further than ``max_dist`` of its way
    from the straight path; with 0 it is that path, and the left Riemann sum of Integrated Gradients. The path is chosen
    for every f, so that this is no linear method and has no policy: its allocation is measured.

    The error is read from the sum of half as many steps and from what is missing of f(x) − f(b).

    Args:
        steps: m.
        fraction: of the entries that have the smallest derivatives, which a turn moves.
        max_dist: how far an entry may be before or behind the straight path, from 0 to 1.

    >>> game = Game.from_function(lambda z: z[:, 0] * z[:, 1], [1.0, 1.0])
    >>> GuidedIG(steps=100, max_dist=0).attribute(game).round(decimals=3).tolist()
    [0.495, 0.495]
    """

    steps: int = 200
    fraction: float = 0.25
    max_dist: float = 0.02

    name = "guided_ig"
    title = "Guided Integrated Gradients"
    formula = "none"
    reference = "kapishnikov2021guided"

    def __post_init__(self) -> None:
        kept(self, "steps", whole(self.steps, "steps is the number of terms of the sum", 1))
        kept(
            self, "fraction", _part(self.fraction, "fraction is the part of the entries that a turn moves, from 0 to 1")
        )
        kept(self, "max_dist", _part(self.max_dist, "max_dist is a part of an entry's way, from 0 to 1"))

    def policy(self, game: Game) -> Policy:
        raise ValueError(
            "Guided Integrated Gradients go along a path that the gradient chooses, another one for every f: they are "
            "not linear in f, and no weights on its effects give them; take measure(), which needs none"
        )

    @outside_inference()
    def estimate(self, game: Game, ends: Any = None) -> tuple[Array, Array]:
        """The sums and their errors, ``(n,)`` or ``(m, n)``.

        Raises:
            ValueError: an exact game, or one without derivatives.
        """
        require_game(game, "an attribution method")
        cube = game.embedded.cube
        if not isinstance(cube, FunctionCube):
            raise ValueError(
                "the path of Guided Integrated Gradients is found step by step in floats, by the gradient of a torch "
                "function; build the game with Game.from_model or Game.from_function(sympy.lambdify(…), …)"
            )
        points = game.ends(ends).to(cube.weights)
        how = Guidance(self.steps, self.fraction, self.max_dist)
        values = guided(cube, points, how)
        coarser = guided(cube, points, replace(how, steps=max(1, self.steps // 2)))
        gains = (cube.values(points) - cube.values(points * 0)).to(values)
        change = abs(values - coarser) if self.steps > 1 else abs(values)
        errors = widened(values, change, gains, cube.precision * abs(values))
        return (values[0], errors[0]) if ends is None else (values, errors)

    def attribute(self, game: Game, ends: Any = None) -> Array:
        return self.estimate(game, ends)[0]


def _part(value: Any, rule: str) -> float:
    found = real(value, rule, 0)
    if found > 1:
        raise ValueError(f"{rule}, not {found}")
    return found
