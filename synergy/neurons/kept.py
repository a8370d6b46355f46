"""The sums of a ranking, kept on disk now and then, so that an interrupted one goes on where it stopped.

A checkpoint is a directory, as that of an evaluation is: ``manifest.json`` says what was asked, and one ``*.part``
holds the sums over the inputs up to the one that its name ends with. A new part is written whole before the one before
it is deleted. In a directory that is not a checkpoint's nothing is made, changed or deleted.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from decompositions.evaluation.directory import PART, clear, explained, locked, require_ours
from decompositions.evaluation.fingerprint.fingerprint import changes
from decompositions.evaluation.sealed import (
    FORMAT,
    MANIFEST,
    damaged,
    digest,
    part_name,
    read_manifest,
    sealed,
    unsealed,
    write,
)
from decompositions.files.whole_file import as_path
from synergy.neurons.sums import Sums

SECONDS = 20  # between two writings


class Kept:
    """An open checkpoint.

    Args:
        folder: where it is.
        question: a hash of what was asked, which the part repeats.
    """

    def __init__(self, folder: Path, question: str) -> None:
        self.folder, self.question, self._last = folder, question, time.monotonic()

    def restore(self, layers: list[Sums]) -> None:
        """Fill in the sums of all layers that are kept, if there are any.

        Raises:
            ValueError: a damaged part.
        """
        path = max(self._parts(), default=None)
        if path is None:
            return
        header, payload = unsealed(path)
        ends = np.cumsum([each.numbers().nbytes for each in layers])
        if header.get("question") != self.question or len(payload) != ends[-1]:
            raise damaged(path, "it belongs to another checkpoint")
        parts = np.split(np.frombuffer(payload, dtype="<f8"), ends[:-1] // 8)
        for sums, some in zip(layers, parts, strict=True):
            sums.restore(some)
        if any(path.name != part_name((0, sums.done)) for sums in layers):
            raise damaged(path, "it holds other inputs than its name says")

    def keep(self, layers: list[Sums], *, now: bool = False) -> None:
        """Write the sums of all layers down, if some time has passed or it must be now.

        Raises:
            OSError: the directory cannot be written; what was kept before stays.
        """
        if not now and time.monotonic() - self._last < SECONDS:
            return
        before, path = self._parts(), self.folder / part_name((0, layers[0].done))
        numbers = np.concatenate([sums.numbers() for sums in layers])
        with explained(self.folder):
            write(path, sealed({"question": self.question}, numbers.astype("<f8").tobytes()))
            for each in before:
                if each != path:
                    each.unlink()
        self._last = time.monotonic()

    def _parts(self) -> list[Path]:
        return [path for path in self.folder.iterdir() if PART.fullmatch(path.name)]


@contextmanager
def opened(folder: Any, question: dict[str, Any]) -> Iterator[Kept]:
    """The checkpoint of a ranking in a directory, made or gone on with, held for this process.

    Args:
        folder: the directory.
        question: all that the sums depend on, as json has it.

    Raises:
        ValueError: another directory, another question's checkpoint, or a damaged one.
        OSError: the directory cannot be written, or another process works in it.
    """
    folder = as_path(folder, "checkpoint is the path of a directory, a text or a Path")
    require_ours(folder)
    with explained(folder):
        folder.mkdir(parents=True, exist_ok=True)
    with locked(folder):
        question = json.loads(json.dumps({"format": FORMAT, **question}))
        path = folder / MANIFEST
        if path.exists():
            _require_same(question, read_manifest(path), folder)
        else:
            with explained(folder):
                write(path, sealed(question, b""))
        clear(folder)
        yield Kept(folder, digest(json.dumps(question).encode()))


def _require_same(now: dict[str, Any], there: dict[str, Any], folder: Path) -> None:
    """Refuse the checkpoint of another question, and say in what it differs."""
    differ = []
    for key in sorted(now.keys() | there.keys()):
        one, other = now.get(key), there.get(key)
        if isinstance(one, dict) and isinstance(other, dict):
            differ += changes(one, other)[:3]
        elif one != other:
            differ.append(key)
    if differ:
        raise ValueError(
            f"the checkpoint in {folder} is of another question: {', '.join(differ)} changed; ask what was asked "
            "before, or give another directory"
        )
