"""Linearity."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from synergy.axioms.claims.axiom import AbstractAxiom, register
from synergy.axioms.claims.trial import Claim, Question, Trial
from synergy.axioms.functions.writing import lowered
from synergy.wording.numbers import minus


@register
class Linearity(AbstractAxiom):
    r""".. math:: A(F + c\,G) = A(F) + c\,A(G)"""

    name = "linearity"
    title = "linearity"
    statement = "The attributions of F + cG are those of F and c times those of G."
    formula = "A(F + cG) = A(F) + c·A(G)"
    violation = "two functions and a number c with another sum"
    reference = "sundararajan2017axiomatic"
    functions = 2
    points = 3  # c is the first entry of the last

    def settled(self, trial: Trial) -> Trial | None:
        return trial if trial.points[2][0] else None

    def questions(self, trial: Trial) -> tuple[Question, ...]:
        f, g = trial.functions
        c = trial.points[2][0]
        both = "F + G" if c == 1 else f"F + ({minus(str(c))})G"
        named = ((f, "F"), (g, "G"), (f.plus(g, c), both))
        return tuple(Question(function, trial.x, trial.b, name) for function, name in named)

    def claims(self, trial: Trial, asked: Sequence[Question], given: Sequence[Any]) -> Iterator[Claim]:
        c = trial.points[2][0]
        factor = "" if c == 1 else f"({minus(str(c))})·"
        for i, (first, second, both) in enumerate(zip(*given, strict=True)):
            a = f"A{lowered(i + 1)}"
            says = (f"{a}({asked[2].name})", f"{a}(F) + {factor}{a}(G)")
            yield Claim(both, "=", first + c * second, says)
