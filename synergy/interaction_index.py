"""What an interaction index is, by weights of sizes or lifted from a rule for single players; and the registry."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from fractions import Fraction
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np

from decompositions.arguments import shown
from decompositions.arithmetic import Array
from synergy.policies.policy import Policy


class AbstractIndex(ABC):
    r"""An index of sets of at most k players, k being the order: a policy (the theory) and its own definition.

    .. math:: I(T) = \sum_{S \supseteq T} w(|T|, |S|)\, J(S), \qquad 1 \le |T| \le k

    Of every effect J(S) a part w goes to each T within S. The definition, on the values v, is written without the
    weights; the tests compare the two exactly. Subclass it, decorate the class with :func:`register`, and it works like
    a built-in one.
    """

    name: ClassVar[str]  # as it is asked for; shapiq's, where shapiq has it
    title: ClassVar[str]  # as texts call it
    formula: ClassVar[str]  # w(T, S), with t, s and k for |T|, |S| and the order
    reference: ClassVar[str]  # key in docs/references.bib
    largest: ClassVar[int | None] = None  # the largest order that it has
    constant: ClassVar[bool] = (
        False  # whether its part of the empty set is more than v(∅): then it has weights of t = 0
    )

    @abstractmethod
    def weight(self, t: int, s: int, order: int) -> Fraction:
        """w(T, S) for a T of t players within an S of s, t ≤ min(s, order)."""

    @abstractmethod
    def definition(self, values: Array, order: int) -> dict[int, Array]:
        """The index as its authors define it, from the table of v.

        Args:
            values: v, position = bitmask. Shape ``(2**n,)``.
            order: the largest number of players of a set.

        Returns:
            Bitmask → I(T), of all T of 1 to ``order`` players; with ∅ where the index has a constant of its own.
        """

    def weights(self, t: int, largest: int, order: int) -> list[Fraction]:
        """w(T, ·) by the number of players of S, from 0 to ``largest``; 0 where S has fewer than T."""
        return [self.weight(t, s, order) if s >= t else Fraction(0) for s in range(largest + 1)]


@dataclass(frozen=True)
class AbstractLift(ABC):
    r"""An index of sets of at most k players that is made of a rule for single players.

    .. math:: I(T) = \sum_{\kappa} w(T, \kappa)\, \text{effect}(\kappa), \qquad T \subseteq S = \text{supp } \kappa

    with weights that depend on the shares :math:`a_i(\kappa)` of the players by the rule alone. Rules that read degrees
    need Taylor effects.

    Args:
        policy: the rule.
        name: as it is asked for; of a lift of one's own what it is made of.
        title: as texts call it.
        smallest: the smallest order that it has.
        largest: the largest order that it has; None for any.
    """

    policy: Policy
    name: str = "lift"
    title: str = "lift"
    smallest: int = 1
    largest: int | None = None

    @abstractmethod
    def weights(self, shares: Array, places: np.ndarray, order: int) -> Array:
        """w(T, κ) of some effects of s players each, and of some T within these.

        Args:
            shares: a_i(κ) of the players in an effect. Shape ``(m, s)``.
            places: which of these s players are in T, one row each. Shape ``(c, t)``.
            order: k.

        Returns:
            Shape ``(m, c)``, or one that broadcasts to it.
        """


_REGISTRY: dict[str, AbstractIndex] = {}
INDICES: Mapping[str, AbstractIndex] = MappingProxyType(_REGISTRY)
NO_POLICY = {
    "JointSV": "it gives a part of the effect of a single player to pairs with others, who are null players, so no "
    "weights on effects make it; synergy.interactions.joint_shapley computes it from the values"
}


def register(index: type[AbstractIndex]) -> type[AbstractIndex]:
    """Add an index to the registry, under its name.

    Raises:
        TypeError: no subclass of AbstractIndex, or one with missing parts.
        ValueError: the name of another one.
    """
    if not (isinstance(index, type) and issubclass(index, AbstractIndex)):
        raise TypeError(f"an index is a subclass of AbstractIndex, with weight() and definition(), not {shown(index)}")
    lacking = {each for each in ("name", "title", "formula", "reference") if not hasattr(index, each)}
    missing = lacking | getattr(index, "__abstractmethods__", frozenset())
    if missing:
        raise TypeError(f"the index {index.__name__} lacks {', '.join(sorted(missing))}")
    known = _REGISTRY.get(index.name)
    if known is not None and type(known).__qualname__ + type(known).__module__ != index.__qualname__ + index.__module__:
        raise ValueError(f"there is an index '{index.name}' already; take another name")
    _REGISTRY[index.name] = index()
    return index


def index_named(given: Any, lifts: Mapping[str, AbstractLift]) -> AbstractIndex | AbstractLift:
    """An index by its name, of the registry or of some lifts; an index of one's own as it is.

    Raises:
        TypeError: neither a name nor an index.
        LookupError: no such index; the nearest name is said.
        ValueError: one that is no policy over effects.
    """
    if isinstance(given, (AbstractIndex, AbstractLift)):
        return given
    if not isinstance(given, str):
        raise TypeError(f'an index is asked for by its name, as index="STII", not by {shown(given)}')
    if given in NO_POLICY:
        raise ValueError(f"{given} is no policy: {NO_POLICY[given]}")
    known: dict[str, AbstractIndex | AbstractLift] = {**INDICES, **lifts}
    if given not in known:
        alike = {name.lower(): name for name in known}
        near = get_close_matches(given.lower(), alike, n=1, cutoff=0.5)
        hint = f"did you mean '{alike[near[0]]}'?" if near else f"there are {', '.join(known)}"
        raise LookupError(f"no interaction index {shown(given)}; {hint}")
    return known[given]
