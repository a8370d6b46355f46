"""The criteria of each method, in theory and measured."""

from __future__ import annotations

from typing import NamedTuple

from synergy.allocation.allocation import Allocation
from synergy.allocation.criteria import Criteria
from synergy.comparison.comparison import Comparison
from synergy.comparison.result import Result
from synergy.comparison.verdicts import figures, scope
from synergy.wording.effects import effect_label
from synergy.wording.notes import clause
from synergy.wording.numbers import brief, minus

SYMBOLS = {"pass": "✓", "fail": "✗", "undecided": "?"}


class Side(NamedTuple):
    """The criteria of one table, in theory or measured."""

    label: str
    cells: list[tuple[str, str, str, str]]
    tolerance: str
    error: str
    worst: str
    note: str

    @property
    def short(self) -> str:
        """The note without the way out."""
        return clause(self.note)


def sides(result: Result) -> list[Side]:
    """Of one method: in theory, and measured."""
    return [
        _side("theory", result.theory, result.theory_criteria, result.theory_note),
        _side("measured", result.measured, result.measured_criteria, result.measured_note),
    ]


def reasons(comparison: Comparison) -> list[str]:
    """Why something is missing, each reason once and in full, if the table has only its beginning."""
    known = [side for result in comparison.columns if result.attribution is not None for side in sides(result)]
    return list(dict.fromkeys(side.note for side in known if not side.cells and side.short != side.note))


def _side(label: str, table: Allocation | None, criteria: Criteria | None, note: str) -> Side:
    if table is None or criteria is None:
        return Side(label, [], "", "", "", note or "not known")
    cells = [(name, verdict, SYMBOLS[verdict], minus(value)) for name, verdict, value in figures(criteria)]
    worst = "" if criteria.worst is None else effect_label(table.effects, criteria.worst, 60)
    note = "" if criteria.effects else "no effect rises above the noise floor"
    label = f"{label} {scope(criteria)}".rstrip()
    return Side(label, cells, minus(brief(criteria.tolerance)), minus(brief(criteria.error)), worst, note)
