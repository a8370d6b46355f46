"""Reading an array of numbers from a .npy file that anybody may have made: looked at before a byte is expanded."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from decompositions.arguments import shown
from decompositions.counts import count
from decompositions.files.npy import read_layout

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
        layout = read_layout(file, f"{what} {path}", SAVE)
        if layout.dtype.kind not in "biuf":
            raise ValueError(f"{what} {path} holds no real numbers but {layout.kind}; {SAVE}")
        left = path.stat().st_size - file.tell()
        if layout.size != left:
            raise ValueError(
                f"{what} {path} is damaged: {shown(layout.shape)} in {layout.dtype} takes {count(layout.size)} bytes, "
                f"and {left:,} follow its header; {SAVE}"
            )
        flat = np.frombuffer(file.read(layout.size), layout.dtype)
    return _plain(flat.reshape(layout.shape, order=layout.order))


def _plain(array: np.ndarray) -> np.ndarray:
    """The same numbers in a type that torch has."""
    if array.dtype.kind == "u" and array.size and int(array.max()) > np.iinfo(np.int64).max:
        array = array.astype(np.float64)
    if array.dtype.kind == "f":
        return array.astype(array.dtype.newbyteorder("=") if array.dtype.itemsize <= 8 else np.float64)
    return array.astype(bool if array.dtype.kind == "b" else np.int64)
