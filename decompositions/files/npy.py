"""The header of a .npy array that anybody may have made: its order, shape and type, read without NumPy's evaluation."""

from __future__ import annotations

import ast
import math
import operator
from dataclasses import dataclass
from typing import IO, Literal

import numpy as np

from decompositions.arguments import shown

MAGIC = b"\x93NUMPY"
LONGEST = 10_000  # bytes of a header; an array's own has about a hundred
KINDS = {
    "O": "Python objects",
    "V": "records with named fields",
    "b": "booleans",
    "i": "whole numbers",
    "u": "whole numbers",
    "f": "floating-point numbers",
    "c": "complex ones",
    "M": "dates",
    "m": "spans of time",
    "U": "text",
    "S": "bytes",
}


@dataclass(frozen=True)
class Layout:
    """What the header of an array claims.

    Args:
        order: in which the numbers follow each other.
        shape: of the array.
        dtype: of its entries.
    """

    order: Literal["C", "F"]
    shape: tuple[int, ...]
    dtype: np.dtype

    @property
    def size(self) -> int:
        """The bytes of the numbers."""
        return math.prod(self.shape) * self.dtype.itemsize

    @property
    def kind(self) -> str:
        """The type of the entries, in words."""
        return KINDS.get(self.dtype.kind, self.dtype.name)


def read_layout(file: IO[bytes], where: str, way_out: str) -> Layout:
    """What the header of an array claims; the file is then at its first number.

    Args:
        file: at the beginning of the array.
        where: what it is, as the error begins.
        way_out: how the error ends.

    Raises:
        ValueError: no array, or a header that cannot be read.
    """
    start = file.read(10)
    if not start.startswith(MAGIC):
        raise ValueError(f"{where} is no .npy file{_instead(start)}; {way_out}")
    version, length = start[6:7], start[8:]
    if version != b"\1":
        length += file.read(2)
    size = int.from_bytes(length, "little")
    if version not in (b"\1", b"\2", b"\3") or size > LONGEST:
        raise ValueError(f"{where} holds no plain array: its header takes {size:,} bytes; {way_out}")
    try:
        claimed = ast.literal_eval(file.read(size).decode("utf-8" if version == b"\3" else "latin-1").strip())
        kind, shape = claimed["descr"], tuple(map(operator.index, claimed["shape"]))
        dtype = np.dtype(kind) if isinstance(kind, str) else np.dtype("V")
        order: Literal["C", "F"] = "F" if claimed["fortran_order"] else "C"
    except (ValueError, SyntaxError, TypeError, LookupError, RecursionError, MemoryError) as error:
        raise ValueError(f"{where} is damaged: its header cannot be read; {way_out}") from error
    if min(shape, default=0) < 0:
        raise ValueError(f"{where} is damaged: its header says the shape {shown(shape)}; {way_out}")
    return Layout(order, shape, dtype)


def _instead(start: bytes) -> str:
    """What a file is, by its first bytes."""
    if not start:
        return ": it is empty"
    if start.startswith(b"PK"):
        return " but an archive, as .npz and .pt are"
    return " but a pickle" if start.startswith(b"\x80") else ""
