"""What the input gives through the neurons of a layer."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Any

import torch

from decompositions import show
from decompositions.arguments import real, shown, whole
from decompositions.counts import several
from decompositions.visible import visible


@dataclass(frozen=True, eq=False)
class Contributions:
    """Values of neurons, or of pairs of an input player and a neuron.

    Args:
        values: Shape ``(neurons,)``, or ``(n, neurons)``, float64.
        around: what leads around the layer, nothing but rounding where there is no such path. Shape ``()`` or ``(n,)``.
        errors: numerical, of the shape of the values.
        rule: of the integral, as those of Integrated Gradients.
        names: of the neurons.
        entries: the neuron to which every entry of the layer's output belongs. Shape ``(*layer,)``.
        players: the names of the rows, if there are any.
    """

    values: torch.Tensor
    around: torch.Tensor
    errors: torch.Tensor
    rule: str
    names: tuple[str, ...]
    entries: torch.Tensor
    players: tuple[str, ...] = ()

    @property
    def total(self) -> float:
        """All of it, with what leads around the layer: F(x) − F(b), or the part of it that is the region's."""
        return float(self.values.sum() + self.around.sum())

    def top(self, k: int = 10) -> list[tuple[tuple[str, ...], float]]:
        """The k largest, with the names of their player, if there are any, and neuron."""
        flat = self.values.flatten()
        order = flat.abs().argsort(descending=True)[:k].tolist()
        return [(self._named(position), flat[position].item()) for position in order]

    def strongest(self, part: float | int, by: str = "value") -> torch.Tensor:
        """Which entries of the layer's output the neurons with the largest values have, for :func:`prune`.

        Args:
            part: a whole number of neurons, or a share of them between 0 and 1.
            by: "value", "magnitude" or "smallest" for the other end.

        Returns:
            Booleans of the shape of the layer's output.

        Raises:
            TypeError, ValueError: no such part; a table that has a row for each player.
        """
        return chosen(self.values, self.entries, part, by)

    def between(self, least: float | None = None, most: float | None = None) -> torch.Tensor:
        """Which entries of the layer's output the neurons of such values have, for :func:`prune`.

        Args:
            least, most: the bounds, which count; one of them at least.

        Returns:
            Booleans of the shape of the layer's output.

        Raises:
            TypeError, ValueError: no bounds, or a table that has a row for each player.
        """
        return within(self.values, self.entries, least, most)

    def plot(self, path: Any = None, *, ax: Any = None) -> Any:
        """The neurons as bars with whiskers (:func:`synergy.pictures.neurons.neurons`); a table as a heat map between
        its sums (:func:`synergy.pictures.input_by_neuron.input_by_neuron`), on a figure of its own.

        Raises:
            ImportError: matplotlib is missing (extra ``viz``).
            ValueError: a table on somebody's axes.
        """
        return show.figure(self, path, ax=ax)

    def to_pandas(self) -> object:
        """A Series by neuron, or a DataFrame with the players as its rows.

        Raises:
            ImportError: pandas is missing.
        """
        import pandas as pd

        values, names = self.values.cpu().numpy(), list(self.names)
        if not self.players:
            return pd.Series(values, names)
        return pd.DataFrame(values, list(self.players), names)

    def _repr_html_(self) -> str | None:
        return show.notebook(self)

    def __repr__(self) -> str:
        rows = f"{several(len(self.players), 'player')} × " if self.players else ""
        best = "; ".join(f"{' · '.join(name)} {value:+.3g}" for name, value in self.top(3))
        around = float(self.around.sum())
        passes = f"; around the layer {around:+.3g}" if abs(around) > 1e-6 * abs(self.total) else ""
        said = f"Contributions({rows}{several(len(self.names), 'neuron')}, {self.rule}: {best}{passes})"
        return visible(said)

    def _named(self, position: int) -> tuple[str, ...]:
        row, neuron = divmod(position, len(self.names))
        return (self.players[row], self.names[neuron]) if self.players else (self.names[neuron],)


def chosen(values: torch.Tensor, entries: torch.Tensor, part: float | int, by: str) -> torch.Tensor:
    """The entries of the neurons with the largest values.

    Args:
        values: Shape ``(neurons,)``.
        entries: the neuron of every entry. Shape ``(*layer,)``.
        part: how many neurons, or which share of them.
        by: "value", "magnitude" or "smallest".

    Raises:
        TypeError, ValueError: no such part, another order, or values of more than one row.

    >>> chosen(torch.tensor([1.0, -3.0, 2.0]), torch.tensor([0, 1, 2]), 1, "magnitude").tolist()
    [False, True, False]
    """
    return torch.isin(entries, leading(values, part, by).to(entries.device))


def within(values: torch.Tensor, entries: torch.Tensor, least: float | None, most: float | None) -> torch.Tensor:
    """The entries of the neurons whose values are no smaller and no larger than two bounds.

    Args:
        values: Shape ``(neurons,)``.
        entries: the neuron of every entry. Shape ``(*layer,)``.
        least, most: the bounds; None for none.

    Raises:
        TypeError, ValueError: no bounds, or values of more than one row.

    >>> within(torch.tensor([1.0, -3.0, 2.0]), torch.tensor([0, 1, 2]), 1.0, None).tolist()
    [True, False, True]
    """
    _require_row(values)
    rule = "neurons are chosen by the least of their values, by the most, or by both"
    if least is None and most is None:
        raise ValueError(f"{rule}, not by none")
    low, high = (end if bound is None else real(bound, rule) for bound, end in ((least, -inf), (most, inf)))
    if low > high:
        raise ValueError(f"{rule}, and the least is no more than the most; {low} is more than {high}")
    return ((values >= low) & (values <= high))[entries.to(values.device)].to(entries.device)


def _require_row(values: torch.Tensor) -> None:
    if values.ndim != 1:
        raise ValueError("the strongest neurons are those of one row; take conductance() or region_attribution()")


def leading(values: torch.Tensor, part: float | int, by: str) -> torch.Tensor:
    """The numbers of the neurons with the largest values, the largest first; arguments and errors of :func:`chosen`.

    >>> leading(torch.tensor([1.0, -3.0, 2.0]), 2, "value").tolist()
    [2, 0]
    """
    _require_row(values)
    orders = {"value": values, "magnitude": values.abs(), "smallest": -values}
    if by not in orders:
        raise ValueError(f"by is one of {', '.join(orders)}, not {shown(by)}")
    rule = "a part of the neurons is a whole number of them, or a share between 0 and 1"
    if isinstance(part, float):
        share = real(part, rule, 0.0)
        if share > 1:
            raise ValueError(f"{rule}, not {share}")
        count = max(1, round(share * len(values))) if share else 0
    else:
        count = whole(part, rule, 0, len(values))
    return orders[by].argsort(descending=True, stable=True)[:count]
