"""Methods that integrate the gradient along a path: what they share."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Hashable
from dataclasses import dataclass, replace
from typing import Any

from decompositions.arguments import shown, whole
from decompositions.arithmetic import Array
from decompositions.games.game import Game, require_game
from decompositions.models.undisturbed import outside_inference
from synergy.algorithms.path.integral import BY_PANELS, EXACT, MOST, foreseen, integral, price
from synergy.algorithms.path.riemann import STEPS
from synergy.curves.curve import STRAIGHT, AbstractCurve
from synergy.estimate import Estimate
from synergy.method import AbstractEstimate, AbstractMethod, kept

CHEAPER = (64, 32, 16, 8)  # nodes, where the choice is too dear


@dataclass(frozen=True)
class AbstractPathMethod(AbstractEstimate):
    r"""A method that integrates the gradient along a path to x.

    With ``nodes=None`` the rule is chosen: along the straight path of a network that can be read and has no curved step
    the integral is a sum over the pieces between its kinks, exact to rounding. Elsewhere Gauss–Legendre rules of 8, 16
    and 32 nodes follow each other until two agree and the integral's sum is f(x) − f(b); where they do not, or where
    the kinks are too many to list, 15-point Gauss–Kronrod rules on intervals that are cut where they err most, 195
    nodes in all.
    The rule that is chosen for x is that of all end points of a measured allocation.

    Args:
        nodes: of a Gauss–Legendre rule, whose error is read from its nodes, from the gain f(x) − f(b), and from
            the rules with half as many and with one less; "adaptive" for the Gauss–Kronrod rules; None for the choice.
            For polynomial expressions the integral is always exact.
        rule: "left", "right", "midpoint" or "trapezoid", for a sum over ``nodes`` equal steps instead; of an exact game
            the sum is exact, and its error, that of the sum for the integral, is as well.
    """

    nodes: int | str | None = None
    rule: str | None = None

    @abstractmethod
    def along(self) -> AbstractCurve:
        """The path."""

    def __post_init__(self) -> None:
        if self.nodes is not None and not (isinstance(self.nodes, str) and self.nodes == BY_PANELS):
            rule = 'nodes is the number of nodes of a Gauss–Legendre rule, "adaptive", or None for the choice'
            kept(self, "nodes", whole(self.nodes, rule, 1, MOST))
        self._require_rule()

    def _require_rule(self) -> None:
        """Refuse a rule that is not known, or one whose number of steps is not."""
        if self.rule is None:
            return
        if not isinstance(self.rule, str) or self.rule not in STEPS:
            raise ValueError(f"rule is one of {', '.join(STEPS)}, or None for another, not {shown(self.rule)}")
        if not isinstance(self.nodes, int):
            raise ValueError(
                f"a sum over equal steps has a number of them; with rule={self.rule!r} say how many, as nodes=50"
            )

    @outside_inference()
    def integrate(self, game: Game, ends: Any = None) -> Estimate:
        """The attributions with their error and the rule that was used."""
        require_game(game, "an attribution method")
        curve = self.along()
        found = integral(game, game.ends(ends), self.nodes, curve, self.rule)
        if curve != STRAIGHT:
            found = replace(found, rule=f"{found.rule}, along {curve!r}")
        return found.first if ends is None else found

    def attribute(self, game: Game, ends: Any = None) -> Array:
        return self.integrate(game, ends).values

    def estimate(self, game: Game, ends: Any = None) -> tuple[Array, Array]:
        found = self.integrate(game, ends)
        return found.values, found.errors

    def answer(self, game: Game, ends: Any = None) -> Estimate:
        return self.integrate(game, ends)

    def question(self) -> Hashable:
        """On the mean game of several baselines Integrated Gradients are Expected Gradients."""
        return ("path", self.nodes, self.along(), self.rule)

    def within(self, game: Game, calls: int) -> AbstractMethod | None:
        """The choice of the rule, or, where that is too dear, the largest of some Gauss–Legendre rules that is not."""
        if self.nodes is not None or self.price(game) <= calls:
            return self if self.price(game) <= calls else None
        cheaper = (replace(self, nodes=nodes) for nodes in CHEAPER)
        return next((each for each in cheaper if each.price(game) <= calls), None)

    def settled(self, game: Game, found: Estimate, ends: Array) -> AbstractMethod:
        """By the rule that was chosen for x; a sum over pieces stays one where those of the other ends are not many."""
        if self.nodes is not None or not game.cube.precision:
            return self
        if found.rule.startswith(EXACT) and foreseen(game, 1, ends, self.along()) is not None:
            return self
        drawn = re.search(r"Legendre, (\d+) nodes", found.rule)
        return replace(self, nodes=int(drawn[1]) if drawn else BY_PANELS)

    def taking(self, game: Game, paid: int, ends: Array) -> float:
        """Of a sum over pieces less where there are fewer."""
        if self.nodes is not None:
            return float(self.price(game))
        return foreseen(game, paid, ends, self.along()) or float(paid)

    def price(self, game: Game) -> int:
        """Model calls for one end point: the most that the choice can take; of the exact sum about those for x."""
        require_game(game, "an attribution method")
        return price(game, self.nodes, self.along(), self.rule)
