"""Completeness."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from synergy.axioms.claims.axiom import AbstractAxiom, register
from synergy.axioms.claims.trial import Claim, Question, Trial


@register
class Completeness(AbstractAxiom):
    r""".. math:: \sum_i A_i = F(x) - F(b)"""

    name = "completeness"
    title = "completeness"
    statement = "The attributions add up to what F gains between b and x."
    formula = "Σ Aᵢ = F(x) − F(b)"
    violation = "a function whose gain is another number than the sum"
    reference = "sundararajan2017axiomatic"

    def questions(self, trial: Trial) -> tuple[Question, ...]:
        return (Question(trial.functions[0], trial.x, trial.b),)

    def claims(self, trial: Trial, asked: Sequence[Question], given: Sequence[Any]) -> Iterator[Claim]:
        yield Claim(sum(given[0]), "=", asked[0].gain, ("Σ A", "F(x) − F(b)"))
