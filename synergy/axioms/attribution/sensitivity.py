"""Sensitivity (a)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from synergy.axioms.claims.axiom import AbstractAxiom, register, with_points
from synergy.axioms.claims.trial import Claim, Question, Trial
from synergy.axioms.functions.writing import lowered
from synergy.wording.numbers import minus, number


@register
class Sensitivity(AbstractAxiom):
    r""".. math:: x_k = b_k \text{ for } k \ne i, \; F(x) \ne F(b) \;\Rightarrow\; A_i \ne 0"""

    name = "sensitivity"
    title = "sensitivity (a)"
    statement = "Where x and b differ in one input alone, and F in its value, this input is given something."
    formula = "xₖ = bₖ for k ≠ i, F(x) ≠ F(b) ⇒ Aᵢ ≠ 0"
    violation = "a change of one input that changes F, and is given nothing"
    reference = "sundararajan2017axiomatic"
    players = 1

    def settled(self, trial: Trial) -> Trial | None:
        i = trial.players[0]
        b = tuple(trial.b[k] if k == i else value for k, value in enumerate(trial.x))
        f = trial.functions[0]
        return with_points(trial, trial.x, b) if f(trial.x) != f(b) else None

    def questions(self, trial: Trial) -> tuple[Question, ...]:
        return (Question(trial.functions[0], trial.x, trial.b),)

    def claims(self, trial: Trial, asked: Sequence[Question], given: Sequence[Any]) -> Iterator[Claim]:
        i = trial.players[0]
        yield Claim(given[0][i], "≠", 0, (f"A{lowered(i + 1)}", f"F(x) − F(b) = {minus(number(asked[0].gain))}"))
