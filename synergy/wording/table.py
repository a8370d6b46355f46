"""A table of text cells, written as plain text, Markdown or HTML."""

from __future__ import annotations

import html
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from decompositions import show
from decompositions.visible import visible
from synergy.wording.names import columns
from synergy.wording.room import LINE

ACROSS = 8  # columns of a table in Markdown, so that a page does not cut it off


@dataclass(frozen=True)
class Table:
    """Rows of cells under a title; characters that are not printed are made visible.

    Args:
        title: of the table.
        columns: their headings.
        rows: of cells, as many as columns.
        notes: paragraphs below.
        below: further tables under it.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()
    below: tuple[Table, ...] = ()

    def __post_init__(self) -> None:
        """Make every text fit to be shown."""
        shown = {
            "title": visible(self.title),
            "columns": tuple(map(visible, self.columns)),
            "rows": tuple(tuple(map(visible, row)) for row in self.rows),
            "notes": tuple(map(visible, self.notes)),
        }
        for name, value in shown.items():
            object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        return f"Table({self.title!r}, {len(self.rows)} rows, {len(self.columns)} columns)"

    def _repr_html_(self) -> str | None:
        return show.notebook(self)

    def __str__(self) -> str:
        return self.to_text()

    def to_text(self, width: int = 30, room: int | None = None) -> str:
        """Columns of at most ``width`` characters, cells wrapped, and then rows apart; where they do not fit ``room``,
        row below row.
        """
        cells = [[textwrap.wrap(cell, width) or [""] for cell in row] for row in (self.columns, *self.rows)]
        widths = [max(len(line) for row in cells for line in row[k]) for k in range(len(self.columns))]
        if room is not None and sum(widths) + 2 * len(widths) - 2 > room:
            return self._stacked(room)
        lines, apart = [self.title, ""], any(len(cell) > 1 for row in cells[1:] for cell in row)
        for number, row in enumerate(cells):
            for level in range(max(map(len, row))):
                parts = [cell[level] if level < len(cell) else "" for cell in row]
                lines.append("  ".join(part.ljust(w) for part, w in zip(parts, widths, strict=True)).rstrip())
            if number == 0:
                lines.append("─" * (sum(widths) + 2 * len(widths) - 2))
            elif apart:
                lines.append("")
        if self.notes and not apart:
            lines.append("")
        lines += [textwrap.fill(note, min(LINE, room or LINE)) for note in self.notes]
        return "\n".join([*lines, *("\n\n" + each.to_text(width, room) for each in self.below)])

    def _stacked(self, room: int) -> str:
        """Row below row, every cell behind the heading of its column."""
        head = max(map(len, self.columns[1:]), default=0)
        lines = [self.title, ""]
        for name, *cells in self.rows:
            lines.append(name)
            for heading, cell in zip(self.columns[1:], cells, strict=True):
                indent = " " * (head + 4)
                said = textwrap.fill(cell or "–", room, initial_indent=indent, subsequent_indent=indent)
                lines.append(f"  {heading:<{head}}  {said[len(indent) :]}")
            lines.append("")
        lines += [textwrap.fill(note, room) for note in self.notes]
        return "\n".join([*lines, *("\n\n" + each.to_text(room=room) for each in self.below)])

    def to_markdown(self, level: int = 1) -> str:
        """A Markdown page; its title is a heading of the level, and columns beyond the eighth are a table of their own.

        The first column, which names the rows, begins every table.
        """

        def line(cells: tuple[str, ...]) -> str:
            return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"

        lines = [f"{'#' * level} {self.title}"]
        for start in range(1, max(2, len(self.columns)), ACROSS - 1):
            some = [0, *range(start, min(start + ACROSS - 1, len(self.columns)))]
            head, *rows = (line(tuple(row[k] for k in some)) for row in (self.columns, *self.rows))
            lines += ["", head, "|" + "---|" * len(some), *rows]
        notes = [paragraph for note in self.notes for paragraph in ("", note)]
        page = "\n".join([*lines, *notes]) + "\n"
        return "\n".join([page, *(each.to_markdown(level + 1) for each in self.below)])

    def to_html(self) -> str:
        """A self-contained page."""
        title = html.escape(self.title)
        return (
            f"<!doctype html><html lang='en'><meta charset='utf-8'><meta name='viewport' content='width=device-width'>"
            f"<title>{title}</title><style>{_STYLE}</style>{self._part(1)}</html>\n"
        )

    def _part(self, level: int) -> str:
        """The table as a part of an HTML page."""
        head = "".join(f"<th scope='col'>{html.escape(cell)}</th>" for cell in self.columns)
        body = "".join(_row(row) for row in self.rows)
        notes = "".join(f"<p>{html.escape(note)}</p>" for note in self.notes)
        return (
            f"<h{level}>{html.escape(self.title)}</h{level}><div><table><thead><tr>{head}</tr></thead>"
            f"<tbody>{body}</tbody></table></div>{notes}{''.join(each._part(level + 1) for each in self.below)}"
        )


def _row(cells: tuple[str, ...]) -> str:
    first, *rest = map(html.escape, cells)
    return f"<tr><th scope='row'>{first}</th>" + "".join(f"<td>{cell}</td>" for cell in rest) + "</tr>"


_STYLE = """
:root { color-scheme: light dark } body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem; max-width: 100rem }
div { overflow-x: auto } table { border-collapse: collapse } th, td { text-align: left; vertical-align: top;
padding: .45rem .7rem; border-bottom: 1px solid #8884 } thead th { border-bottom: 2px solid currentColor }
"""


def grid(rows: Sequence[Sequence[str]], alignment: str) -> list[str]:
    """Rows of cells in columns, two spaces apart; ``<`` to the left, ``>`` to the right."""
    if not rows:
        return []
    widths = [max(columns(row[c]) for row in rows) for c in range(len(alignment))]
    lines = []
    for row in rows:
        cells = [
            " " * (width - columns(cell)) + cell if side == ">" else cell + " " * (width - columns(cell))
            for cell, width, side in zip(row, widths, alignment, strict=True)
        ]
        lines.append("  ".join(cells).rstrip())
    return lines


def blocks(rows: Sequence[Sequence[str]], alignment: str, room: int) -> list[list[str]]:
    """Rows of cells as tables of so many columns of letters at most: one where they fit, else several.

    The first column, which names the rows, begins every table; it and one more are always there.

    >>> blocks([["", "first", "second"], ["a", "1", "2"]], "<>>", 9)
    [['   first', 'a      1'], ['   second', 'a       2']]
    """
    widths = [max(columns(row[c]) for row in rows) for c in range(len(alignment))]
    chosen = parted(widths, room)
    return [grid([[row[c] for c in some] for row in rows], "".join(alignment[c] for c in some)) for some in chosen]


def parted(widths: Sequence[int], room: int, gap: int = 2) -> list[list[int]]:
    """The places of a table's columns as those of several tables that fit, each with column 0 and one more.

    Args:
        widths: of the columns.
        room: that a table has.
        gap: between two columns.

    >>> parted([1, 5, 6], 9)
    [[0, 1], [0, 2]]
    """
    tables: list[list[int]] = [[]]
    for place in range(1, len(widths)):
        taken = widths[0] + sum(gap + widths[c] for c in tables[-1])
        if tables[-1] and taken + gap + widths[place] > room:
            tables.append([])
        tables[-1].append(place)
    return [[0, *table] for table in tables]


def bar(value: Any, largest: float, width: int = 24) -> str:
    """A number as a bar: solid for a positive one, shaded for a negative one.

    >>> bar(-0.5, 1.0, 4)
    '░░'
    """
    return ("█" if value > 0 else "░") * max(1, round(width * abs(float(value)) / largest))
