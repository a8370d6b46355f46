"""The baseline test of interactions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any

from synergy.axioms.claims.axiom import AbstractAxiom, register
from synergy.axioms.claims.trial import Claim, Question, Trial
from synergy.axioms.functions.pure import pure
from synergy.axioms.functions.writing import named_set


@register
class BaselineTest(AbstractAxiom):
    r""".. math:: \phi_S \text{ a pure interaction of } S,\; |S| \le k,\; T \subsetneq S \;\Rightarrow\; I_T(\phi_S) = 0

    A pure interaction of S depends on the inputs of S alone and vanishes wherever one of them is at its baseline.
    """

    name = "baseline_test"
    title = "baseline test"
    statement = "Of a pure interaction of at most k inputs no smaller set is given anything."
    formula = "φ_S pure, |S| ≤ k, T ⊊ S ⇒ I_T(φ_S) = 0"
    violation = "a pure interaction of at most k inputs of which a part of them is given something"
    reference = "lundstrom2023distributing"
    of = "interactions"
    kinds = ("polynomial",)

    def settled(self, trial: Trial) -> Trial | None:
        return trial if 0 < len(pure(trial.functions[0], trial.b)[1]) <= trial.order else None

    def questions(self, trial: Trial) -> tuple[Question, ...]:
        return (Question(pure(trial.functions[0], trial.b)[0], trial.x, trial.b),)

    def claims(self, trial: Trial, asked: Sequence[Question], given: Sequence[Any]) -> Iterator[Claim]:
        S = pure(trial.functions[0], trial.b)[1]
        for t in range(1, len(S)):
            for T in combinations(S, t):
                yield Claim(given[0].get(T, 0), "=", 0, (f"I{named_set(T)}", "0"))
