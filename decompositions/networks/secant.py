r"""The mean slope of an activation between two places, whatever their distance.

.. math:: \frac{\sigma(u) - \sigma(u^0)}{u - u^0} = \int_0^1 \sigma'(u^0 + s (u - u^0))\, ds

The quotient on the left loses as many digits as the two values share. Between kinks the integral is a sum; elsewhere
Gauss's rule gives it where the values nearly agree.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import torch

from decompositions.networks.operations import Elementwise

Activation = Callable[[torch.Tensor], torch.Tensor]
SHARED = 1e-3  # of the larger value: a change above it costs the quotient three digits at most
TWO = ((-((1 / 3) ** 0.5), 0.5), ((1 / 3) ** 0.5, 0.5))  # Gauss's places in [−1, 1], and weights that add up to 1
THREE = ((-(0.6**0.5), 5 / 18), (0.0, 8 / 18), (0.6**0.5, 5 / 18))


def secant(operation: Elementwise, start: torch.Tensor, end: torch.Tensor) -> torch.Tensor:
    r"""The mean of σ′ between two places; σ′ itself where they are the same.

    The error is at most 1/SHARED roundings of \|σ′\| + max \|y\| / max \|u\|, which is what the last digit of a place
    or of a value can do: no size of u or of its change is small in itself.
    """
    if operation.kinks is not None:
        return mean_slope(operation, start, end)
    return curved_secant(operation.function, start, end)


def curved_secant(sigma: Activation, start: torch.Tensor, end: torch.Tensor) -> torch.Tensor:
    """The same of a function about which nothing is known, from its values and its slopes."""
    start, end = torch.broadcast_tensors(start, end)
    low, high, change = sigma(start), sigma(end), end - start
    size = torch.maximum(low.abs(), high.abs())
    ratio = (high - low) / torch.where(change == 0, 1.0, change)
    close = ((high - low).abs() <= SHARED * size) | (change == 0)
    if close.device.type != "cpu":  # elsewhere the question which places they are would cost more than the slopes
        return _by_slopes(sigma, start, change, ratio, size, close)
    if close.any():
        near = start[close], change[close], ratio[close], size[close], close[close]
        ratio = ratio.masked_scatter(close, _by_slopes(sigma, *near))
    return ratio


def _by_slopes(
    sigma: Activation,
    start: torch.Tensor,
    change: torch.Tensor,
    ratio: torch.Tensor,
    size: torch.Tensor,
    close: torch.Tensor,
) -> torch.Tensor:
    """Gauss's rule for those whose values are close, where its error is below the rounding of the ratio."""
    two, three = (sum(w * slope(sigma, start + (1 + t) / 2 * change) for t, w in rule) for rule in (TWO, THREE))
    rounding = torch.finfo(size.dtype).eps * size
    smooth = ((three - two) * change).abs() <= rounding
    return torch.where(close & (smooth | (change == 0)), three, ratio)


def slope(sigma: Activation, place: torch.Tensor) -> torch.Tensor:
    """σ′ at a place (torch's convention at a kink)."""
    return Elementwise(sigma).slope(place)


def slopes_between(operation: Elementwise, like: torch.Tensor) -> torch.Tensor:
    """The slope before, between and after the kinks, each at a place well inside. Shape ``(kinks + 1,)``."""
    kinks = operation.kinks or ()
    between = [low / 2 + high / 2 for low, high in pairwise(kinks)]
    ends = (kinks[0] - max(1.0, abs(kinks[0])), kinks[-1] + max(1.0, abs(kinks[-1]))) if kinks else ()
    places = [*ends[:1], *between, *ends[1:]] if kinks else [0.0]
    return operation.slope(torch.tensor(places, dtype=like.dtype, device=like.device))


def mean_slope(operation: Elementwise, start: torch.Tensor, end: torch.Tensor) -> torch.Tensor:
    """The mean of σ′ between two places, from the shares of the way on either side of every kink."""
    slopes = slopes_between(operation, start)
    low, high = torch.minimum(start, end), torch.maximum(start, end)
    way = high - low
    mean = slopes[0].expand_as(start)
    for kink, before, after in zip(operation.kinks or (), slopes[:-1], slopes[1:], strict=True):
        mean = mean + (after - before) * ((high - kink) / way).clamp(0, 1)
    still = way == 0
    if still.device.type == "cpu" and not still.any():  # elsewhere the question would cost more than the slopes
        return mean
    return torch.where(still, operation.slope(start), mean)
