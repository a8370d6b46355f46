"""Completeness of interactions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from synergy.axioms.claims.axiom import AbstractAxiom, register
from synergy.axioms.claims.trial import Claim, Question, Trial


@register
class Completeness(AbstractAxiom):
    r""".. math:: \sum_{1 \le |T| \le k} I_T = F(x) - F(b)"""

    name = "completeness"
    title = "completeness"
    statement = "The values of all sets of at most k players add up to what F gains between b and x."
    formula = "Σ_T I_T = F(x) − F(b)"
    violation = "a function whose gain is another number than the sum"
    reference = "sundararajan2020shapley"
    of = "interactions"
    kinds = ("polynomial",)

    def questions(self, trial: Trial) -> tuple[Question, ...]:
        return (Question(trial.functions[0], trial.x, trial.b),)

    def claims(self, trial: Trial, asked: Sequence[Question], given: Sequence[Any]) -> Iterator[Claim]:
        yield Claim(sum(given[0].values()), "=", asked[0].gain, ("Σ I", "F(x) − F(b)"))
