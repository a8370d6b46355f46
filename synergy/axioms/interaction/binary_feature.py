"""Binary features of interactions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from synergy.axioms.claims.axiom import AbstractAxiom, register
from synergy.axioms.claims.trial import Claim, Question, Trial
from synergy.axioms.functions.polynomial import Polynomial
from synergy.axioms.functions.writing import named_set


@register
class BinaryFeature(AbstractAxiom):
    r""".. math:: F(x_T) = G(x_T) \text{ for all } T \;\Rightarrow\; I(F) = I(G)"""

    name = "binary_feature"
    title = "binary features"
    statement = "Only the values of F at the mixtures x_T of x and b matter."
    formula = "F(x_T) = G(x_T) for all T ⇒ I(F) = I(G)"
    violation = "two functions with the same values at all mixtures that are shared out differently"
    reference = "lundstrom2023distributing"
    of = "interactions"
    kinds = ("polynomial",)

    def questions(self, trial: Trial) -> tuple[Question, ...]:
        f: Polynomial = trial.functions[0]
        return Question(f, trial.x, trial.b), Question(f.twin(trial.b, trial.x), trial.x, trial.b, "G")

    def claims(self, trial: Trial, asked: Sequence[Question], given: Sequence[Any]) -> Iterator[Claim]:
        first, second = given
        for T in sorted({*first, *second}):
            i = f"I{named_set(T)}"
            yield Claim(first.get(T, 0), "=", second.get(T, 0), (f"{i}(F)", f"{i}(G)"))
