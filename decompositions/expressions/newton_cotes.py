r"""Exact quadrature of polynomials on [0, 1] at equispaced nodes.

The weight of node i/N is the integral of the Lagrange polynomial that is 1 there and 0 at the other nodes,

.. math:: w_i = \frac{(-1)^{N-i}}{N\, i!\, (N-i)!} \int_0^N \prod_{j \ne i} (s - j)\, ds,

found in whole numbers.
"""

from __future__ import annotations

from fractions import Fraction
from math import factorial, lcm


def rule(count: int) -> tuple[list[Fraction], list[Fraction]]:
    """Nodes and weights, exact for polynomials of degree count − 1.

    >>> rule(3)[1]
    [Fraction(1, 6), Fraction(2, 3), Fraction(1, 6)]
    """
    last = count - 1
    if not last:
        return [Fraction(0)], [Fraction(1)]
    product = [1]  # Π (s − j), the coefficient of the highest power first
    for j in range(count):
        product = [one - j * other for one, other in zip([*product, 0], [0, *product], strict=True)]
    common = lcm(*range(1, count + 1))
    moments = [last ** (k + 1) * (common // (k + 1)) for k in reversed(range(count))]  # of s^k, times common
    weights = []
    for i in range(count):
        rest, total = 0, 0
        for coefficient, moment in zip(product, moments, strict=False):  # the quotient by s − i, by Horner's rule
            rest = coefficient + i * rest
            total += rest * moment
        sign = -1 if (last - i) % 2 else 1
        weights.append(Fraction(sign * total, common * last * factorial(i) * factorial(last - i)))
    return [Fraction(i, last) for i in range(count)], weights
