"""Interaction distribution, also called top-distributing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any

from synergy.axioms.claims.axiom import AbstractAxiom, register
from synergy.axioms.claims.trial import Claim, Question, Trial
from synergy.axioms.functions.pure import pure
from synergy.axioms.functions.writing import named_set


@register
class InteractionDistribution(AbstractAxiom):
    r""".. math:: \phi_S \text{ a pure interaction of } S,\; T \subsetneq S,\; |T| < k \;\Rightarrow\; I_T(\phi_S) = 0

    It implies the baseline test; for larger S all goes to sets of k players.
    """

    name = "interaction_distribution"
    title = "interaction distribution"
    statement = "Of a pure interaction its own inputs alone, or sets of k among them, are given anything."
    formula = "φ_S pure, T ⊊ S, |T| < k ⇒ I_T(φ_S) = 0"
    violation = "a pure interaction of which a set of fewer than k players is given something"
    reference = "sundararajan2020shapley"
    of = "interactions"
    kinds = ("polynomial",)

    def settled(self, trial: Trial) -> Trial | None:
        return trial if pure(trial.functions[0], trial.b)[1] else None

    def questions(self, trial: Trial) -> tuple[Question, ...]:
        return (Question(pure(trial.functions[0], trial.b)[0], trial.x, trial.b),)

    def claims(self, trial: Trial, asked: Sequence[Question], given: Sequence[Any]) -> Iterator[Claim]:
        S = pure(trial.functions[0], trial.b)[1]
        for t in range(1, min(len(S), trial.order)):
            for T in combinations(S, t):
                yield Claim(given[0].get(T, 0), "=", 0, (f"I{named_set(T)}", "0"))
