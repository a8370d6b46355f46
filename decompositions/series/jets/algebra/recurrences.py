r"""Truncated power series in one variable: their products and functions, coefficient by coefficient.

A series u(s) = u₀ + u₁ s + … + u_K s^K is a tensor with its coefficients along the leading axis, ``(K+1, …)``; all
other axes are a batch. A function y = φ(u) follows from a differential equation that it solves: from y′ = w u′,

.. math:: k\, y_k = \sum_{j=1}^{k} j\, u_j\, w_{k-j},

where w may need no more of y than the coefficients before the k-th. Every result is exact but for rounding.

Reference: griewank2008evaluating
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch

Series = torch.Tensor


def times(a: Series, b: Series) -> Series:
    """The product of two series. Shape ``(K+1, …)``, broadcast against each other behind the leading axis.

    >>> times(torch.tensor([1., 1., 0.]), torch.tensor([1., -1., 0.])).tolist()
    [1.0, 0.0, -1.0]
    """
    return torch.stack([_coefficient(a, b, k) for k in range(len(a))])


def bilinear(operation: Callable[[torch.Tensor, torch.Tensor], torch.Tensor], a: Series, b: Series) -> Series:
    """The same for any product that is linear in each factor, such as that of matrices."""
    rows = []
    for k in range(len(a)):
        terms = [operation(a[j], b[k - j]) for j in range(k + 1)]
        rows.append(sum(terms[1:], terms[0]))
    return torch.stack(rows)


def quotient(a: Series, b: Series) -> Series:
    """a / b, where b₀ is not zero."""
    rows: list[torch.Tensor] = []
    for k in range(len(a)):
        rest = a[k] - sum((b[j] * rows[k - j] for j in range(1, k + 1)), torch.zeros_like(b[0]))
        rows.append(rest / b[0])
    return torch.stack(rows)


def power(u: Series, exponent: float) -> Series:
    """u to a real power; a natural power is regular everywhere, any other one where u₀ is not zero."""
    if exponent >= 0 and float(exponent).is_integer():
        return _natural_power(u, int(exponent))
    rows = [u[0] ** exponent]
    for k in range(1, len(u)):
        terms = [(j * exponent - (k - j)) * u[j] * rows[k - j] for j in range(1, k + 1)]
        rows.append(sum(terms[1:], terms[0]) / (k * u[0]))
    return torch.stack(rows)


def exp(u: Series) -> Series:
    """eᵘ."""
    return _solve(u, torch.exp(u[0]), lambda y, k: y[k])


def log(u: Series) -> Series:
    """log u, where u₀ > 0."""
    return _integral(u, torch.log(u[0]), power(u, -1))


def log1p(u: Series) -> Series:
    """log(1 + u), where u₀ > −1."""
    return _integral(u, torch.log1p(u[0]), power(_plus(u, 1.0), -1))


def expm1(u: Series) -> Series:
    """eᵘ − 1."""
    y = exp(u)
    return torch.cat([torch.expm1(u[:1]), y[1:]])


def tanh(u: Series) -> Series:
    """tanh u, from y′ = (1 − y²) u′, where 1 − y₀² = cosh⁻² u₀ keeps its digits at both ends."""
    slope = torch.cosh(u[0]) ** -2
    return _solve(u, torch.tanh(u[0]), lambda y, k: slope if k == 0 else -_square(y, k))


def tan(u: Series) -> Series:
    """tan u, from y′ = (1 + y²) u′."""
    return _solve(u, torch.tan(u[0]), lambda y, k: (1.0 if k == 0 else 0.0) + _square(y, k))


def sigmoid(u: Series) -> Series:
    """1 / (1 + e⁻ᵘ), from y′ = (y − y²) u′, where y₀ − y₀² = y(u₀) y(−u₀) keeps its digits at both ends."""
    slope = torch.sigmoid(u[0]) * torch.sigmoid(-u[0])
    return _solve(u, torch.sigmoid(u[0]), lambda y, k: slope if k == 0 else y[k] - _square(y, k))


def sin(u: Series) -> Series:
    """sin u."""
    return _sine_and_cosine(u, torch.sin(u[0]), torch.cos(u[0]), -1.0)[0]


def cos(u: Series) -> Series:
    """cos u."""
    return _sine_and_cosine(u, torch.sin(u[0]), torch.cos(u[0]), -1.0)[1]


def sinh(u: Series) -> Series:
    """sinh u."""
    return _sine_and_cosine(u, torch.sinh(u[0]), torch.cosh(u[0]), 1.0)[0]


def cosh(u: Series) -> Series:
    """cosh u."""
    return _sine_and_cosine(u, torch.sinh(u[0]), torch.cosh(u[0]), 1.0)[1]


def atan(u: Series) -> Series:
    """arctan u, from y′ = u′ / (1 + u²)."""
    return _integral(u, torch.atan(u[0]), power(_plus(times(u, u), 1.0), -1))


def erf(u: Series) -> Series:
    """The error function, from y′ = 2/√π e^{−u²} u′."""
    return _integral(u, torch.erf(u[0]), exp(-times(u, u)) * (2 / math.sqrt(math.pi)))


def softplus(u: Series, beta: float = 1.0, threshold: float = 20.0) -> Series:
    """log(1 + e^{βu}) / β, from y′ = sigmoid(βu) u′; the identity where βu₀ is above the threshold, as in torch."""
    smooth = _integral(u, torch.nn.functional.softplus(u[0], beta, threshold), sigmoid(beta * u))
    return torch.where(beta * u[0] > threshold, u, smooth)


def log_sigmoid(u: Series) -> Series:
    """log sigmoid(u)."""
    return _integral(u, torch.nn.functional.logsigmoid(u[0]), sigmoid(-u))


def gelu(u: Series, approximate: str = "none") -> Series:
    """u Φ(u) with the normal distribution function Φ, or its approximation by tanh."""
    if approximate == "tanh":
        inner = math.sqrt(2 / math.pi) * (u + 0.044715 * _natural_power(u, 3))
        return 0.5 * times(u, _plus(tanh(inner), 1.0))
    return 0.5 * times(u, _plus(erf(u / math.sqrt(2)), 1.0))


def silu(u: Series) -> Series:
    """u sigmoid(u)."""
    return times(u, sigmoid(u))


def mish(u: Series) -> Series:
    """u tanh(softplus(u))."""
    return times(u, tanh(softplus(u)))


def softmax(u: Series, axis: int) -> Series:
    """Softmax along an axis of the coefficients (not counting the leading one, or negative)."""
    weights = exp(_shifted(u, axis))
    return quotient(weights, weights.sum(_behind(axis), keepdim=True))


def logsumexp(u: Series, axis: int) -> Series:
    """log Σ eᵘ along an axis, which is kept with size 1."""
    total = exp(_shifted(u, axis)).sum(_behind(axis), keepdim=True)
    return _plus(log(total), u[0].amax(axis, keepdim=True))


def _behind(axis: int) -> int:
    return axis if axis < 0 else axis + 1


def _shifted(u: Series, axis: int) -> Series:
    """u less its largest u₀ along the axis, so that no exponential overflows; rows of −∞ are left."""
    top = u[0].amax(axis, keepdim=True)
    return _plus(u, -torch.where(top.isfinite(), top, torch.zeros_like(top)))


def _plus(u: Series, constant: torch.Tensor | float) -> Series:
    return torch.cat([u[:1] + constant, u[1:]])


def _coefficient(a: Series, b: Series, k: int) -> torch.Tensor:
    """Σ_j a_j b_{k−j}."""
    total = a[0] * b[k]
    for j in range(1, k + 1):
        total.addcmul_(a[j], b[k - j])
    return total


def _square(y: list[torch.Tensor], k: int) -> torch.Tensor:
    """The k-th coefficient of y², each pair of factors once."""
    total = torch.zeros_like(y[0])
    for j in range((k + 1) // 2):
        total.addcmul_(y[j], y[k - j], value=2.0)
    return total if k % 2 else total.addcmul_(y[k // 2], y[k // 2])


def _natural_power(u: Series, exponent: int) -> Series:
    result = _plus(torch.zeros_like(u), 1.0)
    for bit in bin(exponent)[2:]:
        result = times(result, result)
        result = times(result, u) if bit == "1" else result
    return result


def _integral(u: Series, start: torch.Tensor, slope: Series) -> Series:
    """y with y₀ = start and y′ = slope · u′."""
    return _solve(u, start, lambda y, k: slope[k])


def _solve(u: Series, start: torch.Tensor, slope: Callable[[list[torch.Tensor], int], torch.Tensor]) -> Series:
    """y with y₀ = start and y′ = w u′, where slope(y, k) is w_k and needs y₀ … y_k."""
    y, w = [start], []
    scaled = [j * u[j] for j in range(len(u))]
    for k in range(1, len(u)):
        w.append(slope(y, k - 1))
        total = scaled[1] * w[k - 1]
        for j in range(2, k + 1):
            total.addcmul_(scaled[j], w[k - j])
        y.append(total.div_(k))
    return torch.stack(y)


def _sine_and_cosine(u: Series, sine: torch.Tensor, cosine: torch.Tensor, sign: float) -> tuple[Series, Series]:
    """s and c with s′ = c u′ and c′ = sign · s u′."""
    s, c = [sine], [cosine]
    for k in range(1, len(u)):
        s.append(sum((j * u[j] * c[k - j] for j in range(1, k + 1)), torch.zeros_like(sine)) / k)
        c.append(sign * sum((j * u[j] * s[k - j] for j in range(1, k + 1)), torch.zeros_like(sine)) / k)
    return torch.stack(s), torch.stack(c)
