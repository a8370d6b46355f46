r"""Truncated power series in several variables: their products and functions, degree by degree.

A series is the list of its homogeneous parts, u = u₀ + u₁ + … + u_K with u_k of total degree k in t. The parts are
elements of a polynomial ring; the constants that a function needs come as elements of it, too. The Euler operator
:math:`\sum_i t_i \partial_i` multiplies u_k by k, so that y = φ(u) with y′ = w u′ obeys

.. math:: k\, y_k = \sum_{j=1}^{k} j\, u_j\, w_{k-j},

where w may need no more of y than the parts before the k-th. Everything is exact.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from decompositions.expressions.expansion.rings import AbstractNumbers, Element, Scalar

Series = list[Element]


def times(ring: AbstractNumbers, a: Series, b: Series) -> Series:
    """The product of two series."""
    there = [j for j, part in enumerate(a) if part]
    return [sum((a[j] * b[k - j] for j in there if j <= k and b[k - j]), ring.zero) for k in range(len(a))]


def natural_power(ring: AbstractNumbers, u: Series, exponent: int) -> Series:
    """u to a natural power."""
    result = [ring.one, *[ring.zero] * (len(u) - 1)]
    for bit in bin(exponent)[2:] if exponent else "":
        result = times(ring, result, result)
        result = times(ring, result, u) if bit == "1" else result
    return result


def power(ring: AbstractNumbers, u: Series, exponent: Scalar | Element, start: Element, inverse: Element) -> Series:
    """y = u^a from u y′ = a y u′, with start = u₀^a and inverse = 1/u₀."""
    y = [start]
    for k in range(1, len(u)):
        terms = [
            (u[j] * y[k - j]) * (exponent * j - ring.scalar(k - j, 1)) for j in range(1, k + 1) if u[j] and y[k - j]
        ]
        y.append(sum(terms, ring.zero) * ring.scalar(1, k) * inverse)
    return y


def exponential(ring: AbstractNumbers, u: Series, start: Element) -> Series:
    """eᵘ from y′ = y u′, with start = e^{u₀}."""
    return _solved(ring, u, start, lambda y, k: y[k])


def logarithm(ring: AbstractNumbers, u: Series, start: Element, inverse: Element) -> Series:
    """log u from u y′ = u′, with start = log u₀ and inverse = 1/u₀."""
    y = [start]
    for k in range(1, len(u)):
        terms = [y[j] * u[k - j] * j for j in range(1, k) if y[j] and u[k - j]]
        y.append((u[k] - sum(terms, ring.zero) * ring.scalar(1, k)) * inverse)
    return y


def sine_and_cosine(
    ring: AbstractNumbers, u: Series, sine: Element, cosine: Element, sign: int = -1
) -> tuple[Series, Series]:
    """s and c from s′ = c u′ and c′ = sign · s u′: sin and cos of u, or sinh and cosh with sign 1."""
    s, c = [sine], [cosine]
    scaled = _euler(u)
    for k in range(1, len(u)):
        s.append(_convolved(ring, scaled, c, k) * ring.scalar(1, k))
        c.append(_convolved(ring, scaled, s, k) * ring.scalar(sign, k))
    return s, c


def tangent(ring: AbstractNumbers, u: Series, start: Element, sign: int = 1) -> Series:
    """y from y′ = (1 + sign · y²) u′: tan u, or tanh u with sign −1, with start = y₀."""

    def slope(y: Series, k: int) -> Element:
        return _coefficient(ring, y, y, k) * sign + (ring.zero if k else ring.one)

    return _solved(ring, u, start, slope)


def primitive(ring: AbstractNumbers, u: Series, start: Element, slope: Series) -> Series:
    """φ(u) from the series slope = φ′(u), with start = φ(u₀)."""
    return _solved(ring, u, start, lambda y, k: slope[k])


def composed(ring: AbstractNumbers, u: Series, coefficients: Sequence[Element]) -> Series:
    """Σ_k c_k (u − u₀)^k by Horner's rule: any function from its own Taylor coefficients at u₀."""
    rest = [ring.zero, *u[1:]]
    y = [coefficients[-1], *[ring.zero] * (len(u) - 1)]
    for coefficient in reversed(coefficients[:-1]):
        y = times(ring, y, rest)
        y[0] = y[0] + coefficient
    return y


def _solved(ring: AbstractNumbers, u: Series, start: Element, slope: Callable[[Series, int], Element]) -> Series:
    """y with y₀ = start and y′ = w u′, where slope(y, k) is w_k and needs y₀ … y_k."""
    y: Series = [start]
    w: Series = []
    scaled = _euler(u)
    for k in range(1, len(u)):
        w.append(slope(y, k - 1))
        y.append(_convolved(ring, scaled, w, k) * ring.scalar(1, k))
    return y


def _euler(u: Series) -> Series:
    """j u_j for every j."""
    return [part * j for j, part in enumerate(u)]


def _convolved(ring: AbstractNumbers, scaled: Series, w: Series, k: int) -> Element:
    """Σ_{j≥1} (j u_j) w_{k−j}."""
    return sum((scaled[j] * w[k - j] for j in range(1, k + 1) if scaled[j] and w[k - j]), ring.zero)


def _coefficient(ring: AbstractNumbers, a: Series, b: Series, k: int) -> Element:
    """Σ_j a_j b_{k−j}."""
    return sum((a[j] * b[k - j] for j in range(k + 1) if a[j] and b[k - j]), ring.zero)
