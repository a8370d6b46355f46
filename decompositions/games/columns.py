"""Players that are columns of a table, or groups of them by name."""

from __future__ import annotations

import difflib
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import torch

from decompositions.arguments import entries, shown

RULE = "groups of columns are a mapping of names to lists of columns"


def grouped(columns: Sequence[Any], groups: Mapping[Any, Any]) -> tuple[torch.Tensor, tuple[str, ...]]:
    """One player per group, in the order of the mapping, and one per column that no group names after them.

    Args:
        columns: the labels of all columns.
        groups: name → columns, or one column.

    Returns:
        The players, Shape ``(1, len(columns))``, and their names.

    Raises:
        TypeError: no names or lists.
        ValueError: a group without columns, or a column in two.
        LookupError: a column that is not there.

    >>> grouped(["age", "lat", "lon"], {"place": ["lat", "lon"]})
    (tensor([[1, 0, 0]]), ('place', 'age'))
    """
    owner: dict[Any, int] = {}
    for number, (name, group) in enumerate(groups.items()):
        if not isinstance(name, (str, int)) or name == "":
            raise TypeError(f"{RULE}; {shown(name)} is no name")
        for column in _members(columns, name, group):
            if column in owner:
                raise ValueError(f"a column belongs to one player; {column!r} is in two groups, or twice in one")
            owner[column] = number
    rest = [column for column in columns if column not in owner]
    owner |= {column: len(groups) + place for place, column in enumerate(rest)}
    return torch.tensor([[owner[column] for column in columns]]), (*map(str, groups), *map(str, rest))


def _members(columns: Sequence[Any], name: Any, group: Any) -> list[Any]:
    """The columns of a group, each looked up."""
    single = isinstance(group, str) or (isinstance(group, Hashable) and group in columns)
    members = [group] if single else entries(group, f"{RULE}; of {name!r} they are")
    if not members:
        raise ValueError(f"the group {name!r} has no column; leave it out")
    for column in members:
        if not isinstance(column, Hashable) or column not in columns:
            near = difflib.get_close_matches(str(column), [str(each) for each in columns], 1)
            there = f"did you mean {near[0]!r}?" if near else f"there are {shown(list(columns))}"
            raise LookupError(f"the group {name!r} names the column {shown(column)}, which x does not have; {there}")
    return members
