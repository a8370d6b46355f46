"""Witnesses that are no integrals along one path.

Reference: lundstrom2022rigorous, lundstrom2023four
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from decompositions.arithmetic import Array
from decompositions.games.game import Game
from synergy.axioms.witnesses.witness import AbstractWitness
from synergy.method import METHODS, AbstractMethod, method
from synergy.policies.policy import Policy, degree_shares, equal_shares


class Equal(AbstractWitness):
    """The gain in equal parts to all inputs, whoever takes part."""

    name = "equal"
    title = "equal parts for all"
    formula = "1/n"

    def policy(self, game: Game) -> Policy:
        return Policy(lambda k: k * 0 + Fraction(1, game.n), formula=self.formula, reads="support")


class HalfAndHalf(AbstractWitness):
    """The mean of Integrated Gradients and the Shapley value: no path at all, but a mean of paths."""

    name = "half_and_half"
    title = "½ IG + ½ Shapley"
    formula = "½ κᵢ/|κ| + ½ 1[i∈S]/|S|"

    def policy(self, game: Game) -> Policy:
        return Policy(lambda k: (degree_shares.shares(k) + equal_shares.shares(k)) / 2, formula=self.formula)


class Antisymmetric(AbstractWitness):
    r"""Integrated Gradients and a bit of third derivatives at x that goes from one input to another.

    .. math:: A_i = \text{IG}_i + \tfrac{1}{10} \sum_j y_i y_j \bigl( y_i F_{iij}(x) - y_j F_{ijj}(x) \bigr), \qquad
              w_i = \frac{m_i}{|m|} + \tfrac{1}{10} \sum_j m_i m_j (m_i - m_j), \quad y = x - b

    Complete, linear, symmetric and with dummies, but no mean of monotone paths.
    """

    name = "antisymmetric"
    title = "IG + antisymmetric part"
    formula = "κᵢ/|κ| + Σⱼ κᵢκⱼ(κᵢ − κⱼ)/10"

    def policy(self, game: Game) -> Policy:
        def weights(k: Array) -> Array:
            exchanged = k**2 * k.sum(-1, keepdims=True) - k * (k**2).sum(-1, keepdims=True)
            return degree_shares.shares(k) + exchanged / 10

        return Policy(weights, formula=self.formula)


@dataclass(frozen=True)
class AbsoluteShares(AbstractMethod):
    r"""The gain in proportion to the sizes of another method's attributions: not linear.

    .. math:: A_i = \frac{|a_i|}{\sum_j |a_j|} \bigl( F(x) - F(b) \bigr)

    Args:
        of: the name of a registered method that is complete.
    """

    name = "absolute_shares"
    formula = "|aᵢ| / Σⱼ |aⱼ|"
    of: str = "integrated_gradients"

    @property
    def title(self) -> str:  # type: ignore[override]
        return f"gain by |{METHODS[self.of].title}|"

    def policy(self, game: Game) -> Policy:
        raise ValueError("shares by sizes are not linear in the function, so that no weights on effects make them")

    def attribute(self, game: Game, ends: Any = None) -> Array:
        found = method(self.of).attribute(game, ends)
        sizes = abs(found).sum(-1)
        return abs(found) * found.sum(-1) / sizes if sizes else found
