"""Continuity along Taylor polynomials."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

from synergy.axioms.claims.axiom import AbstractAxiom, register, with_points
from synergy.axioms.claims.trial import Claim, Question, Trial
from synergy.axioms.functions.function import Point
from synergy.axioms.functions.writing import lowered

DEGREE = 24  # in place of the limit
NEAR = Fraction(1, 2)  # how far x may be from b = 0: the remainders there are below rounding


@register
class TaylorContinuity(AbstractAxiom):
    r""".. math:: \lim_{l \to \infty} A(T_l F) = A(F)

    for analytic F with Taylor polynomials T_l F at b that converge between b and x. The one of degree 24 stands for the
    limit, on functions whose remainder there is below what floats show.
    """

    name = "taylor_continuity"
    title = "continuity of Taylor approximation"
    statement = "The attributions of the Taylor polynomials of F tend to those of F."
    formula = "A(T_l F) → A(F) for l → ∞"
    violation = "a function whose Taylor polynomials of large degree are given something else"
    reference = "lundstrom2023distributing"
    kinds = ("analytic",)

    def places(self, n: int) -> Iterator[tuple[Point, ...]]:
        yield (NEAR,) * n, (Fraction(0),) * n

    def settled(self, trial: Trial) -> Trial | None:
        near = tuple(max(-NEAR, min(NEAR, value)) for value in trial.x)
        return with_points(trial, near, (Fraction(0),) * len(near))

    def questions(self, trial: Trial) -> tuple[Question, ...]:
        f = trial.functions[0]
        return Question(f, trial.x, trial.b), Question(f.taylor(DEGREE), trial.x, trial.b, "T F")

    def claims(self, trial: Trial, asked: Sequence[Question], given: Sequence[Any]) -> Iterator[Claim]:
        for i, (whole, cut) in enumerate(zip(*given, strict=True)):
            a = f"A{lowered(i + 1)}"
            yield Claim(cut, "=", whole, (f"{a}(T F)", f"{a}(F)"))
