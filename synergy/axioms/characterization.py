"""A characterization: axioms that single out a method, each of which is needed; and what running it shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from decompositions import show
from synergy.axioms.finding import Check


@dataclass(frozen=True)
class Characterization:
    """Hypotheses ⇒ conclusion.

    Args:
        name: as it is asked for.
        conclusion: what the hypotheses single out.
        method: that method, or one of those.
        without: by hypothesis, the name of an axiom: a method that keeps all others.
        reference: key in docs/references.bib.
        given: what is presupposed beside the axioms, and not searched for.
        note: how it is proven, or what is to be said of it.
        order: of interactions, the largest number of players of a set.
        inputs: the most inputs of a function, where there is such a bound.
        open: hypotheses that no polynomial tells from the others; they carry the result beyond polynomials.
    """

    name: str
    conclusion: str
    method: Any
    without: Mapping[str, Any]
    reference: str
    given: str = ""
    note: str = ""
    order: int | None = None
    inputs: int | None = None
    open: tuple[str, ...] = ()

    @property
    def hypotheses(self) -> tuple[str, ...]:
        """The names of the axioms."""
        return (*self.without, *self.open)


@dataclass(frozen=True, eq=False)
class Row:
    """What checks say of one method.

    Args:
        method: its name.
        without: the hypothesis that it does without; "" for what is singled out.
        checks: by hypothesis.
    """

    method: str
    without: str
    checks: Mapping[str, Check]

    @property
    def broken(self) -> Check | None:
        """The counter-example to the hypothesis that it does without, where one is found."""
        found = self.checks.get(self.without)
        return found if found is not None and found.falsified else None

    @property
    def holds(self) -> bool:
        """Whether this hypothesis is broken, and no other was found to be."""
        return all(found.falsified == (axiom == self.without) for axiom, found in self.checks.items())


@dataclass(frozen=True, eq=False)
class Demonstration:
    """What checks say of a characterization; not falsified is no proof, a counter-example is one.

    Args:
        of: the characterization.
        rows: of what is singled out, then of a method for every hypothesis.
    """

    of: Characterization
    rows: tuple[Row, ...]

    @property
    def holds(self) -> bool:
        """Whether every method breaks the hypothesis that it does without, and no other was found to be broken."""
        return all(row.holds for row in self.rows)

    def __repr__(self) -> str:
        return show.text(self)

    def _repr_html_(self) -> str | None:
        return show.notebook(self)
