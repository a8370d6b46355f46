"""The inputs of a study, with what is asked of each: one by one, never all in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from decompositions.arguments import shown
from decompositions.counts import several
from decompositions.evaluation.fingerprint.fingerprint import fingerprint
from decompositions.games.game import Game

RULE = (
    "inputs are a tensor or an array whose first axis counts them, a DataFrame with a row for each, or a list of what "
    "Game.from_model takes as x, each with its batch axis of 1"
)


OWN = object()  # stands for the target of an input itself


@dataclass(frozen=True, eq=False)
class Inputs:
    """Inputs, and what is asked of each.

    Args:
        values: a tensor or array ``(N, *shape)``, a DataFrame of N rows, or a sequence of inputs ``(1, *shape)``.
        baseline: as :meth:`Game.from_model` takes it, or a function from an input to that.
        players: likewise.
        targets: a list, an array or a tensor of one per input, or what :meth:`Game.from_model` takes, for all.
        names: of the players.
    """

    values: Any
    baseline: Any = 0.0
    players: Any = None
    targets: Any = None
    names: Sequence[str] | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be counted, and another number of targets."""
        self._require_several()
        if not len(self):
            raise ValueError("a study needs inputs, and there are none")
        object.__setattr__(self, "targets", _targets(self.targets))
        if isinstance(self.targets, list) and len(self.targets) != len(self):
            raise ValueError(
                f"targets are one for all inputs or a list of one for each; there are {several(len(self), 'input')} "
                f"and {several(len(self.targets), 'target')}"
            )

    def _require_several(self) -> None:
        value = self.values
        if isinstance(value, (str, bytes, Mapping)) or not (
            hasattr(value, "__len__") and hasattr(value, "__getitem__")
        ):
            raise TypeError(f"{RULE}, not {shown(value)}")
        if getattr(value, "shape", None) == ():
            raise TypeError(f"{RULE}, not a single number")

    def __len__(self) -> int:
        return len(self.values)

    def x(self, place: int) -> Any:
        """One input, with its batch axis of 1."""
        if isinstance(self.values, (torch.Tensor, np.ndarray)):
            return self.values[place : place + 1]
        return self.values.iloc[[place]] if _is_frame(self.values) else self.values[place]

    def target(self, place: int) -> Any:
        """What is asked about it."""
        return self.targets[place] if isinstance(self.targets, list) else self.targets

    def game(self, model: Any, place: int, output: str, target: Any = OWN) -> Game:
        """The question about one input, or another one with a target that is not its own.

        Raises:
            TypeError, ValueError, LookupError: as :meth:`Game.from_model`.
        """
        x = self.x(place)
        baseline, players = (_for(each, x) for each in (self.baseline, self.players))
        return Game.from_model(
            model,
            x,
            baseline,
            target=self.target(place) if target is OWN else target,
            players=players,
            output=output,
            names=self.names,
        )

    def digest(self) -> str:
        """A hash of all inputs, one after the other."""
        found = hashlib.sha256()
        for each in self._contents():
            found.update(each.encode())
        return found.hexdigest()

    def _contents(self) -> Iterator[str]:
        """What each input holds, written down."""
        for place in range(len(self)):
            x = self.x(place)
            if _is_frame(x):
                x = [list(map(str, x.columns)), list(map(str, x.dtypes)), x.iloc[0].tolist()]
            yield repr(sorted(fingerprint(x, "x").items()))


def _is_frame(value: Any) -> bool:
    return hasattr(value, "iloc") and hasattr(value, "columns")


def _for(given: Any, x: Any) -> Any:
    """What holds for all inputs, or what a function says of this one."""
    return given(x) if isinstance(given, Callable) and not hasattr(given, "shape") else given  # type: ignore[arg-type]


def _targets(given: Any) -> Any:
    """One target for all, or a list of one for each input; whole numbers as Python's own."""
    if isinstance(given, (torch.Tensor, np.ndarray)) and given.ndim == 1:
        return given.tolist()
    return list(given) if isinstance(given, (list, range)) or hasattr(given, "iloc") else given
