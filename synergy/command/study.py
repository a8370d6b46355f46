"""``synergy study``: methods compared over many inputs, as a file describes it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from decompositions.files.whole_file import write_whole
from synergy.command.study_file import read_study
from synergy.command.terminal import say
from synergy.studies.folder import LATEX, METHODS
from synergy.studies.study import study as carried_out


def study(
    file: Annotated[Path, typer.Argument(help="a .toml file; the how-to has one")],
) -> None:
    """Compare methods over many inputs, and over several models; the same command goes on after an interruption."""
    found = carried_out(**read_study(file))
    write_whole(found.folder / LATEX, found.to_latex().encode(), LATEX)
    write_whole(found.folder / METHODS, f"{found.methods_paragraph()}\n".encode(), METHODS)
    say(str(found))
    say(f"\nin {found.folder}: table.parquet and table.csv, {LATEX}, {METHODS}")
