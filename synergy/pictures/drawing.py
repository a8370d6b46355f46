"""A figure that a notebook shows once, whether pyplot holds it or not; imported when something is drawn."""

from __future__ import annotations

import io
from typing import Any

import matplotlib
from matplotlib._pylab_helpers import Gcf
from matplotlib.figure import Figure

LABEL = "synergy"  # of the figure that pyplot knows
SILENT = {"agg", "cairo", "pdf", "pgf", "ps", "svg", "template"}  # backends that show nothing by themselves
PIXELS = 110  # in an inch of a notebook


class Drawing(Figure):
    """A figure of matplotlib that shows itself in a notebook, or leaves that to pyplot's backend where it will."""

    def _repr_png_(self) -> bytes:
        stream = io.BytesIO()
        self.savefig(stream, format="png", dpi=PIXELS)
        return stream.getvalue()

    def _ipython_display_(self) -> None:
        """Show it, and tell pyplot where it would do so again at the end of the cell."""
        from IPython.display import Image, display

        known = [each for each in Gcf.get_all_fig_managers() if each is self.canvas.manager]
        inline = "inline" in matplotlib.get_backend().lower()
        if known and not inline and not silent():
            return  # it has a window, or a widget
        display(Image(self._repr_png_()))
        for manager in known if inline else ():
            Gcf.destroy(manager)


def silent() -> bool:
    """Whether pyplot's backend shows nothing by itself, neither in a window nor in a notebook."""
    return matplotlib.get_backend().lower() in SILENT


def of_pyplot(pyplot: Any, **settings: Any) -> Figure:
    """A figure that is pyplot's current one; where its backend is silent, the one before is let go."""
    if not silent():
        return pyplot.figure(FigureClass=Drawing, **settings)
    pyplot.close(LABEL)  # without effect where there is none
    return pyplot.figure(LABEL, FigureClass=Drawing, **settings)
