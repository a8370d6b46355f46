"""Whoever is asked whether it meets an axiom: a method, a policy."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from decompositions.arguments import shown
from decompositions.arithmetic import is_exact
from synergy.axioms.claims.trial import Question
from synergy.axioms.functions.asking import game_of
from synergy.axioms.functions.polynomial_cube import PolynomialCube
from synergy.method import AbstractMethod, method
from synergy.policies.policy import Policy

KINDS = ("polynomial", "network", "pair", "analytic")  # of functions
ROUNDING = 1e-5  # relative, of what networks give in floats


class AbstractSubject(ABC):
    """What an axiom is checked of: it answers questions with numbers."""

    of: str  # "attributions" or "interactions"

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


def subject(given: Any, **settings: Any) -> AbstractSubject:
    """Whoever is meant.

    Args:
        given: the name of a registered method, a method or a policy.
        settings: of a method that is named.

    Raises:
        LookupError: no method of that name; the nearest is said.
        TypeError: neither a name nor a method nor a policy; or settings that it has not.
    """
    if isinstance(given, AbstractSubject):
        return given
    if isinstance(given, Policy):
        return PolicySubject(given)
    if isinstance(given, str):
        return MethodSubject(method(given, **settings))
    if isinstance(given, AbstractMethod):
        return MethodSubject(given)
    raise TypeError(f"an axiom is checked of a method, by its name or itself, or of a policy, not of {shown(given)}")
