"""f along the straight line from b to x, and the sum of its gradient: where it saturates."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from synergy.algorithms.path.line import StraightLine
from synergy.pictures import along
from synergy.pictures.canvas import INK, SMALL, canvas, headed
from synergy.wording.colours import NEGATIVE, hexadecimal
from synergy.wording.numbers import minus, number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def saturation(line: StraightLine, *, unit: str = "f", path: str | Path | None = None) -> Figure:
    r"""Above, f on the way from b to x; below, the sum of the players' partial derivatives there.

    .. math:: \frac{d}{d\alpha} g(\alpha, \dots, \alpha) = \sum_i \partial_i g(\alpha, \dots, \alpha)

    The area below is f(x) − f(b); its end is what Gradient × Input gives all players together, which is little where
    f has long been flat. The dashed line adds the sums up from f(b), step by step (trapezoids): where it leaves f, the
    steps are too long for the kinks between them.

    Args:
        line: of a game, :func:`synergy.straight_line`.
        unit: of f.
        path: of a file to save the figure in; its ending says the format.

    Raises:
        ImportError: matplotlib is missing (extra ``viz``).
        TypeError: no line.
    """
    line = along.line_of(line)
    with canvas(4.6, 4.4, path) as figure:
        above, below = figure.subplots(2, 1, sharex=True)
        _values(above, line, unit)
        _sums(below, line, unit)
    return figure


def _values(axis: Axes, line: StraightLine, unit: str) -> None:
    """f, and what the gradient adds up to."""
    sums = line.slopes.sum(-1)
    added = line.heights[0] + np.append(0, np.cumsum((sums[1:] + sums[:-1]) / 2)) / line.steps
    axis.plot(line.places, line.heights, color=INK, linewidth=2, label="f")
    orange = hexadecimal(NEGATIVE)
    axis.plot(line.places, added, color=orange, linewidth=1.2, linestyle=(0, (4, 3)), label="f(b) + gradient so far")
    along.framed(axis)
    axis.lines[-1].remove()  # there is nothing special about f = 0
    axis.legend(frameon=False, fontsize=SMALL, labelcolor=INK)
    along.said(axis, "", f"f, in units of {unit}")
    first, last = (minus(number(float(value), sign=True)) for value in line.heights[[0, -1]])
    headed(axis, "f from the baseline to the input", f"f(b) = {first}; f(x) = {last}", width=4.6)


def _sums(axis: Axes, line: StraightLine, unit: str) -> None:
    """The sum of the gradient, its area and its end."""
    sums = line.slopes.sum(-1)
    along.area(axis, line.places, sums)
    axis.plot([1], sums[-1:], "o", color=INK, markersize=4, clip_on=False)
    along.said(axis, along.ALPHA, f"Σᵢ ∂g/∂tᵢ, in units of {unit}")
    gain, end = (minus(number(float(value), sign=True)) for value in (line.heights[-1] - line.heights[0], sums[-1]))
    headed(axis, "Its gradient", f"area: f(x) − f(b) = {gain}; end: Gradient × Input, {end} in all", width=4.6)
