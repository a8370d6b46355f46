"""From an expression to the plan of its series: a rule for each kind of part, and what is regular at the baseline."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import sympy

from decompositions.arguments import shown
from decompositions.expressions.expansion import recurrences
from decompositions.expressions.expansion.plan import Places, Plan, Step
from decompositions.expressions.expansion.recurrences import Series
from decompositions.expressions.expansion.removable import HIGHEST, Root, division, factored, order_on
from decompositions.expressions.expansion.rings import AbstractNumbers, Element, ExactLineNumbers
from decompositions.expressions.normal_form import settled, vanishes

FUNCTIONS: dict[Any, tuple[Callable[..., Any], Callable[..., Series]]] = {  # the constants of u₀, and the recurrence
    sympy.exp: (lambda c: (sympy.exp(c),), recurrences.exponential),
    sympy.log: (lambda c: (sympy.log(c), 1 / c), recurrences.logarithm),
    sympy.tan: (lambda c: (sympy.tan(c),), recurrences.tangent),
    sympy.tanh: (lambda c: (sympy.tanh(c),), lambda ring, u, y: recurrences.tangent(ring, u, y, -1)),
}
PAIRS = ((sympy.sin, sympy.cos, -1), (sympy.sinh, sympy.cosh, 1))
PRIMITIVES = (  # functions whose derivative has a rule
    sympy.acos, sympy.acosh, sympy.acot, sympy.acoth, sympy.asin, sympy.asinh, sympy.atan, sympy.atanh, sympy.erf,
    sympy.erfc, sympy.erfi,
)  # fmt: skip


def planned(parts: Iterable[sympy.Expr], start: Places, end: Places, top: int) -> Plan:
    """The plan of some expressions whose series go to a degree, whatever is lost in quotients.

    Raises:
        ValueError: one has no series at the start, or none that is known.
    """
    parts = list(parts)
    plan = _visited(parts, Plan(start, end, top))
    return _visited(parts, Plan(start, end, top + plan.lost)) if plan.lost else plan


def _visited(parts: Iterable[sympy.Expr], plan: Plan) -> Plan:
    planner = _Planner(plan)
    for part in parts:
        planner.visit(part)
    return plan


class _Planner:
    """Visits the parts of an expression, and adds the steps to their series to a plan."""

    def __init__(self, plan: Plan) -> None:
        self.plan, self.values = plan, plan.values

    def visit(self, part: sympy.Expr) -> None:
        """Add the steps to the series of a part of the expression.

        Raises:
            ValueError: it has none at the baseline, or none that is known.
        """
        if part in self.values:
            return
        if part in self.plan.baseline:
            self._player(part)
        elif not self._varies(part):
            self._add(part, part, (), (part,), self._constant)
        elif not all(isinstance(smaller, sympy.Expr) for smaller in part.args):
            raise _unknown(part)
        elif part.is_Mul and self._vanishing(part.args):
            self._quotient(part, part.args)
        elif part.is_Add:
            self._terms(part)
        else:
            for smaller in part.args:
                self.visit(smaller)
            self._composite(part)

    def _terms(self, part: sympy.Expr) -> None:
        """A sum; one whose terms have poles is taken as a fraction, in which they may cancel."""
        try:
            for smaller in part.args:
                self.visit(smaller)
        except ValueError:
            numerator, denominator = sympy.fraction(sympy.together(part))
            factors = (numerator, *(1 / factor for factor in sympy.Mul.make_args(denominator)))
            if not self._vanishing(factors):
                raise
            self._quotient(part, factors)
            return
        self._composite(part)

    def _vanishing(self, factors: Iterable[sympy.Expr]) -> dict[sympy.Expr, int]:
        """The factors of a denominator that are zero at the baseline, and their powers."""
        found = {}
        for factor in factors:
            if factor.is_Pow and factor.exp.is_Integer and factor.exp < 0 and self._varies(factor.base):
                self.visit(factor.base)
                if vanishes(self.values[factor.base]):
                    found[factor.base] = -int(factor.exp)
        return found

    def _quotient(self, part: sympy.Expr, factors: Iterable[sympy.Expr]) -> None:
        """A product whose denominator vanishes at the baseline.

        Raises:
            ValueError: it is not known to be regular there, or it has no change along the players.
        """
        bases = self._vanishing(factors)
        numerator = sympy.Mul(*(each for each in factors if not (each.is_Pow and each.base in bases)))
        by = division(bases, self.plan.baseline, self.plan.x)
        if by is None:
            smaller = [
                (factor, power) for base, power in bases.items() for factor in factored(base, self.plan.baseline)
            ]
            if len(smaller) > len(bases):
                self._quotient(part, (numerator, *(factor**-power for factor, power in smaller)))
            else:
                self._of_one_part(sympy.Mul(*factors), bases, part)
            return
        for found, (base, power) in zip(by.zeros, bases.items(), strict=True):
            self._require(self._divisible(numerator, found.root, by.orders[found.root]), base**-power, base)
            if vanishes(found.scale) is not False:
                raise ValueError(
                    f"no Taylor series of {shown(part)} is found: its denominator is 0 at the baseline, and "
                    f"{shown(base)} stays so up to x; write its limit into the expression, or use harsanyi(), which "
                    "needs no series"
                )
        self.visit(numerator)
        self.plan.lost += by.orders.total()
        value = self._limit(numerator, bases, by.orders.total())
        self._add(part, value, (numerator, *bases), by.inverses, by.run)

    def _limit(self, numerator: sympy.Expr, bases: dict[sympy.Expr, int], order: int) -> sympy.Expr:
        """The value of a regular quotient at the baseline, along one line."""
        by, known = division(bases, self.plan.baseline, self._beside()), self._on_a_line([numerator, *bases], order)
        assert by is not None  # as it is known towards x
        value = settled(by.run(self._line(), known[numerator], *(known[base] for base in bases), *by.inverses)[0])
        simple = value if value.is_Rational else sympy.simplify(value)
        return simple if simple.is_Rational else value

    def _divisible(self, numerator: sympy.Expr, root: Root, order: int) -> bool:
        """Whether a numerator vanishes on a surface, often enough."""
        if order > HIGHEST:
            return False
        if {symbol for symbol in numerator.free_symbols if symbol in self.plan.baseline} <= {root[0]}:
            terms = self._on_a_line([numerator], order - 1)[numerator]
            return all(vanishes(term) for term in terms[:order])
        return order_on(numerator, root, order) >= order

    def _of_one_part(self, quotient: sympy.Expr, bases: Iterable[sympy.Expr], part: sympy.Expr) -> None:
        """A quotient that depends on one part alone, as exp(x·y) − 1 over x·y does: from its series in that part."""
        variable = sympy.Dummy("u")
        for inner in (each for base in bases for each in sympy.preorder_traversal(base)):
            outer = quotient.subs(inner, variable) if inner.args and self._varies(inner) else quotient
            if outer.free_symbols.isdisjoint(self.plan.baseline):
                self.visit(inner)
                start = self.values[inner]
                plan = planned([outer], {variable: start}, {variable: start + 1}, self.plan.top)
                terms = plan.run(outer, ExactLineNumbers((sympy.Integer(1),)), lambda value: value)
                constants = tuple(map(settled, terms[: self.plan.top + 1]))
                run = lambda ring, u, *c: recurrences.composed(ring, u, c)  # noqa: E731
                self._add(part, constants[0], (inner,), constants, run)
                return
        base = next(iter(bases))
        self._require(False, 1 / base, base)

    def _on_a_line(self, parts: list[sympy.Expr], top: int) -> dict[sympy.Expr, Series]:
        """The exact series of some parts on a line through the baseline."""
        return planned(parts, self.plan.baseline, self._beside(), top).run_all(self._line(), lambda value: value)

    def _beside(self) -> Places:
        return {symbol: value + 1 for symbol, value in self.plan.baseline.items()}

    def _line(self) -> ExactLineNumbers:
        """A line on which no linear form of small numbers is zero."""
        return ExactLineNumbers(tuple(sympy.Rational(1, sympy.prime(i + 50)) for i in range(len(self.plan.baseline))))

    def _composite(self, part: sympy.Expr) -> None:
        inner = part.args[-1]
        if part.is_Add or part.is_Mul:
            value = part.func(*(self.values[each] for each in part.args))
            self._add(part, value, part.args, (), _sum if part.is_Add else _product)
        elif part.is_Pow:
            self._power(part, *part.args)
        elif part.func in FUNCTIONS:
            needed, recurrence = FUNCTIONS[part.func]
            self._require(part.func is not sympy.log or not self._is_zero(inner), part, inner)
            constants = needed(self.values[inner])
            self._add(part, constants[0], (inner,), constants, recurrence)
        elif any(part.func in pair for pair in PAIRS):
            self._pair(inner, *next(pair for pair in PAIRS if part.func in pair))
        elif part.func in PRIMITIVES:
            self._primitive(part, inner)
        else:
            self._composed(part)

    def _player(self, symbol: sympy.Symbol) -> None:
        """b_i + t_i d_i."""
        place, start = list(self.plan.baseline).index(symbol), self.plan.baseline[symbol]

        def line(ring: AbstractNumbers, constant: Element, change: Element) -> Series:
            return [constant, ring.generators()[place] * change, *[ring.zero] * self.plan.top][: self.plan.top + 1]

        self._add(symbol, start, (), (start, sympy.expand(self.plan.x[symbol] - start)), line)

    def _constant(self, ring: AbstractNumbers, value: Element) -> Series:
        return [value, *[ring.zero] * self.plan.top]

    def _power(self, part: sympy.Expr, base: sympy.Expr, exponent: sympy.Expr) -> None:
        if self._varies(exponent):  # exp(e log b)
            inner = sympy.Mul(exponent, sympy.log(base), evaluate=False)
            self.visit(inner)
            value = sympy.exp(self.values[inner])
            self._add(part, value, (inner,), (value,), recurrences.exponential)
        elif exponent.is_Integer and exponent > 0:
            value = self.values[base] ** exponent
            self._add(part, value, (base,), (), lambda ring, u: recurrences.natural_power(ring, u, int(exponent)))
        else:
            self._require(not self._is_zero(base), part, base)
            start = self.values[base]
            value = start**exponent
            self._add(part, value, (base,), (exponent, value, 1 / start), _real_power(exponent))

    def _pair(self, inner: sympy.Expr, sine: Any, cosine: Any, sign: int) -> None:
        """Sine and cosine, circular or hyperbolic, found together."""
        start = self.values[inner]
        gives, constants = (sine(inner), cosine(inner)), (sine(start), cosine(start))
        self.values |= dict(zip(gives, constants, strict=True))
        run = lambda ring, u, s, c: recurrences.sine_and_cosine(ring, u, s, c, sign)  # noqa: E731
        self.plan.steps.append(Step(gives, (inner,), constants, run))

    def _primitive(self, part: sympy.Expr, inner: sympy.Expr) -> None:
        """A function from the series of its derivative."""
        variable = sympy.Dummy("u")
        slope = part.func(variable).diff(variable).xreplace({variable: inner})
        value = part.func(self.values[inner])
        try:
            self.visit(slope)
        except ValueError:
            self._require(False, part, inner)
        self._add(part, value, (inner, slope), (value,), lambda ring, u, w, y: recurrences.primitive(ring, u, y, w))

    def _composed(self, part: sympy.Expr) -> None:
        """Any function of one part, from its derivatives f⁽ᵏ⁾(u₀) / k!, as many as are asked for."""
        self.plan.derives = True
        inner = [each for each in part.args if self._varies(each)]
        if len(inner) > 1 or not isinstance(part, sympy.Function):
            raise _unknown(part)
        variable = sympy.Dummy("u")
        derivative, coefficients = part.func(*(variable if each in inner else each for each in part.args)), []
        for k in range(self.plan.top + 1):
            value = derivative.subs(variable, self.values[inner[0]])
            self._require(not value.has(sympy.Derivative, sympy.Subs), part, inner[0])
            coefficients.append(value / sympy.factorial(k))
            derivative = derivative.diff(variable)
        for value in coefficients:
            self._require(_is_finite(value), part, inner[0])
        run = lambda ring, u, *c: recurrences.composed(ring, u, c)  # noqa: E731
        self._add(part, coefficients[0], (inner[0],), tuple(coefficients), run)

    def _add(self, part: sympy.Expr, value: sympy.Expr, parts: Any, constants: Any, run: Callable[..., Series]) -> None:
        """A step to one part, whose value at the baseline is known."""
        self._require(_is_finite(value), part, next(filter(self._varies, part.args), part))
        self.values[part] = value
        self.plan.steps.append(Step((part,), tuple(parts), tuple(constants), lambda *known: (run(*known),)))

    def _varies(self, part: sympy.Expr) -> bool:
        return not part.free_symbols.isdisjoint(self.plan.baseline)

    def _is_zero(self, part: sympy.Expr) -> bool:
        """Whether the value of a part is zero, or cannot be told from it."""
        return vanishes(self.values[part]) is not False

    def _require(self, regular: bool, part: sympy.Expr, inner: sympy.Expr) -> None:
        if regular:
            return
        shape = part.xreplace({inner: sympy.Symbol("u")})
        where = ", ".join(f"{symbol} = {value}" for symbol, value in self.plan.baseline.items())
        raise ValueError(
            f"no Taylor series of {shape} is known at u = {self.values.get(inner, inner)}, the value of {inner} at the "
            f"baseline ({where}); take a baseline at which it is regular, or harsanyi(), which needs no series"
        )


def _unknown(part: sympy.Expr) -> ValueError:
    return ValueError(f"no Taylor series is known for {part}; use harsanyi(), exact for any expression")


def _sum(ring: AbstractNumbers, *parts: Series) -> Series:
    return [sum(of_degree, ring.zero) for of_degree in zip(*parts, strict=True)]


def _product(ring: AbstractNumbers, *parts: Series) -> Series:
    """The factors with the fewest terms first."""
    ordered = sorted(parts, key=lambda part: sum(map(ring.size, part)))
    product = ordered[0]
    for part in ordered[1:]:
        product = recurrences.times(ring, product, part)
    return product


def _real_power(exponent: sympy.Expr) -> Callable[..., Series]:
    """u^a; a rational exponent is a scalar of the ring, any other one an element."""

    def run(ring: AbstractNumbers, u: Series, a: Element, start: Element, inverse: Element) -> Series:
        if exponent.is_Rational:
            a = ring.scalar(int(exponent.p), int(exponent.q))
        return recurrences.power(ring, u, a, start, inverse)

    return run


def _is_finite(value: sympy.Expr) -> bool:
    """Whether a value is no pole and not known to be complex."""
    return not value.has(sympy.nan, sympy.zoo, sympy.oo, -sympy.oo) and value.is_extended_real is not False
