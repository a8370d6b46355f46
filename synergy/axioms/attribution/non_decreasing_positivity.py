"""Non-decreasing positivity."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from synergy.axioms.claims.axiom import AbstractAxiom, register
from synergy.axioms.claims.hypotheses import upwards
from synergy.axioms.claims.trial import Claim, Question, Trial
from synergy.axioms.functions.writing import lowered


@register
class NonDecreasingPositivity(AbstractAxiom):
    r""".. math:: F \text{ non-decreasing from } b \text{ to } x \;\Rightarrow\; A_i \ge 0

    The functions are non-decreasing in every input between b and x ≥ b, which their Bernstein coefficients show.
    """

    name = "non_decreasing_positivity"
    title = "non-decreasing positivity"
    statement = "Where F rises along every way from b up to x, nobody is given a negative number."
    formula = "F non-decreasing from b to x ⇒ Aᵢ ≥ 0"
    violation = "a non-decreasing function of which somebody is given less than nothing"
    reference = "lundstrom2022rigorous"

    def settled(self, trial: Trial) -> Trial | None:
        return upwards(trial)

    def questions(self, trial: Trial) -> tuple[Question, ...]:
        return (Question(trial.functions[0].rising(trial.b, trial.x), trial.x, trial.b),)

    def claims(self, trial: Trial, asked: Sequence[Question], given: Sequence[Any]) -> Iterator[Claim]:
        for i, value in enumerate(given[0]):
            yield Claim(value, "≥", 0, (f"A{lowered(i + 1)}", "0"))
