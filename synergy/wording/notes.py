"""How reasons are quoted."""

from __future__ import annotations


def clause(note: str) -> str:
    """What a note says before its first semicolon outside brackets: the rule, without the way out.

    >>> clause("no series (relu in 'a; b'; at 2 of 3 places); use smooth=")
    "no series (relu in 'a; b'; at 2 of 3 places)"
    """
    depth = 0
    for place, letter in enumerate(note):
        depth = max(0, depth + (letter in "([{") - (letter in ")]}"))
        if letter == ";" and not depth:
            return note[:place]
    return note if not depth else note.partition(";")[0]
