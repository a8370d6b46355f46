"""Rules that share a polynomial out among sets of players: witnesses for the axioms of interactions."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from math import comb
from typing import ClassVar

from decompositions.effects.effects import Effects
from synergy.interaction_index import index_named
from synergy.interactions.interactions import interactions
from synergy.interactions.lifts.named import LIFTS

Sets = dict[tuple[int, ...], Fraction]


class AbstractSetRule(ABC):
    """What every set of at most ``order`` players is given of the Taylor effects of a polynomial."""

    title: ClassVar[str]

    @abstractmethod
    def give(self, effects: Effects, order: int) -> Sets:
        """The sets that are given anything, and what."""


class AbstractTermRule(AbstractSetRule):
    """A rule that is known by what it gives of every monomial."""

    def give(self, effects: Effects, order: int) -> Sets:
        given: Sets = defaultdict(Fraction)
        for m, value in effects.to_dict().items():
            if any(m):
                for T, weight in self.weights(m, order).items():
                    given[T] += weight * value
        return dict(given)

    @abstractmethod
    def weights(self, m: tuple[int, ...], order: int) -> Mapping[tuple[int, ...], Fraction]:
        """Of (x − b)^m."""


class Nothing(AbstractTermRule):
    """Nothing to any set."""

    title = "nothing to anybody"

    def weights(self, m: tuple[int, ...], order: int) -> Mapping[tuple[int, ...], Fraction]:
        return {}


class AllToEverybody(AbstractTermRule):
    """All to the set of all players, whoever takes part."""

    title = "all to the set of everybody"

    def weights(self, m: tuple[int, ...], order: int) -> Mapping[tuple[int, ...], Fraction]:
        return {tuple(range(len(m))): Fraction(1)}


class OverAllSets(AbstractTermRule):
    """Effects of fewer than k players to their own sets; others equally to all sets of k, whoever is in them."""

    title = "equally over all sets of k"

    def weights(self, m: tuple[int, ...], order: int) -> Mapping[tuple[int, ...], Fraction]:
        S = members(m)
        if len(S) < order:
            return {S: Fraction(1)}
        return {T: Fraction(1, comb(len(m), order)) for T in combinations(range(len(m)), order)}


class PowersOverAllSets(AbstractTermRule):
    """Effects of at most k players to their own sets; others by powers to all sets of k, whoever is in them."""

    title = "by powers over all sets of k"

    def weights(self, m: tuple[int, ...], order: int) -> Mapping[tuple[int, ...], Fraction]:
        S, n = members(m), len(m)
        if len(S) <= order:
            return {S: Fraction(1)}
        sets = combinations(range(n), order)
        return {T: Fraction(sum(m[i] for i in T), sum(m) * comb(n - 1, order - 1)) for T in sets}


class HalfBelow(AbstractTermRule):
    """Sum of Powers, but that of effects of more than k players half goes to single ones, as Integrated Gradients."""

    title = "½ Sum of Powers + ½ below"

    def weights(self, m: tuple[int, ...], order: int) -> Mapping[tuple[int, ...], Fraction]:
        S = members(m)
        if len(S) <= order:
            return {S: Fraction(1)}
        half = Fraction(1, 2 * sum(m))
        below: dict[tuple[int, ...], Fraction] = {(i,): half * m[i] for i in S}
        above = {T: half * sum(m[i] for i in T) / comb(len(S) - 1, order - 1) for T in combinations(S, order)}
        return {T: below.get(T, Fraction(0)) + above.get(T, Fraction(0)) for T in {*below, *above}}


@dataclass(frozen=True)
class InProportion(AbstractSetRule):
    """The gain in proportion to the sizes of an index: not linear.

    Args:
        index: the name of one.
    """

    index: str

    @property
    def title(self) -> str:  # type: ignore[override]
        return f"gain by |{self.index}|"

    def give(self, effects: Effects, order: int) -> Sets:
        found = interactions(effects, index_named(self.index, LIFTS), order)
        sizes = sum(map(abs, found.values()))
        return {T: abs(value) * effects.total / sizes for T, value in found.items()} if sizes else dict(found)


def members(m: tuple[int, ...]) -> tuple[int, ...]:
    """The players that a monomial holds."""
    return tuple(i for i, power in enumerate(m) if power)
