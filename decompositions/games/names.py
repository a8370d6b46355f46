"""The names of players: texts, each of one player alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterator, Mapping, Sequence
from itertools import count

import numpy as np

from decompositions.arguments import entries, shown


def names_of(names: Sequence[str] | None, n: int) -> tuple[str, ...]:
    """The names of n players as texts, told apart; x0, x1, … for None.

    Raises:
        TypeError: no list, or an entry that is no name.
        ValueError: another number of them.
    """
    rule = f"names come in the players' order, one per player, {n} of them"
    if names is None:
        return tuple(f"x{i}" for i in range(n))
    if isinstance(names, (Mapping, set, frozenset)):
        raise TypeError(f"{rule}: a list or a tuple, not a {type(names).__name__}, which has no such order")
    given = list(names) if isinstance(names, str) else entries(names, f"{rule}: a list or a tuple")
    if len(given) != n:
        raise ValueError(f"{rule}, not {len(given)}")
    wrong = [name for name in given if name is None or (np.iterable(name) and not isinstance(name, str))]
    if wrong:
        raise TypeError(f"{rule}, each a text or a number, not {shown(wrong[0])}")
    if "" in given:
        raise ValueError(f"{rule}, each a text of at least one letter or a number; player {given.index('')} has ''")
    return told_apart([str(name) for name in given])


def told_apart(names: Sequence[str]) -> tuple[str, ...]:
    """Names, those that several players have with a number behind them: words of a text come again.

    >>> told_apart(["the", "film", "is", "the", "end", "is"])
    ('the (1)', 'film', 'is (1)', 'the (2)', 'end', 'is (2)')
    >>> told_apart(["a", "a", "a (1)"])
    ('a (2)', 'a (3)', 'a (1)')
    """
    often = Counter(names)
    numbered = {name: _numbered(name, often) for name, times in often.items() if times > 1}
    return tuple(next(numbered[name]) if name in numbered else name for name in names)


def _numbered(name: str, taken: Container[str]) -> Iterator[str]:
    """The name with 1, 2, … behind it, but for what is a name already."""
    return (each for each in (f"{name} ({number})" for number in count(1)) if each not in taken)
