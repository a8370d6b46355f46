"""Records: the rows of a study's table, each one number with its error, and how they lie in a file."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

COLUMNS = ("model", "input", "method", "quantity", "of", "value", "error", "calls", "note")


@dataclass(eq=False)
class Records:
    """Rows that are collected column by column.

    ``model`` and ``input`` say whose they are, ``method`` by which method (empty for what no method gives),
    ``quantity`` what is measured and ``of`` of what: a player, a coalition, an order. ``error`` is the numerical or
    standard error of ``value``, ``calls`` the model calls that this number alone cost, ``note`` a verdict or a reason.
    """

    model: list[str] = field(default_factory=list)
    input: list[int] = field(default_factory=list)
    method: list[str] = field(default_factory=list)
    quantity: list[str] = field(default_factory=list)
    of: list[str] = field(default_factory=list)
    value: list[float] = field(default_factory=list)
    error: list[float] = field(default_factory=list)
    calls: list[int] = field(default_factory=list)
    note: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.value)

    def extend(self, others: Records) -> None:
        """Add the rows of others."""
        for name in COLUMNS:
            getattr(self, name).extend(getattr(others, name))

    def of_input(self, model: str, place: int) -> Writer:
        """What writes the rows of one input."""
        return Writer(self, model, place)


@dataclass(frozen=True, eq=False)
class Writer:
    """Writes the rows of one model, input and method.

    Args:
        records: where they go.
        model: its name.
        place: of the input.
        method: its name; empty for what no method gives.
    """

    records: Records
    model: str
    place: int
    method: str = ""

    def by(self, method: str) -> Writer:
        """The same for a method."""
        return Writer(self.records, self.model, self.place, method)

    def __call__(
        self, quantity: str, value: float, error: float = 0.0, *, of: str = "", calls: int = 0, note: str = ""
    ) -> None:
        """Write a row."""
        row = (self.model, self.place, self.method, quantity, of, float(value), float(error), calls, note)
        for name, cell in zip(COLUMNS, row, strict=True):
            getattr(self.records, name).append(cell)


def imported(module: str) -> Any:
    """A module of a library of the extra ``studies``.

    Raises:
        ImportError: it is missing.
    """
    try:
        return import_module(module)
    except ImportError as missing:
        library = module.partition(".")[0]
        raise ImportError(f"a study needs {library}: pip install 'synergy-effects[studies]'") from missing


def schema() -> Any:
    """The types of the columns in Parquet and CSV."""
    arrow = imported("pyarrow")
    kinds = {"input": arrow.int64(), "value": arrow.float64(), "error": arrow.float64(), "calls": arrow.int64()}
    return arrow.schema([(name, kinds.get(name, arrow.string())) for name in COLUMNS])


def as_arrow(records: Records) -> Any:
    """Records as a pyarrow Table."""
    arrow, types = imported("pyarrow"), schema()
    columns = [arrow.array(getattr(records, each.name), each.type) for each in types]
    return arrow.Table.from_arrays(columns, schema=types)
