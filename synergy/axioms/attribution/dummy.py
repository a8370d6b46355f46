"""Dummy, also called null player or sensitivity (b)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from synergy.axioms.claims.axiom import AbstractAxiom, register
from synergy.axioms.claims.trial import Claim, Question, Trial
from synergy.axioms.functions.writing import lowered


@register
class Dummy(AbstractAxiom):
    r""".. math:: F \text{ independent of } z_i \;\Rightarrow\; A_i = 0

    A network may be written with z_i and not depend on it.
    """

    name = "dummy"
    title = "dummy"
    statement = "An input that F does not read is given nothing: sensitivity (b)."
    formula = "F independent of zᵢ ⇒ Aᵢ = 0"
    violation = "a function that does not read zᵢ, of which i is given something"
    reference = "sundararajan2017axiomatic"
    players = 1
    least = 2

    def questions(self, trial: Trial) -> tuple[Question, ...]:
        return (Question(trial.functions[0].without(trial.players[0]), trial.x, trial.b),)

    def claims(self, trial: Trial, asked: Sequence[Question], given: Sequence[Any]) -> Iterator[Claim]:
        i = trial.players[0]
        yield Claim(given[0][i], "=", 0, (f"A{lowered(i + 1)}", "0"))
