"""Affine scale invariance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

from synergy.axioms.claims.axiom import AbstractAxiom, register
from synergy.axioms.claims.trial import Claim, Question, Trial
from synergy.axioms.functions.function import Point
from synergy.axioms.functions.writing import lowered


@register
class AffineScaleInvariance(AbstractAxiom):
    r""".. math:: A(Tx, Tb, F \circ T^{-1}) = A(x, b, F), \qquad T_i(z) = c_i z_i + d_i"""

    name = "affine_scale_invariance"
    title = "affine scale invariance"
    statement = "The units in which the inputs are measured, and their zeros, do not matter."
    formula = "A(Tx, Tb, F ∘ T⁻¹) = A(x, b, F), Tᵢ(z) = cᵢzᵢ + dᵢ"
    violation = "a function and units in which something else is given"
    reference = "sundararajan2020many"
    points = 4  # x, b, the scales c and the shifts d

    def places(self, n: int) -> Iterator[tuple[Point, ...]]:
        for x, b, *_ in super().places(n):
            yield x, b, (Fraction(2), *(Fraction(1),) * (n - 1)), (Fraction(0),) * n

    def settled(self, trial: Trial) -> Trial | None:
        return trial if all(trial.points[2]) else None

    def questions(self, trial: Trial) -> tuple[Question, ...]:
        f, (x, b, scale, shift) = trial.functions[0], trial.points
        to, start = (tuple(c * z + d for c, z, d in zip(scale, end, shift, strict=True)) for end in (x, b))
        return Question(f, x, b), Question(f.moved(scale, shift), to, start, "F ∘ T⁻¹")

    def claims(self, trial: Trial, asked: Sequence[Question], given: Sequence[Any]) -> Iterator[Claim]:
        for i, (before, after) in enumerate(zip(*given, strict=True)):
            a = f"A{lowered(i + 1)}"
            yield Claim(before, "=", after, (f"{a}(F)", f"{a}(F ∘ T⁻¹)"))
