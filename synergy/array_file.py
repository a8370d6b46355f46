"""Reading an array of numbers from a .npy file that anybody may have made: looked at before a byte is expanded."""

from __future__ import annotations

import ast
import math
import operator
from pathlib import Path
from typing import BinaryIO, Literal

import numpy as np

from decompositions.arguments import shown
from decompositions.counts import count

MAGIC = b"\x93NUMPY"
LONGEST = 10_000  # bytes of a header; an array's own has about a hundred
KINDS = {
    "O": "Python objects",
    "V": "records with named fields",
    "c": "complex ones",
    "M": "dates",
    "m": "spans of time",
    "U": "text",
    "S": "text",
}
SAVE = "save one array of real numbers with numpy.save('x.npy', array)"


def read_array(path: Path, what: str) -> np.ndarray:
    """The array in a file: real numbers of this machine's byte order, at most 64 bits each.

    Args:
        path: of a .npy file.
        what: what asks for it, as the error begins: ``--input``.

    Raises:
        OSError: no such file, or it cannot be read.
        ValueError: it holds something else, or not what its header says.
    """
    if path.is_dir():
        raise IsADirectoryError(f"{what} is a .npy file; {path} is a directory")
    if not path.is_file():
        raise FileNotFoundError(f"{what} is a .npy file; there is no file {path}")
    with path.open("rb") as file:
        order, shape, dtype = _header(file, f"{what} {path}")
        size, left = math.prod(shape) * dtype.itemsize, path.stat().st_size - file.tell()
        if size != left:
            raise ValueError(
                f"{what} {path} is damaged: {shown(shape)} in {dtype} takes {count(size)} bytes, and {left:,} "
                f"follow its header; {SAVE}"
            )
        flat = np.frombuffer(file.read(size), dtype)
    return _plain(flat.reshape(shape, order=order))


def _header(file: BinaryIO, where: str) -> tuple[Literal["C", "F"], tuple[int, ...], np.dtype]:
    """Order, shape and type that the file claims; the file is then at its first number."""
    start = file.read(10)
    if not start.startswith(MAGIC):
        raise ValueError(f"{where} is no .npy file{_instead(start)}; {SAVE}")
    version, length = start[6:7], start[8:]
    if version != b"\1":
        length += file.read(2)
    size = int.from_bytes(length, "little")
    if version not in (b"\1", b"\2", b"\3") or size > LONGEST:
        raise ValueError(f"{where} holds no plain array: its header takes {size:,} bytes; {SAVE}")
    try:
        claimed = ast.literal_eval(file.read(size).decode("utf-8" if version == b"\3" else "latin-1").strip())
        kind, shape = claimed["descr"], tuple(map(operator.index, claimed["shape"]))
        dtype = np.dtype(kind) if isinstance(kind, str) else np.dtype("V")
    except (ValueError, SyntaxError, TypeError, LookupError, RecursionError, MemoryError) as error:
        raise ValueError(f"{where} is damaged: its header cannot be read; {SAVE}") from error
    if dtype.kind not in "biuf":
        raise ValueError(f"{where} holds no real numbers but {KINDS.get(dtype.kind, dtype.name)}; {SAVE}")
    if min(shape, default=0) < 0:
        raise ValueError(f"{where} is damaged: its header says the shape {shown(shape)}; {SAVE}")
    return ("F" if claimed.get("fortran_order") else "C"), shape, dtype


def _instead(start: bytes) -> str:
    """What a file is, by its first bytes."""
    if not start:
        return ": it is empty"
    if start.startswith(b"PK"):
        return " but an archive, as .npz and .pt are"
    return " but a pickle" if start.startswith(b"\x80") else ""


def _plain(array: np.ndarray) -> np.ndarray:
    """The same numbers in a type that torch has."""
    if array.dtype.kind == "u" and array.size and int(array.max()) > np.iinfo(np.int64).max:
        array = array.astype(np.float64)
    if array.dtype.kind == "f":
        return array.astype(array.dtype.newbyteorder("=") if array.dtype.itemsize <= 8 else np.float64)
    return array.astype(bool if array.dtype.kind == "b" else np.int64)
