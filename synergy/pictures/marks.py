"""The marks of verdicts: told apart by their shape, and by their colour."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from synergy.allocation.criteria import Criteria
from synergy.comparison.result import Result
from synergy.pictures.canvas import SOFT
from synergy.wording.colours import NEGATIVE, POSITIVE, hexadecimal

NONE = "–"  # where there is no verdict


class Mark(NamedTuple):
    """A letter and its colour."""

    sign: str
    colour: str


MARKS: Mapping[str, Mark] = MappingProxyType(
    {
        "pass": Mark("✓", hexadecimal(POSITIVE)),
        "fail": Mark("✗", hexadecimal(NEGATIVE)),
        "undecided": Mark("?", SOFT),
    }
)
LEGEND = "✓ pass   ✗ fail   ? undecided"


def judged(result: Result) -> tuple[Criteria | None, str]:
    """The criteria of a method as it was measured, or else in theory, and which of them these are."""
    side = "measured" if result.measured is not None else "in theory" if result.theory is not None else ""
    return result.criteria, side
