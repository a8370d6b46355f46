"""Sums over equal steps: left, right and middle Riemann sums, and the trapezoid rule."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from types import MappingProxyType

import numpy as np

from decompositions.arithmetic import Array, rationals
from decompositions.games.game import Game
from synergy.algorithms.path.rules import by_rule, gauss
from synergy.algorithms.path.way import Way
from synergy.estimate import Estimate

Parts = tuple[list[Fraction], list[Fraction]]


def _at(first: Fraction) -> Callable[[int], Parts]:
    """One node a step, at the same place in each."""
    return lambda steps: ([(j + first) / steps for j in range(steps)], [Fraction(1, steps)] * steps)


def _trapezoid(steps: int) -> Parts:
    ends, inner = Fraction(1, 2 * steps), Fraction(1, steps)
    return [Fraction(j, steps) for j in range(steps + 1)], [ends, *[inner] * (steps - 1), ends]


STEPS: Mapping[str, Callable[[int], Parts]] = MappingProxyType(
    {  # from a number of equal steps to the nodes in [0, 1] and their weights
        "left": _at(Fraction(0)),
        "right": _at(Fraction(1)),
        "midpoint": _at(Fraction(1, 2)),
        "trapezoid": _trapezoid,
    }
)


def summed_in_steps(way: Way, rule: str, steps: int) -> Estimate:
    r"""The integral by a sum over equal steps, with its error.

    .. math:: \sum_{j < m} \frac{1}{m}\, e_i\, \partial_i g(s_j e), \qquad
              s_j = \frac{j}{m},\ \frac{j + 1}{m},\ \frac{j + 1/2}{m}

    by "left", "right" and "midpoint"; "trapezoid" is the mean of left and right. The error is read as that of any rule,
    from the nodes, the gain, and the sum of half as many steps; of an exact game it is known, from the integral.

    Args:
        way: to the end points.
        rule: its name.
        steps: m.
    """
    game, said = way.game, f"{rule} sum, {{}} steps"
    if game.cube.precision:
        others = {steps // 2, steps - 1, 2 if steps == 1 else 0} - {0}
        return by_rule(way, lambda count: _numbers(game, rule, count), steps, others, said)
    values = gauss(way, *_numbers(game, rule, steps))
    integrals = gauss(way, *game.cube.path_rule(None, way.curve.degree or 1))
    return Estimate(values, abs(integrals - values), said.format(steps))


def _numbers(game: Game, rule: str, steps: int) -> tuple[Array, Array]:
    one = game.cube.array(np.ones(1, dtype=np.int64))
    places, weights = STEPS[rule](steps)
    return rationals(places, one), rationals(weights, one)
