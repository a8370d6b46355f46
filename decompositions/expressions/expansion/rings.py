"""Polynomials over the rational numbers: python-flint's where it is installed, SymPy's otherwise."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from typing import Any

from sympy import Expr, Rational

Element = Any  # of the ring: elements know + − * ** with each other, and * with whole numbers and scalars
Scalar = Any  # a rational number in the ring's own type


class AbstractNumbers(ABC):
    """What the coefficients of a series can be: a commutative ring over the rational numbers."""

    @abstractmethod
    def generators(self) -> tuple[Element, ...]:
        """What stands for the players' t, and for constants."""

    @abstractmethod
    def scalar(self, numerator: int, denominator: int) -> Scalar:
        """A rational number, to multiply elements with."""

    @abstractmethod
    def element(self, scalar: Scalar) -> Element:
        """A rational number as an element of the ring."""

    @abstractmethod
    def size(self, element: Element) -> int:
        """The number of terms of an element."""

    @abstractmethod
    def quotient(self, element: Element, divisor: Element) -> Element:
        """An element by another one that divides it.

        Raises:
            ValueError: it does not.
            ZeroDivisionError: it is zero.
        """

    @cached_property
    def zero(self) -> Element:
        return self.element(self.scalar(0, 1))

    @cached_property
    def one(self) -> Element:
        return self.element(self.scalar(1, 1))


class AbstractRing(AbstractNumbers):
    """ℚ[z₁, …, z_r] with the lexicographic order of monomials, z₁ > z₂ > … > z_r."""

    @abstractmethod
    def terms(self, element: Element) -> Iterable[tuple[tuple[int, ...], Scalar]]:
        """Monomials (exponents) and their coefficients, the largest monomial first."""

    @abstractmethod
    def ratio(self, scalar: Scalar) -> tuple[int, int]:
        """Numerator and denominator of a scalar, coprime."""

    def size(self, element: Element) -> int:
        return len(element)


@dataclass(frozen=True)
class LineNumbers(AbstractNumbers):
    """Floats, along a line on which every player goes at a speed of its own.

    >>> line = LineNumbers((1.0, -0.5))
    >>> line.generators(), line.scalar(1, 4)
    ((1.0, -0.5), 0.25)
    """

    speeds: tuple[float, ...]

    def generators(self) -> tuple[float, ...]:
        return self.speeds

    def scalar(self, numerator: int, denominator: int) -> float:
        return numerator / denominator

    def element(self, scalar: float) -> float:
        return scalar

    def size(self, element: float) -> int:
        return 1

    def quotient(self, element: float, divisor: float) -> float:
        return element / divisor


@dataclass(frozen=True)
class ExactLineNumbers(AbstractNumbers):
    """The same in SymPy's exact numbers.

    >>> line = ExactLineNumbers((Rational(1), Rational(-1, 2)))
    >>> line.quotient(line.scalar(1, 4), line.generators()[1])
    -1/2
    """

    speeds: tuple[Rational, ...]

    def generators(self) -> tuple[Rational, ...]:
        return self.speeds

    def scalar(self, numerator: int, denominator: int) -> Rational:
        return Rational(numerator, denominator)

    def element(self, scalar: Rational) -> Rational:
        return scalar

    def size(self, element: Expr) -> int:
        return 1

    def quotient(self, element: Expr, divisor: Expr) -> Expr:
        if divisor == 0:
            raise ZeroDivisionError("the divisor is zero on this line")
        return element / divisor


@dataclass(frozen=True)
class FlintRing(AbstractRing):
    """Elements are ``flint.fmpq_mpoly``."""

    names: tuple[str, ...]

    @cached_property
    def context(self) -> Any:
        from flint import Ordering, fmpq_mpoly_ctx

        return fmpq_mpoly_ctx.get(self.names, Ordering.lex)

    @cached_property
    def scalar(self) -> Any:  # the type itself, called for every coefficient
        from flint import fmpq

        return fmpq

    def generators(self) -> tuple[Element, ...]:
        return tuple(self.context.gens())

    def element(self, scalar: Scalar) -> Element:
        return self.context.constant(scalar)

    def terms(self, element: Element) -> Iterable[tuple[tuple[int, ...], Scalar]]:
        return zip(element.monoms(), element.coeffs(), strict=True)

    def ratio(self, scalar: Scalar) -> tuple[int, int]:
        return int(scalar.p), int(scalar.q)

    def quotient(self, element: Element, divisor: Element) -> Element:
        found, rest = divmod(element, divisor)
        return _exactly(found, rest)


@dataclass(frozen=True)
class SympyRing(AbstractRing):
    """Elements are ``sympy.polys.rings.PolyElement``."""

    names: tuple[str, ...]

    @cached_property
    def ring(self) -> Any:
        from sympy import QQ, ring

        return ring(self.names, QQ)[0]

    def generators(self) -> tuple[Element, ...]:
        return tuple(self.ring.gens)

    def scalar(self, numerator: int, denominator: int) -> Scalar:
        return self.ring.domain(numerator, denominator)

    def element(self, scalar: Scalar) -> Element:
        return self.ring.ground_new(scalar)

    def terms(self, element: Element) -> Iterable[tuple[tuple[int, ...], Scalar]]:
        return element.terms()

    def ratio(self, scalar: Scalar) -> tuple[int, int]:
        return int(scalar.numerator), int(scalar.denominator)

    def quotient(self, element: Element, divisor: Element) -> Element:
        found, rest = element.div(divisor)
        return _exactly(found, rest)


def _exactly(quotient: Element, rest: Element) -> Element:
    if rest:
        raise ValueError(
            "a numerator is 0 where its denominator is, but only by an identity between its functions; simplify the "
            "expression, or use harsanyi(), which needs no series"
        )
    return quotient


def polynomial_ring(names: Iterable[str]) -> AbstractRing:
    """The ring with generators of these names: the fast one where it is installed (extra ``fast``).

    >>> z = polynomial_ring(["z"]).generators()[0]
    >>> (z + 1) ** 2 == z * z + 2 * z + 1
    True
    """
    kind = SympyRing if find_spec("flint") is None else FlintRing
    return kind(tuple(names))
