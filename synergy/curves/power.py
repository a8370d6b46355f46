"""Every player by a power of one parameter."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from math import gcd, lcm
from typing import Any

from decompositions.arguments import entries, real, shown
from decompositions.arithmetic import Array, is_exact, stack
from synergy.curves.curve import AbstractCurve, require_count

RULE = "the exponents of a power path are positive numbers, one for each player"


@dataclass(frozen=True)
class PowerCurve(AbstractCurve):
    r""":math:`\gamma_i(s) = s^{p_i}`.

    The same curve for all multiples of the exponents: in exact arithmetic it is taken with whole ones, whose greatest
    common divisor is 1, and elsewhere with 1 as the smallest, so that no derivative is infinite.

    Args:
        exponents: p, up to a common factor.
    """

    exponents: tuple[Fraction, ...]

    @property
    def whole(self) -> tuple[int, ...]:
        """The exponents in whole numbers."""
        common = lcm(*(p.denominator for p in self.exponents))
        numbers = [int(p * common) for p in self.exponents]
        return tuple(number // gcd(*numbers) for number in numbers)

    @property
    def degree(self) -> int | None:
        return max(self.whole)

    def _powers(self, s: Array) -> tuple[Any, ...]:
        if is_exact(s):
            return self.whole
        return tuple(float(p / min(self.exponents)) for p in self.exponents)

    def positions(self, s: Array) -> Array:
        return stack([s**p for p in self._powers(s)], -1)

    def velocities(self, s: Array) -> Array:
        return stack([p * s ** (p - 1) for p in self._powers(s)], -1)

    def require(self, n: int) -> None:
        require_count(len(self.exponents), n, "the game has")

    def __repr__(self) -> str:
        return f"power_path({', '.join(str(p) for p in self.exponents)})"


def power_path(*exponents: Any) -> PowerCurve:
    r"""The curve on which player i is at :math:`s^{p_i}`: the larger p, the later.

    .. math:: w_i(\kappa) = \frac{p_i \kappa_i}{\sum_j p_j \kappa_j}

    are the weights of its path method. With equal exponents it is the straight path.

    Args:
        exponents: p, one for each player; floats are read as the decimals that Python prints.

    Raises:
        TypeError, ValueError: no positive finite numbers.

    Theory: :ref:`power-paths`.

    >>> power_path(1, 0.5).whole
    (2, 1)
    """
    given = entries(exponents[0], RULE) if len(exponents) == 1 and isinstance(exponents[0], Iterable) else exponents
    if not given:
        raise ValueError(f"{RULE}; there are none")
    return PowerCurve(tuple(_fraction(p) for p in given))


def _fraction(given: Any) -> Fraction:
    if isinstance(given, Fraction):
        if given <= 0:
            raise ValueError(f"{RULE}, not {shown(given)}")
        return given
    return Fraction(str(real(given, RULE, above=0)))
