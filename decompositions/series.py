"""The power series of polynomial expressions, exactly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import sympy

from decompositions.arithmetic import objects

if TYPE_CHECKING:
    from decompositions.expression_cube import ExpressionCube


def polynomial_series(cube: ExpressionCube, degree: int | None) -> tuple[np.ndarray, np.ndarray, Any, bool]:
    """All coefficients of g(t) up to a degree, and the sum of the others (the remainder at t = 1).

    Returns:
        Degree vectors ``(m, n)`` by degree, the constant first; coefficients ``(m,)``; the remainder; whether a
        term was left out.

    Raises:
        ValueError: the expression is no polynomial.
    """
    if not cube.is_polynomial:
        raise ValueError(
            f"{cube.expression} is no polynomial, and exact Taylor series are known for those only; "
            "use harsanyi(), whose effects are exact for any expression"
        )
    terms = _terms(cube)
    constant = (0,) * cube.n
    kept = {key: value for key, value in terms.items() if degree is None or sum(key) <= degree}
    kept.setdefault(constant, sympy.Integer(0))
    order = sorted(kept, key=lambda key: (sum(key), tuple(-k for k in key)))
    dropped = [value for key, value in terms.items() if key not in kept]
    table = np.array(order, dtype=np.int64).reshape(-1, cube.n)
    return table, objects([kept[key] for key in order]), sum(dropped, sympy.Integer(0)), bool(dropped)


def _terms(cube: ExpressionCube) -> dict[tuple[int, ...], sympy.Expr]:
    """Degree vector → coefficient of the mean over the baselines of f(b + t d)."""
    polynomial = sympy.Poly(cube.expression, *cube.symbols)
    terms: dict[tuple[int, ...], sympy.Expr] = {}
    for x, baseline, weight in zip(cube.x, cube.baseline, cube.weights, strict=True):
        for key, coefficient in _shifted(polynomial, x, baseline).terms():
            terms[key] = terms.get(key, sympy.Integer(0)) + weight * coefficient
    return {key: value for key, value in terms.items() if value != 0}


def _shifted(polynomial: sympy.Poly, x: np.ndarray, baseline: np.ndarray) -> sympy.Poly:
    """f(b + t d) as a polynomial in t, with the expression's symbols standing for t."""
    symbols = polynomial.gens
    inside = [sympy.Poly(b + s * (end - b), *symbols) for s, end, b in zip(symbols, x, baseline, strict=True)]
    total = sympy.Poly(0, *symbols)
    for key, coefficient in polynomial.terms():
        term = sympy.Poly(coefficient, *symbols)
        for power, line in zip(key, inside, strict=True):
            term *= line**power
        total += term
    return total
