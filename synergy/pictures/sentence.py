"""A sentence: words coloured by what they are given, arcs for pairs and brackets for larger coalitions."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from decompositions.effects.effects import Effects
from synergy.pictures import beside, given
from synergy.pictures.canvas import FAINT, INK, SOFT, TITLE, WIDTH, axes, canvas, colours, root
from synergy.pictures.sentence_plan import BOX, FIRST, LEVEL, NUMBER, UNDER, WORD, Plan, planned
from synergy.pictures.shades import tint
from synergy.pictures.strong import Together, interactions
from synergy.pictures.word_layout import LABEL, Piece
from synergy.wording.names import shorten
from synergy.wording.numbers import number
from synergy.wording.view import Words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MARKS = 6  # arcs and brackets
NARROW = 4.6  # inches of the figure of a short sentence
MARGIN, HEAD, NOTE = 14.0, 20.0, 10.5  # points around all, of a title, of a line of notes
LETTERS = 0.56  # widths of a letter of a note in its height
SIZES = tuple(0.94**step for step in range(18))  # of all letters, of which the first that fits is taken
DARK = 0.6  # of the scale, from where on white letters are read better
THIN, THICK = 1.0, 3.2  # points of a mark


def sentence(
    result: Any,
    view: Words | Sequence[str],
    effects: Effects | None = None,
    *,
    k: int = MARKS,
    unit: str = "f",
    ax: Axes | None = None,
    path: str | Path | None = None,
) -> Figure:
    """The words in reading order, blue for + and orange for −, what each is given beneath it.

    The strongest interactions are marked: pairs by arcs above the words, coalitions of three and more by brackets
    below, blue or orange, the thicker the stronger, with their effects. A mark that goes on in another line has the
    same letter in both.

    Args:
        result: one number per word: of a comparison, an allocation, an estimate, or numbers. Shape ``(n,)``.
        view: the words.
        effects: whose strongest interactions are marked.
        k: how many of them, at most.
        unit: of f, as the note says it: "points of the rating".
        ax: where to draw, with smaller letters where it is small; None for a figure of its own.
        path: of a file to save the figure in; its ending says the format.

    Raises:
        ImportError: matplotlib is missing (extra ``viz``).
        TypeError, ValueError: no words, another number of players, or an axis that is too small.
    """
    words = given.words_of(view)
    values, found = given.numbers(result, len(words)), interactions(effects, len(words), k)
    largest = float(np.abs(values).max(initial=0)) or 1.0
    title, note = shorten(given.heading(result), 60), _note(found, largest, given.unit_of(result, unit))
    if ax is not None:
        with axes(ax, 0, 0, path) as drawn:
            plan, size = _fitted(drawn, (words, values, largest, found), title, note)
            paint(drawn, plan, title, note, size)
        return root(ax)
    with canvas(WIDTH, WIDTH, path) as figure:
        plan = planned(words, values, largest, found, 72 * WIDTH - 2 * MARGIN)
        plan = replace(plan, width=min(plan.width, max(plan.reach, 72 * NARROW - 2 * MARGIN)))
        figure.set_size_inches((plan.width + 2 * MARGIN) / 72, room(plan, title, note) / 72)
        figure.set_layout_engine("none")
        paint(figure.add_axes((0, 0, 1, 1)), plan, title, note)
    return figure


def room(plan: Plan, title: str, note: str) -> float:
    """The height that a plan takes with its title and note, in points."""
    return plan.height + 2 * MARGIN + HEAD * bool(title) + NOTE * len(_wrapped(note, plan.width))


def paint(ax: Axes, plan: Plan, title: str, note: str, size: float = 1.0) -> None:
    """Draw a plan on an axis, whose unit becomes the point, and with smaller letters a part of it."""
    beside.bare(ax)
    ax.set_xlim(-MARGIN, plan.width + MARGIN)
    ax.set_ylim(room(plan, title, note) - MARGIN - HEAD * bool(title), -MARGIN - HEAD * bool(title))
    if title:
        ax.text(0, -HEAD, title, fontsize=TITLE * size, color=INK, weight="bold", va="top", parse_math=False)
    strongest = max((abs(piece.effect.value) for piece in plan.pieces), default=1.0)
    for piece in sorted(plan.pieces, key=lambda piece: -piece.level):
        _mark(ax, piece, plan.tops[piece.line], THIN + (THICK - THIN) * abs(piece.effect.value) / strongest, size)
    for place in range(len(plan.words)):
        _word(ax, plan, place, size)
    lines = "\n".join(_wrapped(note, plan.width))
    ax.text(0, plan.height, lines, fontsize=LABEL * size, color=SOFT, va="top", linespacing=1.25, parse_math=False)


def _fitted(
    ax: Axes, asked: tuple[Sequence[str], np.ndarray, float, Sequence[Together]], title: str, note: str
) -> tuple[Plan, float]:
    """The plan with the largest letters with which everything fits an axis.

    Raises:
        ValueError: the axis is too small for letters that a person can read.
    """
    box = ax.get_window_extent()
    width, height = (72 * side / ax.figure.dpi for side in (box.width, box.height))
    for size in SIZES:
        plan = planned(*asked, width / size - 2 * MARGIN)
        if room(plan, title, note) <= height / size and plan.width <= width / size - 2 * MARGIN + 1e-6:
            return plan, size
    raise ValueError(
        f"ax is {width / 72:.1f} × {height / 72:.1f} inches, too small for {len(asked[0])} words that can be read; "
        "make it larger, or leave ax out for a figure that has room for them"
    )


def _note(found: Sequence[Together], largest: float, unit: str) -> str:
    """What colours, numbers and marks mean."""
    said = [f"below each word what it is given, {unit}; full colour: ±{number(largest)}"]
    if any(len(each.members) == 2 for each in found):
        said.append("arcs: effects J of pairs")
    if any(len(each.members) > 2 for each in found):
        said.append("brackets: effects J of three words or more")
    return "; ".join(said)


def _wrapped(note: str, width: float) -> list[str]:
    return textwrap.wrap(note, max(20, int(width / (LETTERS * LABEL))))


def _word(ax: Axes, plan: Plan, place: int, size: float) -> None:
    """A word on its colour, its number beneath."""
    from matplotlib.patches import Rectangle

    cell, share = plan.cells[place], float(plan.shares[place])
    top = plan.tops[cell.line]
    colour = tint(np.array(share))
    box = Rectangle(
        (cell.left, top), cell.right - cell.left, BOX, facecolor=colour, edgecolor=FAINT, linewidth=0.6, zorder=3
    )
    ax.add_patch(box)
    middle: dict[str, Any] = {"ha": "center", "va": "center_baseline", "parse_math": False, "zorder": 4}
    ink = "white" if abs(share) > DARK else INK
    ax.text(cell.middle, top + BOX / 2, plan.words[place], fontsize=WORD * size, color=ink, **middle)
    ax.text(cell.middle, top + BOX + UNDER / 2, plan.numbers[place], fontsize=NUMBER * size, color=SOFT, **middle)


def _mark(ax: Axes, piece: Piece, top: float, thick: float, size: float) -> None:
    """An arc or a bracket with its label."""
    from matplotlib.patches import PathPatch

    colour = colours(np.array([piece.effect.value]))[0]
    line, height = _arc(piece, top) if piece.above else _bracket(piece, top + BOX + UNDER)
    ax.add_patch(
        PathPatch(line, facecolor="none", edgecolor=colour, linewidth=thick * size, capstyle="round", zorder=1)
    )
    ground = {"facecolor": "white", "edgecolor": "none", "pad": 0.8}
    ax.text(
        piece.middle,
        height,
        piece.label,
        fontsize=LABEL * size,
        color=colour,
        ha="center",
        va="center",
        bbox=ground,
        zorder=2,
        parse_math=False,
    )


def _arc(piece: Piece, top: float) -> tuple[Any, float]:
    """A line over the words of a pair, or over one of them and away, and the height of its label."""
    from matplotlib.path import Path as Line

    height = top - FIRST - LEVEL * piece.level + LABEL / 2
    first, last = piece.ports[0], piece.ports[-1]
    if len(piece.ports) == 2:
        control = top + (height - top) * 4 / 3
        points = [(first, top), (first, control), (last, control), (last, top)]
        return Line(points, [Line.MOVETO, Line.CURVE4, Line.CURVE4, Line.CURVE4]), height
    away = piece.stop if piece.stop > last else piece.start
    bend = first + np.sign(away - first) * min(12.0, abs(away - first))
    points = [(first, top), (first, height), (bend, height), (away, height)]
    return Line(points, [Line.MOVETO, Line.CURVE3, Line.CURVE3, Line.LINETO]), height


def _bracket(piece: Piece, bottom: float) -> tuple[Any, float]:
    """A line below the words of a coalition, with a tooth for each, and the height of its label."""
    from matplotlib.path import Path as Line

    height = bottom + FIRST + LEVEL * piece.level - LABEL / 2
    points, codes = [(piece.start, height), (piece.stop, height)], [Line.MOVETO, Line.LINETO]
    for port in piece.ports:
        points += [(port, height), (port, bottom)]
        codes += [Line.MOVETO, Line.LINETO]
    return Line(points, codes), height
