r"""Integrals of the gradient along other paths than the straight one.

.. math:: A_i = \int_0^1 \partial_i F(\gamma(t))\, \gamma_i'(t)\, dt, \qquad \gamma_i(t) = b_i + p_i(t)\,(x_i - b_i)

Of a monomial :math:`(x - b)^m` player i is given :math:`\int_0^1 m_i\, p_i'(t)\, p_i(t)^{m_i - 1}
\prod_{j \ne i} p_j(t)^{m_j}\, dt`. All are complete and linear and keep dummies.

Reference: lundstrom2022rigorous
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np

from decompositions.arithmetic import Array, like
from decompositions.games.game import Game
from synergy.axioms.witnesses.witness import AbstractWitness, polynomial_of
from synergy.policies.policy import Policy


class AxisPath(AbstractWitness):
    """Along the axes, one input after the other: all goes to the last input that takes part."""

    name = "axis_path"
    title = "path along the axes"
    formula = "1[i = max S]"

    def policy(self, game: Game) -> Policy:
        def weights(s: Array) -> Array:
            later = s[:, ::-1].cumsum(-1)[:, ::-1] - s  # how many come after
            return s * like(later == 0, s)

        return Policy(weights, formula=self.formula, reads="support")


class PowerPath(AbstractWitness):
    r"""With :math:`p_i = t^i`, so that the first inputs hurry: :math:`w_i = i\,m_i / \sum_j j\,m_j`."""

    name = "power_path"
    title = "path of powers t, t², t³"
    formula = "i·κᵢ / Σⱼ j·κⱼ"

    def policy(self, game: Game) -> Policy:
        return Policy(_by_powers(game.cube.array(np.arange(1, game.n + 1))), formula=self.formula)


class InputDependentPath(AbstractWitness):
    r"""With :math:`p_i = t^{q_i}` for :math:`q_i = 1 + |x_i - b_i|`: symmetric, but the unit of an input matters."""

    name = "input_dependent_path"
    title = "path of powers 1 + |x − b|"
    formula = "qᵢκᵢ / Σⱼ qⱼκⱼ, qᵢ = 1 + |xᵢ − bᵢ|"

    def policy(self, game: Game) -> Policy:
        return Policy(_by_powers(1 + abs(polynomial_of(game).differences()[0])), formula=self.formula)


class ReturningPath(AbstractWitness):
    r"""The first input goes to x, back to b and to x again, :math:`p_1 = 16t^3 - 24t^2 + 9t`; the rest straight."""

    name = "returning_path"
    title = "path that turns back"
    formula = "∫ κᵢ pᵢ′ p^κ / pᵢ dt, p₁ = 16t³ − 24t² + 9t"

    def policy(self, game: Game) -> Policy:
        def weights(k: Array) -> Array:
            rows = [_returning([int(entry) for entry in row]) for row in k]
            return game.cube.array(np.array(rows, dtype=object)).reshape(k.shape)

        return Policy(weights, formula=self.formula)


def _by_powers(powers: Array) -> Callable[[Array], Array]:
    """The weights along t ↦ t^q: the integral of a monomial is m_i q_i / Σ m_j q_j."""
    return lambda k: k * powers / (k * powers).sum(-1, keepdims=True)


_TURNING = np.polynomial.Polynomial([0, 9, -24, 16])


def _returning(m: list[int]) -> list[Fraction]:
    """What the turning path gives of one monomial."""
    first, rest = m[0], sum(m[1:])
    time = np.polynomial.Polynomial([0, 1])
    weights = [Fraction(0)] * len(m)
    if first:
        weights[0] = _integral(first * _TURNING.deriv() * _TURNING ** (first - 1) * time**rest)
    if rest:
        unit = _integral(_TURNING**first * time ** (rest - 1))
        weights[1:] = [entry * unit for entry in m[1:]]
    return weights


def _integral(p: np.polynomial.Polynomial) -> Fraction:
    """Over [0, 1]; the coefficients are whole numbers."""
    return sum((Fraction(int(c), k + 1) for k, c in enumerate(p.coef)), Fraction(0))
