"""The rankings of several layers of one network, side by side and as one list."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import torch

from decompositions import show
from decompositions.arguments import shown, whole
from decompositions.counts import several
from decompositions.files.sheet import SHEET, write_sheet
from decompositions.files.whole_file import as_path
from decompositions.visible import visible
from synergy.neurons.contributions import leading
from synergy.neurons.ranking import COLUMNS, LISTED, PAGE, SHEET_COLUMNS, Ranking, sheet_rows
from synergy.wording.numbers import number
from synergy.wording.table import Table


@dataclass(frozen=True, eq=False)
class Rankings(Mapping[str, Ranking]):
    """A ranking for each of several layers, by the layer's name and in the order of the network.

    Scores of all layers are in one unit, that of the logits. They are no parts of one whole: the neurons of every
    layer by themselves share out what the logits gain.

    Args:
        layers: a ranking of each.
        left_out: layers that were not ranked, each with the reason.
    """

    layers: tuple[Ranking, ...]
    left_out: tuple[tuple[str, str], ...] = ()

    def __getitem__(self, layer: str) -> Ranking:
        for each in self.layers:
            if each.layer == layer:
                return each
        known = [each.layer for each in self.layers]
        near = get_close_matches(str(layer), known, n=1) or known[:8]
        raise LookupError(f"no ranking of a layer {shown(layer)}; there is {', '.join(near)}")

    def __iter__(self) -> Iterator[str]:
        return (each.layer for each in self.layers)

    def __len__(self) -> int:
        return len(self.layers)

    def __contains__(self, layer: object) -> bool:
        return any(each.layer == layer for each in self.layers)

    def column(self, name: str) -> torch.Tensor:
        """A column of all layers, one behind the other. Shape ``(neurons,)``.

        Raises:
            ValueError: no such column.
        """
        return torch.cat([each.column(name) for each in self.layers])

    def names(self) -> list[tuple[str, str]]:
        """The layer and the name of every neuron, one layer behind the other."""
        return [(each.layer, name) for each in self.layers for name in each.names]

    def strongest(self, part: float | int, by: str = "value") -> dict[str, torch.Tensor]:
        """Which entries of each layer the neurons of the highest scores of all layers have.

        Args:
            part, by: as of :meth:`synergy.neurons.contributions.Contributions.strongest`.

        Returns:
            By layer, booleans of the shape of its output; only of those layers that have one of the neurons.

        Raises:
            TypeError, ValueError: no such part.
        """
        first = leading(self.column("score"), part, by)
        here = torch.zeros(len(self.names()), dtype=torch.bool).index_fill_(0, first, True)
        parts = zip(self.layers, here.split([len(each.names) for each in self.layers]), strict=True)
        return {each.layer: some[each.entries] for each, some in parts if some.any()}

    def between(self, least: float | None = None, most: float | None = None) -> dict[str, torch.Tensor]:
        """Which entries of each layer the neurons of such scores have; as of :meth:`strongest`, and of
        :meth:`synergy.neurons.contributions.Contributions.between`."""
        masks = {each.layer: each.between(least, most) for each in self.layers}
        return {layer: mask for layer, mask in masks.items() if mask.any()}

    def named(self, neurons: Mapping[str, Any]) -> dict[str, torch.Tensor]:
        """Which entries neurons of some names or numbers have, for :func:`synergy.neurons.prune_layers`.

        Args:
            neurons: by layer, as of :meth:`synergy.neurons.ranking.Ranking.named`.

        Raises:
            TypeError, ValueError, LookupError: no mapping, no such layer, or no such neuron of it.
        """
        if not isinstance(neurons, Mapping):
            raise TypeError(f"neurons of several layers are a mapping from each one's name, not {shown(neurons)}")
        return {layer: self[layer].named(some) for layer, some in neurons.items()}

    def table(self, k: int = 20, by: str = "score") -> Table:
        """The k neurons of all layers that lead in a column, as text, Markdown or HTML.

        Args:
            k: how many.
            by: "score", "error", "correct", "bolstering" or "suppression".

        Raises:
            TypeError, ValueError: no number of neurons, or another column.
        """
        k = whole(k, LISTED, 1)
        names, columns = self.names(), [self.column(each) for each in COLUMNS]
        order = self.column(by).argsort(descending=True, stable=True)[:k].tolist()
        rows = tuple((*names[j], *(number(each[j].item()) for each in columns)) for j in order)
        notes = tuple(f"not ranked: {layer}, {why}" for layer, why in self.left_out)
        return Table(self.title, ("layer", "neuron", *COLUMNS), rows, notes)

    def plot(self, path: Any = None) -> Any:
        """A map of the layers (:func:`synergy.pictures.layer_map.layer_map`).

        Raises:
            ImportError: matplotlib is missing (extra ``viz``).
            ValueError: more than 48 layers.
        """
        return show.figure(self, path)

    def to_html(self, path: str | Path, *, command: str = "") -> Path:
        """One self-contained page of all layers, as :meth:`synergy.neurons.ranking.Ranking.to_html` makes of one.

        Raises:
            TypeError, ImportError, OSError: no path; jinja2 is missing; the file cannot be written.
        """
        place: Path = show.page(self, as_path(path, PAGE), command=command)
        return place

    def to_pandas(self) -> Any:
        """A DataFrame with a row for each layer and neuron, the highest score first.

        Raises:
            ImportError: pandas is missing.
        """
        import pandas as pd

        index = pd.MultiIndex.from_tuples(self.names(), names=["layer", "neuron"])
        frame = pd.DataFrame({name: self.column(name).cpu().numpy() for name in COLUMNS}, index)
        return frame.iloc[self.column("score").argsort(descending=True, stable=True).tolist()]

    def save(self, path: str | Path) -> Path:
        """All neurons of all layers as a table in a file, ``.csv`` or ``.json``, the highest score first.

        Raises:
            TypeError, ValueError, OSError: no path, another kind of file, or one that cannot be written.
        """
        return write_sheet(as_path(path, SHEET), SHEET_COLUMNS, sheet_rows(self.layers))

    def _repr_html_(self) -> str | None:
        return show.notebook(self)

    def __repr__(self) -> str:
        layers = ", ".join(f"{each.layer} {several(len(each.names), 'neuron')}" for each in self.layers[:3])
        return visible(f"Rankings({self.title}: {layers}{', …' if len(self) > 3 else ''})")

    def __str__(self) -> str:
        return self.table().to_text()

    @property
    def title(self) -> str:
        """How many layers, neurons and inputs."""
        count = several(sum(len(each.names) for each in self.layers), "neuron")
        return f"{several(len(self.layers), 'layer')}: {count}, {several(self.layers[0].inputs, 'input')}"
