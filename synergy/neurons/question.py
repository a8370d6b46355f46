"""What some directions of the input give through each neuron of a layer: the numbers that are integrated."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch

from decompositions.arithmetic import Array, wide
from decompositions.games.function_cube import FunctionCube
from decompositions.games.game import Game
from synergy.algorithms.path.way import Way
from synergy.neurons.halves import Halves


@dataclass(frozen=True, eq=False)
class Question:
    """Parts of the input, and neurons.

    Args:
        cube: of the model and its input.
        halves: of the model at the layer.
        parts: which entries of the input belong to each part, zeros and ones. Shape ``(parts, *shape)``.
        neurons: which neuron every entry of the layer's output belongs to. Shape ``(entries,)``.
        count: the number of neurons.
    """

    cube: FunctionCube
    halves: Halves
    parts: torch.Tensor
    neurons: torch.Tensor
    count: int

    def directions(self) -> torch.Tensor:
        """Every part of x − b. Shape ``(parts, K, *shape)``."""
        return self.parts[:, None] * (self.cube.x - self.cube.baseline)

    def by_neuron(self, entries: torch.Tensor) -> torch.Tensor:
        """Numbers of the layer's entries, summed by neuron. Shape ``(…, *layer)`` → ``(…, neurons)``, float64."""
        flat = wide(entries).reshape(-1, len(self.neurons))
        summed = torch.zeros(len(flat), self.count, dtype=flat.dtype, device=flat.device)
        return summed.index_add_(1, self.neurons.to(flat.device), flat)

    def rates(self, points: torch.Tensor) -> torch.Tensor:
        r"""What each part of a step along the path gives at a point: through each neuron, around all of them.

        .. math:: \partial_j H(G(\gamma))\, D_{y \circ 1_R}\, G_j(\gamma)

        The last number is what the rest of the input gives, so that all add up to the slope of F along the path.

        Args:
            points: of the cube. Shape ``(m, n)``.

        Returns:
            Shape ``(m, parts · (neurons + 1) + 1)``, the mean over the baselines.
        """
        cube, inputs = self.cube, self.cube.inputs(points)
        step = self.directions()[:, None].expand(-1, len(points), *inputs.shape[1:]).flatten(1, 2)
        found = self.halves.derivatives(inputs.flatten(0, 1), step)
        cube.on_calls(len(step[0]))
        through = torch.stack([self.by_neuron(found.behind * each) for each in found.tangents], 1)
        slope = wide(found.whole).flatten(1)
        own = torch.einsum("bi,rbi->br", slope, wide(step).flatten(2))
        full = (slope * wide((cube.x - cube.baseline).expand(inputs.shape).flatten(0, 1)).flatten(1)).sum(1)
        around = own - through.sum(-1)
        rows = torch.cat([torch.cat([through, around[..., None]], 2).flatten(1), (full - own.sum(1))[:, None]], 1)
        return torch.einsum("mkc,k->mc", rows.reshape(*inputs.shape[:2], -1), wide(cube.weights))


@dataclass(frozen=True, eq=False)
class NeuronWay:
    """The path from b to x, along which the rates of a question add up to the slope.

    Args:
        asked: the question.
        way: the path of the game.
    """

    asked: Question
    way: Way

    @property
    def game(self) -> Game:
        return self.way.game

    @property
    def ends(self) -> Array:
        return self.way.ends

    def __len__(self) -> int:
        return len(self.way)

    def some(self, start: int, stop: int) -> NeuronWay:
        return replace(self, way=self.way.some(start, stop))

    def heights(self, places: Array) -> Array:
        return self.way.heights(places)

    def slopes(self, places: Array) -> Array:
        points = (places.reshape(-1, 1) * self.ends).to(self.asked.cube.weights.dtype)
        points = self.asked.cube.array(points)
        rates = self.asked.cube.differentiated(points, lambda cube, some: replace(self.asked, cube=cube).rates(some))
        return rates.reshape(*places.shape, -1).to(self.ends)

    def gains(self) -> torch.Tensor:
        return self.way.gains()

    def everywhere(self, places: Array) -> Array:
        return self.way.everywhere(places)
