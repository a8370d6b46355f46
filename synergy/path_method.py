"""Methods that integrate the gradient along the straight path: what they share."""

from __future__ import annotations

import re
from collections.abc import Hashable
from dataclasses import dataclass, replace
from typing import Any

from decompositions.arguments import whole
from decompositions.arithmetic import Array
from decompositions.games.game import Game, require_game
from decompositions.models.undisturbed import outside_inference
from synergy.algorithms.path.integral import BY_PANELS, EXACT, MOST, foreseen, integral, price
from synergy.estimate import Estimate
from synergy.method import AbstractEstimate, AbstractMethod, kept

CHEAPER = (64, 32, 16, 8)  # nodes, where the choice is too dear


@dataclass(frozen=True)
class AbstractPathMethod(AbstractEstimate):
    r"""A method that integrates the gradient along the straight path to x.

    With ``nodes=None`` the rule is chosen: for a network that can be read and has no curved step the integral is a sum
    over the pieces between its kinks, exact to rounding. Elsewhere Gauss–Legendre rules of 8, 16 and 32 nodes
    follow each other until two agree and the integral's sum is f(x) − f(b); where they do not, or where the kinks are
    too many to list, 15-point Gauss–Kronrod rules on intervals that are cut where they err most, 195 nodes in all.
    The rule that is chosen for x is that of all end points of a measured allocation.

    Args:
        nodes: of a Gauss–Legendre rule, whose error is read from its nodes, from the gain f(x) − f(b), and from
            the rules with half as many and with one less; "adaptive" for the Gauss–Kronrod rules; None for the choice.
            For polynomial expressions the integral is always exact.
    """

    nodes: int | str | None = None

    def __post_init__(self) -> None:
        if self.nodes is not None and not (isinstance(self.nodes, str) and self.nodes == BY_PANELS):
            rule = 'nodes is the number of nodes of a Gauss–Legendre rule, "adaptive", or None for the choice'
            kept(self, "nodes", whole(self.nodes, rule, 1, MOST))

    @outside_inference()
    def integrate(self, game: Game, ends: Any = None) -> Estimate:
        """The attributions with their error and the rule that was used."""
        require_game(game, "an attribution method")
        found = integral(game, game.ends(ends), self.nodes)
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
        return ("path", self.nodes)

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
        if found.rule.startswith(EXACT) and foreseen(game, 1, ends) is not None:
            return self
        drawn = re.search(r"Legendre, (\d+) nodes", found.rule)
        return replace(self, nodes=int(drawn[1]) if drawn else BY_PANELS)

    def taking(self, game: Game, paid: int, ends: Array) -> float:
        """Of a sum over pieces less where there are fewer."""
        if self.nodes is not None:
            return float(self.price(game))
        return foreseen(game, paid, ends) or float(paid)

    def price(self, game: Game) -> int:
        """Model calls for one end point: the most that the choice can take; of the exact sum about those for x."""
        require_game(game, "an attribution method")
        return price(game, self.nodes)
