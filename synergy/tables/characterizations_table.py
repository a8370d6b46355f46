"""The table of characterizations: for every hypothesis a method that keeps all others, and where it breaks this one."""

from __future__ import annotations

from synergy.axioms.characterization import Demonstration
from synergy.axioms.demonstrate import characterize
from synergy.axioms.theorems import CHARACTERIZATIONS
from synergy.tables.axioms_table import cell
from synergy.wording.table import Table

COLUMNS = ("name", "what is singled out", "hypothesis", "without it there is", "which breaks it on")
NOTES = (
    "Each is run: of what is singled out no hypothesis is found to be broken, and every other method breaks its own "
    "alone. That a method breaks an axiom is shown by the function; that it keeps the others is a search, not a proof, "
    "and that the hypotheses suffice is the theorem. synergy.axioms.characterize(name) shows all marks.",
)


def characterizations_table() -> Table:
    """Every characterization with what its hypotheses are needed for, and what is to be said of it.

    Raises:
        RuntimeError: a method breaks another hypothesis than its own.
    """
    found = [characterize(name) for name in CHARACTERIZATIONS]
    rows = tuple(row for each in found for row in _rows(each))
    said = tuple((each.of.name, each.of.given or "–", each.of.note or "–", each.of.reference) for each in found)
    below = (Table("What is to be said of them", ("name", "presupposed", "says", "source"), said),)
    return Table("Characterizations", COLUMNS, rows, NOTES, below)


def _rows(found: Demonstration) -> list[tuple[str, str, str, str, str]]:
    if not found.holds:
        raise RuntimeError(f"the methods of '{found.of.name}' do not tell its hypotheses apart")
    of, rows = found.of, []
    for row in found.rows:
        if row.broken is not None:
            where = cell(row.broken).removeprefix("✗ ")
            rows.append((of.name, of.conclusion, row.broken.axiom.title, row.method, where))
    for axiom in of.open:
        rows.append((of.name, of.conclusion, found.rows[0].checks[axiom].axiom.title, "no polynomial tells", "–"))
    return rows
