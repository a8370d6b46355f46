"""The straight line from b to x, step by step: g, its gradient, and the sums by which integrals are approximated."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType
from typing import Any

import numpy as np

from decompositions import show
from decompositions.arguments import shown, whole
from decompositions.arithmetic import to_float
from decompositions.counts import several
from decompositions.evaluation.cost import with_progress
from decompositions.games.game import Game, require_game
from decompositions.models.undisturbed import outside_inference
from synergy.algorithms.path.integral import integral, price

STEPS = 240  # a number with many divisors
MOST = 2**20

RULES: Mapping[str, Callable[[np.ndarray], np.ndarray]] = MappingProxyType(
    {  # from the gradient at the ends and middles of steps, their weights left out, to what each step adds
        "left": lambda places: places[:-1:2],
        "right": lambda places: places[2::2],
        "midpoint": lambda places: places[1::2],
        "trapezoid": lambda places: (places[:-1:2] + places[2::2]) / 2,
    }
)


@dataclass(frozen=True, eq=False)
class StraightLine:
    r"""g(α, …, α) and its partial derivatives at m + 1 places α = 0, 1/m, …, 1.

    Args:
        heights: g. Shape ``(m + 1,)``.
        slopes: :math:`\partial_i g = d_i\, \partial_i f`, summed over the entries of each player. Shape ``(m + 1, n)``.
        integrals: of the slopes, the Integrated Gradients. Shape ``(n,)``.
        errors: of the integrals, beside rounding. Shape ``(n,)``.
        names: of the players.
    """

    heights: np.ndarray
    slopes: np.ndarray
    integrals: np.ndarray
    errors: np.ndarray
    names: tuple[str, ...]

    @property
    def steps(self) -> int:
        """m."""
        return len(self.heights) - 1

    @property
    def places(self) -> np.ndarray:
        """α. Shape ``(m + 1,)``."""
        return np.arange(len(self.heights)) / self.steps

    def added(self, rule: str, steps: int) -> np.ndarray:
        r"""What each of a few equal steps adds by a rule; their sum is the Riemann sum. Shape ``(steps, n)``.

        .. math:: \frac{1}{k} \partial_i g(\alpha_j), \qquad \alpha_j = \frac{j}{k},\ \frac{j+1}{k},\ \frac{j+1/2}{k}

        by "left", "right" and "midpoint"; "trapezoid" is the mean of left and right.

        Args:
            rule: its name.
            steps: k, of which the gradient is known at the ends and in the middle.

        Raises:
            ValueError: another rule, or a number of steps at which the gradient is not known.
        """
        if rule not in RULES:
            raise ValueError(f"rule is one of {', '.join(RULES)}, not {shown(rule)}")
        steps = whole(steps, "steps is the number of equal parts of the line", 1)
        if self.steps % (2 * steps):
            raise ValueError(
                f"the gradient is known at {self.steps + 1} places, and a sum of {steps} steps needs some others; take "
                f"one of {', '.join(map(str, self.divisions()))}, or straight_line(game, steps={2 * steps})"
            )
        return RULES[rule](self.slopes[:: self.steps // (2 * steps)]) / steps

    def divisions(self) -> list[int]:
        """The numbers of steps whose ends and middles are among the places, in order."""
        return [k for k in range(1, self.steps // 2 + 1) if self.steps % (2 * k) == 0]

    def _repr_html_(self) -> str | None:
        return show.notebook(self)

    def to_pandas(self) -> Any:
        """A pandas DataFrame with a row per place: g, and every player's slope.

        Raises:
            ImportError: pandas is missing (extra ``pandas``).
        """
        return show.frame(self)

    def __repr__(self) -> str:
        return f"StraightLine({several(len(self.names), 'player')}, {self.steps + 1} places)"


@outside_inference()
def straight_line(game: Game, steps: int = STEPS) -> StraightLine:
    """g and its gradient on the way from the baseline to x, at ``steps`` + 1 places, and the gradient's integral.

    Two model calls for every place and baseline, and those of the integral, with a bar of progress.

    Args:
        game: the question.
        steps: between the places, an even number.

    Raises:
        TypeError, ValueError: no game, one without gradients, or no even number of steps.

    >>> line = straight_line(Game.from_expression("x1*x2**2", {"x1": 1, "x2": 2}), 4)
    >>> line.heights.tolist(), line.integrals.tolist()
    ([0.0, 0.0625, 0.5, 1.6875, 4.0], [1.3333333333333333, 2.6666666666666665])
    >>> line.added("left", 2).tolist()
    [[0.0, 0.0], [0.5, 1.0]]
    """
    require_game(game, "straight_line()")
    steps = whole(steps, "steps is an even number of equal parts of the line", 2, MOST)
    if steps % 2:
        raise ValueError(f"steps is an even number of equal parts of the line, not {steps}; take {steps + 1}")
    game = game.embedded
    total = 2 * (steps + 1) * game.cube.calls_per_point + price(game, None)
    line, _ = with_progress(game, total, "straight line", lambda watched: _along(watched, steps))
    return line


def _along(game: Game, steps: int) -> StraightLine:
    points = game.cube.array([[Fraction(j, steps)] for j in range(steps + 1)]) * game.ends()
    found = integral(game, game.ends(), None).first
    integrals = to_float(found.values)
    errors = np.zeros_like(integrals) if found.errors is None else to_float(found.errors)
    return StraightLine(to_float(game(points)), to_float(game.gradient(points)), integrals, errors, game.names)
