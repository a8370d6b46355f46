"""Rules of smooth functions, of each number alone or of all along an axis."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from decompositions.series.jets.algebra import recurrences as series
from decompositions.series.jets.algebra.jet import Jet, behind, both, known, rule
from decompositions.series.jets.algebra.products import product


def _elementwise(name: str, function: Callable[..., torch.Tensor]) -> None:
    def apply(operation: Any, jet: Jet, *args: Any, **kwargs: Any) -> Jet:
        return Jet(function(jet.coefficients, *args, **kwargs))

    rule(name)(apply)


_NAMES = (
    "exp", "log", "log1p", "expm1", "tanh", "tan", "sigmoid", "sin", "cos", "sinh", "cosh", "atan", "erf", "softplus",
    "gelu", "silu", "mish",
)  # fmt: skip
for _name in _NAMES:
    _elementwise(_name, getattr(series, _name))
_elementwise("square", lambda u: series.times(u, u))
_elementwise("sqrt", lambda u: series.power(u, 0.5))
_elementwise("rsqrt", lambda u: series.power(u, -0.5))
_elementwise("reciprocal", lambda u: series.power(u, -1))
_elementwise("_softmax", lambda u, axis, half: series.softmax(u, axis))


@rule("_safe_softmax")
def _safe_softmax(function: Any, jet: Jet, axis: int, *args: Any) -> Jet:
    """Softmax, but zero where everything is masked."""
    u = jet.coefficients
    return Jet(series.softmax(u, axis).masked_fill((u[0] == -torch.inf).all(axis, keepdim=True), 0.0))


@rule("log_sigmoid_forward")
def _log_sigmoid(function: Any, jet: Jet) -> tuple[Jet, Jet]:
    return Jet(series.log_sigmoid(jet.coefficients)), jet  # torch's second output serves its backward pass only


@rule("_log_softmax")
def _log_softmax(function: Any, jet: Jet, axis: int, half: bool) -> Jet:
    u = jet.coefficients
    return Jet(u - series.logsumexp(u, axis))


@rule("logsumexp")
def _logsumexp(function: Any, jet: Jet, axes: list[int], keepdim: bool = False) -> Jet:
    if len(axes) != 1:
        raise ValueError("logsumexp over several axes has no rule for Taylor series; take one axis after the other")
    result = series.logsumexp(jet.coefficients, axes[0])
    return Jet(result if keepdim else result.squeeze(behind(axes[0], jet.ndim)))


@rule("pow")
def _power(function: Any, base: Any, exponent: Any) -> Jet:
    if isinstance(exponent, torch.Tensor) and not isinstance(exponent, Jet) and exponent.numel() == 1:
        exponent = exponent.item()
    if isinstance(base, Jet) and not isinstance(exponent, (Jet, torch.Tensor)):
        return Jet(series.power(base.coefficients, float(exponent)))
    if isinstance(base, Jet):
        return Jet(series.exp(series.times(*both(exponent, Jet(series.log(base.coefficients))))))
    logarithm = torch.log(known(base, exponent.coefficients).to(exponent.coefficients.dtype))
    return Jet(series.exp(product(function, exponent, logarithm).coefficients))


@rule("var")
def _variance(function: Any, jet: Jet, axes: Any = None, *, correction: float = 1, keepdim: bool = False) -> Any:
    axes = axes or list(range(jet.ndim))
    centred = jet - jet.mean(axes, keepdim=True)
    count = torch.Size([jet.shape[axis] for axis in axes]).numel()
    return (centred * centred).sum(axes, keepdim=keepdim) / (count - correction)


@rule("linalg_vector_norm")
def _norm(function: Any, jet: Jet, order: float = 2, axes: Any = None, keepdim: bool = False, **kwargs: Any) -> Any:
    if order != 2 or axes is None:
        raise ValueError("only the Euclidean norm along given axes has a rule for Taylor series")
    return (jet * jet).sum(axes, keepdim=keepdim).sqrt()
