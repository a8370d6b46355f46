"""A coalition as a person names it: its players by number or by name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import torch

from decompositions.arguments import shown, whole

Coalition = int | str | Iterable[int | str]
COALITION = "a coalition is made of players, each by its name or its number"


def members_of(coalition: Coalition, names: tuple[str, ...]) -> tuple[int, ...]:
    """The numbers of the players that a coalition names, in its order.

    Raises:
        TypeError: no whole number and no name.
        IndexError: no player of that number.
        LookupError: no player of that name, or several.
        ValueError: a player twice.

    >>> members_of(("c", 0), ("a", "b", "c")), members_of("b", ("a", "b", "c"))
    ((2, 0), (1,))
    """
    if isinstance(coalition, (Mapping, bytes)):
        raise TypeError(f"{COALITION}, not {shown(coalition)}")
    number = isinstance(coalition, (torch.Tensor, np.ndarray)) and coalition.ndim == 0
    single = number or isinstance(coalition, str) or not isinstance(coalition, Iterable)
    listed: Iterable[Any] = (coalition,) if single else coalition  # type: ignore[assignment]
    members = tuple(_player(each, names) for each in listed)
    if len(set(members)) < len(members):
        raise ValueError(f"a coalition holds a player once; {shown(coalition)} has {_twice(members)} twice")
    return members


def _player(player: int | str, names: tuple[str, ...]) -> int:
    """The number of a player that is given by number or name."""
    if not isinstance(player, str):
        number = whole(player, COALITION)
        if not 0 <= number < len(names):
            raise IndexError(f"no player {shown(number)}: the players are 0 to {len(names) - 1}")
        return number
    count = names.count(player)
    if count > 1:
        raise LookupError(f"{count} players are named {shown(player)}; say by its number which is meant")
    if not count:
        near = [name for name in names if name.startswith(f"{player} (")] or difflib.get_close_matches(player, names, 1)
        known = f"did you mean {near[0]!r}?" if near else f"the players are {shown(', '.join(names))}"
        raise LookupError(f"no player is named {shown(player)}; {known}")
    return names.index(player)


def _twice(members: tuple[int, ...]) -> int:
    return next(player for player in members if members.count(player) > 1)
