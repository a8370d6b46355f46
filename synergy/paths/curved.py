"""The path method of a curve."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from decompositions.arguments import shown
from decompositions.games.game import Game, require_game
from synergy.curves.curve import AbstractCurve
from synergy.curves.written import RULE, curve_of
from synergy.path_method import AbstractPathMethod
from synergy.policies.path_policy import path_policy
from synergy.policies.policy import Policy


@dataclass(frozen=True)
class PathMethod(AbstractPathMethod):
    r"""The gradient integrated along a curve from b to x; build one with :func:`path_method`.

    .. math:: a_i = \int_0^1 \partial_i g(\gamma(s))\, \gamma_i'(s)\, ds

    Args:
        nodes, rule: as for Integrated Gradients.
        curve: γ.
    """

    curve: AbstractCurve | None = None

    name = "path"
    title = "path method"
    formula = "∫ κᵢ γ^κ γᵢ′/γᵢ ds"
    reference = "friedman2004paths"
    independent = "1"
    interaction = "∫ κᵢ γ^κ γᵢ′/γᵢ ds"
    holds = "all"
    all_three = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.curve, AbstractCurve):
            raise TypeError(f"{RULE}; path_method(curve) reads it, not PathMethod({shown(self.curve)})")

    def along(self) -> AbstractCurve:
        assert self.curve is not None
        return self.curve

    def policy(self, game: Game) -> Policy:
        require_game(game, "an attribution method")
        self.along().require(game.n)
        return path_policy(self.along())


def path_method(
    curve: AbstractCurve | Callable[[Any], Any],
    *,
    nodes: int | str | None = None,
    rule: str | None = None,
    monotone: bool = True,
) -> PathMethod:
    r"""The path method of a curve: usable like a registered one in ``measure``, ``allocate`` and ``compare``.

    .. math:: a_i = \int_0^1 \partial_i g(\gamma(s))\, \gamma_i'(s)\, ds
              = \sum_\kappa w_i(\kappa)\, \text{effect}(\kappa), \qquad
              w_i(\kappa) = \int_0^1 \frac{\kappa_i \gamma_i'}{\gamma_i} \prod_j \gamma_j^{\kappa_j}\, ds

    It is complete, linear, and gives a null player nothing, whatever the curve. Weights and, on polynomials,
    attributions are exact where the curve is a polynomial with whole numbers and Fractions as coefficients; elsewhere
    both are integrals by a quadrature, whose error stands beside the attributions.

    Args:
        curve: ``power_path(1, 2, 3)``, or a function from s in [0, 1] to one position for every player,
            ``lambda s: (s, s**2)``, 0 at s = 0 and 1 at s = 1, of Python's arithmetic or of torch's functions.
        nodes, rule: as for Integrated Gradients; None chooses the quadrature.
        monotone: False also takes a curve that goes back on its way.

    Raises:
        TypeError: no function, or one that gives no positions.
        ValueError: a curve that does not start at b, does not end at x, or goes back; no number of nodes.

    Theory: :ref:`path-method`.

    >>> game = Game.from_expression("z1*z2", {"z1": 1, "z2": 1})
    >>> path_method(lambda s: (s, s**2)).attribute(game).tolist()
    [1/3, 2/3]
    """
    if not isinstance(monotone, bool):
        raise TypeError(f"monotone is True or False, not {shown(monotone)}")
    return PathMethod(nodes, rule, curve_of(curve, monotone))
