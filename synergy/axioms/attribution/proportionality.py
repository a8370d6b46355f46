"""Proportionality."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

from synergy.axioms.claims.axiom import AbstractAxiom, register, with_points
from synergy.axioms.claims.trial import Claim, Question, Trial
from synergy.axioms.functions.writing import lowered


@register
class Proportionality(AbstractAxiom):
    r""".. math:: F(z) = g(\sum_i z_i),\; b = 0,\; x \ge 0 \;\Rightarrow\; A \propto x"""

    name = "proportionality"
    title = "proportionality"
    statement = (
        "Of a function of the sum of the inputs, with a baseline of zero, each is given in proportion to itself."
    )
    formula = "F(z) = g(Σ zᵢ), b = 0, x ≥ 0 ⇒ A ∝ x"
    violation = "a function of the sum that is shared in other proportions"
    reference = "sundararajan2020many"
    least = 2

    def settled(self, trial: Trial) -> Trial | None:
        return with_points(trial, tuple(map(abs, trial.x)), (Fraction(0),) * len(trial.x))

    def questions(self, trial: Trial) -> tuple[Question, ...]:
        return (Question(trial.functions[0].of_sum(), trial.x, trial.b),)

    def claims(self, trial: Trial, asked: Sequence[Question], given: Sequence[Any]) -> Iterator[Claim]:
        (a,), x = given, trial.x
        for i in range(len(x) - 1):
            first, second = lowered(i + 1), lowered(i + 2)
            says = (f"A{first} x{second}", f"A{second} x{first}")
            yield Claim(a[i] * x_in(a, x[i + 1]), "=", a[i + 1] * x_in(a, x[i]), says)


def x_in(given: Sequence[Any], value: Fraction) -> Any:
    """A coordinate in the number system of what was given."""
    return float(value) if isinstance(given[0], float) else value
