"""Arrays out of an npz archive that anybody may have made: only those asked for, and looked at before they are read.

What a member says of its size must agree with the archive's directory and with the file's length, and what is
compressed must not expand out of proportion, before the memory for it is taken. Pickles are never loaded.
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import numpy as np

from decompositions.files.npy import Layout, read_layout
from decompositions.memory import needed

ROOM = 2**26  # bytes to which a compressed member may expand in any case; 64 MiB
FOLD = 16  # how many times its size a larger one may take
PIECE = 2**24  # bytes read at once
KNOWN = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
AGAIN = "save it anew"


class Archive:
    """An open archive of arrays."""

    def __init__(self, file: zipfile.ZipFile, length: int) -> None:
        self._file = file
        self._length = length
        self._members: dict[str, list[zipfile.ZipInfo]] = {}
        for info in file.infolist():
            self._members.setdefault(info.filename, []).append(info)

    def __contains__(self, name: str) -> bool:
        return f"{name}.npy" in self._members

    def layout(self, name: str) -> Layout:
        """What the header of an array claims, found to agree with the directory of the archive.

        Raises:
            ValueError: no such array, or one that is not what it claims.
        """
        with self._opened(name) as (_, layout):
            return layout

    def array(self, name: str) -> np.ndarray:
        """An array, of this machine's byte order.

        Raises:
            ValueError: no such array, one that is not what it claims, or Python objects.
            MemoryError: it does not fit.
        """
        with self._opened(name) as (file, layout):
            flat = _room(layout, name)
            view = flat.data
            done = 0
            while done < len(view):
                piece = file.read(min(PIECE, len(view) - done))
                if not piece:
                    raise ValueError(f"its member {name!r} ends after {done:,} of {len(view):,} bytes")
                view[done : done + len(piece)] = piece
                done += len(piece)
        array = flat.view(layout.dtype).reshape(layout.shape, order=layout.order)
        return array.astype(layout.dtype.newbyteorder("="), copy=False)

    @contextmanager
    def _opened(self, name: str) -> Iterator[tuple[IO[bytes], Layout]]:
        info = self._member(name)
        with self._file.open(info) as file:
            layout = read_layout(file, f"its member {name!r}", AGAIN)
            if layout.dtype.hasobject or layout.dtype.kind == "V" or not layout.dtype.itemsize:
                raise ValueError(f"its member {name!r} holds {layout.kind}, which are never loaded")
            if info.file_size - file.tell() != layout.size:
                raise ValueError(
                    f"its member {name!r} claims {layout.size:,} bytes in its header, and "
                    f"{info.file_size - file.tell():,} in the directory of the archive"
                )
            yield file, layout

    def _member(self, name: str) -> zipfile.ZipInfo:
        found = self._members.get(f"{name}.npy", [])
        if len(found) != 1:
            raise ValueError(f"it has {'several members' if found else 'no member'} {name!r}")
        (info,) = found
        if info.compress_type not in KNOWN:
            raise ValueError(f"its member {name!r} is compressed in a way that is not read here")
        stored = info.compress_type == zipfile.ZIP_STORED
        if info.compress_size > self._length or (stored and info.compress_size != info.file_size):
            raise ValueError(f"its member {name!r} claims {info.compress_size:,} bytes of a file of {self._length:,}")
        if not stored and info.file_size > max(ROOM, FOLD * info.compress_size):
            raise ValueError(
                f"its member {name!r} would expand {info.compress_size:,} bytes to {info.file_size:,}, more than "
                f"{FOLD} times as many"
            )
        return info


@contextmanager
def opened(path: Path) -> Iterator[Archive]:
    """The arrays in a file.

    Raises:
        OSError: it cannot be read.
        ValueError, BadZipFile, …: it is no archive.
    """
    with path.open("rb") as stream, zipfile.ZipFile(stream) as file:
        yield Archive(file, os.fstat(stream.fileno()).st_size)


def _room(layout: Layout, name: str) -> np.ndarray:
    with needed(f"the numbers of {name!r}", layout.size, way_out="free memory, or save effects up to an order"):
        return np.empty(layout.size, dtype=np.uint8)
