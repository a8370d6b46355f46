"""What an axiom is tried on: functions, points and players; the questions made of them; and what must hold then."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from synergy.axioms.functions.function import AbstractFunction, Point


@dataclass(frozen=True)
class Trial:
    """The free choices behind one test of an axiom.

    Args:
        functions: any functions; the axiom makes those that it speaks of from them.
        points: x, b, and what else of numbers the axiom has, rows of n numbers.
        players: those of whom the axiom speaks.
        order: of interactions, the largest number of players of a set.
    """

    functions: tuple[Any, ...]
    points: tuple[Point, ...]
    players: tuple[int, ...] = ()
    order: int = 1

    @property
    def x(self) -> Point:
        return self.points[0]

    @property
    def b(self) -> Point:
        return self.points[1]


@dataclass(frozen=True)
class Question:
    """A function, an input and a baseline: what a method is asked.

    Args:
        function: f.
        x: the input.
        b: the baseline.
        name: of the function, where an axiom speaks of several.
    """

    function: AbstractFunction
    x: Point
    b: Point
    name: str = "F"

    @property
    def gain(self) -> Any:
        """f(x) − f(b)."""
        return self.function(self.x) - self.function(self.b)


RELATIONS = {"=": "≠", "≥": "<", "≠": "="}


@dataclass(frozen=True)
class Claim:
    """What an axiom asks of the numbers that a method gives: left relation right.

    Args:
        left: a number.
        relation: "=", "≥" or "≠".
        right: a number.
        says: the two sides in words, (left, right).
    """

    left: Any
    relation: str
    right: Any
    says: tuple[str, str]

    def broken(self, tolerance: float, scale: float = 0.0) -> bool:
        """Whether it does not hold; floats by more than the tolerance, relative to the sizes at hand.

        Args:
            tolerance: 0 for exact numbers.
            scale: the size of the numbers in the function and of what was given.
        """
        room = tolerance * max(abs(self.left), abs(self.right), scale) if tolerance else 0
        gap = self.left - self.right
        if self.relation == "≠":
            return bool(abs(gap) <= room)
        return bool(gap < -room) if self.relation == "≥" else bool(abs(gap) > room)

    @property
    def gap(self) -> float:
        """How far the two sides are apart."""
        return abs(float(self.left - self.right))
