"""What the input gives through the neurons of a layer."""

from __future__ import annotations

from dataclasses import dataclass

import torch

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
        shape: of the layer's output for one input; where the neurons are its entries, the values have it, flat.
        players: the names of the rows, if there are any.
    """

    values: torch.Tensor
    around: torch.Tensor
    errors: torch.Tensor
    rule: str
    names: tuple[str, ...]
    shape: tuple[int, ...]
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
