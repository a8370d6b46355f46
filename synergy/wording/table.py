"""A table of text cells, written as plain text, Markdown or HTML."""

from __future__ import annotations

import html
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from decompositions.visible import visible
from synergy.wording.names import columns


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

    def __str__(self) -> str:
        return self.to_text()

    def to_text(self, width: int = 30) -> str:
        """Columns of at most ``width`` characters, cells wrapped."""
        cells = [[textwrap.wrap(cell, width) or [""] for cell in row] for row in (self.columns, *self.rows)]
        widths = [max(len(line) for row in cells for line in row[k]) for k in range(len(self.columns))]
        lines = [self.title, ""]
        for number, row in enumerate(cells):
            for level in range(max(map(len, row))):
                parts = [cell[level] if level < len(cell) else "" for cell in row]
                lines.append("  ".join(part.ljust(w) for part, w in zip(parts, widths, strict=True)).rstrip())
            lines.append("─" * (sum(widths) + 2 * len(widths) - 2) if number == 0 else "")
        lines += [textwrap.fill(note, 118) for note in self.notes]
        return "\n".join([*lines, *("\n\n" + each.to_text(width) for each in self.below)])

    def to_markdown(self, level: int = 1) -> str:
        """A Markdown page; its title is a heading of the level."""

        def line(cells: tuple[str, ...]) -> str:
            return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"

        head = [f"{'#' * level} {self.title}", "", line(self.columns), "|" + "---|" * len(self.columns)]
        notes = [paragraph for note in self.notes for paragraph in ("", note)]
        page = "\n".join([*head, *map(line, self.rows), *notes]) + "\n"
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


def bar(value: Any, largest: float, width: int = 24) -> str:
    """A number as a bar: solid for a positive one, shaded for a negative one.

    >>> bar(-0.5, 1.0, 4)
    '░░'
    """
    return ("█" if value > 0 else "░") * max(1, round(width * abs(float(value)) / largest))
