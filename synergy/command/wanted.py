"""The neurons that ``synergy neurons prune`` is to silence."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from synergy.neurons.rankings import Rankings

PART = 0.1  # of the neurons, where nothing is said


@dataclass(frozen=True)
class Wanted:
    """What was said: a part of the ranking, neurons by name or number, or bounds of their scores.

    Args:
        part: "0.1" or "3"; None where nothing is said.
        by: of the ranking: "value", "magnitude" or "smallest".
        picked: each "LAYER:3,12" or "LAYER:NAME".
        least, most: bounds of the scores.
        region: "0:4,0:8", rows and columns by whose part in each neuron they are ranked, input by input.

    Raises:
        ValueError: two of them at once, or what is none of them.
    """

    part: str | None
    by: str
    picked: tuple[str, ...]
    least: float | None
    most: float | None
    region: str | None = None

    def __post_init__(self) -> None:
        said = {"--part": self.part is not None, "--pick": bool(self.picked), "--from and --to": self.bounded}
        several = [option for option, given in said.items() if given]
        if self.region is not None and (self.picked or self.bounded or self.by != "value"):
            raise ValueError(
                "--region ranks the neurons, and of them --part is silenced; leave --pick, --from, --to, --by"
            )
        if len(several) > 1:
            raise ValueError(f"neurons are chosen in one way, and these are {len(several)}: {', '.join(several)}")
        self._neurons()
        self.share()
        self.box()

    @property
    def bounded(self) -> bool:
        return self.least is not None or self.most is not None

    @property
    def ranked(self) -> bool:
        """Whether they are a part of the ranking."""
        return not self.picked and not self.bounded

    @property
    def layers(self) -> list[str]:
        """Those that are named by the neurons picked."""
        return list(self._neurons())

    def box(self) -> tuple[tuple[int, ...], ...] | None:
        """The region; None where there is none."""
        if self.region is None:
            return None
        sides = [side.split(":") for side in self.region.split(",")]
        if len(sides) != 2 or any(len(side) != 2 or not all(end.isdecimal() for end in side) for side in sides):
            raise ValueError(f"--region are rows and columns, the ends not included, 0:4,0:8, not '{self.region}'")
        return tuple(tuple(map(int, side)) for side in sides)

    def of(self, rankings: Rankings) -> dict[str, torch.Tensor]:
        """The entries of each layer that are to be silent.

        Raises:
            TypeError, ValueError, LookupError: no such part, neuron or layer, or no neuron of such a score.
        """
        if self.picked:
            return rankings.named(self._neurons())
        if self.ranked:
            return rankings.strongest(self.share(), self.by)
        found = rankings.between(self.least, self.most)
        if not found:
            scores = rankings.column("score")
            raise ValueError(f"no neuron has such a score; they are from {scores.min():.4g} to {scores.max():.4g}")
        return found

    def _neurons(self) -> dict[str, list[str | int]]:
        """The neurons picked, by layer."""
        found: dict[str, list[str | int]] = {}
        for text in self.picked:
            layer, colon, neurons = text.rpartition(":")
            if not (layer and colon and neurons):
                raise ValueError(f"--pick is a layer and its neurons, conv2:3,12 or 'conv2:channel 3', not '{text}'")
            words = [each.strip() for each in neurons.split(",")]
            numbers = all(each.isdecimal() for each in words)
            found.setdefault(layer, []).extend(map(int, words) if numbers else [neurons])
        return found

    def share(self) -> float | int:
        """A number of neurons, or a share of them."""
        text = str(PART) if self.part is None else self.part
        try:
            return int(text) if text.isdecimal() else float(text)
        except ValueError:
            raise ValueError(f"--part is a share such as 0.1, or a whole number of neurons, not '{text}'") from None
