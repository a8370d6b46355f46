"""Top weights in proportion to powers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import combinations, pairwise
from typing import Any

from synergy.axioms.claims.axiom import AbstractAxiom, register
from synergy.axioms.claims.trial import Claim, Question, Trial
from synergy.axioms.functions.polynomial import Polynomial
from synergy.axioms.functions.pure import leading
from synergy.axioms.functions.writing import named_set


@register
class TopWeights(AbstractAxiom):
    r""".. math:: F = (z - b)^m,\; |S| > k \;\Rightarrow\; I_T \sum_{i \in U} m_i = I_U \sum_{i \in T} m_i

    with S the inputs that m holds, and T, U within S of k players each.
    """

    name = "top_weights"
    title = "top weights ∝ Σ mᵢ"
    statement = "A monomial of more than k inputs is shared among sets of k of them in proportion to their powers."
    formula = "F = (z − b)^m, |S| > k ⇒ I_T ∝ Σ_i∈T mᵢ for |T| = k"
    violation = "a monomial that is shared in other proportions"
    reference = "lundstrom2023distributing"
    of = "interactions"
    kinds = ("polynomial",)

    def settled(self, trial: Trial) -> Trial | None:
        if not trial.functions[0].terms:
            return None
        powers = _powers(leading(trial.functions[0], trial.b), trial)
        return trial if sum(map(bool, powers)) > trial.order else None

    def questions(self, trial: Trial) -> tuple[Question, ...]:
        return (Question(leading(trial.functions[0], trial.b), trial.x, trial.b),)

    def claims(self, trial: Trial, asked: Sequence[Question], given: Sequence[Any]) -> Iterator[Claim]:
        m = _powers(asked[0].function, trial)  # type: ignore[arg-type]
        members = [i for i, power in enumerate(m) if power]
        for T, U in pairwise(combinations(members, trial.order)):
            inside, outside = (sum(m[i] for i in each) for each in (T, U))
            says = (f"{outside}·I{named_set(T)}", f"{inside}·I{named_set(U)}")
            yield Claim(given[0].get(T, 0) * outside, "=", given[0].get(U, 0) * inside, says)


def _powers(monomial: Polynomial, trial: Trial) -> tuple[int, ...]:
    """m of a monomial in z − b."""
    ((m, _),) = monomial.along((Fraction(1),) * monomial.n, trial.b).terms
    return m
