"""Symmetry of interactions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any

from synergy.axioms.claims.axiom import AbstractAxiom, register
from synergy.axioms.claims.hypotheses import equal_inputs, symmetric
from synergy.axioms.claims.trial import Claim, Question, Trial
from synergy.axioms.functions.writing import named_set


@register
class Symmetry(AbstractAxiom):
    r""".. math:: F \text{ symmetric in } z_i, z_j,\; x_i = x_j,\; b_i = b_j \;\Rightarrow\; I_{T \cup i} = I_{T \cup j}

    for all T without i and j.
    """

    name = "symmetry"
    title = "symmetry"
    statement = (
        "Sets that differ in two inputs that F treats alike, of the same value and baseline, are given the same."
    )
    formula = "F symmetric in zᵢ, zⱼ; xᵢ = xⱼ, bᵢ = bⱼ ⇒ I_T∪i = I_T∪j"
    violation = "a symmetric function of which such sets are given different numbers"
    reference = "sundararajan2020shapley"
    of = "interactions"
    kinds = ("polynomial",)
    players = 2
    least = 2

    def settled(self, trial: Trial) -> Trial | None:
        return equal_inputs(trial)

    def questions(self, trial: Trial) -> tuple[Question, ...]:
        return (Question(symmetric(trial), trial.x, trial.b),)

    def claims(self, trial: Trial, asked: Sequence[Question], given: Sequence[Any]) -> Iterator[Claim]:
        i, j = trial.players
        others = [k for k in range(len(trial.x)) if k not in (i, j)]
        for rest in (rest for t in range(trial.order) for rest in combinations(others, t)):
            first, second = (tuple(sorted((*rest, k))) for k in (i, j))
            says = (f"I{named_set(first)}", f"I{named_set(second)}")
            yield Claim(given[0].get(first, 0), "=", given[0].get(second, 0), says)
