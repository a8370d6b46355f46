r"""Integrals of the gradient along other paths than the straight one.

.. math:: A_i = \int_0^1 \partial_i F(\gamma(t))\, \gamma_i'(t)\, dt, \qquad \gamma_i(t) = b_i + p_i(t)\,(x_i - b_i)

Of a monomial :math:`(x - b)^m` player i is given :math:`\int_0^1 m_i\, p_i'(t)\, p_i(t)^{m_i - 1}
\prod_{j \ne i} p_j(t)^{m_j}\, dt`. All are complete and linear and keep dummies.

Reference: lundstrom2022rigorous
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

import numpy as np

from decompositions.arithmetic import Array, like
from decompositions.games.game import Game
from synergy.axioms.witnesses.witness import AbstractWitness, polynomial_of
from synergy.policies.policy import Policy


def _to_the_last(s: Array) -> Array:
    later = s[:, ::-1].cumsum(-1)[:, ::-1] - s if isinstance(s, np.ndarray) else s.flip(-1).cumsum(-1).flip(-1) - s
    return s * like(later == 0, s)


axis_shares = Policy(_to_the_last, formula="1[i = max S]", reads="support")


class AxisPath(AbstractWitness):
    """Along the axes, one input after the other: all goes to the last input that takes part."""

    name = "axis_path"
    title = "path along the axes"
    formula = axis_shares.formula

    def policy(self, game: Game) -> Policy:
        return axis_shares


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
            rows = [[int(entry) for entry in row] for row in k]
            return _table(game, rows, [TURNING, *[STRAIGHT] * (game.n - 1)])

        return Policy(weights, formula=self.formula)


class BentPaths(AbstractWitness):
    r"""The mean of two paths that bend away from the straight one, to either side, by as much in the first two inputs.

    .. math:: p_1 = t \pm \frac{e}{y_1} t(1 - t), \quad p_2 = t \mp \frac{e}{y_2} t(1 - t), \qquad
              e = \tfrac12 \min(|y_1|, |y_2|), \quad y = x - b

    On the way the sum of the inputs is that of the straight path, so that functions of the sum are shared alike; the
    bend is measured in the inputs' own units.
    """

    name = "bent_paths"
    title = "mean of two bent paths"
    formula = "½ ∫ along p₊ + ½ ∫ along p₋, y₁p₁ + y₂p₂ = (y₁ + y₂)t"

    def policy(self, game: Game) -> Policy:
        y = polynomial_of(game).differences()[0]
        bend = [Fraction(0)] * game.n
        if game.n > 1 and y[0] and y[1]:
            size = min(abs(y[0]), abs(y[1])) / 2
            bend[:2] = [size / y[0], -size / y[1]]

        def weights(k: Array) -> Array:
            rows = [[int(entry) for entry in row] for row in k]
            one, other = (_table(game, rows, _bent(bend, sign)) for sign in (1, -1))
            return (one + other) / 2

        return Policy(weights, formula=self.formula)


class BesideBaselines(AbstractWitness):
    r"""Integrated Gradients from n baselines, each moved half-way to x in another input: none is like another.

    .. math:: b^{(k)} = b + \tfrac12 y_k e_k, \qquad A_i = \frac1n \sum_k \mathrm{IG}_i(x, b^{(k)}), \quad y = x - b

    All inputs have the same part in this distribution, so that symmetry is kept; what is given adds up to
    F(x) − E F(b), over the baselines.
    """

    name = "beside_baselines"
    title = "IG from baselines beside b"
    formula = "E_b κᵢ/|κ|, b moved half-way in one input"

    def policy(self, game: Game) -> Policy:
        moves = [[Fraction(int(i == k), 2) for i in range(game.n)] for k in range(game.n)]
        return Policy(lambda k: _from_baselines(game, k, moves), formula=self.formula)


class FirstBaselines(AbstractWitness):
    """Integrated Gradients from two baselines, b and one that is moved half-way to x in the first input."""

    name = "first_baselines"
    title = "IG from b and beside it in z₁"
    formula = "E_b κᵢ/|κ|, b moved half-way in z₁"

    def policy(self, game: Game) -> Policy:
        still = [Fraction(0)] * game.n
        return Policy(lambda k: _from_baselines(game, k, [still, [Fraction(1, 2), *still[1:]]]), formula=self.formula)


def _from_baselines(game: Game, degrees: Array, moves: Sequence[Sequence[Fraction]]) -> Array:
    """The mean of the weights along straight paths from b + c ∘ (x − b), for every c."""
    rows = [[int(entry) for entry in row] for row in degrees]
    found = [_table(game, rows, [(c, 1 - c) for c in move]) for move in moves]
    return sum(found[1:], found[0]) * Fraction(1, len(moves))


def _by_powers(powers: Array) -> Callable[[Array], Array]:
    """The weights along t ↦ t^q: the integral of a monomial is m_i q_i / Σ m_j q_j."""
    return lambda k: k * powers / (k * powers).sum(-1, keepdims=True)


TURNING = (0, 9, -24, 16)
STRAIGHT = (0, 1)
Curve = Sequence[Fraction | int]  # the coefficients of a polynomial in t


def _bent(bend: Sequence[Fraction], sign: int) -> list[Curve]:
    """t + c t (1 − t) for every input."""
    return [(0, 1 + sign * c, -sign * c) for c in bend]


def _table(game: Game, rows: Sequence[Sequence[int]], curves: Sequence[Curve]) -> Array:
    """The weights of some monomials, one row each."""
    return game.cube.array(np.array([along(row, curves) for row in rows], dtype=object))


def along(m: Sequence[int], curves: Sequence[Curve]) -> list[Fraction]:
    """What the path p gives of y^m to every player: ∫ m_i p_i′ p_i^(m_i − 1) Π_j≠i p_j^m_j dt."""
    weights = []
    for i, power in enumerate(m):
        product: Curve = [power * k * c for k, c in enumerate(curves[i])][1:]
        for j, (curve, often) in enumerate(zip(curves, m, strict=True)):
            for _ in range(often - (i == j) if power else 0):
                product = _times(product, curve)
        weights.append(sum((Fraction(c) / (k + 1) for k, c in enumerate(product)), Fraction(0)))
    return weights


def _times(first: Curve, second: Curve) -> Curve:
    found: list[Fraction | int] = [0] * (len(first) + len(second) - 1)
    for a, c in enumerate(first):
        for b, d in enumerate(second):
            found[a + b] += c * d
    return found
