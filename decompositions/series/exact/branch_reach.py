"""How far from the baseline the branch of an expression holds that is the one there."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction

import numpy as np
import sympy
import torch

from decompositions.degrees import some_corners
from decompositions.series.exact.branches import Margin, Places
from decompositions.series.exact.ranges import Range, bounds, number

SLACK = 1e-9  # of the range of a margin: what floats cannot tell from zero
FAR = 1e30  # beyond which a branch is taken to hold everywhere
STEPS = 60  # of a bisection
PLACES = 64  # along a line, at which a margin is looked at
CORNERS = 64  # to which lines go


def branch_reach(margins: Sequence[Margin], start: Places, end: Places) -> float:
    """The largest r for which all margins hold on the box [0, r]ⁿ of t, x at 1.

    Returns:
        At most 1 where one fails on a line to a corner; more than 1 where all hold up to x and every corner for
        certain; infinity where they hold everywhere; NaN where neither is known.
    """
    if not margins:
        return math.inf
    if all(_holds(margin, _box(start, end, Fraction(1))) for margin in margins):
        return max(_certain(margins, start, end), math.nextafter(1.0, 2.0))  # x itself is on the branch
    return min((_crossing(margin, start, end) for margin in margins), key=lambda r: (math.isnan(r), r))


def _certain(margins: Iterable[Margin], start: Places, end: Places) -> float:
    """The largest r up to which the ranges of the margins say that they hold; at least 1."""

    def hold(r: float) -> bool:
        box = _box(start, end, Fraction(r))
        return all(_holds(margin, box) for margin in margins)

    low, high = 0.0, math.log(FAR)
    if hold(FAR):
        return math.inf
    for _ in range(STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if hold(math.exp(middle)) else (low, middle)
    return math.exp(low)


def _box(start: Places, end: Places, r: Fraction) -> Mapping[sympy.Symbol, Range]:
    box: dict[sympy.Symbol, Range] = {}
    for symbol, value in start.items():
        try:
            one, other = number(value), number(end[symbol])
        except TypeError:  # a parameter
            box[symbol] = (-math.inf, math.inf)
            continue
        there = other if r == 1 else one + r * (other - one)
        box[symbol] = (min(one, there), max(one, there))
    return box


def _holds(margin: Margin, box: Mapping[sympy.Symbol, Range]) -> bool:
    low, high = bounds(margin.value, box)
    if isinstance(low, Fraction):
        return low > 0 if margin.jump else low >= 0
    return low > (0 if math.isinf(high) else SLACK * float(max(high, -high)))


def _crossing(margin: Margin, start: Places, end: Places) -> float:
    """The smallest r ≤ 1 at which a margin fails on a line to a corner; NaN where none is found."""
    symbols = list(start)
    try:
        one, other = (np.array([float(places[s]) for s in symbols]) for places in (start, end))
    except TypeError:  # a parameter
        return math.nan
    value = sympy.lambdify(symbols, margin.value, "math")

    def at(r: float, line: np.ndarray) -> float:
        try:
            return float(value(*(one + r * line * (other - one)).tolist()))
        except (TypeError, ValueError, OverflowError, ZeroDivisionError):  # no value there
            return math.nan

    first = at(0.0, np.zeros(len(one)))
    scale = 0.0 if math.isnan(first) else SLACK * abs(first)

    def fails(r: float, line: np.ndarray) -> bool:
        return at(r, line) <= scale if margin.jump else at(r, line) < -scale

    return min((_first(fails, line) for line in _lines(len(one))), key=lambda r: (math.isnan(r), r))


def _first(fails: Callable[[float, np.ndarray], bool], line: np.ndarray) -> float:
    """The place on a line where a margin begins to fail; NaN for none."""
    step = next((k for k in range(1, PLACES + 1) if fails(k / PLACES, line)), None)
    if step is None:
        return math.nan
    low, high = (step - 1) / PLACES, step / PLACES
    for _ in range(STEPS):
        middle = (low + high) / 2
        low, high = (low, middle) if fails(middle, line) else (middle, high)
    return high


def _lines(n: int) -> np.ndarray:
    """To x, to the single players, and to some other corners. Shape ``(lines, n)``."""
    others = some_corners(n, CORNERS, torch.Generator().manual_seed(0)).numpy()
    return np.concatenate([np.ones((1, n)), np.eye(n)[:CORNERS], others])
