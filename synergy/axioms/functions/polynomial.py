"""Polynomials with rational coefficients, as tables of their terms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import product
from math import ceil, comb, prod

from synergy.axioms.functions.bernstein import least_coefficient
from synergy.axioms.functions.function import AbstractAlgebra, Point, simpler_number, whole_size
from synergy.axioms.functions.writing import latex_sum, monomial, text_sum

Exponents = tuple[int, ...]


@dataclass(frozen=True)
class Polynomial(AbstractAlgebra):
    """Σ c_m z^m.

    Args:
        inputs: n.
        terms: exponents and coefficients, none zero, sorted by degree.
    """

    inputs: int
    terms: tuple[tuple[Exponents, Fraction], ...]

    @property
    def n(self) -> int:
        return self.inputs

    @property
    def size(self) -> tuple[int, ...]:
        degrees = [sum(m) for m, _ in self.terms]
        return (len(self.terms), sum(degrees), whole_size([c for _, c in self.terms]))

    @cached_property
    def by_exponents(self) -> dict[Exponents, Fraction]:
        return dict(self.terms)

    def __call__(self, z: Point) -> Fraction:
        total = Fraction(0)
        for m, c in self.terms:
            for place, k in zip(z, m, strict=True):
                if k and place != 1:
                    c = c * place**k
            total += c
        return total

    def plus(self, other: Polynomial, factor: Fraction = Fraction(1)) -> Polynomial:
        total = dict(self.terms)
        for m, c in other.terms:
            total[m] = total.get(m, Fraction(0)) + factor * c
        return polynomial(self.n, total)

    def times(self, other: Polynomial) -> Polynomial:
        """F G."""
        total: dict[Exponents, Fraction] = {}
        for (m, c), (k, d) in product(self.terms, other.terms):
            both = tuple(a + e for a, e in zip(m, k, strict=True))
            total[both] = total.get(both, Fraction(0)) + c * d
        return polynomial(self.n, total)

    def swapped(self, i: int, j: int) -> Polynomial:
        def swap(m: Exponents) -> Exponents:
            changed = list(m)
            changed[i], changed[j] = m[j], m[i]
            return tuple(changed)

        return polynomial(self.n, {swap(m): c for m, c in self.terms})

    def same_map(self, other: Polynomial) -> bool:
        return self == other

    def reads(self, i: int) -> bool:
        return any(m[i] for m, _ in self.terms)

    def without(self, i: int) -> Polynomial:
        return polynomial(self.n, {m: c for m, c in self.terms if not m[i]})

    def moved(self, scale: Point, shift: Point) -> Polynomial:
        starts = tuple(-d / c for c, d in zip(scale, shift, strict=True))
        return self.along(tuple(1 / c for c in scale), starts)

    def along(self, factors: Point, starts: Point) -> Polynomial:
        """F with start_i + factor_i z_i in place of every z_i, by the binomial theorem."""
        total: dict[Exponents, Fraction] = {}
        for m, c in self.terms:
            choices = [_binomial(k, f, s) for k, f, s in zip(m, factors, starts, strict=True)]
            for chosen in product(*choices):
                key = tuple(k for k, _ in chosen)
                total[key] = total.get(key, 0) + c * prod(part for _, part in chosen)
        return polynomial(self.n, total)

    def at(self, places: list[Polynomial]) -> Polynomial:
        """F with every input replaced by a polynomial."""
        total = polynomial(self.n, {})
        for m, c in self.terms:
            part = constant(self.n, c)
            for place, k in zip(places, m, strict=True):
                for _ in range(k):
                    part = part.times(place)
            total = total.plus(part)
        return total

    def of_sum(self) -> Polynomial:
        total = polynomial(self.n, {unit(self.n, i): Fraction(1) for i in range(self.n)})
        return polynomial(self.n, {(sum(m), *(0,) * (self.n - 1)): c for m, c in self.terms}).at([total] * self.n)

    def slope(self, i: int) -> Polynomial:
        """∂F/∂z_i."""
        return polynomial(self.n, {_changed(m, i, -1): c * m[i] for m, c in self.terms if m[i]})

    def on_cube(self, b: Point, x: Point) -> Polynomial:
        """The polynomial in t with z = b + t (x − b)."""
        return self.along(tuple(end - start for start, end in zip(b, x, strict=True)), b)

    @property
    def is_zero(self) -> bool:
        return not self.terms

    def rising(self, b: Point, x: Point, inputs: tuple[int, ...] | None = None) -> Polynomial:
        """With as much of every z_i added as its Bernstein coefficients on the box ask for, in whole numbers."""
        total = self
        for i in range(self.n) if inputs is None else inputs:
            least = least_coefficient(self.slope(i).on_cube(b, x).by_exponents, self.n)
            if least < 0:
                total = total.plus(polynomial(self.n, {unit(self.n, i): Fraction(ceil(-least))}))
        return total

    def alike(self, i: int, j: int) -> tuple[Polynomial, Polynomial]:
        """F, and the integral over z_j of ∂_i F."""
        slope = self.slope(i)
        return self, polynomial(self.n, {_changed(m, j, 1): c / (m[j] + 1) for m, c in slope.terms})

    def twin(self, b: Point, x: Point) -> Polynomial:
        """The one of degree one in every input: its powers of t are cut down to the first, and t = (z − b)/(x − b)."""
        linear: dict[Exponents, Fraction] = {}
        for m, c in self.on_cube(b, x).terms:
            who = tuple(min(k, 1) for k in m)
            linear[who] = linear.get(who, Fraction(0)) + c
        y = tuple(end - start if end != start else Fraction(1) for start, end in zip(b, x, strict=True))
        return polynomial(self.n, linear).moved(y, b)

    def simpler(self) -> Iterator[Polynomial]:
        for m, _ in self.terms:
            yield polynomial(self.n, {k: c for k, c in self.terms if k != m})
        for m, c in self.terms:
            rest = {k: d for k, d in self.terms if k != m}
            for i in range(self.n):
                if m[i]:
                    lower = _changed(m, i, -1)
                    yield polynomial(self.n, {**rest, lower: rest.get(lower, Fraction(0)) + c})
            for rounder in simpler_number(c):
                if rounder:
                    yield polynomial(self.n, {**rest, m: rounder})

    def text(self) -> str:
        return text_sum([(c, monomial(m)) for m, c in self.terms])

    def latex(self) -> str:
        return latex_sum([(c, monomial(m, latex=True)) for m, c in self.terms])


def polynomial(n: int, terms: Mapping[Exponents, Fraction | int]) -> Polynomial:
    """The polynomial of n inputs with these terms; zeros are left out.

    >>> polynomial(2, {(1, 1): 2, (2, 1): -1}).text()
    '2z₁z₂ − z₁²z₂'
    """
    kept = sorted((sum(m), tuple(-k for k in m)) for m, c in terms.items() if c)
    return Polynomial(n, tuple((m, _fraction(terms[m])) for m in (tuple(-k for k in negated) for _, negated in kept)))


def unit(n: int, i: int) -> Exponents:
    """The exponents of z_i."""
    return tuple(int(k == i) for k in range(n))


def constant(n: int, value: Fraction) -> Polynomial:
    """A number as a polynomial."""
    return polynomial(n, {(0,) * n: value})


def affine(n: int, i: int, factor: Fraction, start: Fraction) -> Polynomial:
    """factor · z_i + start."""
    return polynomial(n, {unit(n, i): factor, (0,) * n: start})


def _changed(m: Exponents, i: int, by: int) -> Exponents:
    return (*m[:i], m[i] + by, *m[i + 1 :])


def _binomial(k: int, factor: Fraction, start: Fraction) -> list[tuple[int, Fraction | int]]:
    """(start + factor z)^k by powers of z."""
    if not start:
        return [(k, factor**k)] if k else [(0, 1)]
    return [(j, comb(k, j) * factor**j * start ** (k - j)) for j in range(k + 1)]


def _fraction(value: Fraction | int) -> Fraction:
    return value if isinstance(value, Fraction) else Fraction(value)
