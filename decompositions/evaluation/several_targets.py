"""Games that differ in the target alone: one set of forward passes answers them all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from decompositions.arithmetic import wide
from decompositions.evaluation import corners as coalitions
from decompositions.evaluation.prefix.prefix import SharedPrefix
from decompositions.games.function_cube import FunctionCube
from decompositions.games.game import Game
from decompositions.models.model_function import ModelFunction
from decompositions.models.one_tensor import is_same_call


@dataclass(frozen=True, eq=False)
class Question:
    """Games of one model, input, baseline and players; they differ in the target."""

    cube: FunctionCube
    active: tuple[int, ...]
    places: list[int]
    targets: list[ModelFunction]
    plan: SharedPrefix | None = None

    @property
    def how(self) -> str:
        return self.plan.description if self.plan else ""

    def room(self, rows: int | None = None) -> torch.Tensor:
        """Zeros for the values at all coalitions, or at some. Shape ``(targets, rows)``."""
        return coalitions.room(2 ** len(self.active) if rows is None else rows, self.cube, len(self.targets))

    def at(self, table: np.ndarray) -> torch.Tensor:
        """The values at the rows of a table of zeros and ones. Shape ``(rows, n)`` → ``(targets, rows)``."""
        cube, values = self.cube, self.room(len(table))
        for start in range(0, len(table), cube.chunk):
            some = torch.from_numpy(table[start : start + cube.chunk] > 0).to(cube.device)
            with cube.calling():
                values[:, start : start + len(some)] = self.select(self.module(cube.inputs(some)[:, 0]))
            cube.on_calls(len(some))
        return values

    @property
    def error(self) -> float:
        return self.plan.error if self.plan else 0.0

    @property
    def module(self) -> torch.nn.Module:
        return self.targets[0].module

    def select(self, outputs: torch.Tensor) -> torch.Tensor:
        """Every target of the model's outputs. Shape ``(batch, …)`` → ``(targets, batch)``."""
        given = [outputs.clone() if callable(target.target) else outputs for target in self.targets]
        return torch.stack([wide(each.select(own)) for each, own in zip(self.targets, given, strict=True)])


def questions_of(games: Sequence[Game]) -> list[Question]:
    """What is asked of models with one baseline each."""
    found: list[Question] = []
    for place, game in enumerate(games):
        cube = game.cube
        if not isinstance(cube, FunctionCube) or not isinstance(cube.f, ModelFunction) or len(cube.baseline) != 1:
            continue
        same = next((each for each in found if _same(each.cube, cube)), None)
        if same is None:
            found.append(Question(cube, cube.active(), [place], [cube.f]))
        else:
            same.places.append(place)
            same.targets.append(cube.f)
    return found


def _same(a: FunctionCube, b: FunctionCube) -> bool:
    tensors = ((a.x, b.x), (a.baseline, b.baseline), (a.players, b.players))
    same = isinstance(a.f, ModelFunction) and isinstance(b.f, ModelFunction) and is_same_call(a.f.module, b.f.module)
    return same and a.n == b.n and all(p.shape == q.shape and torch.equal(p, q) for p, q in tensors)
