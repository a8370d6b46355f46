"""A sentence: words coloured by what they are given, arcs for pairs and brackets for larger coalitions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from decompositions.effects.effects import Effects
from synergy.pictures import given
from synergy.pictures.canvas import WIDTH, axes, canvas, root
from synergy.pictures.glyphs import drawable
from synergy.pictures.sentence_drawn import paint
from synergy.pictures.sentence_plan import MARGIN, Plan, planned
from synergy.pictures.strong import Together, interactions
from synergy.pictures.word_layout import dotted
from synergy.wording.names import shorten
from synergy.wording.numbers import number
from synergy.wording.view import Words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MARKS = 6  # arcs and brackets
NARROW, WIDEST = 4.6, 9.0  # inches of the figure of a short sentence, and of one that still fits into one line
TINY = 1e-6  # points
SIZES = tuple(0.94**step for step in range(18))  # of all letters, of which the first that fits is taken


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
    below, blue or orange, the thicker the stronger, with their effects. Of more than three coalitions the words are
    dots on lines, so that no teeth cross. A mark that goes on in another line has the same letter in both.

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
    title, note = shorten(drawable(given.heading(result)), 60), _note(found, largest, given.unit_of(result, unit))

    def set_in(width: float) -> Plan:
        return planned(words, values, largest, found, width - 2 * MARGIN).dressed(title, note)

    if ax is not None:
        with axes(ax, 0, 0, path) as drawn:
            paint(drawn, *_fitted(drawn, set_in))
        return root(ax)
    with canvas(WIDTH, WIDTH, path) as figure:
        in_one_line = not any(cell.line for cell in set_in(72 * WIDEST).cells)
        widest = 72 * (WIDEST if in_one_line else WIDTH)
        plan = set_in(min(widest, max(set_in(widest).reach + 2 * MARGIN, 72 * NARROW)))
        figure.set_size_inches((plan.width + 2 * MARGIN) / 72, plan.room / 72)
        figure.set_layout_engine("none")
        paint(figure.add_axes((0, 0, 1, 1)), plan)
    return figure


def _fitted(ax: Axes, set_in: Callable[[float], Plan]) -> tuple[Plan, float]:
    """The plan, by its width, with the largest letters with which everything fits an axis, and their size.

    Raises:
        ValueError: the axis is too small for letters that a person can read.
    """
    box = ax.get_window_extent()
    width, height = (72 * side / ax.figure.dpi for side in (box.width, box.height))
    for size in SIZES:
        plan = set_in(width / size)
        if plan.room <= height / size and plan.width + 2 * MARGIN <= width / size + TINY:
            return plan, size
    raise ValueError(
        f"ax is {width / 72:.1f} × {height / 72:.1f} inches, too small for {len(plan.words)} words that can be read; "
        "make it larger, or leave ax out for a figure that has room for them"
    )


def _note(found: Sequence[Together], largest: float, unit: str) -> str:
    """What colours, numbers and marks mean."""
    said = [f"below each word what it is given, {unit}; full colour: ±{number(largest)}"]
    if any(len(each.members) == 2 for each in found):
        said.append("arcs: effects J of pairs")
    if any(len(each.members) > 2 for each in found):
        said.append(f"{'joined dots' if dotted(found) else 'brackets'}: effects J of three words or more")
    return "; ".join(said)
