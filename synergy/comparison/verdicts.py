"""The verdicts on a table, each with its number as it is read."""

from __future__ import annotations

from synergy.allocation.criteria import Criteria
from synergy.policies.policy import CRITERIA
from synergy.wording.numbers import brief


def figures(criteria: Criteria) -> tuple[tuple[str, str, str], ...]:
    """For each criterion its name, verdict and number: the coverage, the leakage, the residual."""
    coverage = brief(criteria.coverage)
    if coverage == "1" and criteria.verdicts["coverage"] != "pass":
        coverage = f"1-{brief(1 - criteria.coverage)}"
    values = (coverage, brief(criteria.leakage), brief(criteria.residual))
    return tuple((name, criteria.verdicts[name], value) for name, value in zip(CRITERIA, values, strict=True))
