"""Tables of methods: the fourteen, and those besides in a table of their own below."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from synergy.method import METHODS, usual
from synergy.wording.table import Table


def in_blocks(table: Table, row: Callable[[str], tuple[str, ...]], scopes: tuple[str, ...] = ()) -> Table:
    """A table with a row for every method.

    Args:
        table: without rows.
        row: of a method, by its name.
        scopes: of the methods; all by default.
    """
    names = [name for name, cls in METHODS.items() if not scopes or cls.scope in scopes]
    first = [name for name in names if name in usual()]
    besides = tuple(row(name) for name in names if name not in first)
    below = (Table("Besides the fourteen", table.columns, besides), *table.below)
    return replace(table, rows=tuple(map(row, first)), below=below)
