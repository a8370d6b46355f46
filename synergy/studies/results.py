"""A study as a value: its table, and what the statistics say of it."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from itertools import combinations
from pathlib import Path
from typing import Any

from decompositions import show
from decompositions.arguments import shown
from decompositions.counts import several
from decompositions.files.whole_file import as_path
from synergy.studies import findings
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

    @property
    def seed(self) -> int:
        """Of all that is drawn."""
        return int(self.asked["settings"]["seed"])

    @property
    def figures(self) -> tuple[str, ...]:
        """What :meth:`plot` can draw of it."""
        several_methods = ("agreement",) if len(self.methods) > 1 else ()
        sane = ("sanity",) if self.asked["settings"]["controls"] else ()
        return ("scores", *several_methods, "orders", "curves", *sane)

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
                "disagreement", "given inside", "given outside", "row", "deletion", "insertion" (areas), "deletion at",
                "insertion at" (curves), "correlation", "correlation of sizes" (with controls), "does not apply", and of
                the input "f(b)", "f(x)", "effects of order", "effect", "failed".

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

    def __str__(self) -> str:
        return show.text(self)

    def plot(self, what: str = "scores", path: str | Path | None = None, *, model: str | None = None) -> Any:
        """A matplotlib figure (extra ``viz``), saved if asked.

        Args:
            what: "scores" by method with intervals, the "agreement" of methods, "orders": the effects of each, and who
                is given them; "curves" of deletion and insertion; or "sanity", where there are controls.
            path: of a file.
            model: of several, by name; the first by default.
        """
        return show.figure(self, path, what, model)

    def to_latex(self) -> str:
        r"""The means of :meth:`summary` with their intervals as a table of LaTeX, with ``\usepackage{booktabs}``."""
        return show.text(self, "latex")

    def methods_paragraph(self) -> str:
        """All settings in sentences to paste; sources are keys of ``docs/references.bib``."""
        return show.text(self, "paragraph")

    def failures(self) -> Any:
        """The inputs that failed, a DataFrame of ``model``, ``input`` and ``note``, the error."""
        return self.table(FAILED)[["model", "input", "note"]].reset_index(drop=True)

    def summary(self) -> Any:
        """The mean of every score over the inputs: a DataFrame with a row per model, method and quantity.

        Columns ``mean``, ``low`` and ``high`` (its bootstrap interval of 95 %), ``error`` (the mean numerical error),
        ``n`` (inputs that have the number) and ``undecided``: not told from zero. Quantities are "coverage", "leakage",
        "residual", "disagreement" (of theory and practice), "gap" (its size), "deletion" and "insertion".
        """
        return findings.summary(self.table, self.methods, self.seed)

    def verdicts(self) -> Any:
        """On how many inputs each criterion passes, fails and is undecided: a row per model, method and criterion."""
        return findings.verdicts(self.table, self.methods)

    def compare(self, first: str | None = None, second: str | None = None) -> Any:
        """Two methods, or all pairs of them, input by input: a DataFrame with a row per model, pair and quantity.

        Columns ``difference`` of the means (the first's less the second's) with ``low`` and ``high``, its bootstrap
        interval of 95 %, and ``error``, the mean numerical error of both; ``n`` inputs, of which ``ties`` differ by no
        more than that error; ``effect``, the rank-biserial correlation, from −1 to 1; ``p`` of Wilcoxon's signed-rank
        test, and ``adjusted`` for all tests in this table, by Holm. Criteria are compared only where both speak of the
        same coalitions; ``note`` says where they do not.

        Args:
            first, second: names of methods; one alone is compared with all others, none stands for all pairs.

        Raises:
            LookupError: no such method in this study.
            ValueError: a method with itself.
        """
        for name in (first, second):
            self._require(name)
        if first is not None and first == second:
            raise ValueError(f"a comparison is of two methods, and both are {first!r}")
        given = [name for name in (first, second) if name is not None]
        if len(given) == 1:
            pairs = [(given[0], other) for other in self.methods if other != given[0]]
        else:
            pairs = [(given[0], given[1])] if given else list(combinations(self.methods, 2))
        return findings.compared(self.table, pairs, self.seed)

    def agreement(self) -> Any:
        """How alike methods rank the players: a row per model and pair, with the mean of Spearman's ρ over the inputs.

        Columns as of :meth:`summary`. Attributions within their errors are zero, and share a rank; inputs on which a
        method gives all players the same are left out.
        """
        return findings.agreement(self.table, self.methods, self.seed)

    def orders(self) -> Any:
        r"""How large the effects of each order are, and who is given them: a row per model, method, order and part.

        Without a method, the part is "share": :math:`\sum_{|S|=k} |J(S)|` in all effects that are known. Of a method
        it is "inside", what the coalitions' members are given of that sum, with the sign of the effect: 1 where each is
        shared out in full; and "outside", what all others are given. Inputs on which an order does not rise above its
        noise are left out of these. Columns as of :meth:`summary`.
        """
        return findings.orders(self.table, self.methods, self.seed)

    def curves(self) -> Any:
        r"""The curves of deletion and insertion: a row per model, method, curve and number k of players.

        ``mean`` is that over the inputs of what is left of f(x) − f(b) when the k players of the largest attributions
        are absent ("deletion"), or there alone ("insertion"); other columns as of :meth:`summary`, which has the areas.

        Reference: petsiuk2018rise
        """
        return findings.curves(self.table, self.methods, self.seed)

    def sanity(self) -> Any:
        """How alike the attributions are to those of the controls: a row per model, method, control and part.

        ``mean`` is that of Spearman's ρ over the inputs, of the players that differ from the baseline, the other
        columns as of :meth:`summary`. Near 1 a method does not see what was made random. "random L" is the model whose
        weights are random from its last layer down to L, drawn for each input; "another label" the model asked about
        another input's target. The parts are "values" and "sizes", which leave out the signs. Empty where no
        ``controls`` were asked for.

        Reference: adebayo2018sanity
        """
        return findings.sanity(self.table, self.methods, self.seed)

    def across(self, first: str, second: str) -> Any:
        """How alike each method's attributions are for two models, such as one that was trained on permuted labels.

        A row per method with the mean of Spearman's ρ over the inputs; other columns as of :meth:`summary`.

        Raises:
            LookupError: no such model.
        """
        for name in (first, second):
            if name not in self.models:
                raise LookupError(f"no model {shown(name)} in this study; there are {', '.join(self.models)}")
        return findings.across(self.table, (first, second), self.methods, self.seed)

    def _require(self, name: str | None) -> None:
        if name is not None and name not in self.methods:
            near = get_close_matches(str(name), self.methods, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(self.methods)}"
            raise LookupError(f"no method {shown(name)} in this study; {hint}")

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
