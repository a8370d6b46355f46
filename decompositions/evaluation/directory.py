"""The directory of a checkpoint: that it is one, that nobody else works in it, and which ranges are there."""

from __future__ import annotations

import os
import re
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from decompositions.arguments import shown
from decompositions.evaluation.sealed import FORMATS, MANIFEST, damaged, part_name

CHECKPOINT = "checkpoint"  # what a directory holds, as errors call it
LOCK = "synergy.lock"
SIGNATURE = "synergy-checkpoint, process "  # how the lock of a checkpoint begins
PART = re.compile(r"\d+-\d+\.part")
UNFINISHED = re.compile(r"\.synergy-(manifest\.json|\d+-\d+\.part)\.\d+\.tmp")


def clear(folder: Path) -> None:
    """Delete what an earlier process of a checkpoint left unfinished."""
    for left in folder.iterdir():
        if _unfinished(left):
            left.unlink()


def _unfinished(path: Path) -> bool:
    """Whether a file is one that a checkpoint was writing when its process ended; a link is none."""
    return bool(UNFINISHED.fullmatch(path.name)) and not path.is_symlink() and path.is_file()


def kept_in(folder: Path, ranges: set[tuple[int, int]]) -> dict[tuple[int, int], Path]:
    named = {part_name(each): each for each in ranges}
    found = {}
    for path in folder.glob("*.part"):
        if not PART.fullmatch(path.name):
            continue
        if path.name not in named:
            raise damaged(path, "its name is that of no range of this evaluation")
        found[named[path.name]] = path
    return found


def require_ours(folder: Path) -> None:
    """Refuse a directory that holds anything but a checkpoint, before anything in it is touched.

    Raises:
        ValueError: another directory, or one whose manifest or lock is not a checkpoint's.
        OSError: the directory cannot be read.
    """
    with explained(folder):
        if not folder.exists():
            return
        names = sorted(path.name for path in folder.iterdir())
    for name in (MANIFEST, LOCK):
        path = folder / name
        if path.is_symlink() or (name in names and not path.is_file()):
            raise ValueError(f"{path} is no file of a checkpoint's but a link or a directory; {ANOTHER}")
    locked = LOCK in names and _begins(folder / LOCK, SIGNATURE)
    if LOCK in names and not locked and (folder / LOCK).stat().st_size:
        raise ValueError(f"{folder / LOCK} is not the lock of a checkpoint; {ANOTHER}")
    if MANIFEST in names:
        if not (locked or FORMATS in _beginning(folder / MANIFEST)):
            raise ValueError(f"{folder / MANIFEST} is not the manifest of a checkpoint; {ANOTHER}")
        return
    others = [name for name in names if name != LOCK and not _unfinished(folder / name)]
    if others:
        some = ", ".join(map(shown, others[:3])) + (", …" if len(others) > 3 else "")
        raise ValueError(f"{folder} has no {MANIFEST} but holds other files ({some}); {ANOTHER}")


ANOTHER = "give a new or empty directory for the checkpoint"


def _beginning(path: Path) -> str:
    with path.open("rb") as file:
        return file.read(200).decode("utf8", "replace")


def _begins(path: Path, text: str) -> bool:
    return _beginning(path).startswith(text)


@contextmanager
def locked(folder: Path, what: str = CHECKPOINT) -> Iterator[None]:
    """Hold the directory for this process.

    Args:
        folder: the directory.
        what: it holds, for errors.

    Raises:
        OSError: another process holds it, or the system has no locks.
    """
    try:
        import fcntl
    except ImportError as error:
        raise OSError(f"a {what} needs the file locks of POSIX, which this system lacks") from error
    with explained(folder, what):
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        file = os.fdopen(os.open(folder / LOCK, flags, 0o666), "r+", errors="replace")
    with file:
        signature = SIGNATURE.replace(CHECKPOINT, what)
        text = file.read(200) if stat.S_ISREG(os.fstat(file.fileno()).st_mode) else "?"
        if text and not text.startswith(signature):
            raise ValueError(f"{folder / LOCK} is not the lock of a {what}; {ANOTHER.replace(CHECKPOINT, what)}")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            owner = text.partition(", ")[2] or "another process"
            raise BlockingIOError(
                f"the {what} in {folder} is in use by {owner}; wait until it "
                "ends, or give another directory (the lock ends with its process, nothing needs to be deleted)"
            ) from error
        with explained(folder, what):
            file.seek(0)
            file.truncate()
            file.write(f"{signature}{os.getpid()} on {socket.gethostname()}")
            file.flush()
        yield


@contextmanager
def explained(folder: Path, what: str = CHECKPOINT) -> Iterator[None]:
    """An error of the file system, with the directory and the way out."""
    try:
        yield
    except OSError as error:
        raise type(error)(
            error.errno,
            f"the {what} in {folder} cannot be written: {error.strerror or error}; make room or give a directory "
            "that can be written, and call again",
        ) from error
