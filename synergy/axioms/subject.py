"""Whoever is asked whether it meets an axiom: a method, a policy, an interaction index."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from fractions import Fraction
from typing import Any

from decompositions.arguments import shown, whole
from decompositions.arithmetic import is_exact, objects
from synergy.axioms.claims.trial import Question
from synergy.axioms.functions.asking import game_of
from synergy.axioms.functions.polynomial_cube import PolynomialCube
from synergy.axioms.witnesses.of_sets import AbstractSetRule
from synergy.interaction_index import INDICES, AbstractIndex, AbstractLift, index_named
from synergy.interactions.interactions import interactions
from synergy.interactions.joint_shapley import joint_shapley
from synergy.interactions.lifts.named import LIFTS
from synergy.method import METHODS, AbstractMethod, method
from synergy.policies.policy import Policy

KINDS = ("polynomial", "network", "pair", "analytic")  # of functions
JOINT = "JointSV"  # the index that no weights on effects make
EXACTLY = "interactions are asked of polynomials, where they are exact"
MOST = 6  # players of a set, in a search
ROUNDING = 1e-5  # relative, of what networks give in floats


class AbstractSubject(ABC):
    """What an axiom is checked of: it answers questions with numbers."""

    of: str  # "attributions" or "interactions"
    order: int = 1  # of interactions, the largest number of players of a set
    inputs: int | None = None  # the most inputs of a function that it is asked of

    @property
    @abstractmethod
    def name(self) -> str:
        """As texts call it."""

    @property
    @abstractmethod
    def kinds(self) -> Mapping[str, str]:
        """The kinds of functions that it can be asked of; of the others why not, by kind."""

    @abstractmethod
    def ask(self, question: Question) -> Any:
        """The numbers that it gives: a tuple, or of interactions a mapping from sets of players."""

    def tolerance(self, kind: str) -> float:
        """Of its numbers on functions of a kind; 0 if they are exact."""
        return 0.0 if kind == "polynomial" else ROUNDING


@dataclass(frozen=True)
class MethodSubject(AbstractSubject):
    """An attribution method, asked by its own algorithm; what it answered is kept, as axioms ask alike."""

    method: AbstractMethod
    known: dict[Question, tuple[Any, ...]] = field(default_factory=dict, repr=False, compare=False)
    of = "attributions"

    @property
    def name(self) -> str:
        return self.method.title or self.method.name or type(self.method).__name__

    @property
    def kinds(self) -> Mapping[str, str]:
        if self.method.scope == "game":
            return {}
        if self.method.scope == "feature map":
            return dict.fromkeys(KINDS, "it needs a network with a feature map")
        return dict.fromkeys(("polynomial", "analytic"), "it needs a network")

    def ask(self, question: Question) -> tuple[Any, ...]:
        asked = replace(question, name="")
        if asked not in self.known:
            given = self.method.attribute(game_of(question.function, question.x, question.b))
            exact = is_exact(given)
            self.known[asked] = tuple(given) if exact else tuple(given.detach().cpu().double().tolist())
        return self.known[asked]


@dataclass(frozen=True)
class PolicySubject(AbstractSubject):
    """A policy, applied to the Taylor effects of a polynomial."""

    policy: Policy
    of = "attributions"

    @property
    def name(self) -> str:
        return f"the policy {self.policy.formula}"

    @property
    def kinds(self) -> Mapping[str, str]:
        why = "a policy is asked of effects: of polynomials, where they are exact"
        return dict.fromkeys(KINDS[1:], why)

    def ask(self, question: Question) -> tuple[Any, ...]:
        effects = PolynomialCube(question.function, question.x, question.b).effects()  # type: ignore[arg-type]
        if len(effects) == 1:
            return (Fraction(0),) * effects.n
        shares = self.policy.shares(effects.table(1, len(effects)))
        return tuple((effects.values[1:, None] * shares).sum(0))


@dataclass(frozen=True)
class IndexSubject(AbstractSubject):
    """An interaction index of an order, by its weights on the Taylor effects of a polynomial; or a rule for sets."""

    index: AbstractIndex | AbstractLift | AbstractSetRule
    order: int
    inputs: int | None = None
    of = "interactions"

    @property
    def name(self) -> str:
        name = self.index.title if isinstance(self.index, AbstractSetRule) else self.index.name
        return f"{name} of order {self.order}"

    @property
    def kinds(self) -> Mapping[str, str]:
        return dict.fromkeys(KINDS[1:], EXACTLY)

    def ask(self, question: Question) -> dict[tuple[int, ...], Any]:
        effects = PolynomialCube(question.function, question.x, question.b).effects()  # type: ignore[arg-type]
        if isinstance(self.index, AbstractSetRule):
            return dict(self.index.give(effects, self.order))
        return dict(interactions(effects, self.index, self.order))


@dataclass(frozen=True)
class JointShapleySubject(AbstractSubject):
    """Joint Shapley values, which are made of the values at the corners."""

    order: int
    inputs: int | None = None
    of = "interactions"

    @property
    def name(self) -> str:
        return f"{JOINT} of order {self.order}"

    @property
    def kinds(self) -> Mapping[str, str]:
        return dict.fromkeys(KINDS[1:], EXACTLY)

    def ask(self, question: Question) -> dict[tuple[int, ...], Any]:
        n = question.function.n
        places = (tuple(question.x[i] if mask >> i & 1 else question.b[i] for i in range(n)) for mask in range(2**n))
        return joint_shapley(objects([question.function(place) for place in places]), self.order)


def subject(given: Any, order: int | None = None, **settings: Any) -> AbstractSubject:
    """Whoever is meant.

    Args:
        given: the name of a registered method or of an interaction index; or a method, a policy or an index.
        order: of an index, the largest number of players of a set; by default 2, or the only one that it has.
        settings: of a method that is named.

    Raises:
        LookupError: no method or index of that name; the nearest is said.
        TypeError: neither a name nor a method, a policy or an index; settings that it has not; an order of a method.
        ValueError: an order that the index has not.
    """
    if isinstance(given, AbstractSubject):
        return given
    index = _index(given)
    if index is not None:
        if settings:
            raise TypeError(f"an index has an order and no other settings, not {', '.join(settings)}")
        return JointShapleySubject(_order(None, order)) if index == JOINT else IndexSubject(index, _order(index, order))
    if order is not None:
        raise TypeError(f"an order is asked of an interaction index, and {shown(given)} is none")
    if isinstance(given, Policy):
        return PolicySubject(given)
    if isinstance(given, str):
        return MethodSubject(method(given, **settings))
    if isinstance(given, AbstractMethod):
        return MethodSubject(given)
    raise TypeError(
        f"an axiom is checked of a method or an index, by its name or itself, or of a policy, not of {shown(given)}"
    )


def bounded(asked: AbstractSubject, inputs: int | None) -> AbstractSubject:
    """A subject that is asked of functions of at most so many inputs; None for any number."""
    return asked if inputs is None else replace(asked, inputs=inputs)  # type: ignore[type-var]


def _index(given: Any) -> Any:
    """The index that is meant, "JointSV" as its name; None for anything else."""
    if isinstance(given, (AbstractIndex, AbstractLift, AbstractSetRule)) or given == JOINT:
        return given
    if not isinstance(given, str) or given in METHODS:
        return None
    known = [*INDICES, *LIFTS]
    if given in known:
        return index_named(given, LIFTS)
    near = get_close_matches(given, [*METHODS, *known, JOINT], n=1, cutoff=0.5)
    hint = f"did you mean '{near[0]}'?" if near else f"there are {', '.join([*METHODS, *known, JOINT])}"
    raise LookupError(f"no attribution method or interaction index {shown(given)}; {hint}")


def _order(index: AbstractIndex | AbstractLift | AbstractSetRule | None, order: int | None) -> int:
    least = index.smallest if isinstance(index, AbstractLift) else 1
    most = getattr(index, "largest", None) or MOST
    wanted = min(most, max(least, 2)) if order is None else order
    return whole(wanted, "order is the largest number of players of a set", least, most)
