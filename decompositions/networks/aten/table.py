"""The table of rules: from an ATen operation to the steps that it is."""

from __future__ import annotations

from collections.abc import Callable

from decompositions.networks.aten.reader import Rule

RULES: dict[str, Rule] = {}


def rule(*names: str) -> Callable[[Rule], Rule]:
    """Write a rule into the table, under the names of the operations that it is for."""

    def note(written: Rule) -> Rule:
        RULES.update(dict.fromkeys(names, written))
        return written

    return note
