"""One method on one game: its attributions, and its table in theory and measured."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from decompositions import show
from decompositions.arithmetic import Array, stack, to_float
from decompositions.counts import several
from synergy.allocation.allocation import Allocation
from synergy.allocation.criteria import Criteria
from synergy.method import ITS_OWN
from synergy.wording.effects import effect_label


@dataclass(frozen=True, eq=False)
class Result:
    """One method on one game.

    Args:
        name: of the method.
        target: what its attributions are meant to explain.
        formula: of its policy.
        attribution: Shape ``(n,)``; None where the method does not apply, with the reason in ``note``.
        error: the numerical error of the attributions, Shape ``(n,)``, or None for rounding alone.
        theory: the effects shared out by its policy, or None with the reason in ``theory_note``.
        measured: the measured allocation, or None with the reason in ``measured_note``.
        price: model calls of the measured allocation beside those of the effects.
        settings: of the method, as a person reads them; of a path integral the rule that was used and its error.
        title: what texts call the method; its name by default.
        twin: the name of the method before it that asks the same question, and so has the same numbers.

    Theory: :ref:`rows-agree`.
    """

    name: str
    target: str
    formula: str
    attribution: Array | None = None
    error: Array | None = None
    note: str = ""
    theory: Allocation | None = None
    theory_note: str = ""
    measured: Allocation | None = None
    measured_note: str = ""
    price: int = 0
    settings: str = ""
    title: str = ""
    twin: str = ""

    def _repr_html_(self) -> str | None:
        return show.notebook(self)

    def to_pandas(self) -> Any:
        """A pandas DataFrame with a row per player: what the method gives it, and its numerical error.

        Raises:
            ImportError: pandas is missing (extra ``pandas``).
            ValueError: the method does not apply.
        """
        return show.frame(self)

    def __repr__(self) -> str:
        if self.attribution is None:
            return f"Result({self.name}; does not apply)"
        known = {"in theory": self.theory, "measured": self.measured}
        sides = " and ".join(side for side, table in known.items() if table is not None)
        return (
            f"Result({self.name}; attributions of {several(len(self.attribution), 'player')}{sides and ', ' + sides})"
        )

    def __str__(self) -> str:
        return f"{self.name}: {show.text(self)}"

    def plot(self, path: str | Path | None = None) -> Any:
        """The attributions as bars with their errors: a matplotlib figure (extra ``viz``), saved if asked."""
        return show.figure(self, path)

    @property
    def heading(self) -> str:
        """What texts call the method."""
        return self.title or self.name

    @property
    def own_unit(self) -> bool:
        """Whether the attributions have a unit of their own, as nothing is known that they add up to."""
        return self.target == ITS_OWN

    @property
    def allocation(self) -> Allocation | None:
        """Who is given how much of which effect: as it was measured, or else in theory."""
        return self.theory if self.measured is None else self.measured

    @property
    def criteria(self) -> Criteria | None:
        """The criteria of that table, if there is one."""
        return self.theory_criteria if self.measured is None else self.measured_criteria

    @cached_property
    def theory_criteria(self) -> Criteria | None:
        """The criteria of the theory, if there is one."""
        return None if self.theory is None else self.theory.criteria()

    @cached_property
    def disagreement(self) -> float | None:
        """The largest difference between a row in theory and the same row measured, relative to the largest effect."""
        if self.theory is None or self.measured is None:
            return None
        effects = float(abs(self.measured.effects.values[..., 1:]).max())
        difference = self._apart[0]
        return difference / effects if effects else difference

    @property
    def disagreement_at(self) -> str:
        """The name of the row in which theory and measurement differ most; empty where they agree."""
        if not self.disagreement or self.measured is None:
            return ""
        effects = self.measured.effects
        return effect_label(effects, effects.key(self._apart[1]))

    @cached_property
    def _apart(self) -> tuple[float, int]:
        """The largest difference of a row in theory and measured, and the row."""
        assert self.theory is not None
        assert self.measured is not None
        largest, row, theory = 0.0, 0, self.theory.by_support()
        for start, stop, measured in self.measured.blocks():
            differences = to_float(abs(_rows_of(theory, self.measured, start, stop) - measured)).max(-1)
            differences = differences.reshape(-1, differences.shape[-1]).max(0)  # of several games the largest
            if differences.max() > largest:
                largest, row = float(differences.max()), start + int(differences.argmax())
        return largest, row

    @cached_property
    def measured_criteria(self) -> Criteria | None:
        """The criteria of the measured allocation, if it was measured."""
        return None if self.measured is None else self.measured.criteria()


def _rows_of(theory: Allocation, measured: Allocation, start: int, stop: int) -> Array:
    """What the theory gives in some rows of the measured table. Shape ``(..., stop−start, n)``."""
    if theory.effects is measured.effects or (theory.effects.dense and measured.effects.dense):
        return theory.rows(start, stop)
    return stack([theory[measured.effects.key(row)] for row in range(start, stop)], -2)
