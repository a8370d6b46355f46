"""Files of a checkpoint: a line of json behind a hash of everything, then numbers. A hash tells a damaged one."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from decompositions.files.whole_file import write_durably

FORMAT = "synergy-checkpoint/2"
FORMATS = "synergy-checkpoint/"  # how all of them begin
MANIFEST = "manifest.json"


def read_manifest(path: Path) -> dict[str, Any]:
    header, _ = unsealed(path)
    if header.get("format") != FORMAT:
        raise ValueError(
            f"the format of {path} is {header.get('format')!r}, this version reads {FORMAT!r}; begin anew in another "
            "directory"
        )
    return header


def read_part(path: Path, question: str, span: tuple[int, int]) -> tuple[dict[str, Any], np.ndarray]:
    header, payload = unsealed(path)
    if header.get("question") != question:
        raise damaged(path, "it belongs to another checkpoint")
    if header.get("range") != list(span) or len(payload) != 8 * (span[1] - span[0]):
        raise damaged(path, "it holds another range than its name says")
    return header, np.frombuffer(payload, dtype="<f8").astype(np.float64)


def sealed(header: dict[str, Any], payload: bytes) -> bytes:
    """A line of json with a hash of everything, and the payload."""
    line = json.dumps(header).encode()
    return json.dumps({"sha256": digest(line + b"\n" + payload), **header}).encode() + b"\n" + payload


def unsealed(path: Path) -> tuple[dict[str, Any], bytes]:
    if path.is_symlink() or not path.is_file():
        raise damaged(path, "it is a link or a directory")
    line, end, payload = path.read_bytes().partition(b"\n")
    try:
        header = json.loads(line if end else b"")
        seal = header.pop("sha256")
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise damaged(path, "its first line cannot be read") from error
    if seal != digest(json.dumps(header).encode() + b"\n" + payload):
        raise damaged(path, "its contents do not have the hash that it names")
    return header, payload


def damaged(path: Path, what: str) -> ValueError:
    way_out = (
        "delete its whole directory, if it holds nothing else, and begin anew"
        if path.name == MANIFEST
        else "delete this file, and what was in it is computed again"
    )
    return ValueError(f"{path} is damaged: {what}; {way_out}")


def part_name(span: tuple[int, int]) -> str:
    return f"{span[0]:012d}-{span[1]:012d}.part"


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def write(path: Path, data: bytes) -> None:
    """All of a file or nothing, under a name that tells an unfinished one as ours."""
    write_durably(path, data, path.with_name(f".synergy-{path.name}.{os.getpid()}.tmp"))
