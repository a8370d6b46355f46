"""A sentence set in lines, with the heights that its title, words, marks and note need. All in points."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from synergy.pictures import given, letters
from synergy.pictures.glyphs import drawable
from synergy.pictures.strong import Together
from synergy.pictures.word_layout import LABEL, Cell, Piece, balanced, in_lines, pieces
from synergy.wording.names import shorten

LONG = 48  # letters of a word that are written
WORD, NUMBER = 12.0, 8.0  # sizes of letters
BOX, UNDER = 20.0, 12.0  # heights of a word, and of the number beneath it
LEVEL, FIRST = 13.0, 5.0  # from one mark to the next, and from the words to the first one besides
APART = 9.0  # from one line to the next
LETTER = 0.56  # widths of a letter of a note in its height
PADDING = 9.0  # of a word, both sides together
MARGIN, HEAD, NOTE = 14.0, 15.0, 10.5  # around all, of a line of the title, of a line of the note


@dataclass(frozen=True, eq=False)
class Plan:
    """What stands where.

    Args:
        words: as they are written.
        numbers: beneath them.
        shares: of the full colour. Shape ``(n,)``.
        cells: of the words.
        pieces: of the marks.
        width: of the lines.
        title: above all, in lines.
        note: below all, in lines.
    """

    words: tuple[str, ...]
    numbers: tuple[str, ...]
    shares: np.ndarray
    cells: tuple[Cell, ...]
    pieces: tuple[Piece, ...]
    width: float
    title: tuple[str, ...] = ()
    note: tuple[str, ...] = ()

    @cached_property
    def tops(self) -> list[float]:
        """Of the words of every line, downwards from 0; and at the end the height of all."""
        at, found = 0.0, []
        for line in range(max((cell.line for cell in self.cells), default=-1) + 1):
            found.append(at + self._marks(line, above=True))
            at = found[-1] + BOX + UNDER + self._marks(line, above=False) + APART
        return [*found, at]

    @property
    def head(self) -> float:
        """The height of the title."""
        return HEAD * len(self.title) + 6.0 * bool(self.title)

    @property
    def room(self) -> float:
        """The height of everything, with a margin around it."""
        return 2 * MARGIN + self.head + self.tops[-1] + NOTE * len(self.note)

    @property
    def reach(self) -> float:
        """How far to the right words and marks come."""
        return max([cell.right for cell in self.cells] + [piece.reach[1] for piece in self.pieces], default=0.0)

    def dressed(self, title: str, note: str) -> Plan:
        """The same with a title, whose lines are its own, and a note that is broken to the width of the lines."""
        letters_across = max(20, int(self.width / (LETTER * LABEL)))
        return replace(self, title=tuple(title.splitlines()), note=tuple(textwrap.wrap(note, letters_across)))

    def _marks(self, line: int, *, above: bool) -> float:
        """The height of the marks on one side of a line."""
        here = [piece.level for piece in self.pieces if piece.line == line and piece.above == above]
        return LEVEL * max(here) + FIRST if here else 0.0


def planned(words: Sequence[str], values: np.ndarray, largest: float, found: Sequence[Together], width: float) -> Plan:
    """A sentence in lines of some width.

    Args:
        words: one per player.
        values: what each is given. Shape ``(n,)``.
        largest: the number of the full colour.
        found: the interactions to mark.
        width: of the lines; one that is a single longer word is wider.
    """
    written = tuple(shorten(drawable(word), LONG) for word in words)
    numbers = tuple(given.written(values, largest))
    widths = [
        max(letters.width(word, WORD) + PADDING, letters.width(text, NUMBER) + 2)
        for word, text in zip(written, numbers, strict=True)
    ]
    cells = in_lines(widths, width) if found else balanced(widths, width)  # marks go on in as few lines as can be
    width = max([width, *widths])
    return Plan(written, numbers, values / largest, tuple(cells), tuple(pieces(found, cells, width)), width)
