"""``synergy study``: methods compared over many inputs, as a file describes it."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from decompositions.files.whole_file import write_whole
from synergy.command.study_file import read_study
from synergy.command.terminal import say
from synergy.studies.folder import LATEX, METHODS
from synergy.studies.results import Study
from synergy.studies.study import study as carried_out


def study(
    file: Annotated[Path, typer.Argument(help="a .toml file; the how-to has one")],
) -> None:
    """Compare methods over many inputs, and over several models; the same command goes on after an interruption."""
    found = carried_out(**read_study(file))
    write_whole(found.folder / LATEX, found.to_latex().encode(), LATEX)
    write_whole(found.folder / METHODS, f"{found.methods_paragraph()}\n".encode(), METHODS)
    say(str(found))
    drawn = _drawn(found) if find_spec("matplotlib") is not None else ()
    say(f"\nin {found.folder}: table.parquet and table.csv, {', '.join((LATEX, METHODS, *drawn))}")


def _drawn(found: Study) -> tuple[str, ...]:
    """The figures of every model, as files in the folder: scores.png, and of a second model scores2.png."""
    made = []
    for number, model in enumerate(found.models, 1):
        for what in found.figures:
            name = f"{what}{number if number > 1 else ''}.png"
            found.plot(what, found.folder / name, model=model)
            made.append(name)
    return tuple(made)
