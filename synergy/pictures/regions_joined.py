"""Lines between regions, bent so that they run past what is written on the regions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from synergy.pictures import letters
from synergy.pictures.regions import Place

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BENDS = (0.22, -0.22, 0.34, -0.34, 0.1, -0.1, 0.5, -0.5)  # how far a line's control point is off, of its length
POINTS = 64  # of a line that are looked at
PADDING = 2.0  # points around what is written
NEAR, WORSE = 4.0, 4  # points from one line to another; how much worse it is to lie on letters than on a line
LINE = 1.1  # heights of a line of letters in their size


class Box(NamedTuple):
    """What is written on a region, around a point in pixels.

    Args:
        x, y: the point.
        half: of its width, in points.
        above, below: how far it reaches, in points.
    """

    x: float
    y: float
    half: float = 0.0
    above: float = 0.0
    below: float = 0.0

    def patch(self, ax: Axes) -> Any:
        """The box as matplotlib takes it, to end a line at."""
        from matplotlib.patches import Rectangle
        from matplotlib.transforms import Affine2D, ScaledTranslation

        scale = Affine2D().scale(1 / 72) + ax.figure.dpi_scale_trans
        transform = scale + ScaledTranslation(self.x, self.y, ax.transData)  # type: ignore[arg-type]
        return Rectangle((-self.half, -self.below), 2 * self.half, self.above + self.below, transform=transform)


def boxes(ax: Axes, where: Sequence[Place | None]) -> list[Box | None]:
    """Around the texts of an axis that stand at the regions; one of no size where nothing is written."""
    found = []
    for place in where:
        own = [] if place is None else [each for each in ax.texts if _at(each) == (place.x, place.y)]
        found.append(None if place is None else _around(place, own))
    return found


def _at(text: Any) -> tuple[float, float]:
    return tuple(getattr(text, "xy", text.get_position()))


def _around(place: Place, texts: Sequence[Any]) -> Box:
    """The box of a number on the point, and of a name some points above it."""
    half, above, below = 0.0, 0.0, 0.0
    for text in texts:
        size = float(text.get_fontsize())
        half = max(half, letters.width(text.get_text(), size) / 2 + PADDING)
        raised = float(text.xyann[1]) if hasattr(text, "xyann") else -LINE * size / 2
        above, below = max(above, raised + LINE * size + PADDING), max(below, PADDING - raised)
    return Box(place.x, place.y, half, above, below)


@dataclass
class Bends:
    """How lines are bent, one after the other, each past what is written and past those before it.

    Args:
        around: what is written on all regions.
        pixel: of the picture, in points.
        shape: height and width of the picture, in pixels.
    """

    around: Sequence[Box | None]
    pixel: float
    shape: tuple[int, int]
    _lines: list[np.ndarray] = field(default_factory=list)

    def of(self, pair: tuple[int, int]) -> float:
        """The bend with which a line between two regions lies on as little as can be, and within the picture."""
        ends = self.pixel * np.array([(box.x, -box.y) for box in (self.around[i] for i in pair) if box is not None])
        others = [box for i, box in enumerate(self.around) if box is not None and i not in pair]
        best = min(BENDS, key=lambda amount: self._covered(curve(ends, amount), others))
        self._lines.append(curve(ends, best))
        return best

    def _covered(self, line: np.ndarray, others: Sequence[Box]) -> int:
        """Points of a line that are not free."""
        low, high = (
            self.pixel * np.array([-0.5, 0.5 - self.shape[0]]),
            self.pixel * np.array([self.shape[1] - 0.5, 0.5]),
        )
        found = ((line < low) | (line > high)).any(1)
        for box in others:
            right, up = (line - self.pixel * np.array([box.x, -box.y])).T
            found |= (np.abs(right) < box.half) & (up < box.above) & (up > -box.below)
        near = [np.hypot(*(line[:, None] - other).T).min(0) < NEAR for other in self._lines]
        return WORSE * int(found.sum()) + sum(int(each.sum()) for each in near)


def curve(ends: np.ndarray, amount: float) -> np.ndarray:
    """Points of the bent line that matplotlib's ``arc3`` draws. Shape ``(2, 2)`` to ``(POINTS, 2)``."""
    dx, dy = ends[1] - ends[0]
    control = ends.mean(0) + amount * np.array([dy, -dx])
    t = np.linspace(0, 1, POINTS)[:, None]
    return (1 - t) ** 2 * ends[0] + 2 * t * (1 - t) * control + t**2 * ends[1]
