"""How names are written: shortened, counted, and as wide as a terminal shows them."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence

from decompositions.counts import several
from decompositions.visible import JOINERS, visible

NAME = 20  # columns of a player's name
LONGEST = 1000  # letters of a name that are looked at


def shorten(text: str, width: int = NAME) -> str:
    """A text in at most ``width`` columns, with an ellipsis if it was cut; what is not printed is made visible.

    >>> shorten("concave points", 8), columns(shorten("a\\x1b"))
    ('concave…', 5)
    """
    whole = visible(text[: LONGEST + width])  # of a text of megabytes only the beginning is looked at
    if columns(whole) <= width:
        return whole
    while whole and columns(whole) > width - 1:
        whole = whole[:-1]
    return whole + "…"


def shortened(names: Sequence[str], width: int = NAME) -> list[str]:
    """Several names, each in at most ``width`` columns; those that would look alike are cut in the middle.

    >>> shortened(["mean concave points", "mean concavity", "age"], 10)
    ['mea…points', 'mea…cavity', 'age']
    """
    cut = [shorten(name, width) for name in names]
    alike = {each for each, times in Counter(cut).items() if times > 1}
    return [in_the_middle(name, width) if each in alike else each for name, each in zip(names, cut, strict=True)]


def in_the_middle(text: str, width: int) -> str:
    """The beginning and the end of a text, of which more is left: names differ there."""
    whole = visible(text[:width] + text[-width:] if len(text) > 2 * width else text)
    if columns(whole) <= width:
        return whole
    start = shorten(whole, max(1, (width - 1) // 3) + 1)
    end = whole
    while end and columns(start) + columns(end) > width:
        end = end[1:]
    return start + end


def players_of(n: int, active: int) -> str:
    """How many players there are, and how many of them are null players.

    >>> players_of(3, 3), players_of(3, 1)
    ('3 players', '3 players (2 of them without any difference from the baseline)')
    """
    null = f" ({n - active} of them without any difference from the baseline)" if active < n else ""
    return f"{several(n, 'player')}{null}"


def columns(text: str) -> int:
    """The columns that a terminal needs: wide letters take two, combining marks and joiners none."""
    return sum(
        0
        if unicodedata.combining(letter) or letter in JOINERS
        else 2
        if unicodedata.east_asian_width(letter) in "WF"
        else 1
        for letter in text
    )


def shared_start(names: Sequence[str]) -> str:
    """The words that all names begin with, up to a space; nothing where a name would be left empty.

    >>> shared_start(["region 1", "region 10"]), shared_start(["radius", "texture"])
    ('region ', '')
    """
    first, last = min(names), max(names)
    end = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))
    start = first[: first[:end].rfind(" ") + 1]
    return start if first != last and len(start) < min(map(len, names)) else ""
