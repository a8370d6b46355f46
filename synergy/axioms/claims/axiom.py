"""What an axiom is, and the registry of all of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from fractions import Fraction
from types import MappingProxyType
from typing import Any, ClassVar

from decompositions.arguments import shown
from synergy.axioms.claims.trial import Claim, Question, Trial
from synergy.axioms.functions.function import Point


class AbstractAxiom(ABC):
    """A property that one may ask of every method, in a form that a program can try.

    An axiom turns free choices, a :class:`synergy.axioms.claims.trial.Trial`, into questions that meet its hypotheses,
    and says what must hold between the answers. Whatever the choices are, a claim that does not hold falsifies it.
    """

    name: ClassVar[str]  # as it is asked for
    title: ClassVar[str]  # as texts call it
    statement: ClassVar[str]  # in words
    formula: ClassVar[str]  # the same as a formula
    violation: ClassVar[str]  # what a counter-example is
    reference: ClassVar[str]  # key in docs/references.bib
    of: ClassVar[str] = "attributions"  # or "interactions"
    kinds: ClassVar[tuple[str, ...]] = ("polynomial", "network")  # of functions on which it is tried
    functions: ClassVar[int] = 1  # that it starts from
    players: ClassVar[int] = 0  # of whom it speaks
    points: ClassVar[int] = 2  # x, b and further rows of numbers
    least: ClassVar[int] = 1  # inputs of a function

    def places(self, n: int) -> Iterator[tuple[Point, ...]]:
        """Points for the bank: x, b, and what else of numbers the axiom has."""
        ones, zeros = (Fraction(1),) * n, (Fraction(0),) * n
        for x in (ones, tuple(Fraction(k + 1) for k in range(n))):
            yield x, zeros, *([ones] * (self.points - 2))

    def settled(self, trial: Trial) -> Trial | None:
        """The choices with the numbers made to meet the hypotheses; None where they cannot."""
        return trial

    @abstractmethod
    def questions(self, trial: Trial) -> tuple[Question, ...]:
        """What the method is asked."""

    @abstractmethod
    def claims(self, trial: Trial, asked: Sequence[Question], given: Sequence[Any]) -> Iterator[Claim]:
        """What must hold between what it gave."""


_REGISTRIES: dict[str, dict[str, AbstractAxiom]] = {"attributions": {}, "interactions": {}}
ATTRIBUTION: Mapping[str, AbstractAxiom] = MappingProxyType(_REGISTRIES["attributions"])
INTERACTION: Mapping[str, AbstractAxiom] = MappingProxyType(_REGISTRIES["interactions"])


def register(axiom: type[AbstractAxiom]) -> type[AbstractAxiom]:
    """Add an axiom to its registry, under its name.

    Raises:
        TypeError: missing parts.
    """
    needed = ("name", "title", "statement", "formula", "violation", "reference")
    missing = {each for each in needed if not hasattr(axiom, each)} | getattr(axiom, "__abstractmethods__", frozenset())
    if missing:
        raise TypeError(f"the axiom {axiom.__name__} lacks {', '.join(sorted(missing))}")
    _REGISTRIES[axiom.of][axiom.name] = axiom()
    return axiom


def axiom_named(given: Any, of: str) -> AbstractAxiom:
    """An axiom by its name, of attributions or of interactions; an axiom of one's own as it is.

    Raises:
        TypeError: neither a name nor an axiom.
        LookupError: no such axiom; the nearest name is said.
        ValueError: one of the other kind of subjects.
    """
    if isinstance(given, AbstractAxiom):
        if given.of != of:
            raise ValueError(f"'{given.name}' is an axiom of {given.of}, and this is asked of {of}")
        return given
    if not isinstance(given, str):
        raise TypeError(f'an axiom is asked for by its name, as "completeness", not by {shown(given)}')
    known, other = _REGISTRIES[of], _REGISTRIES["interactions" if of == "attributions" else "attributions"]
    name = given.strip().lower().replace(" ", "_").replace("-", "_")
    if name in known:
        return known[name]
    if name in other:
        raise ValueError(f"'{name}' is an axiom of {other[name].of}, and this is asked of {of}: {', '.join(known)}")
    near = get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f"did you mean '{near[0]}'?" if near else f"there are {', '.join(known)}"
    raise LookupError(f"no axiom {shown(given)} of {of}; {hint}")


def with_points(trial: Trial, *points: Point) -> Trial:
    """The choices with other first points, x and b and so on."""
    return replace(trial, points=(*points, *trial.points[len(points) :]))
