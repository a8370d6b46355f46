"""A sentence that is set in lines, drawn: its words on their colours, its marks, its title and its note."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from synergy.pictures import beside
from synergy.pictures.canvas import FAINT, INK, SOFT, TITLE, colours
from synergy.pictures.sentence_plan import BOX, FIRST, LEVEL, MARGIN, NUMBER, UNDER, WORD, Plan
from synergy.pictures.shades import tint
from synergy.pictures.word_layout import LABEL, Piece

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DARK = 0.6  # of the scale, from where on white letters are read better
THIN, THICK = 1.0, 3.2  # points of a mark
DOT = 2.6  # points of a dot, more than its mark is thick


def paint(ax: Axes, plan: Plan, size: float = 1.0) -> None:
    """Draw a plan on an axis, whose unit becomes the point, or with smaller letters a part of it."""
    beside.bare(ax)
    ax.set_xlim(-MARGIN, plan.width + MARGIN)
    tall = ax.get_window_extent().height / ax.figure.dpi * 72 / size
    ax.set_ylim(max(plan.room, tall) - MARGIN - plan.head, -MARGIN - plan.head)
    strongest = max((abs(piece.effect.value) for piece in plan.pieces), default=1.0)
    for piece in sorted(plan.pieces, key=lambda piece: -piece.level):
        _mark(ax, piece, plan.tops[piece.line], THIN + (THICK - THIN) * abs(piece.effect.value) / strongest, size)
    for place in range(len(plan.words)):
        _word(ax, plan, place, size)
    lines: dict[str, Any] = {"va": "top", "linespacing": 1.25, "parse_math": False}
    ax.text(0, -plan.head, "\n".join(plan.title), fontsize=TITLE * size, color=INK, weight="bold", **lines)
    ax.text(0, plan.tops[-1], "\n".join(plan.note), fontsize=LABEL * size, color=SOFT, **lines)


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
    if piece.dotted:
        dot = (thick + DOT) * size
        ax.vlines(piece.ports, top + BOX + UNDER, height, color=FAINT, linewidth=0.8, zorder=0)
        ax.plot(piece.ports, [height] * len(piece.ports), "o", color=colour, markersize=dot, zorder=3)
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
    """A line below the words of a coalition, with a tooth or a dot for each, and the height of its label."""
    from matplotlib.path import Path as Line

    height = bottom + FIRST + LEVEL * piece.level - LABEL / 2
    points, codes = [(piece.start, height), (piece.stop, height)], [Line.MOVETO, Line.LINETO]
    for port in () if piece.dotted else piece.ports:
        points += [(port, height), (port, bottom)]
        codes += [Line.MOVETO, Line.LINETO]
    return Line(points, codes), height
