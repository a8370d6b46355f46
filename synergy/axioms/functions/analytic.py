"""Exponentials and sines of polynomials, and their Taylor polynomials at 0."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property

import torch

from synergy.axioms.functions.function import AbstractFunction, Point
from synergy.axioms.functions.polynomial import Polynomial, constant, polynomial

OUTER = {"exp": (torch.exp, math.exp, (1, 1, 1, 1)), "sin": (torch.sin, math.sin, (0, 1, 0, -1))}
"""By name: the function of tensors, of floats, and its derivatives at 0, which come again after four."""


@dataclass(frozen=True)
class Analytic(AbstractFunction):
    """h(P(z)), or its Taylor polynomial at 0; P has no constant.

    Args:
        outer: h, "exp" or "sin".
        inner: P.
        degree: the largest total degree that is kept; None for the function itself.
    """

    outer: str
    inner: Polynomial
    degree: int | None = None

    @property
    def n(self) -> int:
        return self.inner.n

    @property
    def size(self) -> tuple[int, ...]:
        return self.inner.size

    def __call__(self, z: Point) -> float:
        value = self.inner(z) if self.degree is None else self.expanded(z)
        return OUTER[self.outer][1](float(value)) if self.degree is None else float(value)

    def evaluated(self, z: torch.Tensor) -> torch.Tensor:
        """At a batch of points. Shape ``(m, n)`` → ``(m,)``."""
        terms = self.inner.terms if self.degree is None else self.expanded.terms
        powers = torch.tensor([m for m, _ in terms], dtype=z.dtype).reshape(-1, self.n)
        value = (z[:, None, :] ** powers).prod(-1) @ torch.tensor([float(c) for _, c in terms], dtype=z.dtype)
        return OUTER[self.outer][0](value) if self.degree is None else value

    def taylor(self, degree: int) -> Analytic:
        """Its Taylor polynomial."""
        return replace(self, degree=degree)

    @cached_property
    def expanded(self) -> Polynomial:
        """The terms of degree at most ``degree`` of Σ h⁽ᵏ⁾(0) P^k / k!."""
        assert self.degree is not None
        total, power = polynomial(self.n, {}), constant(self.n, Fraction(1))
        for k in range(self.degree + 1):
            total = total.plus(power, Fraction(OUTER[self.outer][2][k % 4], math.factorial(k)))
            product = power.times(self.inner)
            power = polynomial(self.n, {m: c for m, c in product.terms if sum(m) <= self.degree})
        return total

    def simpler(self) -> Iterator[Analytic]:
        return (replace(self, inner=inner) for inner in self.inner.simpler() if inner((Fraction(0),) * self.n) == 0)

    def text(self) -> str:
        cut = "" if self.degree is None else f", up to degree {self.degree}"
        return f"{self.outer}({self.inner.text()}){cut}"

    def latex(self) -> str:
        cut = "" if self.degree is None else rf"\text{{, up to degree {self.degree}}}"
        return rf"\{self.outer}({self.inner.latex()}){cut}"


def known_analytic(n: int) -> list[Analytic]:
    """exp(z₁ + …) and sin(z₁z₂ …)."""
    total = polynomial(n, {tuple(int(i == k) for i in range(n)): 1 for k in range(n)})
    return [Analytic("exp", total), Analytic("sin", polynomial(n, {(1,) * min(n, 2) + (0,) * (n - 2): 1}))]


def random_analytic(n: int, generator: random.Random) -> Analytic:
    """Of one or two terms of degree at most 2."""
    terms: dict[tuple[int, ...], int] = {}
    for _ in range(2):
        m = tuple(generator.choice((0, 1)) for _ in range(n))
        if 0 < sum(m) <= 2:
            terms[m] = generator.choice((-1, 1))
    return Analytic(generator.choice(("exp", "sin")), polynomial(n, terms or {(1, *(0,) * (n - 1)): 1}))
