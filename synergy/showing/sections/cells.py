"""How the page writes a number, its share of the scale, and a name."""

from __future__ import annotations

from typing import Any, NamedTuple

from synergy.wording.numbers import minus, number

LETTERS = 40  # of a player's name


class Tint(NamedTuple):
    """A number as it is read, and its share of the scale, from −1 to 1."""

    text: str
    share: float


def times(given: Any, effect: Any) -> str:
    """How many times an effect is given; nothing for no effect."""
    return minus(f"{float(given / effect):.2f}") if effect else ""


def signed(value: Any) -> str:
    """A number with its sign."""
    return minus(number(value, sign=True))
