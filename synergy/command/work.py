"""What every question is asked with: by which methods, at what price, and where the answer goes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from decompositions.files.whole_file import require_writable
from synergy.interaction_index import index_named
from synergy.interactions.lifts.named import LIFTS
from synergy.method import ALL, METHODS, method, usual

EXAMPLES = {"--output": "report.html", "--save": "effects.npz"}  # names of files


@dataclass(frozen=True)
class Work:
    """The options that every question has."""

    methods: Annotated[
        str | None, typer.Option(help="names with commas, or all; the fourteen and SmoothGrad by default")
    ] = None
    order: Annotated[
        int | None,
        typer.Option(min=1, help="players of the largest coalitions of which all are looked at; all by default"),
    ] = None
    budget: Annotated[
        int | None,
        typer.Option(min=0, help="model calls that measuring one method may cost; the question's by default"),
    ] = None
    limit: Annotated[
        int | None,
        typer.Option(min=1, help="model calls up to which all effects are computed; the question's by default"),
    ] = None
    interactions: Annotated[
        str | None,
        typer.Option(help="an index of sets of players, shown as well: STII, or STII:3 for sets of up to three"),
    ] = None
    output: Annotated[Path | None, typer.Option(help="the report; reports/KIND.html by default")] = None
    save: Annotated[Path | None, typer.Option(help="a file for the effects (.npz)")] = None
    checkpoint: Annotated[
        Path | None, typer.Option(help="a directory that keeps the values so far; the same command goes on from there")
    ] = None
    degree: Annotated[int | None, typer.Option(min=0, help="of the Taylor series, where it does not end")] = None

    def chosen(self, besides: Sequence[str] = ()) -> list[str]:
        """The methods' names.

        Args:
            besides: those that the question shows as well where none are named.

        Raises:
            ValueError: no name among the commas.
            LookupError: no such method.
        """
        if self.methods is None:
            return [*usual(), *besides]
        if self.methods == ALL:
            return list(METHODS)
        names = [name.strip() for name in self.methods.split(",") if name.strip()]
        if not names:
            raise ValueError(f"--methods are names with commas, such as shapley,occlusion_1, not '{self.methods}'")
        for name in names:
            method(name)
        return names

    def index(self, n: int) -> tuple[str, int] | None:
        """The index of interactions and its order, two where none is given; None where no index is.

        Args:
            n: the number of players.

        Raises:
            LookupError: no such index.
            ValueError: no order after the colon, or one of more players than there are.
        """
        if self.interactions is None:
            return None
        name, _, order = self.interactions.partition(":")
        if order and not order.isdecimal():
            raise ValueError(f"--interactions is an index and perhaps an order, STII:3, not '{self.interactions}'")
        index = index_named(name, LIFTS)
        found = int(order) if order else min(2, n, index.largest or 2)
        if not 1 <= found <= n:
            raise ValueError(f"the order in --interactions is from 1 to the {n} players that there are, not {found}")
        return name, found

    def report(self, kind: str) -> Path:
        """Where the report of a question goes."""
        return self.output or Path("reports") / f"{kind}.html"

    def require_places(self, report: Path, read: dict[str, str | None]) -> None:
        """Refuse to write where no file can be written, over what is read, or twice to one place.

        Args:
            report: where the report goes.
            read: the files that the question reads, by their options.

        Raises:
            OSError, ValueError: found before anything is computed.
        """
        written = {"--output": report, "--save": self.save}
        for option, path in written.items():
            if path:
                _require_writable(path, option, EXAMPLES[option])
        _require_apart(written, read)
        for option, path in written.items():
            if path:
                _require_suffix(path, option, Path(EXAMPLES[option]).suffix)


def _require_suffix(path: Path, option: str, suffix: str) -> None:
    """Refuse a name that says that the file is something else."""
    if path.suffix.lower() != suffix and not path.is_dir():
        raise ValueError(f"{option} writes a {suffix} file, and {path} is named like another; {option} {path}{suffix}")


def _require_writable(path: Path, option: str, example: str) -> None:
    """Refuse a file that cannot be written; its folder is made."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        require_writable(path, example)
    except OSError as error:
        reason = error.strerror or str(error)
        raise OSError(f"{option} is the name of a file to write, and {path} is not: {reason}") from error


def _require_apart(written: dict[str, Path | None], read: dict[str, str | None]) -> None:
    """Refuse to write over what is read, or twice to one place."""
    places = {option: Path(path).resolve() for option, path in {**written, **read}.items() if path}
    for option in written:
        for other in places:
            if other != option and option in places and places[other] == places[option]:
                raise ValueError(
                    f"{option} writes a file of its own, and {other} is {written[option]}, too; give another"
                )
