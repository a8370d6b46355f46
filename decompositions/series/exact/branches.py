"""Which branch of Abs, sign, Max, Min and Piecewise holds around a baseline: there f is an expression without kinks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import sympy

from decompositions.arguments import shown
from decompositions.expressions.expansion.limits import value_by_limit
from decompositions.expressions.normal_form import vanishes

KINKED = (sympy.Abs, sympy.sign, sympy.Heaviside, sympy.Max, sympy.Min, sympy.Piecewise)
Places = Mapping[sympy.Symbol, sympy.Expr]


@dataclass(frozen=True)
class Margin:
    """A condition ``value > 0`` under which a branch holds; where no ``jump`` is beyond it, at 0, too.

    Args:
        value: an expression without kinks, positive at the baseline.
        jump: whether the function may jump where it is 0.
    """

    value: sympy.Expr
    jump: bool = False


@dataclass
class Branch:
    """An expression as it is around a place, part by part.

    Args:
        places: the values of the players' symbols.
        margins: the conditions under which it is so, found on the way.
    """

    places: Places
    margins: list[Margin] = field(default_factory=list)
    _known: dict[sympy.Basic, sympy.Expr] = field(default_factory=dict)

    def smooth(self, part: sympy.Expr) -> sympy.Expr:
        """A part without its kinks.

        Raises:
            ValueError: the place is on a kink, or it cannot be told on which side of one.

        >>> u = sympy.Symbol("u")
        >>> branch = Branch({u: sympy.Integer(-1)})
        >>> branch.smooth(sympy.Abs(u) + u**2), branch.margins
        (u**2 - u, [Margin(value=-u, jump=False)])
        """
        part = part.replace(_is_root_of_squares, _with_sizes)
        if not part.has(*KINKED):
            return part
        if part not in self._known:
            self._known[part] = self._chosen(part)
        return self._known[part]

    def _chosen(self, part: sympy.Expr) -> sympy.Expr:
        if isinstance(part, sympy.Piecewise):
            return self._case(part)
        parts = [self.smooth(each) for each in part.args]
        if part.free_symbols.isdisjoint(self.places) or not isinstance(part, KINKED):
            return part.func(*parts)
        if isinstance(part, (sympy.Max, sympy.Min)):
            return self._extreme(part, parts, 1 if isinstance(part, sympy.Max) else -1)
        side = self._require(part, parts[0], not isinstance(part, sympy.Abs))
        if isinstance(part, sympy.Abs):
            return side * parts[0]
        return sympy.Integer(side if isinstance(part, sympy.sign) else (1 + side) // 2)

    def _extreme(self, part: sympy.Expr, parts: list[sympy.Expr], sign: int) -> sympy.Expr:
        """The largest argument of all (sign 1), or the smallest (sign −1)."""
        best = parts[0]
        for each in parts[1:]:
            best = each if self._side(part, sign * (each - best)) > 0 else best
        for each in parts:
            if each != best:
                self._require(part, sign * (best - each), False)
        return best

    def _case(self, part: sympy.Piecewise) -> sympy.Expr:
        for case in part.args:
            told: Callable[[sympy.Expr], sympy.Basic] = self._told(part)
            if case.cond.replace(lambda each: isinstance(each, sympy.core.relational.Relational), told) == sympy.true:
                return self.smooth(case.expr)
        raise ValueError(f"{shown(part)} has no value at {self._where()}: none of its conditions holds there")

    def _told(self, part: sympy.Piecewise) -> Callable[[sympy.Expr], sympy.Basic]:
        """From a comparison to whether it holds."""

        def told(relation: sympy.Expr) -> sympy.Basic:
            if relation.free_symbols.isdisjoint(self.places):
                return relation
            difference = self.smooth(relation.lhs) - self.smooth(relation.rhs)
            side = self._require(part, difference, True)
            return relation.func(sympy.Integer(side), sympy.Integer(0))

        return told

    def _require(self, part: sympy.Expr, value: sympy.Expr, jump: bool) -> int:
        """The sign of a value that must not be zero, and a margin more."""
        side = self._side(part, value)
        if not side:
            raise ValueError(
                f"no Taylor series of {shown(part)} is known at {self._where()}: it has a kink there, where "
                f"{shown(value)} is 0; take a baseline beside it, or harsanyi(), which needs no series"
            )
        if not value.free_symbols.isdisjoint(self.places):
            self.margins.append(Margin(side * value, jump))
        return side

    def _side(self, part: sympy.Expr, value: sympy.Expr) -> int:
        """The sign of the value of an expression at the place: −1, 0 or 1."""
        number = value_by_limit(value, self.places)
        if number.has(sympy.nan, sympy.zoo, sympy.oo, -sympy.oo) or number.is_extended_real is False:
            raise ValueError(
                f"no Taylor series of {shown(part)} is known at {self._where()}, where {shown(value)} has no finite "
                "real value; take another baseline"
            )
        zero = vanishes(number)
        positive = number.is_positive
        if zero is None or (not zero and positive is None):
            raise ValueError(
                f"no Taylor series of {shown(part)} is known at {self._where()}: it has a kink, and it is not known on "
                f"which side of it {shown(number)} is; give numbers for its symbols"
            )
        return 0 if zero else 1 if positive else -1

    def _where(self) -> str:
        return shown(", ".join(f"{symbol} = {value}" for symbol, value in self.places.items()))


def _is_root_of_squares(part: sympy.Expr) -> bool:
    """√(u²), which is |u|, and its like."""
    if not (part.is_Pow and part.exp.is_Rational and not part.exp.is_Integer):
        return False
    return all(each.is_Pow and each.exp.is_even for each in sympy.Mul.make_args(part.base))


def _with_sizes(part: sympy.Expr) -> sympy.Expr:
    return sympy.Mul(*(sympy.Abs(each.base) ** (each.exp * part.exp) for each in sympy.Mul.make_args(part.base)))
