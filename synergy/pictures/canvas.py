"""What all figures have in common: where they are drawn and saved, their ink, and how names are written on them.

Where pyplot is loaded, the newest figure is its current one, so that ``plt.savefig`` writes it; it lets go of the one
before it (which itself still draws and saves). Where pyplot is not loaded, it is not touched.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from decompositions.files.whole_file import as_path
from synergy.wording.colours import NEGATIVE, POSITIVE, hexadecimal
from synergy.wording.names import shorten

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, SOFT, FAINT = "#1b1f24", "#57606a", "#dfe3e8"
LABEL = "synergy"  # of the figure that pyplot knows


@contextmanager
def canvas(width: float, height: float, path: str | Path | None) -> Iterator[Figure]:
    """A figure to draw on: pyplot's current one where pyplot is loaded; saved at the end if asked.

    Raises:
        ImportError: matplotlib is missing (extra ``viz``).
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError("plot() needs matplotlib: pip install 'synergy-effects[viz]'") from error
    if not (path is None or isinstance(path, io.IOBase)):
        path = as_path(path, "a figure is kept in a file, and path is its name, a text or a Path, or None for no file")
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is None:
        figure = Figure(figsize=(width, height), layout="constrained")
    else:
        pyplot.close(LABEL)  # the one before; without effect where there is none
        figure = pyplot.figure(LABEL, figsize=(width, height), layout="constrained")
    try:
        yield figure
        if path is not None:
            figure.savefig(path, dpi=160)
    except BaseException:
        if pyplot is not None:
            pyplot.close(figure)
        raise


def colours(values: np.ndarray) -> list[str]:
    """One for positive numbers, another for negative ones."""
    return [hexadecimal(POSITIVE if value > 0 else NEGATIVE) for value in values]


def clean(axis: Axes) -> None:
    """Take the frame away."""
    for spine in axis.spines.values():
        spine.set_visible(False)


def plain(text: str, width: int = 24) -> str:
    """A name that matplotlib does not read as a formula."""
    return shorten(text, width).replace("$", r"\$")
