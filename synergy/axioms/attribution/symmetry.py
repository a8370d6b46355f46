"""Symmetry-preserving."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from synergy.axioms.claims.axiom import AbstractAxiom, register
from synergy.axioms.claims.hypotheses import equal_inputs, symmetric
from synergy.axioms.claims.trial import Claim, Question, Trial
from synergy.axioms.functions.writing import lowered


@register
class Symmetry(AbstractAxiom):
    r""".. math:: F \text{ symmetric in } z_i, z_j,\; x_i = x_j,\; b_i = b_j \;\Rightarrow\; A_i = A_j"""

    name = "symmetry"
    title = "symmetry-preserving"
    statement = "Two inputs that F treats alike, with the same values and baselines, are given the same."
    formula = "F symmetric in zᵢ, zⱼ; xᵢ = xⱼ, bᵢ = bⱼ ⇒ Aᵢ = Aⱼ"
    violation = "a symmetric function of which i and j are given different numbers"
    reference = "sundararajan2017axiomatic"
    players = 2
    least = 2

    def settled(self, trial: Trial) -> Trial | None:
        return equal_inputs(trial)

    def questions(self, trial: Trial) -> tuple[Question, ...]:
        return (Question(symmetric(trial), trial.x, trial.b),)

    def claims(self, trial: Trial, asked: Sequence[Question], given: Sequence[Any]) -> Iterator[Claim]:
        i, j = trial.players
        yield Claim(given[0][i], "=", given[0][j], (f"A{lowered(i + 1)}", f"A{lowered(j + 1)}"))
