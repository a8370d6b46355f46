"""Equivariance, also called anonymity."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from synergy.axioms.claims.axiom import AbstractAxiom, register
from synergy.axioms.claims.trial import Claim, Question, Trial
from synergy.axioms.functions.writing import lowered


@register
class Equivariance(AbstractAxiom):
    r""".. math:: A(\pi x, \pi b, F \circ \pi^{-1}) = \pi A(x, b, F)"""

    name = "equivariance"
    title = "equivariance"
    statement = "Inputs under other numbers are given the same: the order in which F reads them does not matter."
    formula = "A(πx, πb, F ∘ π⁻¹) = π A(x, b, F)"
    violation = "a function of which an input is given another number when two inputs change places"
    reference = "sundararajan2020many"
    players = 2
    least = 2

    def questions(self, trial: Trial) -> tuple[Question, ...]:
        i, j = trial.players
        f = trial.functions[0]
        swapped = f.swapped(i, j)
        return (
            Question(f, trial.x, trial.b),
            Question(swapped, exchanged(trial.x, i, j), exchanged(trial.b, i, j), "F ∘ π"),
        )

    def claims(self, trial: Trial, asked: Sequence[Question], given: Sequence[Any]) -> Iterator[Claim]:
        i, j = trial.players
        before, after = given
        for k, value in enumerate(exchanged(after, i, j)):
            place = exchanged(tuple(range(len(before))), i, j)[k]
            yield Claim(before[k], "=", value, (f"A{lowered(k + 1)}(F)", f"A{lowered(place + 1)}(F ∘ π)"))


def exchanged(values: tuple[Any, ...], i: int, j: int) -> tuple[Any, ...]:
    """With the entries i and j in each other's place."""
    order = {i: j, j: i}
    return tuple(values[order.get(k, k)] for k in range(len(values)))
