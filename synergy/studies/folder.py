"""The folder of a study: what was asked, the answers block by block, and the table that they make.

``manifest.json`` says what was asked; ``parts/*.part`` hold the records of a contiguous range of inputs each, as
Parquet behind a line of json with a hash. A part is written under another name, forced to the disk and then renamed,
so that under its own name it is whole. ``table.parquet`` and ``table.csv`` are the parts one after the other.
``synergy.lock`` is held while a process works here; the operating system takes it back when that ends, however it ends.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from decompositions.arguments import shown
from decompositions.evaluation.directory import LOCK, explained, locked
from decompositions.evaluation.fingerprint.fingerprint import changes
from decompositions.evaluation.sealed import MANIFEST, digest, part_name, sealed, unsealed, write
from decompositions.files.whole_file import whole_file
from synergy.studies.records import Records, as_arrow, imported, schema

FORMAT = "synergy-study/1"
WHAT = "study"
PARTS, TABLE, COMMAS = "parts", "table.parquet", "table.csv"
LATEX, METHODS = "table.tex", "methods.txt"  # which the command writes, too
UNFINISHED = re.compile(r"\.synergy-.*\.\d+\.tmp|\.[0-9a-f]{16}\.part")
ANOTHER = "give a new or empty folder, or ask what was asked before"
Span = tuple[int, int]


@dataclass(frozen=True, eq=False)
class Folder:
    """An open folder of a study.

    Args:
        path: where it is.
        question: a hash of the manifest, which every part repeats.
        spans: the ranges of inputs into which the work is divided.
    """

    path: Path
    question: str
    spans: tuple[Span, ...]

    def missing(self) -> list[Span]:
        """The ranges that are still to be answered; every part that is there is looked at.

        Raises:
            ValueError: a part that is damaged or belongs to another study.
        """
        return [span for span in self.spans if not self._holds(span)]

    def part(self, span: Span) -> Path:
        """The file of a range."""
        return self.path / PARTS / part_name(span)

    def keep(self, span: Span, records: Records) -> None:
        """Store the answers to a range.

        Raises:
            OSError: the folder cannot be written; nothing is left half-written.
        """
        held = io.BytesIO()
        imported("pyarrow.parquet").write_table(as_arrow(records), held)
        with explained(self.path, WHAT):
            write(self.part(span), sealed({"question": self.question, "range": span}, held.getvalue()))

    def _holds(self, span: Span) -> bool:
        return self.part(span).exists() and self._read(span) is not None

    def _read(self, span: Span) -> Any:
        """The records of a range, a pyarrow Table."""
        header, payload = unsealed(self.part(span))
        if header.get("question") != self.question or header.get("range") != list(span):
            raise ValueError(f"{self.part(span)} belongs to another study; {ANOTHER}")
        return imported("pyarrow.parquet").read_table(io.BytesIO(payload))

    @property
    def joined(self) -> bool:
        """Whether the table is there."""
        return all((self.path / each).is_file() for each in (TABLE, COMMAS))

    def join(self) -> None:
        """Write the table of all parts, one after the other, as Parquet and CSV; no more than a part is in memory.

        Raises:
            OSError: the folder cannot be written; a table that was there stays.
        """
        parquet, csv = imported("pyarrow.parquet"), imported("pyarrow.csv")
        with (
            explained(self.path, WHAT),
            whole_file(self.path / TABLE, TABLE) as whole,
            whole_file(self.path / COMMAS, COMMAS) as commas,
            parquet.ParquetWriter(whole, schema()) as one,
            csv.CSVWriter(commas, schema()) as other,
        ):
            for span in self.spans:
                table = self._read(span)
                one.write_table(table)
                other.write_table(table)


@contextmanager
def opened(path: Path, question: dict[str, Any], spans: tuple[Span, ...]) -> Iterator[Folder]:
    """The folder of a study, made or gone on with, held for this process.

    Raises:
        ValueError: the folder is not a study's, or of another study, or damaged.
        OSError: it cannot be written, or another process works in it.
    """
    require_ours(path)
    with explained(path, WHAT):
        (path / PARTS).mkdir(parents=True, exist_ok=True)
    with locked(path, WHAT):
        _clear(path)
        if (path / MANIFEST).exists():
            require_same(question, read_manifest(path), path)
        else:
            with explained(path, WHAT):
                write(path / MANIFEST, sealed(question, b""))
        yield Folder(path, digest(json.dumps(read_manifest(path)).encode()), spans)


def require_ours(path: Path) -> None:
    """Refuse a folder that holds anything but a study, before anything in it is touched.

    Raises:
        ValueError: another folder.
        OSError: it cannot be read.
    """
    with explained(path, WHAT):
        names = sorted(each.name for each in path.iterdir()) if path.exists() else []
        parts = [each.name for each in (path / PARTS).iterdir()] if (path / PARTS).is_dir() else []
    others = [name for name in names if name not in (LOCK, PARTS) and not UNFINISHED.fullmatch(name)] + parts
    if MANIFEST in names:
        read_manifest(path)
    elif others:
        some = ", ".join(map(shown, others[:3])) + (", …" if len(others) > 3 else "")
        raise ValueError(f"{path} has no {MANIFEST} of a study but holds other files ({some}); {ANOTHER}")


def read_manifest(path: Path) -> dict[str, Any]:
    """What was asked.

    Raises:
        ValueError: no study's manifest, or a damaged one.
    """
    if not (path / MANIFEST).exists():
        raise ValueError(f"{path} holds no study: there is no {MANIFEST} in it")
    header, _ = unsealed(path / MANIFEST)
    if header.get("format") != FORMAT:
        raise ValueError(f"the format of {path / MANIFEST} is {header.get('format')!r}, not {FORMAT!r}; {ANOTHER}")
    return header


def require_same(now: dict[str, Any], there: dict[str, Any], path: Path) -> None:
    """Refuse the folder of another study, and say in what it differs."""
    now = json.loads(json.dumps(now))
    differ = []
    for key in sorted(now.keys() | there.keys()):
        one, other = now.get(key), there.get(key)
        if isinstance(one, dict) and isinstance(other, dict):
            found = changes(_flat(one), _flat(other))
            differ += [f"{key} ({', '.join(found[:3])}{', …' if len(found) > 3 else ''})"] if found else []
        elif one != other:
            differ.append(key)
    if differ:
        raise ValueError(f"the folder {path} holds another study: {', '.join(differ)} changed; {ANOTHER}")


def _flat(tree: dict[str, Any], before: str = "") -> dict[str, str]:
    """Nested mappings as one, of the paths to their ends."""
    found: dict[str, str] = {}
    for key, value in tree.items():
        found |= _flat(value, f"{before}{key}: ") if isinstance(value, dict) else {f"{before}{key}": repr(value)}
    return found


def _clear(path: Path) -> None:
    """Delete what an earlier process left unfinished."""
    for folder in (path, path / PARTS):
        for left in folder.iterdir():
            if UNFINISHED.fullmatch(left.name) and left.is_file() and not left.is_symlink():
                left.unlink()
