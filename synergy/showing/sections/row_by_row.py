"""What every method gives of the strongest effects."""

from __future__ import annotations

import math
from typing import Any

from synergy.allocation.allocation import Allocation
from synergy.comparison.comparison import Comparison
from synergy.comparison.result import Result
from synergy.showing.sections.cells import signed, times
from synergy.wording.effects import effect_label
from synergy.wording.numbers import brief, minus, scalar

SLACK = 5e-3  # relative; a share that rounds to 1.00 is full
ROWS = 8  # effects that are followed row by row


def row_by_row(comparison: Comparison) -> dict[str, Any]:
    """What every method gives of the strongest effects, measured beside theory."""
    effects = comparison.effects
    shown = [r for r in comparison.columns if r.theory is not None or r.measured is not None]
    found = effects.top(ROWS)
    rows = [
        (effect_label(effects, key, 60), signed(value), [_share(r, key, value) for r in shown]) for key, value in found
    ]
    return {
        "heads": [(r.heading, r.name) for r in shown],
        "rows": rows,
        "foot": [_disagreement(r) for r in shown],
    }


def _share(result: Result, key: tuple[int, ...], effect: Any) -> dict[str, Any]:
    """What one method gives, in all, of one effect."""
    measured, theory = (_given(table, key) for table in (result.measured, result.theory))
    first = theory if measured is None else measured
    if first is None:
        return {"given": "–", "ratio": "", "full": False, "error": "", "theory": ""}
    differs = measured is not None and theory is not None and not math.isclose(theory, measured, rel_tol=1e-6)
    error = 0.0 if measured is None else _row_error(result.measured, key) / abs(float(effect))
    return {
        "given": signed(first),
        "ratio": times(first, effect),
        "full": abs(float(first / effect) - 1) <= max(SLACK, error),
        "error": f"{error:.2f}" if error > SLACK else "",
        "theory": signed(theory) if differs else "",
    }


def _row_error(table: Allocation | None, key: tuple[int, ...]) -> float:
    """The numerical error of a row's sum where it was measured."""
    if table is None or table.error is None:
        return 0.0
    return float(table.error[table.effects.rows(key)].sum())


def _given(table: Allocation | None, key: tuple[int, ...]) -> Any | None:
    """What all players are given of the effects of one coalition; None where its row is not there."""
    if table is None:
        return None
    try:
        return scalar(table[key].sum())
    except LookupError:  # not measured
        return None


def _disagreement(result: Result) -> tuple[str, str]:
    """The largest difference of a row, and which row; or why there is none."""
    if result.disagreement is None:
        return "–", "no theory" if result.theory is None else "not measured"
    return minus(brief(result.disagreement)), result.disagreement_at
