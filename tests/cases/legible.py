"""Whether a person can read all of a figure: every text that is drawn, where it lies, and what it lies on."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from unittest import mock

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg

TOUCH = 2.0  # pixels that two texts may share
DPI = 160  # as figures are saved


@dataclass(frozen=True)
class Drawn:
    """A line of text as the renderer got it.

    Args:
        text: its letters.
        corners: of its box, in pixels, y upwards. Shape ``(4, 2)``.
        within: left, bottom, width and height of what it is clipped to; None for the whole figure.
    """

    text: str
    corners: np.ndarray
    within: tuple[float, float, float, float] | None


def drawn(figure) -> list[Drawn]:
    """All texts of a figure, line by line, in the order in which they are drawn; nothing else is painted."""
    figure.set_dpi(DPI)
    found: list[Drawn] = []

    def listening(self, gc, x, y, s, prop, angle, ismath=False, mtext=None):
        width, height, descent = self.get_text_width_height_descent(s, prop, ismath)
        turn = np.deg2rad(angle)
        right, up = np.array([np.cos(turn), np.sin(turn)]), np.array([-np.sin(turn), np.cos(turn)])
        start = np.array([x, self.height - y]) - descent * up
        corners = np.array([start, start + width * right, start + width * right + height * up, start + height * up])
        clip = gc.get_clip_rectangle()
        if s.strip() and gc.get_alpha() > 0:
            found.append(Drawn(s, corners, None if clip is None else clip.bounds))

    unseen = dict.fromkeys(("draw_path", "draw_markers", "draw_path_collection", "draw_image"), lambda *_, **__: None)
    renderer = FigureCanvasAgg(figure).get_renderer()
    with mock.patch.multiple(renderer, **unseen), mock.patch.object(RendererAgg, "draw_text", listening):
        figure.draw(renderer)
    return found


def faults(figure) -> list[str]:
    """What is cut off, and what lies on one another; empty for a figure that can be read."""
    texts = drawn(figure)
    size = figure.get_size_inches() * DPI
    found = [f"{each.text!r} is cut off" for each in texts if not _inside(each, size)]
    boxes = [(each, each.corners.min(0), each.corners.max(0)) for each in texts]
    for (a, low_a, high_a), (b, low_b, high_b) in combinations(boxes, 2):
        near = (low_a < high_b - TOUCH).all() and (low_b < high_a - TOUCH).all()
        if near and _overlap(a.corners, b.corners) > TOUCH:
            found.append(f"{a.text!r} lies on {b.text!r}")
    return found


def _inside(each: Drawn, size: np.ndarray) -> bool:
    left, bottom, width, height = each.within or (0.0, 0.0, *size)
    low, high = np.array([max(left, 0), max(bottom, 0)]), np.array([left + width, bottom + height])
    return bool((each.corners >= low - 1).all() and (each.corners <= np.minimum(high, size) + 1).all())


def _overlap(a: np.ndarray, b: np.ndarray) -> float:
    """How deep two boxes lie on one another along any of their sides, in pixels; 0 if some line parts them."""
    least = np.inf
    for box in (a, b):
        for side in (box[1] - box[0], box[3] - box[0]):
            length = np.linalg.norm(side)
            if length == 0:
                continue
            p, q = a @ side / length, b @ side / length
            least = min(least, min(p.max(), q.max()) - max(p.min(), q.min()))
    return max(0.0, float(least))
