"""A sentence set in lines, with the heights that its words and marks need. All in points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from synergy.pictures import letters
from synergy.pictures.strong import Together
from synergy.pictures.word_layout import Cell, Piece, in_lines, pieces
from synergy.wording.names import shorten
from synergy.wording.numbers import fixed, minus

LONG = 48  # letters of a word that are written
WORD, NUMBER = 12.0, 8.0  # sizes of letters
BOX, UNDER = 20.0, 12.0  # heights of a word, and of the number beneath it
LEVEL, FIRST = 13.0, 5.0  # from one mark to the next, and from the words to the first one besides
APART = 9.0  # from one line to the next
PADDING = 9.0  # of a word, both sides together


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
    """

    words: tuple[str, ...]
    numbers: tuple[str, ...]
    shares: np.ndarray
    cells: tuple[Cell, ...]
    pieces: tuple[Piece, ...]
    width: float

    @cached_property
    def tops(self) -> list[float]:
        """Of the words of every line, downwards from 0; and at the end the height of all."""
        at, found = 0.0, []
        for line in range(max((cell.line for cell in self.cells), default=-1) + 1):
            found.append(at + self._marks(line, above=True))
            at = found[-1] + BOX + UNDER + self._marks(line, above=False) + APART
        return [*found, at]

    @property
    def height(self) -> float:
        """Of all lines."""
        return self.tops[-1]

    @property
    def reach(self) -> float:
        """How far to the right words and marks come."""
        return max([cell.right for cell in self.cells] + [piece.reach[1] for piece in self.pieces], default=0.0)

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
    written = tuple(shorten(word, LONG) for word in words)
    numbers = tuple(minus(fixed(float(value), largest)) for value in values)
    widths = [
        max(letters.width(word, WORD) + PADDING, letters.width(text, NUMBER) + 2)
        for word, text in zip(written, numbers, strict=True)
    ]
    cells = in_lines(widths, width)
    width = max([width, *widths])
    return Plan(written, numbers, values / largest, tuple(cells), tuple(pieces(found, cells, width)), width)
