"""What all figures have in common: where they are drawn and saved, their ink, and how names and titles are written.

Where pyplot is loaded, the newest figure is its current one, so that ``plt.savefig`` writes it. In scripts that show
nothing it lets go of the one before it (which itself still draws and saves); windows and notebooks show them all. Where
pyplot is not loaded, it is not touched.
"""

from __future__ import annotations

import io
import sys
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np

from decompositions.arguments import shown
from decompositions.files.whole_file import as_path, require_writable
from synergy.pictures.glyphs import all_letters, drawable
from synergy.wording.colours import NEGATIVE, POSITIVE, hexadecimal
from synergy.wording.names import shorten, shortened
from synergy.wording.numbers import brief, minus, number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, SOFT, FAINT = "#1b1f24", "#57606a", "#dfe3e8"
DPI = 160  # of pictures in pixels
WIDTH = 7.0  # inches: two columns of a paper
TITLE, BODY, SMALL = 10.5, 8.5, 7.5  # points
LETTERS, BOLD = 15.0, 10.0  # of a note and of a title, in an inch
STEPS = (1, 2, 2.5, 5, 10)  # from one number of an axis to the next
TICK, TICK_BESIDE = 0.6, 1.1  # inches of a number below an axis, and below the caller's, which the names make narrower
BESIDE = 0.4  # of the width of axes: names beside them
LONG = 8  # letters of a number beside others; a longer one has two digits
LEAST = 12  # letters of a line, however narrow the axes


@contextmanager
def canvas(width: float, height: float, path: str | Path | None) -> Iterator[Figure]:
    """A figure to draw on: pyplot's current one where pyplot is loaded; saved at the end if asked.

    Raises:
        ImportError: matplotlib is missing (extra ``viz``).
        OSError: no file can be written there, said before anything is drawn.
    """
    try:
        from synergy.pictures.drawing import Drawing, of_pyplot
    except ImportError as error:
        raise ImportError("plot() needs matplotlib: pip install 'synergy-effects[viz]'") from error
    if not (path is None or isinstance(path, io.IOBase)):
        path = as_path(path, "a figure is kept in a file, and path is its name, a text or a Path, or None for no file")
        require_writable(path, "figure.png")
    pyplot = sys.modules.get("matplotlib.pyplot")
    settings: dict[str, Any] = {"figsize": (width, height), "layout": "constrained"}
    figure = Drawing(**settings) if pyplot is None else of_pyplot(pyplot, **settings)
    try:
        with all_letters():
            yield figure
        if path is not None:
            figure.savefig(path, dpi=DPI)
    except BaseException:
        if pyplot is not None:
            pyplot.close(figure)
        raise


@contextmanager
def axes(ax: Axes | None, width: float, height: float, path: str | Path | None) -> Iterator[Axes]:
    """The caller's axes, or those of a figure of their own; saved at the end if asked.

    Raises:
        ImportError: matplotlib is missing (extra ``viz``).
        TypeError: ax is no axes.
    """
    if ax is None:
        with canvas(width, height, path) as figure:
            yield figure.subplots()
        return
    if not is_axes(ax):
        raise TypeError(f"ax are matplotlib's Axes to draw on, or None for a figure of their own, not {shown(ax)}")
    with all_letters():
        yield ax
    if path is not None:
        root(ax).savefig(path, dpi=DPI)


def is_axes(ax: Any) -> TypeGuard[Axes]:
    """Whether somebody handed over axes; what is neither these nor None is refused by :func:`axes`."""
    return hasattr(ax, "get_window_extent") and hasattr(ax, "get_figure")


def inches(ax: Axes) -> tuple[float, float]:
    """The width and height of axes."""
    box, dpi = ax.get_window_extent(), ax.figure.dpi
    return box.width / dpi, box.height / dpi


def fitting(ax: Axes | None, k: int, row: float, least: int = 3) -> int:
    """How many rows of so many inches there are: as many as asked, fewer on the caller's axes without room for them."""
    return min(k, max(least, int(inches(ax)[1] / row))) if is_axes(ax) else k


def letters_for(ax: Axes | None, most: int, sides: int = 1) -> int:
    """Letters of a name beside axes, on one side or on both: fewer beside narrow ones of the caller."""
    return min(most, max(8, int(LETTERS * BESIDE * inches(ax)[0] / sides))) if is_axes(ax) else most


def root(ax: Axes) -> Figure:
    """The figure that axes are in, also where they are in a part of it."""
    figure: Any = ax.get_figure()
    return figure.canvas.figure


def is_own(ax: Axes) -> bool:
    """Whether axes are in a figure that was made for the picture, and not the caller's."""
    from synergy.pictures.drawing import Drawing

    return isinstance(root(ax), Drawing)


def headed(axis: Axes, title: str, *notes: str, width: float = WIDTH) -> None:
    """A title, and below it in small letters what is to be said of the picture.

    Args:
        axis: below them.
        title: broken into lines on the caller's axes alone.
        notes: each begins a line of its own.
        width: of the lines, in inches; less on the caller's axes, where these are narrower.
    """
    if not is_own(axis):
        width = min(width, inches(axis)[0])
        title = textwrap.fill(title, max(LEAST, int(BOLD * width)), break_on_hyphens=False)
    lines = [line for note in notes if note for line in wrapped(note, width)]
    axis.set_title(title, fontsize=TITLE, loc="left", color=INK, weight="bold", pad=6 + 10.5 * len(lines))
    if lines:
        axis.annotate(
            "\n".join(lines),
            (0, 1),
            (0, 5),
            xycoords="axes fraction",
            textcoords="offset points",
            fontsize=SMALL,
            color=SOFT,
            va="bottom",
            annotation_clip=False,
        )


def above_and_below(part: Any, title: str, *notes: str, width: float) -> None:
    """A title above all axes of a figure or of a part of one, and notes below them, in lines of so many inches."""
    part.suptitle(title, fontsize=TITLE, x=0.01, ha="left", color=INK, weight="bold")
    lines = [line for note in notes if note for line in wrapped(note, width)]
    if lines:
        part.supxlabel("\n".join(lines), fontsize=SMALL, color=SOFT, x=0.01, ha="left")


def labelled(axis: Axes, names: Sequence[str]) -> None:
    """Rows with their names at the left, the first one on top."""
    axis.set_yticks(range(len(names)), names, fontsize=BODY, color=INK)
    axis.set_ylim(len(names) - 0.4, -0.6)
    axis.tick_params(axis="y", length=0)


def numbered(axis: Any, size: float = SMALL) -> None:
    """Ticks of an axis as whole numbers of their own, without a power of ten, and across as many as have room."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    if axis.axis_name == "x":
        room = TICK if is_own(axis.axes) else TICK_BESIDE
        axis.set_major_locator(MaxNLocator(max(2, min(9, int(inches(axis.axes)[0] / room))), steps=STEPS))
    axis.set_major_formatter(FuncFormatter(lambda value, _: minus(_tick(value))))
    axis.set_tick_params(labelsize=size, labelcolor=SOFT, color=SOFT)


def _tick(value: float) -> str:
    return f"{value:g}" if value == 0 or 1e-3 <= abs(value) < 1e6 else number(value)


def written(value: Any) -> str:
    """A number with its sign, and so short that it does not lie on its neighbours.

    >>> written(-1.783e-12), written(0.5941)
    ('−1.8e−12', '+0.5941')
    """
    whole = number(value, sign=True)
    return minus(whole if len(whole) <= LONG else f"{'+' if value > 0 else ''}{brief(float(value))}")


def colours(values: np.ndarray) -> list[str]:
    """One for positive numbers, another for negative ones."""
    return [hexadecimal(POSITIVE if value > 0 else NEGATIVE) for value in values]


def clean(axis: Axes) -> None:
    """Take the frame away."""
    for spine in axis.spines.values():
        spine.set_visible(False)


def plain(text: str, width: int = 24) -> str:
    """A name that matplotlib does not read as a formula, in letters that some font has."""
    return shorten(drawable(text), width).replace("$", r"\$")


def plains(names: Sequence[str], width: int = 24) -> list[str]:
    """Several such names; those that are cut stay apart (:func:`synergy.wording.names.shortened`)."""
    return [each.replace("$", r"\$") for each in shortened([drawable(name) for name in names], width)]


def in_lines(text: str, width: int, most: int = 80) -> str:
    """A name in lines of at most so many letters, broken between its words; longer than ``most`` it is shortened."""
    return "\n".join(textwrap.wrap(plain(text, most), width, break_on_hyphens=False))


def wrapped(note: str, width: float) -> list[str]:
    """A note in lines of so many inches; the spaces within a line stay as they are."""
    return textwrap.wrap(minus(note), max(LEAST, int(LETTERS * width)), expand_tabs=False, break_on_hyphens=False)
