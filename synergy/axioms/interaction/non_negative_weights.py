"""Weights that are not negative."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from synergy.axioms.claims.axiom import AbstractAxiom, register
from synergy.axioms.claims.hypotheses import upwards
from synergy.axioms.claims.trial import Claim, Question, Trial
from synergy.axioms.functions.pure import leading
from synergy.axioms.functions.writing import named_set


@register
class NonNegativeWeights(AbstractAxiom):
    r""".. math:: F = (z - b)^m,\; x \ge b \;\Rightarrow\; I_T \ge 0"""

    name = "non_negative_weights"
    title = "non-negative weights"
    statement = "Of a monomial in z − b, for x ≥ b, no set is given a negative number."
    formula = "F = (z − b)^m, x ≥ b ⇒ I_T ≥ 0"
    violation = "a monomial of which a set is given less than nothing"
    reference = "lundstrom2023distributing"
    of = "interactions"
    kinds = ("polynomial",)

    def settled(self, trial: Trial) -> Trial | None:
        return upwards(trial) if trial.functions[0].terms else None

    def questions(self, trial: Trial) -> tuple[Question, ...]:
        return (Question(leading(trial.functions[0], trial.b), trial.x, trial.b),)

    def claims(self, trial: Trial, asked: Sequence[Question], given: Sequence[Any]) -> Iterator[Claim]:
        for T, value in given[0].items():
            yield Claim(value, "≥", 0, (f"I{named_set(T)}", "0"))
