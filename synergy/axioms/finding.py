"""What a check found: nothing against the axiom, or a small counter-example."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from decompositions import show
from synergy.axioms.claims.axiom import AbstractAxiom
from synergy.axioms.claims.trial import Claim, Question


@dataclass(frozen=True)
class Witness:
    """A counter-example.

    Args:
        asked: the questions.
        given: what the method gives for each.
        claim: what does not hold.
    """

    asked: tuple[Question, ...]
    given: tuple[Any, ...]
    claim: Claim

    @property
    def size(self) -> tuple[int, int]:
        """Terms and total degree of the function in the first question; of a network its weights."""
        first, second, *_ = self.asked[0].function.size
        return first, second


@dataclass(frozen=True, eq=False)
class Check:
    """The result of a search for a counter-example; that none was found is no proof.

    Args:
        subject: who was asked.
        axiom: which one.
        tried: the number of choices that were looked at.
        seed: of the random ones.
        witness: the counter-example; None where none was found.
        refused: choices that the method refused, with its reason.
    """

    subject: str
    axiom: AbstractAxiom
    tried: int
    seed: int
    witness: Witness | None
    refused: int = 0

    @property
    def falsified(self) -> bool:
        """Whether there is a counter-example."""
        return self.witness is not None

    def __str__(self) -> str:
        return show.text(self)

    def __repr__(self) -> str:
        return show.text(self)

    def _repr_latex_(self) -> str:
        return show.formula(self)._repr_latex_()

    def _repr_html_(self) -> str | None:
        return show.notebook(self)
