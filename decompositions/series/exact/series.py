"""The power series of expressions, exactly."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

import numpy as np
import sympy

from decompositions.arguments import shown
from decompositions.arithmetic import objects
from decompositions.expressions.expansion.atoms import Constants, atoms_of
from decompositions.expressions.expansion.planning import planned
from decompositions.expressions.expansion.recurrences import Series
from decompositions.expressions.expansion.rings import Scalar, polynomial_ring
from decompositions.expressions.expansion.term_count import most_terms, total_degree
from decompositions.expressions.normal_form import settled
from decompositions.games.expression_cube import ExpressionCube
from decompositions.series.exact.cube_branches import CubeBranches
from decompositions.series.exact.reach import reach
from decompositions.series.terms.power_series import PowerSeries
from decompositions.settings import setting

LONGEST = 2_000  # degrees of a series that does not end; the work grows with their square
Term = tuple[tuple[int, ...], Scalar]  # exponents of t and the atoms, coefficient


def expression_series(cube: ExpressionCube, degree: int | None, limit: int) -> PowerSeries:
    """The coefficients of g(t) up to a degree.

    A polynomial's are all known without a degree. The others follow from the parts of the expression by recurrences in
    the degree, over a ring whose generators are t and the constants that are not rational
    (:mod:`~decompositions.expressions.expansion.recurrences`, :mod:`~decompositions.expressions.expansion.atoms`).
    Coefficients that vanish identically are left out. Of a function with kinks it is the series of the branch around
    the baseline (:mod:`decompositions.series.exact.branches`), wherever x is.

    Raises:
        ValueError: more terms than ``limit``, no polynomial and no degree or one above 2,000, a singular point or a
            kink at the baseline (it is named), or a function without a series.
    """
    branches = CubeBranches(cube)
    end = _end(branches)
    top = end if degree is None else degree
    if top is None:
        raise ValueError(
            f"{cube.expression} is no polynomial, so its Taylor series does not end; give the degree up to which it is "
            f"wanted, {setting('degree', 6, 'taylor(game, {})')}, or use harsanyi(), whose effects are exact for any "
            "expression"
        )
    if end is not None:
        top = min(top, end)  # its terms end there
    elif top > LONGEST:
        raise ValueError(
            f"the Taylor series of {shown(cube.expression)} is found up to degree {LONGEST:,}, term by term from all "
            f"those before, not up to {shown(top)}; take a lower degree, or harsanyi(), whose effects are exact for "
            "any expression"
        )
    _refuse_terms(branches, top, limit)
    constants, parts = _mean(branches, top, limit)
    terms = [term for part in parts for term in constants.ring.terms(part)]
    rows = list(_rows(constants, terms))
    if not rows or any(rows[0][0]):
        rows.insert(0, ((0,) * cube.n, sympy.Integer(0)))
    table = np.fromiter((k for key, _ in rows for k in key), np.int64, len(rows) * cube.n).reshape(-1, cube.n)
    values = objects([value for _, value in rows])
    if end is not None and end == top and branches.reach > 1:
        return PowerSeries(table, values, sympy.Integer(0), False, radius=float("inf"))
    whole = cube.values(cube.array(np.ones((1, cube.n), dtype=np.int64)))[0]
    remainder = settled(whole - _total(constants, terms))
    radius, note = reach(branches, table, values, remainder)
    return PowerSeries(table, values, remainder, True, 0.0, radius, note)


def _end(branches: CubeBranches) -> int | None:
    """The degree of a polynomial, or a bound on that of one with many terms; None for another function."""
    if not branches.are_polynomials:
        return None
    return max(total_degree(branch, branches.cube.symbols) for branch in branches.expressions)


def _refuse_terms(branches: CubeBranches, top: int, limit: int) -> None:
    cube = branches.cube
    starts = {cube.symbols[i]: any(start != 0 for start in cube.baseline[:, i]) for i in cube.active()}
    count = max(most_terms(branch, starts, top) for branch in set(branches.expressions))
    if count > limit:
        raise ValueError(
            f"the Taylor series of {shown(cube.expression)} to degree {top} in {len(starts)} players may have "
            f"{count:,} terms, more than {limit:,}; take a lower degree or players together, harsanyi(game, order=…), "
            f"or, where there is memory, limit={count}"
        )


def _mean(branches: CubeBranches, top: int, limit: int) -> tuple[Constants, Series]:
    """The homogeneous parts of g, the weighted mean over the baselines, and the constants of their ring."""
    cube, plans = branches.cube, []
    for branch, x, baseline in zip(branches.expressions, cube.x, cube.baseline, strict=True):
        start, end = cube.named(baseline), cube.named(x)
        plan = planned([branch], start, end, top)
        if plan.lost:
            _refuse_terms(branches, plan.top, limit)
        plans.append(plan)
    atoms = atoms_of([*cube.weights, *(value for plan in plans for step in plan.steps for value in step.constants)])
    ring = polynomial_ring([*(f"t{i}" for i in range(cube.n)), *(f"c{i}" for i in range(len(atoms)))])
    constants = Constants(ring, cube.n, atoms)
    total = [ring.zero] * (top + 1)
    for plan, branch, weight in zip(plans, branches.expressions, cube.weights, strict=True):
        share, series = constants.element(weight), plan.run(branch, ring, constants.element)
        total = [so_far + part * share for so_far, part in zip(total, series[: top + 1], strict=True)]
    return constants, total


def _rows(constants: Constants, terms: list[Term]) -> Iterator[tuple[tuple[int, ...], sympy.Expr]]:
    """Degree vectors and coefficients, by degree, then as in a lexicon: x1², x1·x2, x2²."""
    n = constants.n
    if not constants.atoms:
        yield from ((key, constants.rational(scalar)) for key, scalar in terms)
        return
    for key, same in groupby(terms, lambda term: term[0][:n]):
        value = constants.value([(monomial[n:], scalar) for monomial, scalar in same])
        if value != 0:
            yield key, value


def _total(constants: Constants, terms: list[Term]) -> sympy.Expr:
    """The sum of all coefficients: what is kept of g(1)."""
    sums: dict[tuple[int, ...], Any] = {}
    for monomial, scalar in terms:
        key = monomial[constants.n :]
        sums[key] = sums[key] + scalar if key in sums else scalar
    return constants.value(list(sums.items()))
