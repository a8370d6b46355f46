r"""How Integrated Gradients move with x and the baseline at a kink, in closed form: max(z₁ − z₂, 0).

.. math:: \mathrm{IG} = L\, (x_1 - b_1,\; -(x_2 - b_2)), \qquad L = \int_0^1 1[d(t) > 0]\, dt, \quad
          d(t) = (1 - t)\, u + t\, w, \quad u = b_1 - b_2, \quad w = x_1 - x_2

They are continuous wherever the way from b to x is not within the kink, and jump where it is. A rounded kink, and a
random baseline, make them continuous, with a slope that grows without bound as the rounding or the step gets smaller.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

from decompositions.arguments import real


def share_above(u: Any, w: Any) -> Any:
    r"""L: which part of the way from b to x lies where :math:`z_1 > z_2`; exact of whole numbers and Fractions.

    Args:
        u: :math:`b_1 - b_2`.
        w: :math:`x_1 - x_2`.

    Raises:
        ValueError: both are zero: all of the way is within the kink, and every rounding of it has another share.

    Theory: :ref:`how-far-it-jumps`.

    >>> share_above(Fraction(-1), Fraction(3)), share_above(0, Fraction(1, 10**9)), share_above(0, Fraction(-1, 10**9))
    (Fraction(3, 4), Fraction(1, 1), Fraction(0, 1))
    """
    if not u and not w:
        raise ValueError(
            "the way from b to x lies within the kink, where the gradient has no value; take x or b beside it, or "
            "round the kink off, share_rounded(0, 0, sharpness)"
        )
    if u <= 0 and w <= 0:
        return Fraction(0)
    return Fraction(1) if u >= 0 and w >= 0 else max(u, w) / (Fraction(1) * abs(w - u))


def share_rounded(u: float, w: float, sharpness: float, shift: float = 0.0) -> float:
    r"""L of the rounded kink, :math:`\ln(1 + e^{\beta (z_1 - z_2) + c})/\beta`: the mean of its slope on the way.

    .. math:: L_\beta = \int_0^1 \sigma(\beta\, d(t) + c)\, dt
              = \frac{\operatorname{softplus}(\beta w + c) - \operatorname{softplus}(\beta u + c)}{\beta\, (w - u)}

    Args:
        u, w: as in :func:`share_above`.
        sharpness: β; the larger, the nearer to the kink.
        shift: c; every share from 0 to 1 is that of some rounding of the kink, within the kink: :math:`\sigma(c)`.

    Raises:
        TypeError, ValueError: a sharpness that is no positive number.

    >>> share_rounded(0, 0, 100)
    0.5
    """
    beta = real(sharpness, "sharpness is how sharp the rounded kink is, a positive number", above=0)
    if abs(w - u) * beta < 1e-5:  # the mean of a slope that does not change: up to a third of the square of this
        return _logistic(beta * (u + w) / 2 + shift)
    return (_softplus(beta * w + shift) - _softplus(beta * u + shift)) / (beta * (w - u))


def slope_on_the_kink(sharpness: Any) -> Any:
    r"""How fast :math:`\mathrm{IG}_1` of the rounded kink moves with :math:`x_1` at x = (1, 1), from the baseline 0.

    .. math:: \frac{\partial\, \mathrm{IG}_1}{\partial x_1} = L_\beta + \frac{\partial L_\beta}{\partial w}
              = \frac12 + \frac\beta8

    No Lipschitz constant holds for all β: at the kink itself :math:`\mathrm{IG}_1` jumps from 0 to 1.

    >>> slope_on_the_kink(Fraction(100)), slope_on_the_kink(Fraction(1000))
    (Fraction(13, 1), Fraction(251, 2))
    """
    return Fraction(1, 2) + sharpness / 8


def share_from_anywhere(w: float, width: float) -> float:
    r"""The mean of L over baselines with u uniform between −a and a: continuous, but of no bounded slope at w = 0.

    .. math:: \mathbb E\, L = \frac12 + \frac{w}{2a} \ln\Bigl(1 + \frac{a}{|w|}\Bigr)

    so that from 0 to h it grows by h ln(a/h)/(2a), about.

    Args:
        w: as in :func:`share_above`.
        width: a.

    Raises:
        TypeError, ValueError: a width that is no positive number.

    >>> share_from_anywhere(0.0, 1.0)
    0.5
    """
    a = real(width, "width is how far the baselines reach on either side, a positive number", above=0)
    return 0.5 + w / (2 * a) * math.log1p(a / abs(w)) if w else 0.5


def _softplus(z: float) -> float:
    return max(z, 0.0) + math.log1p(math.exp(-abs(z)))


def _logistic(z: float) -> float:
    return 1 / (1 + math.exp(-z)) if z >= 0 else 1 - 1 / (1 + math.exp(z))
