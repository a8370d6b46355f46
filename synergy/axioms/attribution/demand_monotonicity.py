"""Demand monotonicity."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

from synergy.axioms.claims.axiom import AbstractAxiom, register
from synergy.axioms.claims.hypotheses import upwards
from synergy.axioms.claims.trial import Claim, Question, Trial
from synergy.axioms.functions.function import Point
from synergy.axioms.functions.writing import lowered


@register
class DemandMonotonicity(AbstractAxiom):
    r""".. math:: F \text{ non-decreasing},\; \tilde x = x + h e_i \;\Rightarrow\; A_i(\tilde x) \ge A_i(x)"""

    name = "demand_monotonicity"
    title = "demand monotonicity"
    statement = "Of a non-decreasing F an input that grows is not given less."
    formula = "F non-decreasing, x′ = x + h·eᵢ, h > 0 ⇒ Aᵢ(x′) ≥ Aᵢ(x)"
    violation = "a non-decreasing function and an input that is given less for being larger"
    reference = "sundararajan2020many"
    players = 1
    points = 3  # x, b, and h in the first entry

    def places(self, n: int) -> Iterator[tuple[Point, ...]]:
        for start in (Fraction(1, 2), Fraction(3, 4)):
            rest = (Fraction(1),) * (n - 1)
            yield (start, *rest), (Fraction(0),) * n, (1 - start, *rest)

    def settled(self, trial: Trial) -> Trial | None:
        return upwards(trial) if trial.points[2][0] > 0 else None

    def questions(self, trial: Trial) -> tuple[Question, ...]:
        i, step = trial.players[0], trial.points[2][0]
        further = tuple(value + step if k == i else value for k, value in enumerate(trial.x))
        f = trial.functions[0].rising(trial.b, further)
        return Question(f, trial.x, trial.b), Question(f, further, trial.b)

    def claims(self, trial: Trial, asked: Sequence[Question], given: Sequence[Any]) -> Iterator[Claim]:
        i = trial.players[0]
        a = f"A{lowered(i + 1)}"
        yield Claim(given[1][i], "≥", given[0][i], (f"{a} at the larger x{lowered(i + 1)}", f"{a} before"))
