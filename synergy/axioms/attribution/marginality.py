"""Marginality: strong monotonicity with an equality."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from synergy.axioms.claims.axiom import AbstractAxiom, register
from synergy.axioms.claims.trial import Claim, Question, Trial
from synergy.axioms.functions.writing import lowered


@register
class Marginality(AbstractAxiom):
    r""".. math:: \partial_i F = \partial_i G \text{ between } b \text{ and } x \;\Rightarrow\; A_i(F) = A_i(G)"""

    name = "marginality"
    title = "marginality"
    statement = "What an input is given depends on the slope of F in this input alone."
    formula = "∂ᵢF = ∂ᵢG on [b, x] ⇒ Aᵢ(F) = Aᵢ(G)"
    violation = "two functions that differ in what does not read zᵢ, of which i is given different numbers"
    reference = "young1985producer"
    functions = 2
    players = 1
    least = 2

    def questions(self, trial: Trial) -> tuple[Question, ...]:
        f, g = trial.functions
        other = f.plus(g.without(trial.players[0]))
        return Question(f, trial.x, trial.b), Question(other, trial.x, trial.b, "G")

    def claims(self, trial: Trial, asked: Sequence[Question], given: Sequence[Any]) -> Iterator[Claim]:
        i = trial.players[0]
        a = f"A{lowered(i + 1)}"
        yield Claim(given[0][i], "=", given[1][i], (f"{a}(F)", f"{a}(G)"))
