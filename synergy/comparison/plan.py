"""What a comparison will cost in model calls, said before it is paid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from decompositions import show
from decompositions.counts import count
from synergy.wording.room import filled
from synergy.wording.table import grid


@dataclass(frozen=True)
class Step:
    """A part of the work.

    Args:
        what: is done.
        calls: model calls.
        how: on what, and by what rule.
    """

    what: str
    calls: int
    how: str = ""


@dataclass(frozen=True)
class Plan:
    """What a comparison will cost.

    Args:
        players: how many there are, in words.
        steps: the work, in order.
        paid: model calls that were made to know this: every method was tried at x.
        left_out: names of methods that do not apply.
    """

    players: str
    steps: tuple[Step, ...]
    paid: int = 0
    left_out: tuple[str, ...] = ()

    @property
    def total(self) -> int:
        """Model calls in all, those included that were made to know it."""
        return self.paid + sum(step.calls for step in self.steps)

    def __getitem__(self, what: str) -> Step:
        """The step of that name.

        Raises:
            LookupError: there is none.
        """
        for step in self.steps:
            if step.what == what:
                return step
        raise LookupError(f"no step '{what}'; there are {', '.join(step.what for step in self.steps)}")

    def _repr_html_(self) -> str | None:
        return show.notebook(self)

    def to_pandas(self) -> Any:
        """A pandas DataFrame with a row per step: its model calls, and how they are made.

        Raises:
            ImportError: pandas is missing (extra ``pandas``).
        """
        return show.frame(self)

    def __repr__(self) -> str:
        return f"Plan({self.players}; {count(self.total)} model calls)"

    def __str__(self) -> str:
        rows = [["every method at x", count(self.paid), "made to know this"]] if self.paid else []
        rows += [[step.what, count(step.calls), step.how] for step in self.steps]
        rows += [["model calls in all", count(self.total), ""]]
        lines = [self.players, *(f"  {line}".rstrip() for line in grid(rows, "<><"))]
        if self.left_out:
            lines.append(filled(f"  does not apply: {', '.join(self.left_out)}"))
        return "\n".join(lines)
