r"""A ranking of neurons by the votes that they cast for the classes.

With :math:`C_j^{(c)}(x)` the conductance of neuron j for the logit of class c,

.. math:: M_j[y, c] = E\bigl[C_j^{(c)}(x) \mid y\bigr], \qquad
          \text{score}_j = \sum_y \pi_y \Bigl(M_j[y, y] - \lambda \sum_{c \ne y} M_j[y, c]\Bigr)

The score is a reconstruction: of the ranking that it follows only a summary is public, "the expected contribution of a
neuron to a class vote given a true image label", weighted by the sizes of the classes. So λ and π are parameters.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import torch

from decompositions import show
from decompositions.arguments import entries, shown, whole
from decompositions.counts import several
from decompositions.files.sheet import SHEET, write_sheet
from decompositions.files.whole_file import as_path
from decompositions.visible import visible
from synergy.neurons.contributions import chosen, within
from synergy.wording.numbers import number
from synergy.wording.table import Table

COLUMNS = ("score", "error", "correct", "bolstering", "suppression")
SHEET_COLUMNS = ("layer", "number", "neuron", *COLUMNS)
PAGE = "a page is kept in a file, and path is its name, a text or a Path"
LISTED = "k is the number of neurons that are listed"


@dataclass(frozen=True, eq=False)
class Ranking:
    """What every neuron of a layer gives to every class's vote, by true class.

    Args:
        layer: its name.
        votes: M[y, c], the mean over the inputs of class y. Shape ``(classes, classes, neurons)``; nan for a class of
            no weight of which there is no input.
        spread: the standard errors of the votes. Of the same shape.
        score: Shape ``(neurons,)``.
        error: its standard error, as the inputs of each class are a sample; its weight is taken as it is. Shape
            ``(neurons,)``.
        rest: the mean of F_c(x) − F_c(b) over the inputs of class y without what the neurons give: what leads around
            the layer, if anything does, and the error of the quadrature. Shape ``(classes, classes)``.
        weights: π. Shape ``(classes,)``.
        names: of the neurons.
        entries: the neuron to which every entry of the layer's output belongs. Shape ``(*layer,)``.
        inputs: how many of them.
    """

    layer: str
    votes: torch.Tensor
    spread: torch.Tensor
    score: torch.Tensor
    error: torch.Tensor
    rest: torch.Tensor
    weights: torch.Tensor
    names: tuple[str, ...]
    entries: torch.Tensor
    inputs: int

    @property
    def order(self) -> torch.Tensor:
        """The neurons from the highest score to the lowest. Shape ``(neurons,)``."""
        return self.score.argsort(descending=True, stable=True)

    @property
    def correct(self) -> torch.Tensor:
        """To the votes for the true classes, :math:`Σ_y π_y M[y, y]`. Shape ``(neurons,)``."""
        own = self.votes.diagonal(dim1=0, dim2=1).T
        return self._weighted(own)

    @property
    def bolstering(self) -> torch.Tensor:
        """To the votes for other classes where it is positive, their mean. Shape ``(neurons,)``."""
        return self._weighted(self._others(self.votes.clamp(min=0)))

    @property
    def suppression(self) -> torch.Tensor:
        """Against the votes for other classes where it is negative, their mean. Shape ``(neurons,)``."""
        return self._weighted(self._others((-self.votes).clamp(min=0)))

    def column(self, name: str) -> torch.Tensor:
        """A column of the table. Shape ``(neurons,)``.

        Raises:
            ValueError: no such column.
        """
        if name not in COLUMNS:
            raise ValueError(f"by is one of {', '.join(COLUMNS)}, not {shown(name)}")
        values: torch.Tensor = getattr(self, name)
        return values

    def strongest(self, part: float | int, by: str = "value") -> torch.Tensor:
        """Which entries the neurons of the highest scores have, as of
        :meth:`synergy.neurons.contributions.Contributions.strongest`."""
        return chosen(self.score, self.entries, part, by)

    def between(self, least: float | None = None, most: float | None = None) -> torch.Tensor:
        """Which entries the neurons of such scores have, as of
        :meth:`synergy.neurons.contributions.Contributions.between`."""
        return within(self.score, self.entries, least, most)

    def named(self, neurons: Any) -> torch.Tensor:
        """Which entries the neurons of some names or numbers have, for :func:`synergy.neurons.prune`.

        Args:
            neurons: a list of names, or of numbers, their places in the names.

        Returns:
            Booleans of the shape of the layer's output.

        Raises:
            TypeError, ValueError, LookupError: no list, a number too large, or a name that no neuron has.
        """
        some = [self._number(each) for each in entries(neurons, "neurons are a list of their names or numbers")]
        return torch.isin(self.entries, torch.tensor(some, dtype=torch.int64, device=self.entries.device))

    def table(self, k: int = 20, by: str = "score") -> Table:
        """The k neurons that lead in a column, as text, Markdown or HTML.

        Args:
            k: how many.
            by: "score", "error", "correct", "bolstering" or "suppression".

        Raises:
            TypeError, ValueError: no number of neurons, or another column.
        """
        k = whole(k, LISTED, 1)
        columns = [self.column(name) for name in COLUMNS]
        order = self.column(by).argsort(descending=True, stable=True)[:k].tolist()
        rows = [(self.names[j], *(number(each[j].item()) for each in columns)) for j in order]
        title = f"layer {self.layer}: {several(len(self.names), 'neuron')}, {several(self.inputs, 'input')}"
        return Table(title, ("neuron", *COLUMNS), tuple(rows))

    def plot(self, path: Any = None, *, ax: Any = None) -> Any:
        """The neurons as bars with whiskers (:func:`synergy.pictures.neurons.neurons`).

        Raises:
            ImportError: matplotlib is missing (extra ``viz``).
        """
        return show.figure(self, path, ax=ax)

    def to_html(self, path: str | Path, *, command: str = "") -> Path:
        """One self-contained page (extra ``cli``): a table to sort, filter and pick from, and what silences the picked.

        Args:
            path: of the file.
            command: ``synergy neurons prune …``, which the page completes by the neurons picked; none where there is
                none.

        Raises:
            TypeError, ImportError, OSError: no path; jinja2 is missing; the file cannot be written.
        """
        place: Path = show.page(self, as_path(path, PAGE), command=command)
        return place

    def to_pandas(self) -> Any:
        """A DataFrame with a row for each neuron, the highest score first.

        Raises:
            ImportError: pandas is missing.
        """
        import pandas as pd

        columns = {name: self.column(name).cpu().numpy() for name in COLUMNS}
        return pd.DataFrame(columns, list(self.names)).iloc[self.order.tolist()]

    def save(self, path: str | Path) -> Path:
        """All neurons as a table in a file, ``.csv`` or ``.json``, the highest score first.

        A neuron's ``number`` is its place in the names.

        Raises:
            TypeError, ValueError, OSError: no path, another kind of file, or one that cannot be written.
        """
        return write_sheet(as_path(path, SHEET), SHEET_COLUMNS, sheet_rows([self]))

    def _repr_html_(self) -> str | None:
        return show.notebook(self)

    def __repr__(self) -> str:
        best = ", ".join(f"{self.names[j]} {self.score[j].item():+.3g}" for j in self.order[:3].tolist())
        said = f"Ranking({self.layer}: {several(len(self.names), 'neuron')}, {several(self.inputs, 'input')}; {best})"
        return visible(said)

    def __str__(self) -> str:
        return self.table().to_text()

    def _number(self, neuron: Any) -> int:
        if not isinstance(neuron, str):
            return whole(neuron, f"a neuron of '{self.layer}' is its name or number", 0, len(self.names) - 1)
        if neuron not in self.names:
            near = ", ".join(get_close_matches(neuron, self.names, n=3) or self.names[:3])
            raise LookupError(f"'{self.layer}' has no neuron {shown(neuron)}; there is {near}")
        return self.names.index(neuron)

    def _others(self, votes: torch.Tensor) -> torch.Tensor:
        """The mean over the classes that are not the true one. Shape ``(classes, neurons)``."""
        own = votes.diagonal(dim1=0, dim2=1).T
        return (votes.sum(1) - own) / max(1, len(votes) - 1)

    def _weighted(self, by_class: torch.Tensor) -> torch.Tensor:
        """The sum over the true classes that have a weight. Shape ``(classes, neurons)`` → ``(neurons,)``."""
        some = self.weights > 0
        return self.weights[some] @ by_class[some]


def sheet_rows(rankings: Iterable[Ranking]) -> list[tuple[Any, ...]]:
    """Every neuron of some layers with its numbers, as :data:`SHEET_COLUMNS` says, the highest score first."""
    rows = []
    for each in rankings:
        columns = [each.column(name).tolist() for name in COLUMNS]
        rows += [(each.layer, j, name, *(c[j] for c in columns)) for j, name in enumerate(each.names)]
    return sorted(rows, key=lambda row: -row[3])
