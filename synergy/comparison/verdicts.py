"""The verdicts on a table, each with its number as it is read."""

from __future__ import annotations

from collections.abc import Iterable

from synergy.allocation.criteria import Criteria
from synergy.comparison.result import Result
from synergy.policies.policy import CRITERIA
from synergy.wording.numbers import brief

NUMBERS = ("coverage", "leakage", "residual")  # what the number beside each verdict is


def figures(criteria: Criteria) -> tuple[tuple[str, str, str], ...]:
    """For each criterion its name, verdict and number: the coverage, the leakage, the residual, with its interval."""
    coverage = brief(criteria.coverage)
    if coverage == "1" and 1 - criteria.coverage > criteria.tolerance:
        coverage = f"1-{brief(1 - criteria.coverage)}"
    values = [coverage, brief(criteria.leakage), brief(criteria.residual)]
    for place, name in enumerate(NUMBERS):
        low, high = criteria.intervals.get(name, (0.0, 0.0))
        if brief(low) != brief(high) and high > criteria.tolerance:
            values[place] += f" [{brief(low)}, {brief(high)}]"
    return tuple((name, criteria.verdicts[name], value) for name, value in zip(CRITERIA, values, strict=True))


def scope(criteria: Criteria) -> str:
    """Of which coalitions the numbers speak; empty where of all."""
    if criteria.rows is not None:
        return f"of {criteria.rows:,}"
    return "" if criteria.order is None else f"≤ {criteria.order}"


def scoped(results: Iterable[Result]) -> bool:
    """Whether any verdict of these results speaks of some coalitions only."""
    return any(scope(each) for r in results for each in (r.theory_criteria, r.measured_criteria) if each is not None)


SCOPE = (
    "≤ k: of coalitions of at most k players; nothing is said of larger ones, and their rows can fail a method but not "
    "pass it; [in brackets]: 95 of 100 samples drawn anew"
)
