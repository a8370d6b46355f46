"""Rows of a table in a file: CSV, or JSON with an object for each row."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from decompositions.files.whole_file import require_writable, write_whole

SHEET = "a table is kept in a file, and path is its name, a text or a Path that ends in .csv or .json"
EXAMPLE = "table.csv"


def require_sheet(path: Path) -> Path:
    """Where a table would be written; nothing is touched.

    Raises:
        ValueError: another kind of file.
        OSError: nothing can be written there.
    """
    if path.suffix.lower() not in (".csv", ".json") and not path.is_dir():
        raise ValueError(f"{SHEET}, not {path}")
    return require_writable(path, EXAMPLE)


def write_sheet(path: Path, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Path:
    """Write a table, whole or not at all; a number that is none is empty in CSV and null in JSON.

    Args:
        path: of the file, which ends in .csv or .json.
        columns: the headings.
        rows: of texts and numbers, as many as columns.

    Raises:
        ValueError: another kind of file.
        OSError: it cannot be written; nothing is left behind.
    """
    place = require_sheet(path)
    known = [[None if isinstance(cell, float) and math.isnan(cell) else cell for cell in row] for row in rows]
    if path.suffix.lower() == ".json":
        records = [dict(zip(columns, row, strict=True)) for row in known]
        text = json.dumps(records, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    else:
        sheet = io.StringIO()
        csv.writer(sheet).writerows((columns, *known))
        text = sheet.getvalue()
    write_whole(place, text.encode("utf-8"), EXAMPLE)
    return path
