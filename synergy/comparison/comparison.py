"""Methods side by side."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from decompositions import show
from decompositions.arguments import shown
from decompositions.counts import several
from decompositions.effects.effects import Effects
from decompositions.files.whole_file import as_path
from synergy.comparison.result import Result
from synergy.wording.view import Features, Picture, Words

PLAIN = "f(x) − f(b)"  # the target of methods that are named first among those with the same numbers


@dataclass(frozen=True, eq=False)
class Comparison:
    """Methods side by side.

    Args:
        effects: the Harsanyi dividends that the criteria refer to.
        series: the Taylor effects, or None with the reason in ``series_note``.
        results: one per method, in order.
        calls: model calls that were paid in all.
    """

    effects: Effects
    series: Effects | None
    series_note: str
    results: tuple[Result, ...]
    calls: int = 0

    @property
    def columns(self) -> tuple[Result, ...]:
        """One result for every question: methods with the same numbers together, "Occlusion-1 = Occlusion-patch"."""
        return tuple(self._with_twins(each) for each in self.results if not each.twin)

    def _with_twins(self, first: Result) -> Result:
        """A result under the names of all methods that share its numbers."""
        alike = [first, *(each for each in self.results if each.twin == first.name)]
        if len(alike) == 1:
            return first
        alike.sort(key=lambda each: each.target != PLAIN)
        names, titles = " = ".join(each.name for each in alike), " = ".join(each.heading for each in alike)
        return replace(first, name=names, title=titles, target=alike[0].target, formula=alike[0].formula)

    def __getitem__(self, name: str) -> Result:
        """The result of one method.

        Raises:
            LookupError: it was not compared.
        """
        for result in self.results:
            if result.name == name:
                return result
        raise LookupError(f"'{name}' was not compared; there are {', '.join(r.name for r in self.results)}")

    def _repr_html_(self) -> str | None:
        return show.notebook(self)

    def to_pandas(self) -> Any:
        """A pandas DataFrame of the attributions: a row per player, a column per method; NaN where one does not apply.

        Raises:
            ImportError: pandas is missing (extra ``pandas``).
        """
        return show.frame(self)

    def __iter__(self) -> Iterator[Result]:
        """The results, one per method."""
        return iter(self.results)

    def __len__(self) -> int:
        return len(self.results)

    def __repr__(self) -> str:
        names = ", ".join(result.name for result in self.results[:3]) + (", …" if len(self.results) > 3 else "")
        size = f"{several(self.effects.n, 'player')}, {several(self.calls, 'model call')}"
        return f"Comparison({several(len(self.results), 'method')}: {names}; {size})"

    def __str__(self) -> str:
        return show.text(self)

    def table(self) -> str:
        """Players × methods, the criteria below, as text."""
        return show.text(self, whole=True)

    def plot(self, path: str | Path | None = None) -> Any:
        """The attributions and the strongest effects as a matplotlib figure (extra ``viz``), saved if asked."""
        return show.figure(self, path)

    def to_html(
        self,
        path: str | Path,
        *,
        title: str = "Attribution methods compared",
        view: Picture | Words | Features | None = None,
        facts: Mapping[str, str] | None = None,
        output: str = "the output",
        command: str = "",
        interactions: Iterable[Any] = (),
    ) -> Path:
        """One self-contained page (extra ``cli``).

        Args:
            path: of the file.
            title: its heading.
            view: how the input is shown to a person; the players' names by default.
            facts: lines about the model, the input and the baseline.
            output: what the model's output is called in a sentence, "the rating".
            command: the one that makes this page again, if there is one.
            interactions: indices of sets of players, :func:`synergy.interactions.interactions`, that are shown, too.

        Raises:
            TypeError: no path, and whatever else is of another kind.
            ImportError, ValueError, OSError: as :func:`synergy.showing.report.write_report`.
        """
        path = as_path(path, "a report is kept in a file, and path is its name, a text or a Path")
        facts = {} if facts is None else facts
        texts = {"title": title, "output": output, "command": command}
        for name, text in texts.items():
            if not isinstance(text, str):
                raise TypeError(f"{name} is a text in a report, not {shown(text)}")
        if not (view is None or isinstance(view, (Picture, Words, Features))):
            raise TypeError(f"view is a Picture, Words or Features, or None for the players' names, not {shown(view)}")
        if not isinstance(facts, Mapping) or not all(isinstance(each, str) for line in facts.items() for each in line):
            raise TypeError(f"facts map what is said to what it is, text to text, not {shown(facts)}")
        return show.page(self, path, title, view, dict(facts), output, command, tuple(interactions))
