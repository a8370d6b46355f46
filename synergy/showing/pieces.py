"""The pieces of which small HTML is made: cards, paragraphs and tables, all text escaped and isolated."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape

from decompositions.visible import visible
from synergy.wording.names import columns
from synergy.wording.table import parted

STYLE = (
    ".synergy table{border-collapse:collapse;margin:.4em 0}"
    ".synergy td,.synergy th{padding:.15em .6em;text-align:right;border-bottom:1px solid rgba(128,128,128,.35);"
    "background:transparent;color:inherit}"
    ".synergy th{font-weight:600}.synergy td:first-child,.synergy th:first-child{text-align:left}"
    ".synergy td{white-space:nowrap}"
    ".synergy i{display:inline-block;height:.7em;min-width:1px}.synergy .l{text-align:left}"
    ".synergy p{margin:.3em 0;max-width:60em}.synergy div{overflow-x:auto}.synergy small{opacity:.75}"
)
ROOM, PADDING = 112, 3  # letters across a page of 1,000 pixels, and those that the space between two columns takes


class Raw(str):
    """HTML already."""


def card(title: str, *parts: str) -> str:
    head = f"<p><b>{written(title)}</b></p>" if title else ""
    return f"<div class='synergy'><style>{STYLE}</style>{head}{''.join(parts)}</div>"


def table_of(head: Sequence[str], rows: Iterable[Sequence[str]], align: str = "") -> str:
    """A table; one that is wider than a page is several, one below another, each with the first column.

    Args:
        head: the headings.
        rows: of cells, as many as headings.
        align: "l" for a column to the left.
    """
    cells = [list(head), *map(list, rows)]
    chosen = parted([max(_width(row[place]) for row in cells) for place in range(len(head))], ROOM, PADDING)
    return "".join(
        _table([[row[place] for place in some] for row in cells], [align[c : c + 1] for c in some]) for some in chosen
    )


def _table(cells: Sequence[Sequence[str]], align: Sequence[str]) -> str:
    def line(tag: str, row: Sequence[str]) -> str:
        return f"<tr>{''.join(_cell(tag, text, side) for text, side in zip(row, align, strict=True))}</tr>"

    body = "".join(line("td", row) for row in cells[1:])
    return f"<div><table><thead>{line('th', cells[0])}</thead><tbody>{body}</tbody></table></div>"


def _cell(tag: str, text: str, side: str) -> str:
    left = " class='l'" if side == "l" else ""
    return f"<{tag}{left}>{text if isinstance(text, Raw) else written(text)}</{tag}>"


def _width(text: str) -> int:
    """The letters of a cell that are seen."""
    return columns(re.sub("<[^>]*>", "", text) if isinstance(text, Raw) else visible(text))


def written(text: str) -> str:
    return f"<bdi>{escape(visible(text))}</bdi>" if text else ""


def paragraph(text: str) -> str:
    return f"<p>{written(text)}</p>"


def small(text: str) -> str:
    return f"<p><small>{written(text.strip())}</small></p>" if text.strip() else ""
