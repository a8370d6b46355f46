"""What an axiom needs of the functions on which it is tried."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

Point = tuple[Fraction, ...]


class AbstractFunction(ABC):
    """A function of n numbers that a method is asked of."""

    @property
    @abstractmethod
    def n(self) -> int:
        """The number of its inputs."""

    @property
    @abstractmethod
    def size(self) -> tuple[int, ...]:
        """How large it is written, for the order of functions from simple to involved."""

    @abstractmethod
    def __call__(self, z: Point) -> Any:
        """Its value; of rational coefficients exactly."""

    @abstractmethod
    def simpler(self) -> Iterator[Any]:
        """Functions like it that are written shorter."""

    @abstractmethod
    def text(self) -> str:
        """As a person writes it."""

    @abstractmethod
    def latex(self) -> str:
        """The same in mathematical mode."""

    def scale(self, z: Point) -> float:
        """The size of the numbers of which its value is made: what floats lose of it is a part of that."""
        return float(abs(self(z)))

    def regular(self, x: Point) -> bool:
        """Whether it has derivatives at x."""
        return True


class AbstractAlgebra(AbstractFunction):
    """A function with rational coefficients, from which others are made by its own algebra.

    Every axiom speaks of functions with some property (symmetric, non-decreasing, without z_i). The operations make
    such functions of any function, so that a search may change the latter freely.
    """

    @abstractmethod
    def __call__(self, z: Point) -> Fraction:
        """Its value, exactly."""

    @abstractmethod
    def plus(self, other: Any, factor: Fraction = Fraction(1)) -> AbstractAlgebra:
        """F + c G, for a G of the same kind."""

    @abstractmethod
    def swapped(self, i: int, j: int) -> AbstractAlgebra:
        """F with the inputs i and j in each other's place."""

    @abstractmethod
    def same_map(self, other: Any) -> bool:
        """Whether another function of the same kind has the same values everywhere."""

    @abstractmethod
    def reads(self, i: int) -> bool:
        """Whether its value depends on z_i."""

    @abstractmethod
    def without(self, i: int) -> AbstractAlgebra:
        """Like F, but it does not read z_i."""

    @abstractmethod
    def moved(self, scale: Point, shift: Point) -> AbstractAlgebra:
        """F ∘ T⁻¹ for T_i(z) = scale_i z_i + shift_i."""

    @abstractmethod
    def of_sum(self) -> AbstractAlgebra:
        """A function of Σ z alone."""

    @property
    @abstractmethod
    def is_zero(self) -> bool:
        """Whether it is written as nothing at all."""

    @abstractmethod
    def rising(self, b: Point, x: Point, inputs: tuple[int, ...] | None = None) -> AbstractAlgebra:
        """Like F, but non-decreasing in some inputs, by default in all, between b and x, where x ≥ b."""

    @abstractmethod
    def alike(self, i: int, j: int) -> tuple[AbstractAlgebra, AbstractAlgebra]:
        """Two functions made of F with ∂_i of the first = ∂_j of the second, everywhere."""

    @abstractmethod
    def twin(self, b: Point, x: Point) -> AbstractAlgebra:
        """Another function with the same values at the 2ⁿ corners x_T."""


def simpler_number(value: Fraction) -> Iterator[Fraction]:
    """Rounder numbers in place of one: 0, ±1, ±2, its whole part, halves; each simpler than the next."""
    sign = -1 if value < 0 else 1
    rounder = [Fraction(0), Fraction(1), Fraction(sign), Fraction(2 * sign), Fraction(round(value))]
    rounder += [Fraction(round(value * q), q) for q in (2, 3, 4)]
    seen: list[Fraction] = []
    for each in rounder:
        if each not in seen and plainness(each) < plainness(value):
            seen.append(each)
            yield each


def plainness(value: Fraction) -> tuple[int, int, bool]:
    """The order of numbers from simple to involved."""
    return (value.denominator, abs(value.numerator), value < 0)


def whole_size(numbers: Sequence[Fraction]) -> int:
    """How involved some numbers are, together: what their numerators and denominators exceed 1 by."""
    return sum(abs(each.numerator) + 3 * (each.denominator - 1) + (each < 0) for each in numbers)


def letter_names(n: int) -> tuple[str, ...]:
    """The inputs' names, z1 to zn."""
    return tuple(f"z{i + 1}" for i in range(n))
