"""A torch function, run on the power series of a curve through its inputs instead of on inputs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from decompositions.models.full_precision import differentiable
from decompositions.series.jets.algebra import (  # noqa: F401  (each registers its rules)
    branching,
    cells,
    functions,
    normalisation,
    placing,
    products,
    shapes,
)
from decompositions.series.jets.algebra.jet import Jet
from decompositions.series.jets.algebra.notes import Look, naming, noting
from decompositions.series.jets.algebra.written import keeping_account


def jets(f: Callable[[torch.Tensor], torch.Tensor], start: torch.Tensor, slope: torch.Tensor, degree: int) -> Any:
    r"""The Taylor coefficients of :math:`s \mapsto f(\text{start} + s\,\text{slope})` at s = 0.

    Args:
        f: a torch function of batches, ``(batch, …)`` → ``(batch,)``, that computes in float64.
        start: Shape ``(batch, …)``.
        slope: Shape ``(batch, …)``.
        degree: K.

    Returns:
        Shape ``(K+1, batch)``.

    Raises:
        ValueError: an operation without a rule, a singular point, or a kink right at the start.

    >>> jets(lambda z: z[:, 0].exp(), torch.zeros(1, 1), torch.ones(1, 1), 3)[:, 0].tolist()
    [1.0, 1.0, 0.5, 0.1666666716337204]
    """
    coefficients = torch.zeros(degree + 1, *start.shape, dtype=start.dtype, device=start.device)
    coefficients[0] = start
    if degree:
        coefficients[1] = slope
    with torch.no_grad(), _plain_kernels(), keeping_account() as account:
        result = account.look(_called(f, Jet(coefficients)))
    if not isinstance(result, Jet):
        return torch.cat([result[None], torch.zeros_like(result).expand(degree, *result.shape)])  # a constant
    return result.coefficients


def _called(f: Callable[[torch.Tensor], torch.Tensor], jet: Jet) -> Any:
    try:
        return f(jet)
    except (RuntimeError, TypeError) as error:
        if isinstance(error, torch.OutOfMemoryError):
            raise
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ValueError(
            f"the function cannot be followed in float64: {reason}; write it without fixed types and without leaving "
            "torch, or use harsanyi() and measure()"
        ) from error


@contextmanager
def _plain_kernels() -> Iterator[None]:
    """Attention as products and a softmax, recurrences as products and gates, not as one fused kernel."""
    before = torch.backends.mha.get_fastpath_enabled()
    with ExitStack() as stack:
        stack.callback(torch.backends.mha.set_fastpath_enabled, before)
        torch.backends.mha.set_fastpath_enabled(False)
        stack.enter_context(sdpa_kernel(SDPBackend.MATH))
        stack.enter_context(differentiable())
        yield


def branches(
    f: Callable[[torch.Tensor], torch.Tensor], inputs: torch.Tensor, names: Mapping[nn.Module, str]
) -> list[tuple[str, torch.Tensor]]:
    """Which branch every operation with kinks takes at inputs.

    Args:
        f: as for :func:`jets`.
        inputs: Shape ``(batch, …)``.
        names: of the modules that f calls, to say where a kink is.

    Returns:
        The operation (with its module) and a table of branches, ``(batch, …)``, in the order in which they ran. Those
        of an operation that is continuous at its kink are floats: on which side of it, and 0 right there.
    """
    with naming(names), noting(None) as notes:
        jets(f, inputs, inputs, 0)
    return notes.found


def margins(f: Callable[[torch.Tensor], torch.Tensor], start: torch.Tensor, slope: torch.Tensor, look: Look) -> None:
    """How far from its kink every operation is at the start, and how fast that changes.

    Args:
        f: as for :func:`jets`.
        start: Shape ``(batch, …)``.
        slope: Shape ``(batch, …)``.
        look: called for every operation with a kink: its place in their order, distance and slope, ``(batch, units)``.

    Raises:
        ValueError: an operation is at its kink and leaves it.
    """
    with noting(look):
        jets(f, start, slope, 1)
