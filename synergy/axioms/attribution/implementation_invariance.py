"""Implementation invariance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from synergy.axioms.claims.axiom import AbstractAxiom, register
from synergy.axioms.claims.trial import Claim, Question, Trial
from synergy.axioms.functions.relu_network import ReluNetwork
from synergy.axioms.functions.writing import lowered


@register
class ImplementationInvariance(AbstractAxiom):
    r""".. math:: F(z) = G(z) \text{ for all } z \;\Rightarrow\; A(F) = A(G)

    Two networks are taken for the same function if they are equal at many places; those of the bank are by an identity.
    """

    name = "implementation_invariance"
    title = "implementation invariance"
    statement = "Two networks with the same values everywhere are given the same, however they are written."
    formula = "F = G as maps ⇒ A(F) = A(G)"
    violation = "two networks for one function that are shared out differently"
    reference = "sundararajan2017axiomatic"
    kinds = ("pair",)
    functions = 2

    def settled(self, trial: Trial) -> Trial | None:
        f, g = trial.functions
        same = isinstance(f, ReluNetwork) and isinstance(g, ReluNetwork) and f.same_map(g)
        return trial if same else None

    def questions(self, trial: Trial) -> tuple[Question, ...]:
        f, g = trial.functions
        return Question(f, trial.x, trial.b), Question(g, trial.x, trial.b, "G")

    def claims(self, trial: Trial, asked: Sequence[Question], given: Sequence[Any]) -> Iterator[Claim]:
        for i, (first, second) in enumerate(zip(*given, strict=True)):
            a = f"A{lowered(i + 1)}"
            yield Claim(first, "=", second, (f"{a}(F)", f"{a}(G)"))
