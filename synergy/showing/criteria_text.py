"""The verdicts of a comparison as text, in as many columns as there is room for."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from dataclasses import dataclass

from synergy.allocation.allocation import Allocation
from synergy.allocation.criteria import Criteria
from synergy.allocation.judge import TOLERANCE
from synergy.comparison.comparison import Comparison
from synergy.comparison.result import Result
from synergy.comparison.verdicts import SCOPE, figures, scope, scoped
from synergy.wording.effects import effect_label
from synergy.wording.names import NAME, columns, shorten
from synergy.wording.numbers import brief
from synergy.wording.room import LINE, room
from synergy.wording.table import blocks, grid

HEAD = ["", "coverage", "relevance (leakage)", "completeness (residual)", "error ±", "worst effect"]
NOISY = " (the rounding noise of all rows; one that is wrong beyond twice its own noise fails all the same)"
LONGEST = 30  # columns of a method's name

Note = Callable[[str, Result], str]


@dataclass(frozen=True)
class Judged:
    """What is said of the methods of one column.

    Args:
        names: theirs.
        rows: in theory and measured, as long as ``HEAD``.
        reason: why they do not apply; then there are no rows.
    """

    names: tuple[str, ...]
    rows: tuple[list[str], ...] = ()
    reason: str = ""


def criteria_lines(comparison: Comparison, note: Note) -> list[str]:
    """One line per method and table, and what the marks mean.

    Args:
        comparison: of one game.
        note: the mark of a reason, which is said below.
    """
    judged = [_judged(result, note) for result in comparison.columns]
    wide = _wide(judged)
    lines = wide if max(map(columns, wide)) <= room() else _narrow(judged)
    sides = (each for x in comparison.columns for each in (x.theory_criteria, x.measured_criteria) if each)
    tolerances = sorted({each.tolerance for each in sides})
    prose = []
    if tolerances:
        some = ", or only some coalitions were looked at" if scoped(comparison.columns) else ""
        numbers = ", ".join(map(brief, tolerances))
        noisy = NOISY if tolerances[-1] > TOLERANCE else ""
        prose.append(f"tolerance {numbers}{noisy}; undecided: of the size of the numerical error{some}")
    prose += [SCOPE] if scoped(comparison.columns) else []
    return [*lines, *(line for each in prose for line in textwrap.wrap(each, min(LINE, room())))]


def _judged(result: Result, note: Note) -> Judged:
    names = tuple(result.name.split(" = "))
    if result.attribution is None:
        return Judged(names, reason=f"does not apply {note(result.note, result)}")
    sides = (
        ("theory", result.theory, result.theory_criteria, result.theory_note),
        ("measured", result.measured, result.measured_criteria, result.measured_note),
    )
    rows = []
    for side, table, criteria, reason in sides:
        shown = f"{side} {scope(criteria)}".rstrip() if criteria else side
        line = _verdicts(criteria, table) if criteria else [f"none {note(reason, result)}"]
        rows.append([shown, *line, *[""] * (len(HEAD) - 1 - len(line))])
    return Judged(names, tuple(rows))


def _verdicts(criteria: Criteria, table: Allocation | None) -> list[str]:
    cells = [f"{verdict} {value}" for _, verdict, value in figures(criteria)]
    worst = "" if criteria.worst is None or table is None else effect_label(table.effects, criteria.worst, NAME)
    return [*cells, brief(criteria.error), worst if criteria.effects else "no effect above the noise"]


def _wide(judged: list[Judged]) -> list[str]:
    """The names in a column of their own."""
    rows, apart = [["criteria", *HEAD]], {}
    for each in judged:
        first, *others = each.names
        if each.reason:
            apart[len(rows)] = each.reason
            rows.append([shorten(" = ".join(each.names), LONGEST), *[""] * len(HEAD)])
        second = "= " + " = ".join(others) if others else ""
        rows += [[shorten(name, LONGEST), *row] for name, row in zip((first, second), each.rows, strict=False)]
    start = max(columns(row[0]) for row in rows) + 2
    lines = grid(rows, "<" * len(rows[0]))
    return [
        line + " " * (start - columns(line)) + apart[place] if place in apart else line
        for place, line in enumerate(lines)
    ]


def _narrow(judged: list[Judged]) -> list[str]:
    """Every name on a line before its rows; the columns in as many tables as they need."""
    above, below = zip(
        *(f"{heading} ".split(" ", 1) if "(" in heading else (heading, "") for heading in HEAD), strict=True
    )
    rows = [[*above], [*below], *(row for each in judged for row in each.rows)]
    lines = ["criteria"]
    tables = blocks([["  " + row[0], *row[1:]] for row in rows], "<" * len(HEAD), room())
    for place, (first, second, *body) in enumerate(tables):
        left = iter(body)
        lines += [""] * (place > 0) + [each for each in (first, second) if each.strip()]
        for each in judged if not place else [each for each in judged if each.rows]:
            lines += textwrap.wrap(" = ".join(each.names), room(), subsequent_indent="    ")
            lines += [next(left) for _ in each.rows] or [f"  {each.reason}"]
    return lines
