"""A study as a value: its table, and what the statistics say of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from decompositions.arguments import shown
from decompositions.counts import several
from decompositions.files.whole_file import as_path
from synergy.studies.folder import TABLE, read_manifest
from synergy.studies.records import COLUMNS, imported
from synergy.studies.task import FAILED


@dataclass(frozen=True, eq=False)
class Study:
    """The results in a folder.

    Args:
        folder: where they are.
    """

    folder: Path

    @cached_property
    def asked(self) -> dict[str, Any]:
        """What was asked: fingerprints, settings and versions."""
        return read_manifest(self.folder)

    @property
    def methods(self) -> tuple[str, ...]:
        """Their names, in order."""
        return tuple(self.asked["order of methods"])

    @property
    def models(self) -> tuple[str, ...]:
        """Their names, in order."""
        return tuple(self.asked["about"])

    def __len__(self) -> int:
        """The number of inputs, of which some may have failed."""
        return int(self.asked["count"])

    def __repr__(self) -> str:
        return (
            f"Study({several(len(self), 'input')}, {several(len(self.methods), 'method')}, "
            f"{several(len(self.models), 'model')}; {self.folder})"
        )

    def table(self, *quantities: str) -> Any:
        """The table as a pandas DataFrame, all of it or the rows of some quantities.

        Columns ``model``, ``input``, ``method`` (empty for what no method gives), ``quantity``, ``of`` (which player,
        coalition or order), ``value``, ``error``, ``calls`` and ``note``. The same is in ``table.parquet`` and
        ``table.csv`` of the folder.

        Args:
            quantities: "attribution", "sum", "gap", "coverage", "leakage", "residual" (each also "… in theory"),
                "disagreement", "given inside", "given outside", "row", "deletion", "insertion", "does not apply", and
                of the input "f(b)", "f(x)", "effects of order", "effect", "failed".

        Raises:
            ImportError: pandas is missing (extra ``studies``).
        """
        imported("pandas")
        table = imported("pyarrow.parquet").read_table(
            self.folder / TABLE,
            read_dictionary=[name for name in COLUMNS if name in ("model", "method", "quantity", "of", "note")],
            filters=[("quantity", "in", list(quantities))] if quantities else None,
        )
        return table.to_pandas()

    def failures(self) -> Any:
        """The inputs that failed, a DataFrame of ``model``, ``input`` and ``note``, the error."""
        return self.table(FAILED)[["model", "input", "note"]].reset_index(drop=True)

    def require_some(self) -> None:
        """Refuse a study all of whose inputs failed.

        Raises:
            ValueError: they did, and how the first did.
        """
        failed = imported("pyarrow.parquet").read_table(self.folder / TABLE, filters=[("quantity", "=", FAILED)])
        if len(failed) == len(self) * len(self.models):
            raise ValueError(f"all {several(len(self), 'input')} failed; the first: {failed['note'][0].as_py()}")


def load(folder: str | Path) -> Study:
    """The study in a folder, whose table is complete.

    Raises:
        TypeError: no path.
        ValueError: no study, or one that was interrupted.
    """
    path = as_path(folder, "a study is found by its folder, a text or a Path")
    read_manifest(path)
    if not (path / TABLE).exists():
        raise ValueError(f"the study in {shown(str(path))} was interrupted; ask it again, and it goes on from there")
    return Study(path)
