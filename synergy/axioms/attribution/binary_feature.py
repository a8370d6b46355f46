"""Binary features."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from synergy.axioms.claims.axiom import AbstractAxiom, register
from synergy.axioms.claims.trial import Claim, Question, Trial
from synergy.axioms.functions.writing import lowered


@register
class BinaryFeature(AbstractAxiom):
    r""".. math:: F(x_T) = G(x_T) \text{ for all } T \;\Rightarrow\; A(F) = A(G)"""

    name = "binary_feature"
    title = "binary features"
    statement = "Only the values of F at the mixtures x_T of x and b matter."
    formula = "F(x_T) = G(x_T) for all T ⇒ A(F) = A(G)"
    violation = "two functions with the same values at all mixtures that are shared out differently"
    reference = "lundstrom2023distributing"

    def questions(self, trial: Trial) -> tuple[Question, ...]:
        f = trial.functions[0]
        return Question(f, trial.x, trial.b), Question(f.twin(trial.b, trial.x), trial.x, trial.b, "G")

    def claims(self, trial: Trial, asked: Sequence[Question], given: Sequence[Any]) -> Iterator[Claim]:
        for i, (first, second) in enumerate(zip(*given, strict=True)):
            a = f"A{lowered(i + 1)}"
            yield Claim(first, "=", second, (f"{a}(F)", f"{a}(G)"))
