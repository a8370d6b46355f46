"""Where the words of a sentence stand, line by line, and where the marks of its interactions run. All in points."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from string import ascii_lowercase

from synergy.pictures import letters
from synergy.pictures.strong import Together
from synergy.wording.numbers import minus, number

LABEL = 7.5  # size of the letters on a mark
BETWEEN = 5.0  # from one word to the next
PORT = 7.0  # from one mark at a word to the next, at most
TEETH = 3  # coalitions of three and more that have brackets with teeth; more of them have dots
HALVINGS = 12  # of a width, until lines are about equally long
HIDDEN = 6.0  # that a mark goes on beyond the edge of the lines


@dataclass(frozen=True)
class Cell:
    """One word, with room for the number beneath it."""

    left: float
    right: float
    line: int

    @property
    def middle(self) -> float:
        """Half way along it."""
        return (self.left + self.right) / 2


@dataclass(frozen=True)
class Piece:
    """What of an interaction runs along one line of words.

    Args:
        effect: which interaction.
        line: of words.
        ports: where it stands on its members of this line, from left to right.
        start: where it begins; before the first port, where it comes from a line above.
        stop: where it ends; after the last port, where it goes on in a line below.
        label: what is written on it.
        level: how far from the words it runs, 1 for the nearest.
        dotted: whether its members are dots on it, as where there are many, or teeth.
        edge: where the line of words ends.
    """

    effect: Together
    line: int
    ports: tuple[float, ...]
    start: float
    stop: float
    label: str
    level: int = 1
    dotted: bool = False
    edge: float = math.inf

    @property
    def above(self) -> bool:
        """Whether it runs above the words, as pairs do, or below them."""
        return len(self.effect.members) == 2

    @property
    def middle(self) -> float:
        """Where its label stands: half way, or on the part that leaves the line, within its edge."""
        half = self._width / 2
        if self.dotted and (free := self._free()) is not None:
            return free
        if self.stop > self.ports[-1]:
            return min((self.ports[-1] + self.stop) / 2, self.stop - half)
        if self.start < self.ports[0]:
            return max((self.start + self.ports[0]) / 2, self.start + half)
        return (self.start + self.stop) / 2

    def _free(self) -> float | None:
        """Where a label covers no dot: between two of them, or beyond the last or the first one."""
        first, last = min(pairwise((self.start, *self.ports, self.stop)), key=lambda gap: gap[0] - gap[1])
        if last - first >= self._width:
            return (first + last) / 2
        if self.stop == self.ports[-1] and self.stop + self._width <= self.edge:
            return self.stop + self._width / 2
        return self.start - self._width / 2 if self.start == self.ports[0] >= self._width else None

    @property
    def reach(self) -> tuple[float, float]:
        """From where to where it runs, its label included."""
        half = self._width / 2
        return min(self.start, self.middle - half), max(self.stop, self.middle + half)

    @cached_property
    def _width(self) -> float:
        return letters.width(self.label, LABEL) + 2 * BETWEEN

    def meets(self, other: Piece) -> bool:
        """Whether both would lie on each other at one level."""
        alongside = self.line == other.line and self.above == other.above
        return alongside and self.reach[0] < other.reach[1] and other.reach[0] < self.reach[1]


def in_lines(widths: Sequence[float], width: float) -> list[Cell]:
    """Words of some widths in lines that are no wider than ``width``; one that is wider has its own.

    >>> [(cell.left, cell.line) for cell in in_lines([40.0, 40.0, 40.0], 90.0)]
    [(0.0, 0), (45.0, 0), (0.0, 1)]
    """
    cells: list[Cell] = []
    at, line = 0.0, 0
    for each in widths:
        if at and at + each > width:
            at, line = 0.0, line + 1
        cells.append(Cell(at, at + each, line))
        at += each + BETWEEN
    return cells


def balanced(widths: Sequence[float], width: float) -> list[Cell]:
    """Words in as few lines as there can be, all of them about equally long.

    >>> [cell.line for cell in in_lines([40.0] * 5, 190.0)], [cell.line for cell in balanced([40.0] * 5, 190.0)]
    ([0, 0, 0, 0, 1], [0, 0, 0, 1, 1])
    """
    cells = in_lines(widths, width)
    low, high = 0.0, max((cell.right for cell in cells), default=0.0)
    for _ in range(HALVINGS if cells and cells[-1].line else 0):
        middle = (low + high) / 2
        tried = in_lines(widths, middle)
        low, high, cells = (low, middle, tried) if tried[-1].line == cells[-1].line else (middle, high, cells)
    return cells


def dotted(found: Sequence[Together]) -> bool:
    """Whether there are so many coalitions of three and more that teeth would cross too often."""
    return sum(len(each.members) > 2 for each in found) > TEETH


def pieces(found: Sequence[Together], cells: Sequence[Cell], width: float) -> list[Piece]:
    """The pieces of all interactions, at levels on which no two lie on each other: the shorter, the nearer.

    Args:
        found: the interactions.
        cells: of the words.
        width: of the lines.
    """
    ports, marks, dots = _ports(found, cells), iter(ascii_lowercase), dotted(found)
    cut = [
        replace(piece, dotted=dots and not piece.above, edge=width)
        for each in found
        for piece in _cut(each, ports, cells, width)
    ]
    split = {piece.effect.members for piece in cut if piece.start < piece.ports[0] or piece.stop > piece.ports[-1]}
    marked = {each.members: f"{next(marks, '…')}: " for each in found if each.members in split}
    placed: list[Piece] = []
    for piece in sorted(cut, key=lambda piece: piece.stop - piece.start):
        named = replace(piece, label=marked.get(piece.effect.members, "") + piece.label)
        level = 1 + max((other.level for other in placed if named.meets(other)), default=0)
        placed.append(replace(named, level=level))
    return placed


def _ports(found: Sequence[Together], cells: Sequence[Cell]) -> dict[tuple[tuple[int, ...], int], float]:
    """Where every interaction stands on each of its members: side by side, so that marks do not cross, but for dots."""
    standing: dict[tuple[tuple[int, ...], int], float] = {}
    for player, cell in enumerate(cells):
        for above in (True, False):
            here = [e.members for e in found if player in e.members and (len(e.members) == 2) == above]
            step = 0.0 if not above and dotted(found) else min(PORT, (cell.right - cell.left) / (len(here) + 1))
            for place, members in enumerate(sorted(here, key=lambda each: _towards(player, each))):
                standing[members, player] = cell.middle + (place - (len(here) - 1) / 2) * step
    return standing


def _towards(player: int, members: tuple[int, ...]) -> tuple[bool, float]:
    """First what goes left, the nearest first; then what goes right, the nearest last."""
    others = [member for member in members if member != player]
    centre = sum(others) / len(others)
    return centre > player, -centre


def _cut(
    effect: Together, ports: dict[tuple[tuple[int, ...], int], float], cells: Sequence[Cell], width: float
) -> list[Piece]:
    """One piece for every line that has members."""
    lines = sorted({cells[member].line for member in effect.members})
    label, found = minus(number(effect.value, sign=True)), []
    for line in lines:
        here = tuple(sorted(ports[effect.members, m] for m in effect.members if cells[m].line == line))
        start = here[0] if line == lines[0] else -HIDDEN
        stop = here[-1] if line == lines[-1] else width + HIDDEN
        found.append(Piece(effect, line, here, start, stop, label))
    return found
