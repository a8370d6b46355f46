"""A file written whole or not at all: where a person wants it, through links and with its mode, or to last."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from decompositions.arguments import shown


def as_path(path: Any, rule: str) -> Path:
    """What was given as the name of a file.

    Args:
        path: what came.
        rule: what it is, as the error begins.

    Raises:
        TypeError: no text and no path.
        ValueError: a text that names no file.
    """
    if not isinstance(path, (str, os.PathLike)) or isinstance(os.fspath(path), bytes):
        raise TypeError(f"{rule}, not {shown(path)}")
    if not os.fspath(path) or "\0" in os.fspath(path):
        raise ValueError(f"{rule}, not {shown(os.fspath(path))}")
    return Path(path)


def write_whole(path: Path, data: bytes, example: str) -> None:
    """Write a file beside its place and then put it there in one step; see :func:`whole_file`.

    Raises:
        OSError: it cannot be written; nothing is left behind.
    """
    with whole_file(path, example) as file:
        file.write(data)


@contextmanager
def whole_file(path: Path, example: str) -> Iterator[BinaryIO]:
    """A file to write into, beside its place; it is put there in one step when all is written.

    A file that is replaced keeps its mode; of a symbolic link the file that it leads to is replaced. Something that is
    no file, such as ``/dev/null``, is written to.

    Args:
        path: of the file.
        example: a name for such a file, which is advised where the path is that of a directory.

    Raises:
        OSError: it cannot be written; nothing is left behind.
    """
    target = require_writable(path, example)
    if target.exists() and not target.is_file():
        with target.open("wb") as file:
            yield file
        return
    with _put_in_place(target.with_name(f".{secrets.token_hex(8)}.part"), target) as file:
        if target.exists():
            os.chmod(file.name, stat.S_IMODE(target.stat().st_mode))
        yield file


def write_durably(path: Path, data: bytes, part: Path) -> None:
    """Write a file under another name, which on the disk is whole before it has its own.

    Args:
        path: of the file.
        data: its contents.
        part: the other name, in the same directory; what is there is of an earlier process and goes.

    Raises:
        OSError: it cannot be written; nothing is left behind.
    """
    part.unlink(missing_ok=True)
    with _put_in_place(part, path) as file:
        put(file, data)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def put(file: BinaryIO, data: bytes) -> None:
    """Write to a file and wait until it is on the disk."""
    file.write(data)
    file.flush()
    os.fsync(file.fileno())


@contextmanager
def _put_in_place(part: Path, target: Path) -> Iterator[BinaryIO]:
    """A new file that is given its name when all is written, and deleted if that fails."""
    try:
        with _opened(part, target) as file:
            yield file
        os.replace(part, target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _opened(part: Path, target: Path) -> BinaryIO:
    """The new file, or the reason why there is none, said of the file that was asked for."""
    try:
        return part.open("xb")
    except OSError as error:
        raise type(error)(f"{target} cannot be written: {target.parent} takes no new file; give another one") from error


def require_writable(path: Path, example: str) -> Path:
    """Where a file would be written: the path with its symbolic links followed. Nothing is touched.

    Raises:
        OSError: nothing can be written there, and why.
    """
    target = Path(os.path.realpath(path))
    where = f"{path}" if target == path.absolute() else f"{path}, which leads to {target},"
    if target.is_symlink():
        raise OSError(f"{path} is a symbolic link that leads to itself; give the name of a file")
    if target.is_dir():
        raise IsADirectoryError(f"{where} is a directory; give the name of a file, such as {path / example}")
    if not target.parent.is_dir():
        raise FileNotFoundError(f"{where} cannot be written: there is no directory {target.parent}; make it first")
    if target.exists() and not os.access(target, os.W_OK):
        raise PermissionError(f"{where} cannot be written: the file is read-only; give another name")
    if (target.is_file() or not target.exists()) and not os.access(target.parent, os.W_OK | os.X_OK):
        raise PermissionError(f"{where} cannot be written: the directory is read-only; give another one")
    return target
