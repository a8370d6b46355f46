"""Rows as a person has them, NumPy or a DataFrame, put together anew cell by cell."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from decompositions.arguments import shown

NUMBERS = "biumM"  # kinds of NumPy types whose bits are whole numbers: those, and dates


class AbstractCells(ABC):
    """x and its baselines, one row each, x first.

    A *code* is the number of a row, and stands for that row's cell in one column. Equal cells of a column have one
    code, that of the first row in which they stand: NaN is equal to NaN, and −0 is not 0. So a table of codes says for
    every cell whose it is, and two rows differ where their codes do.
    """

    @property
    @abstractmethod
    def rows(self) -> Any:
        """All of them, as whoever calls a model with them has them."""

    @property
    @abstractmethod
    def kind(self) -> str:
        """What a function is called with, in words."""

    @property
    @abstractmethod
    def kinds(self) -> str:
        """The same, of many rows."""

    @property
    @abstractmethod
    def shape(self) -> tuple[int, ...]:
        """Of one row, without the axis of rows."""

    @property
    @abstractmethod
    def columns(self) -> tuple[Any, ...]:
        """The labels of the columns; of arrays their numbers."""

    @property
    @abstractmethod
    def named(self) -> bool:
        """Whether the labels are names that a person gave."""

    @property
    @abstractmethod
    def floating(self) -> bool:
        """Whether there are cells of floating-point numbers, which can be moved a little."""

    @abstractmethod
    def codes(self) -> np.ndarray:
        """Of all rows. Shape ``(K + 1, *shape)``, int64."""

    @abstractmethod
    def taken(self, codes: np.ndarray) -> Any:
        """The cells that codes stand for, in the types of the rows and in memory of their own.

        Shape ``(batch, *shape)``.
        """

    @abstractmethod
    def moved(self, rows: Any, shifts: np.ndarray) -> Any:
        """Rows whose floating-point cells are shifted, each relative to its size. Shape of shifts ``(batch,)``.

        The unit of a cell is the power of two above it; 0 has none, and stays.
        """

    @abstractmethod
    def contents(self, start: int, stop: int) -> Any:
        """What rows from one to before another hold, with the types of their columns, in arrays and lists."""

    @abstractmethod
    def some(self, rows: Any, start: int, stop: int) -> Any:
        """Rows from one to before another."""


@dataclass(frozen=True, eq=False)
class ArrayCells(AbstractCells):
    """NumPy rows of one type.

    Args:
        array: Shape ``(K + 1, *shape)``.

    >>> ArrayCells(np.array([[1.0, np.nan], [2.0, np.nan]])).codes().tolist()
    [[0, 0], [1, 0]]
    """

    array: np.ndarray

    @property
    def rows(self) -> np.ndarray:
        return self.array

    @property
    def kind(self) -> str:
        return f"an array of shape {(1, *self.array.shape[1:])} and type {self.array.dtype}"

    @property
    def kinds(self) -> str:
        return "NumPy rows"

    @property
    def shape(self) -> tuple[int, ...]:
        return self.array.shape[1:]

    @property
    def columns(self) -> tuple[Any, ...]:
        return tuple(range(self.array.shape[-1]))

    @property
    def named(self) -> bool:
        return False

    @property
    def floating(self) -> bool:
        return self.array.dtype.kind == "f"

    def codes(self) -> np.ndarray:
        keys = _keys(self.array.reshape(len(self.array), -1))
        return _first_rows(keys).reshape(self.array.shape)

    def taken(self, codes: np.ndarray) -> np.ndarray:
        return np.take_along_axis(self.array, codes, 0)

    def moved(self, rows: np.ndarray, shifts: np.ndarray) -> np.ndarray:
        return _moved(rows, shifts)

    def contents(self, start: int, stop: int) -> Any:
        rows = self.array[start:stop]
        return [str(rows.dtype), rows.shape, rows.tolist()] if rows.dtype.kind == "O" else rows

    def some(self, rows: np.ndarray, start: int, stop: int) -> np.ndarray:
        return rows[start:stop]


@dataclass(frozen=True, eq=False)
class FrameCells(AbstractCells):
    """Rows of a pandas DataFrame, each column in its own type.

    Args:
        frame: K + 1 rows, whose columns have different labels.
    """

    frame: Any

    @property
    def rows(self) -> Any:
        return self.frame

    @property
    def kind(self) -> str:
        return f"a DataFrame of one row and {len(self.columns)} columns"

    @property
    def kinds(self) -> str:
        return "rows of a DataFrame"

    @property
    def shape(self) -> tuple[int, ...]:
        return (self.frame.shape[1],)

    @property
    def columns(self) -> tuple[Any, ...]:
        return tuple(self.frame.columns)

    @property
    def named(self) -> bool:
        return True

    @property
    def floating(self) -> bool:
        return any(_floats(self.frame.iloc[:, j]) for j in range(self.frame.shape[1]))

    def codes(self) -> np.ndarray:
        keys = [_keys(_plain(self.frame.iloc[:, j])[:, None]) for j in range(self.frame.shape[1])]
        return _first_rows(np.concatenate(keys, 1))

    def taken(self, codes: np.ndarray) -> Any:
        arrays = [self.frame.iloc[:, j].take(codes[:, j]).array for j in range(self.frame.shape[1])]
        return self._framed(arrays)

    def moved(self, rows: Any, shifts: np.ndarray) -> Any:
        columns = [rows.iloc[:, j] for j in range(rows.shape[1])]
        return self._framed([_moved(each.to_numpy(), shifts) if _floats(each) else each.array for each in columns])

    def contents(self, start: int, stop: int) -> Any:
        columns = [self.frame.iloc[start:stop, j] for j in range(self.frame.shape[1])]
        kinds = [[str(each.dtype), list(getattr(each.dtype, "categories", ()))] for each in columns]
        return [list(self.columns), kinds, [each.tolist() for each in columns]]

    def some(self, rows: Any, start: int, stop: int) -> Any:
        return rows.iloc[start:stop]

    def _framed(self, arrays: list[Any]) -> Any:
        from pandas import DataFrame  # loaded already by whoever has a DataFrame

        made = DataFrame(dict(enumerate(arrays)))
        made.columns = self.frame.columns
        return made


def _moved(values: np.ndarray, shifts: np.ndarray) -> np.ndarray:
    if values.dtype.kind != "f":
        return values
    unit = (values != 0) * np.exp2(np.frexp(values)[1]).astype(values.dtype)
    return values + (shifts.reshape(-1, *(1,) * (values.ndim - 1)) * unit).astype(values.dtype)


def _floats(column: Any) -> bool:
    return isinstance(column.dtype, np.dtype) and column.dtype.kind == "f"


def _plain(column: Any) -> np.ndarray:
    """The cells of a column of a DataFrame, as objects where pandas has a type of its own."""
    if isinstance(column.dtype, np.dtype):
        return column.to_numpy()
    cells = np.empty(len(column), dtype=object)
    cells[:] = list(column.array)
    return cells


def _keys(cells: np.ndarray) -> np.ndarray:
    """Whole numbers that are equal where cells of a column are. Shape ``(rows, columns)``."""
    native = cells.astype(cells.dtype.newbyteorder("="), copy=False)
    if cells.dtype.kind in NUMBERS:
        return native.astype(np.int64)
    if cells.dtype.kind == "f" and cells.dtype.itemsize <= 8:
        one_nan = np.where(np.isnan(native), np.array(np.nan, native.dtype), native)
        return one_nan.view(f"i{cells.dtype.itemsize}").astype(np.int64)
    return np.stack([_numbered(cells[:, j]) for j in range(cells.shape[1])], 1)


def _numbered(cells: Iterable[Any]) -> list[int]:
    """The same number for the same cell.

    Raises:
        TypeError: a cell cannot be compared, as a list.
    """
    known: dict[Any, int] = {}
    try:
        return [known.setdefault(_key(cell), len(known)) for cell in cells]
    except TypeError as error:
        wrong = next(cell for cell in cells if getattr(cell, "__hash__", None) is None)
        raise TypeError(
            f"a cell is a number, a text, a date or the like, which is equal to another or not; {shown(wrong)} is a "
            f"{type(wrong).__name__}: give its parts columns of their own"
        ) from error


def _key(cell: Any) -> tuple[type, Any]:
    """What tells a cell from others: 1 is neither 1.0 nor True, and NaN is NaN."""
    return type(cell), cell.hex() if isinstance(cell, float) else cell


def _first_rows(keys: np.ndarray) -> np.ndarray:
    """For every cell the first row that has its key in that column. Shape ``(rows, columns)`` in and out.

    >>> _first_rows(np.array([[7, 1], [5, 1], [7, 2]])).tolist()
    [[0, 0], [1, 0], [0, 2]]
    """
    order = np.argsort(keys, axis=0, kind="stable")
    ordered = np.take_along_axis(keys, order, 0)
    begins = np.concatenate([np.ones((1, keys.shape[1]), bool), ordered[1:] != ordered[:-1]])
    starts = np.maximum.accumulate(np.where(begins, np.arange(len(keys))[:, None], 0), 0)
    found = np.empty(keys.shape, dtype=np.int64)
    np.put_along_axis(found, order, np.take_along_axis(order, starts, 0), 0)
    return found
