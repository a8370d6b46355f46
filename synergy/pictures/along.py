"""What pictures of the straight line from b to x have in common: the line, its players and its axis of α."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from decompositions.arguments import shown
from decompositions.effects.naming import members_of
from synergy.algorithms.path.line import StraightLine
from synergy.pictures.canvas import BODY, INK, SMALL, SOFT, clean
from synergy.wording.colours import NEGATIVE, POSITIVE, hexadecimal
from synergy.wording.numbers import minus

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ALPHA = "α, from b at 0 to x at 1"
OPAQUE = 0.45  # how opaque an area is


def line_of(line: Any) -> StraightLine:
    """A line, looked at.

    Raises:
        TypeError: something else.
    """
    if not isinstance(line, StraightLine):
        raise TypeError(f"a picture of the path takes synergy.straight_line(game), not {shown(line)}")
    return line


def chosen(line: StraightLine, who: Any, most: int) -> tuple[int, ...]:
    """The players that are named, or those whose integrals are largest, in order.

    Raises:
        TypeError, LookupError, ValueError: no such players, one twice, or none.
    """
    if who is None:
        order = np.argsort(-np.abs(line.integrals), kind="stable")[:most]
        return tuple(sorted(order.tolist()))
    members = members_of(who, line.names)
    if not members:
        raise ValueError("who are the players to draw, at least one")
    return members


def area(axis: Axes, places: np.ndarray, values: np.ndarray) -> None:
    """A curve with the area under it, blue above zero and orange below, on an axis from α = 0 to 1."""
    for colour, part in ((POSITIVE, np.maximum(values, 0)), (NEGATIVE, np.minimum(values, 0))):
        axis.fill_between(places, part, color=hexadecimal(colour), alpha=OPAQUE, linewidth=0)
    axis.plot(places, values, color=INK, linewidth=1.2)
    framed(axis)


def framed(axis: Axes) -> None:
    """An axis of α with a line at zero."""
    clean(axis)
    axis.axhline(0, color=SOFT, linewidth=0.7)
    axis.set_xlim(-0.03, 1.05)
    axis.set_xticks([0, 0.5, 1], ["0", "½", "1"])
    axis.yaxis.set_major_formatter(lambda value, _: tick(value))
    axis.tick_params(labelsize=SMALL, colors=SOFT, length=2)


def tick(value: float) -> str:
    """A round number on an axis, whose power of ten is its own and not the axis's.

    >>> tick(-2.5e-9), tick(1000.0), tick(0.0)
    ('−2.5e−9', '1000', '0')
    """
    mantissa, letter, power = f"{value:.4g}".partition("e")
    return minus(mantissa + (f"e{int(power)}" if letter else ""))


def said(axis: Axes, across: str, up: str) -> None:
    """What both axes are."""
    axis.set_xlabel(across, fontsize=BODY, color=INK)
    axis.set_ylabel(up, fontsize=BODY, color=INK)
