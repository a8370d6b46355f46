"""Symmetric monotonicity."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from synergy.axioms.claims.axiom import AbstractAxiom, register
from synergy.axioms.claims.hypotheses import upwards
from synergy.axioms.claims.trial import Claim, Question, Trial
from synergy.axioms.functions.writing import lowered


@register
class SymmetricMonotonicity(AbstractAxiom):
    r""".. math:: \partial_i F \le \partial_j G \text{ between } b \text{ and } x \;\Rightarrow\;
              \frac{A_i(F)}{x_i - b_i} \le \frac{A_j(G)}{x_j - b_j}

    for x > b in i and j. Where the second function that is drawn is zero, the slopes are equal, and so must be the two
    sides.
    """

    name = "symmetric_monotonicity"
    title = "symmetric monotonicity"
    statement = (
        "What is given per unit of an input depends on the slopes in it alone, without falling, whichever it is."
    )
    formula = "∂ᵢF ≤ ∂ⱼG on [b, x] ⇒ Aᵢ(F)/(xᵢ − bᵢ) ≤ Aⱼ(G)/(xⱼ − bⱼ)"
    violation = "two functions of which the one with the larger slopes gives less per unit"
    reference = "young1985producer"
    functions = 2
    players = 2
    least = 2

    def settled(self, trial: Trial) -> Trial | None:
        trial = upwards(trial)
        return trial if all(trial.x[k] > trial.b[k] for k in trial.players) else None

    def questions(self, trial: Trial) -> tuple[Question, ...]:
        i, j = trial.players
        f, g = trial.functions[0].alike(i, j)
        larger = g.plus(trial.functions[1].rising(trial.b, trial.x, (j,)))
        return Question(f, trial.x, trial.b), Question(larger, trial.x, trial.b, "G")

    def claims(self, trial: Trial, asked: Sequence[Question], given: Sequence[Any]) -> Iterator[Claim]:
        i, j = trial.players
        low, high = (a[k] / (trial.x[k] - trial.b[k]) for a, k in zip(given, trial.players, strict=True))
        says = tuple(f"A{k}({name})/(x{k} − b{k})" for name, k in (("G", lowered(j + 1)), ("F", lowered(i + 1))))
        yield Claim(high, "=" if trial.functions[1].is_zero else "≥", low, (says[0], says[1]))
