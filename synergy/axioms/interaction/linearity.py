"""Linearity of interactions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from synergy.axioms.claims.axiom import AbstractAxiom, register
from synergy.axioms.claims.trial import Claim, Question, Trial
from synergy.axioms.functions.writing import named_set
from synergy.wording.numbers import minus


@register
class Linearity(AbstractAxiom):
    r""".. math:: I(F + c\,G) = I(F) + c\,I(G)"""

    name = "linearity"
    title = "linearity"
    statement = "The interactions of F + cG are those of F and c times those of G."
    formula = "I(F + cG) = I(F) + c·I(G)"
    violation = "two functions and a number c with another sum"
    reference = "sundararajan2020shapley"
    of = "interactions"
    kinds = ("polynomial",)
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
        c, (first, second, both) = trial.points[2][0], given
        for T in sorted({*first, *second, *both}):
            i = f"I{named_set(T)}"
            apart = first.get(T, 0) + c * second.get(T, 0)
            yield Claim(both.get(T, 0), "=", apart, (f"{i}({asked[2].name})", f"{i}(F) + c·{i}(G)"))
