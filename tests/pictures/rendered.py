"""A figure as it is drawn: where its texts are, and whether a person can read them."""

from itertools import combinations
from unittest import mock

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

SLACK = 1.0  # pixels


def texts(figure):
    """Every text that is drawn, with its box in pixels, in the order of drawing."""
    found, draw = [], Text.draw

    def watched(text, renderer, *how, **settings):
        draw(text, renderer, *how, **settings)
        if text.get_visible() and text.get_text().strip():
            found.append((text.get_text(), Text.get_window_extent(text, renderer)))

    with mock.patch.object(Text, "draw", watched):
        FigureCanvasAgg(figure).draw()
    return found


def clipped(figure):
    """The texts that stick out of the figure."""
    width, height = figure.bbox.width + SLACK, figure.bbox.height + SLACK
    return [t for t, box in texts(figure) if box.x0 < -SLACK or box.y0 < -SLACK or box.x1 > width or box.y1 > height]


def overlapping(figure):
    """The pairs of texts that lie on each other."""
    return [(a, b) for (a, first), (b, second) in combinations(texts(figure), 2) if _meet(first, second)]


def _meet(first, second):
    across = min(first.x1, second.x1) - max(first.x0, second.x0)
    return across > SLACK and min(first.y1, second.y1) - max(first.y0, second.y0) > SLACK
