"""The policy of a path method: how much of an effect a player is given along a curve."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import torch

from decompositions.arithmetic import Array, concatenate, is_exact, rationals, stack
from decompositions.expressions.newton_cotes import rule
from synergy.curves.curve import STRAIGHT, AbstractCurve
from synergy.curves.power import PowerCurve
from synergy.curves.written import FLOATS
from synergy.policies.policy import CRITERIA, Policy, degree_shares

NUMBERS = 2**22  # that are made at once
GAUSS = 16  # nodes on a panel
PANELS = (8, 9)  # of the middle of the curve
GRADED = 40  # panels towards either end, each half as long as the one before
CLOSE = 1e-9  # how far two rules may be from each other


def path_policy(curve: AbstractCurve) -> Policy:
    r"""What the path method of a curve gives of an effect, a monomial of the players' positions.

    .. math:: w_i(\kappa) = \int_0^1 \kappa_i\, \gamma_i^{\kappa_i - 1} \prod_{j \ne i} \gamma_j^{\kappa_j}\;
              \gamma_i'\, ds

    In closed form for powers; exact, by a rule that is exact for polynomials, where the curve is one; by a quadrature
    elsewhere.

    Reference: friedman2004paths

    >>> from synergy.curves.written import curve_of
    >>> path_policy(curve_of(lambda s: (s, s**2))).weights(np.array([[Fraction(1), Fraction(1)]])).tolist()
    [[Fraction(1, 3), Fraction(2, 3)]]
    """
    if curve == STRAIGHT:
        return degree_shares
    if isinstance(curve, PowerCurve):
        return Policy(lambda k: _by_powers(curve, k), formula="pᵢκᵢ / Σⱼ pⱼκⱼ", proven=CRITERIA)
    return Policy(lambda k: _integrals(curve, k), formula="∫ κᵢ γ^κ γᵢ′/γᵢ ds", proven=CRITERIA)


def _by_powers(curve: PowerCurve, degrees: Array) -> Array:
    curve.require(degrees.shape[1])
    paced = degrees * rationals([Fraction(p) for p in curve.whole], degrees)
    return paced / paced.sum(-1, keepdims=True)


def _integrals(curve: AbstractCurve, degrees: Array) -> Array:
    """The integrals for every row, by an exact rule or by one whose error is looked at. Shape ``(m, n)``."""
    curve.require(degrees.shape[1])
    highest = int(degrees.sum(-1).max()) if len(degrees) else 1
    if is_exact(degrees):
        if curve.degree is None:
            raise ValueError(f"the weights of the path {curve!r} are no exact numbers: {FLOATS}")
        exact = rule(curve.degree * highest)
        return _by_rule(curve, degrees, *(rationals(part, degrees) for part in exact))
    if curve.degree is not None:
        return _by_rule(curve, degrees, *_like(_gauss(-(-curve.degree * highest // 2)), degrees))
    first, second = (_by_rule(curve, degrees, *_like(_graded(panels), degrees)) for panels in PANELS)
    far = float(abs(first - second).max())
    if far > CLOSE:
        raise ValueError(
            f"the weights of the path {curve!r} are known to {far:.1g} only, as two rules for their integrals differ "
            "by so much; write it without jumps and kinks, or take measure(), which needs no weights"
        )
    return second


def _by_rule(curve: AbstractCurve, degrees: Array, places: Array, weights: Array) -> Array:
    """The integrals by one rule, some rows at a time."""
    positions, velocities = curve.positions(places), curve.velocities(places)
    block = max(1, NUMBERS // (len(places) * degrees.shape[1]))
    parts = [
        _some(positions, weights[:, None] * velocities, degrees[start : start + block])
        for start in range(0, len(degrees), block)
    ]
    return concatenate(parts, 0) if parts else degrees


def _some(positions: Array, paces: Array, degrees: Array) -> Array:
    """Σ over the nodes of κᵢ γ^(κ − eᵢ) γᵢ′, player by player. Nodes ``(q, n)``, rows ``(m, n)``."""
    columns = []
    for i in range(degrees.shape[1]):
        powers = degrees + degrees * 0
        powers[:, i] = powers[:, i] - (degrees[:, i] > 0) * 1
        product = _powers(positions[:, None], powers[None]).prod(-1)
        columns.append(degrees[:, i] * (product * paces[:, i, None]).sum(0))
    return stack(columns, -1)


def _powers(bases: Array, powers: Array) -> Array:
    """bases ** powers; whole numbers as such, as a root of them may be no fraction."""
    return bases ** (np.vectorize(int, otypes=[object])(powers) if is_exact(powers) else powers)


def _graded(panels: int) -> tuple[np.ndarray, np.ndarray]:
    """Gauss–Legendre rules on panels that get ever shorter towards 0 and 1, for curves with singular ends."""
    short = 0.5 ** np.arange(GRADED, 2, -1)
    borders = np.concatenate([[0], short, np.linspace(0.125, 0.875, panels + 1)[1:-1], 1 - short[::-1], [1]])
    places, weights = _gauss(GAUSS)
    lengths = np.diff(borders)[:, None]
    return (borders[:-1, None] + lengths * places).reshape(-1), (lengths * weights).reshape(-1)


def _gauss(nodes: int) -> tuple[np.ndarray, np.ndarray]:
    """Nodes in [0, 1] and weights of the Gauss–Legendre rule."""
    places, weights = np.polynomial.legendre.leggauss(nodes)
    return (places + 1) / 2, weights / 2


def _like(parts: tuple[np.ndarray, np.ndarray], degrees: Array) -> list[torch.Tensor]:
    return [torch.as_tensor(part).to(degrees) for part in parts]
