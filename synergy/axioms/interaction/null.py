"""Null players."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from synergy.axioms.claims.axiom import AbstractAxiom, register
from synergy.axioms.claims.trial import Claim, Question, Trial
from synergy.axioms.functions.writing import named_set


@register
class Null(AbstractAxiom):
    r""".. math:: F \text{ independent of } z_i,\; i \in T \;\Rightarrow\; I_T = 0"""

    name = "null"
    title = "null"
    statement = "Sets with an input that F does not read are given nothing."
    formula = "F independent of zᵢ, i ∈ T ⇒ I_T = 0"
    violation = "a function that does not read zᵢ, of which a set with i is given something"
    reference = "sundararajan2020shapley"
    of = "interactions"
    kinds = ("polynomial",)
    players = 1
    least = 2

    def questions(self, trial: Trial) -> tuple[Question, ...]:
        return (Question(trial.functions[0].without(trial.players[0]), trial.x, trial.b),)

    def claims(self, trial: Trial, asked: Sequence[Question], given: Sequence[Any]) -> Iterator[Claim]:
        for T, value in given[0].items():
            if trial.players[0] in T:
                yield Claim(value, "=", 0, (f"I{named_set(T)}", "0"))
