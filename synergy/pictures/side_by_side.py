"""What several methods give to the regions of a picture or the words of a sentence, side by side on one scale."""

from __future__ import annotations

import math
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

from decompositions.arguments import shown
from synergy.comparison.comparison import Comparison
from synergy.comparison.result import Result
from synergy.comparison.scale import own_scale, unit
from synergy.pictures import given
from synergy.pictures.beside import bare
from synergy.pictures.canvas import BODY, INK, SMALL, SOFT, WIDTH, canvas
from synergy.pictures.glyphs import drawable
from synergy.pictures.regions_drawn import draw, left_out
from synergy.pictures.sentence_drawn import paint
from synergy.pictures.sentence_plan import MARGIN, Plan, planned
from synergy.pictures.shades import colour_bar
from synergy.wording.names import shorten
from synergy.wording.numbers import minus, number, scalar
from synergy.wording.view import Picture, Words

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ACROSS = 4  # pictures side by side
PANEL = 1.5  # inches of a picture
BAR, LOW = 0.9, 2.3  # of the bar, and of a figure at least, so that the bar's label has room
LETTERS = 22  # of a line of a name
TALL = 10.0  # inches of sentences, as far as letters can be made smaller
NOTES, BELOW = 0.35, 38.0  # inches of the notes below pictures, points of those below sentences
MOST, LEAST = 3, 130.0  # columns of sentences, and the points that one is wide
NAME = 7.0  # points of a letter of a name
SIZES = (1.0, 0.9, 0.8, 0.7, 0.62, 0.55)  # of letters


def side_by_side(
    comparison: Comparison, view: Picture | Words, *, unit: str = "f", path: str | Path | None = None
) -> Figure:
    """The input, coloured by what each method gives: pictures in a grid, sentences below each other.

    All have one scale, but for methods with a unit of their own or with far larger numbers, which say theirs. Methods
    with the same numbers are joined, those that do not apply are named below.

    Args:
        comparison: of the methods, :func:`synergy.compare`.
        view: the picture and its regions, or the words.
        unit: of f.
        path: of a file to save the figure in; its ending says the format.

    Raises:
        ImportError: matplotlib is missing (extra ``viz``).
        TypeError: no comparison, or a view that is neither a picture nor words.
        ValueError: no method applies, or another number of players.
    """
    if not isinstance(comparison, Comparison):
        raise TypeError(f"methods are drawn side by side from compare(game), not from {shown(comparison)}")
    results = [result for result in comparison.columns if result.attribution is not None]
    if not results:
        raise ValueError("no method of this comparison gives attributions; result.note says why, for each")
    if isinstance(view, Picture):
        return _pictures(comparison, results, view, unit, path)
    if isinstance(view, Words):
        return _sentences(comparison, results, view, unit, path)
    raise TypeError(f"view is a Picture or Words, not {shown(view)}; comparison.plot() needs none")


def _pictures(
    comparison: Comparison, results: list[Result], view: Picture, unit_name: str, path: str | Path | None
) -> Figure:
    players, view = given.players_of(view), given.picture_of(view)
    height, width = view.regions.shape
    across = min(ACROSS, len(results) + 1)
    down = -(-(len(results) + 1) // across)
    titles = [_lines(comparison, result, LETTERS).replace("$", r"\$") for result in results]
    rows = [titles[max(0, across * line - 1) : across * (line + 1) - 1] for line in range(down)]
    above = sum(0.14 * max(title.count("\n") for title in row) + 0.3 for row in rows)
    tall = down * PANEL * min(2.0, max(0.4, height / width)) + above
    notes = _notes(comparison).replace("$", r"\$")
    with canvas(across * PANEL + BAR, max(LOW, tall) + NOTES, path) as figure:
        grid = list(figure.subplots(down, across, squeeze=False).flat)
        bare(grid[0]).imshow(view.image, interpolation="nearest")
        grid[0].set_title("The input", fontsize=BODY, color=INK)
        small = 0
        for axis, result, title in zip(grid[1:], results, titles, strict=False):
            values = given.numbers(result, players)
            small = max(small, draw(bare(axis), values, view, unit(comparison, result)))
            axis.set_title(title, fontsize=BODY, color=INK)
        for axis in grid[len(results) + 1 :]:
            axis.set_visible(False)
        if not all(own_scale(comparison, result) for result in results):
            label = f"attribution, in units of {unit_name}"
            colour_bar(grid[0], unit(comparison), label, others=grid[1:], shrink=min(0.8, 2.4 / tall))
        notes = "\n".join(filter(None, (notes, left_out(small))))
        figure.supxlabel(notes, fontsize=SMALL, color=SOFT, x=0.01, ha="left")
    return figure


def _sentences(
    comparison: Comparison, results: list[Result], view: Words, unit_name: str, path: str | Path | None
) -> Figure:
    size, columns = _set(comparison, results, view)
    across, down = len(columns), len(columns[0])
    tall = [max(column[line].room for column in columns if line < len(column)) - MARGIN for line in range(down)]
    note = f"below each word what it is given, in units of {unit_name}; full colour: ±{number(unit(comparison))}"
    with canvas(WIDTH, (size * sum(tall) + BELOW) / 72, path) as figure:
        figure.set_layout_engine("none")
        whole = 72 * figure.get_figheight()
        for column, plans in enumerate(columns):
            for line, plan in enumerate(plans):
                top, height = whole - size * sum(tall[:line]), size * plan.room
                place = (column / across, (top - height) / whole, 1 / across, height / whole)
                paint(figure.add_axes(place), plan, size)
        said = f"{note}\n{_notes(comparison)}"
        figure.text(MARGIN / 72 / WIDTH, 4 / whole, said, fontsize=SMALL, color=SOFT, va="bottom", parse_math=False)
    return figure


def _set(comparison: Comparison, results: list[Result], view: Words) -> tuple[float, list[list[Plan]]]:
    """The size of letters, and the methods' sentences by columns; smaller letters, where they would be too tall."""
    asked = [(given.numbers(each, len(view.words)), unit(comparison, each)) for each in results]
    reach = max(planned(view.words, *each, (), math.inf).reach for each in asked)
    for size in SIZES:
        wide = 72 * WIDTH / size
        down = -(-len(asked) // max(1, min(MOST, int(wide // (max(reach, LEAST) + 2 * MARGIN)))))
        across = -(-len(asked) // down)
        titles = (_lines(comparison, result, int(wide / across / NAME)) for result in results)
        plans = [
            planned(view.words, *each, (), wide / across - 2 * MARGIN).dressed(title, "")
            for each, title in zip(asked, titles, strict=True)
        ]
        if size * sum(plan.room for plan in plans) / across <= 72 * TALL:
            break
    return size, [plans[first : first + down] for first in range(0, len(plans), down)]


def _lines(comparison: Comparison, result: Result, letters: int) -> str:
    """A method's name in lines, each of several names beginning its own; its sum, and its scale where it has one."""
    names = [f"= {name}" if place else name for place, name in enumerate(result.heading.split(" = "))]
    lines = [line for name in names for line in textwrap.wrap(shorten(drawable(name), 60), letters) or [name]]
    lines.append(f"Σ {minus(number(scalar(result.attribution.sum()), sign=True))}")  # type: ignore[union-attr]
    if own_scale(comparison, result):
        lines.append(f"own scale, ±{number(unit(comparison, result))}")
    return "\n".join(lines)


def _notes(comparison: Comparison) -> str:
    """What the sums are to be held against, and the methods that do not apply, in two lines."""
    gain = scalar(comparison.effects.total) + scalar(comparison.effects.remainder)
    lines = [f"Σ: all that a method gives; f(x) − f(b) = {minus(number(gain, sign=True))}"]
    names = [result.heading for result in comparison.columns if result.attribution is None]
    if names:
        lines.append(shorten(drawable(f"do not apply: {', '.join(names)}"), 110))
    return "\n".join(lines)
