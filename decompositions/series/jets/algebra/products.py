"""Rules of sums and products: of numbers, of matrices, convolutions."""

from __future__ import annotations

import functools
import operator
from typing import Any

import torch

from decompositions.series.jets.algebra import recurrences as series
from decompositions.series.jets.algebra.jet import Jet, aligned, aten, both, folded, known, rule


@rule("add")
def _sum(function: Any, a: Any, b: Any, alpha: float = 1) -> Jet:
    first, second = both(a, b)
    return Jet(first + alpha * second if alpha != 1 else first + second)


@rule("sub")
def _difference(function: Any, a: Any, b: Any, alpha: float = 1) -> Jet:
    return _sum(function, a, b, -alpha)


@rule("rsub")
def _reverse_difference(function: Any, a: Any, b: Any, alpha: float = 1) -> Jet:
    return _sum(function, b, a, -alpha)


@rule("mul")
def product(function: Any, a: Any, b: Any) -> Jet:
    if isinstance(a, Jet) and isinstance(b, Jet):
        return Jet(series.times(*aligned(a.coefficients, b.coefficients)))
    jet, other = (a, b) if isinstance(a, Jet) else (b, a)
    constant = known(other, jet.coefficients)
    return Jet(aligned(jet.coefficients, constant[None])[0] * constant)


@rule("prod")
def _multiplied(function: Any, jet: Jet, axis: int | None = None, keepdim: bool = False, **kwargs: Any) -> Any:
    factors = jet.reshape(-1).unbind(0) if axis is None else jet.unbind(axis)
    result = functools.reduce(operator.mul, factors)
    return result.unsqueeze(axis) if keepdim and axis is not None else result


@rule("div")
def _divided(function: Any, a: Any, b: Any, **kwargs: Any) -> Jet:
    if kwargs.get("rounding_mode") is not None:
        raise ValueError("a division that is rounded has no Taylor series")
    if not isinstance(b, Jet):
        return product(function, a, 1.0 / known(b, a.coefficients).to(a.coefficients.dtype))
    return Jet(series.quotient(*torch.broadcast_tensors(*both(a, b))))


@rule("addcmul")
def _add_product(function: Any, a: Any, b: Any, c: Any, value: float = 1) -> Jet:
    return _sum(function, a, product(function, b, c), value)


@rule("addcdiv")
def _add_quotient(function: Any, a: Any, b: Any, c: Any, value: float = 1) -> Jet:
    return _sum(function, a, b / c, value)


@rule("lerp")
def _between(function: Any, a: Any, b: Any, weight: Any) -> Any:
    return a + weight * (b - a)


@rule("glu")
def _gated(function: Any, jet: Any, axis: int = -1) -> Any:
    first, second = jet.split(jet.shape[axis] // 2, axis)
    return first * second.sigmoid()


@rule("mm", "bmm")
def _matrix_product(function: Any, a: Any, b: Any) -> Jet:
    if isinstance(a, Jet) and isinstance(b, Jet):
        return Jet(series.bilinear(function, a.coefficients, b.coefficients))
    if not isinstance(b, Jet):
        constant = known(b, a.coefficients)
        return Jet(folded(torch.mm, a.coefficients, constant) if a.ndim == 2 else a.coefficients @ constant)
    return Jet(known(a, b.coefficients) @ b.coefficients)


@rule("mv", "dot")
def _matrix_vector(function: Any, a: Any, b: Any) -> Jet:
    if isinstance(a, Jet) and isinstance(b, Jet):
        return Jet(series.bilinear(function, a.coefficients, b.coefficients))
    if isinstance(a, Jet):
        return Jet(a.coefficients @ known(b, a.coefficients))
    return Jet(b.coefficients @ known(a, b.coefficients).transpose(0, -1))


@rule("addmm", "baddbmm")
def _add_matrix_product(function: Any, constant: Any, a: Any, b: Any, beta: float = 1, alpha: float = 1) -> Jet:
    multiply = aten.mm.default if len(a.shape) == 2 else aten.bmm.default
    if not any(isinstance(each, Jet) for each in (a, b)):
        return _sum(function, _scaled(constant, beta), multiply(a, b), alpha)
    term = _matrix_product(multiply, a, b)
    if isinstance(constant, Jet):
        return _sum(function, _scaled(constant, beta), term, alpha)
    result = term.coefficients if alpha == 1 else term.coefficients * alpha
    result[0] += beta * known(constant, result)
    return Jet(result)


def _scaled(value: Any, factor: float) -> Any:
    return value if factor == 1 else value * factor


@rule("convolution")
def _convolved(function: Any, jet: Any, weight: Any, bias: Any, *args: Any) -> Jet:
    if isinstance(weight, Jet) or not isinstance(jet, Jet):
        raise ValueError("a convolution whose weights depend on the input has no rule for Taylor series")
    result = folded(function, jet.coefficients, known(weight, jet.coefficients), None, *args)
    if bias is not None:
        result[0] += known(bias, result).reshape(-1, *(1,) * (result.ndim - 3))
    return Jet(result)
