r"""The constants of a series as generators of its ring.

A series over ℚ needs constants that are not rational: e^{1/2}, sin 1, √2, 1/(1 + e), or a symbol. Each is a polynomial
in a few *atoms*, which are generators of the ring beside t. What the atoms obey is known as *relations* (s² + c² = 1,
r² = 2, i · (1 + e) = 1), by which every coefficient is reduced before it becomes an expression again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any

import mpmath
import sympy

from decompositions.expressions.expansion.rings import AbstractRing, Element, Scalar
from decompositions.expressions.normal_form import places, settled

DIGITS = 60
ZERO = mpmath.mpf(10) ** -40  # relative to its terms: what is larger is no zero, what is smaller is to be proved


def decompose(value: sympy.Expr, atom: Callable[[sympy.Expr], Any], number: Callable[[sympy.Rational], Any]) -> Any:
    """A constant as a polynomial in atoms.

    Args:
        value: an expression without players.
        atom: from an atom to an element of the ring.
        number: from a rational number to an element of the ring.
    """
    if value.is_Rational:
        return number(value)
    if value.is_Add or value.is_Mul:
        parts = [decompose(part, atom, number) for part in value.args]
        total = parts[0]
        for part in parts[1:]:
            total = total + part if value.is_Add else total * part
        return total
    if value.is_Pow and value.exp.is_Integer and value.exp > 0:
        return decompose(value.base, atom, number) ** int(value.exp)
    if isinstance(value, sympy.exp) and value.args[0].is_Add:
        return decompose(sympy.Mul(*map(sympy.exp, value.args[0].args), evaluate=False), atom, number)
    base, exponent = _as_atom(value)
    return atom(base) ** exponent


def atoms_of(values: Iterable[sympy.Expr]) -> list[sympy.Expr]:
    """The atoms of all the constants; what an atom is made of comes before it."""
    found: dict[sympy.Expr, None] = {}

    def record(atom: sympy.Expr) -> int:
        if atom.is_Pow:
            decompose(atom.base, record, lambda number: 1)
        found[atom] = None
        return 1

    for value in values:
        decompose(value, record, lambda number: 1)
    return list(found)


def _as_atom(value: sympy.Expr) -> tuple[sympy.Expr, int]:
    """An atom and the natural power of it that the value is: e^{−3m/2} is (e^{−m/2})³, b^{−3/2} is (b^{−1/2})³."""
    if value is sympy.E or isinstance(value, sympy.exp):
        rational, rest = (value.args[0] if value.args else sympy.Integer(1)).as_coeff_Mul()
        return sympy.exp(rest * sympy.Rational(sympy.sign(rational), rational.q)), abs(int(rational.p))
    if value.is_Pow and value.exp.is_Rational:
        return sympy.Pow(value.base, sympy.Rational(sympy.sign(value.exp), value.exp.q)), abs(int(value.exp.p))
    return value, 1


class Constants:
    """The atoms of a series, in the ring and out of it again.

    Args:
        ring: whose generators are the n players' t, then the atoms.
        n: the number of players.
        atoms: as :func:`atoms_of` gives them.
    """

    def __init__(self, ring: AbstractRing, n: int, atoms: list[sympy.Expr]) -> None:
        self.ring, self.n, self.atoms = ring, n, atoms
        self._generators = dict(zip(atoms, ring.generators()[n:], strict=True))
        self._rationals: dict[tuple[int, int], sympy.Rational] = {}

    def element(self, value: sympy.Expr) -> Element:
        """A constant in the ring."""
        return decompose(
            value, self._generators.__getitem__, lambda q: self.ring.element(self.ring.scalar(int(q.p), int(q.q)))
        )

    def rational(self, scalar: Scalar) -> sympy.Rational:
        """A rational number as SymPy's; equal ones are one object."""
        pair = self.ring.ratio(scalar)
        if pair not in self._rationals:
            self._rationals[pair] = sympy.Rational(*pair)
        return self._rationals[pair]

    def value(self, terms: list[tuple[tuple[int, ...], Scalar]]) -> sympy.Expr:
        """A polynomial in the atoms as an expression: reduced by the relations, 0 if it vanishes identically.

        Args:
            terms: exponents of the atoms, and coefficients.
        """
        if all(not any(exponents) for exponents, _ in terms):
            return self.rational(terms[0][1]) if terms else sympy.Integer(0)
        domain = self._reducing.domain
        reduced = self._reducing.from_dict(
            {tuple(map(int, reversed(exponents))): domain(*self.ring.ratio(scalar)) for exponents, scalar in terms}
        ).rem(self._relations)
        expression = sympy.Add(
            *(
                sympy.Rational(int(c.numerator), int(c.denominator))
                * sympy.Mul(*(a ** int(e) for a, e in zip(self.atoms[::-1], exponents, strict=True) if e))
                for exponents, c in reduced.terms()
            )
        )
        if expression.is_Rational or not self._may_vanish(reduced):
            return expression
        return settled(expression)

    @cached_property
    def _reducing(self) -> Any:
        """ℚ[atoms]; the atom that is made of others is the larger one."""
        return sympy.ring([f"c{i}" for i in reversed(range(len(self.atoms)))], sympy.QQ)[0]

    @cached_property
    def _relations(self) -> list[Any]:
        """Polynomials that are zero, each with a leading term of its own."""
        known = dict(zip(self.atoms, reversed(self._reducing.gens), strict=True))

        def polynomial(value: sympy.Expr) -> Any:
            return decompose(value, known.__getitem__, self._reducing.ground_new)

        found = []
        for atom, generator in known.items():
            partner, sign = _partner(atom)
            if partner in known:
                found.append(generator**2 + sign * known[partner] ** 2 + (-1 if sign > 0 else 1))
            elif isinstance(atom, sympy.exp) and sympy.exp(-atom.args[0]) in known and _leads_with_minus(atom):
                found.append(generator * known[sympy.exp(-atom.args[0])] - 1)
            elif atom.is_Pow and atom.exp.is_Rational and atom.base is not sympy.E:
                whole = generator ** int(atom.exp.q)
                base = polynomial(atom.base)
                found.append(whole - base if atom.exp > 0 else whole * base - 1)
        return found

    def _may_vanish(self, polynomial: Any) -> bool:
        """Whether it is small beside its terms at a place, to 40 digits."""
        with mpmath.workdps(DIGITS):
            terms = []
            for exponents, c in polynomial.terms():
                term = mpmath.mpf(int(c.numerator)) / int(c.denominator)
                for base, exponent in zip(self._numbers, exponents, strict=True):
                    term *= base ** int(exponent)
                terms.append(term)
            return bool(abs(mpmath.fsum(terms)) <= ZERO * mpmath.fsum(map(abs, terms)))

    @cached_property
    def _numbers(self) -> list[Any]:
        """The atoms at a place, largest first as in the ring."""
        symbols = set().union(*(atom.free_symbols for atom in self.atoms))
        place = places(symbols)[0]
        return [atom.xreplace(place).evalf(DIGITS)._to_mpmath(4 * DIGITS) for atom in reversed(self.atoms)]


def _partner(atom: sympy.Expr) -> tuple[sympy.Expr | None, int]:
    """The function whose square and this one's have a sum (sign 1) or difference of one."""
    if isinstance(atom, sympy.sin):
        return sympy.cos(atom.args[0]), 1
    return (sympy.cosh(atom.args[0]), -1) if isinstance(atom, sympy.sinh) else (None, 1)


def _leads_with_minus(atom: sympy.exp) -> bool:
    return bool(atom.args[0].could_extract_minus_sign())
