r"""Integrated gradients of piecewise linear networks, without a quadrature.

Along the path from b to an end point every value of such a network is linear between its *breakpoints*, the places
where a unit before it passes a kink or a window of a max pooling changes its winner. So the integral is a finite sum,

.. math:: \int_0^1 \nabla f(b + s d)\, ds = \sum_{\text{pieces}} |\text{piece}| \, \nabla f|_{\text{piece}}

One pass up finds the breakpoints, one pass down carries the integral of :math:`\partial f / \partial u` over every
segment of the place u's own grid of breakpoints. A step with kinks multiplies by its slopes on the finer grid of its
output and adds the pieces of one segment up, so that what comes before it never sees them. After the last kink the
gradient is the same everywhere: there its integral needs no breakpoints, only the share of a segment on either side.

The steps are taken in float64 whatever the model computes in: the places of kinks are differences of its values, and
would cancel in float32. The result is exact, to rounding, for the function that the weights define.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from functools import cached_property, partial
from typing import Any

import torch
from torch import nn

from decompositions.arithmetic import wide
from decompositions.games.function_cube import FunctionCube
from decompositions.models.full_precision import full_precision
from decompositions.models.model_function import ModelFunction, Output
from decompositions.networks.network import Network, Step
from decompositions.networks.operations import AbstractAffine, AbstractOperation, Elementwise, MaxPooling, Rearrangement
from decompositions.networks.reading.kept import kept
from decompositions.networks.reading.tracing import network
from decompositions.networks.secant import mean_slope, slopes_between
from synergy.algorithms.path.breakpoints import Grid, Refinement, merged, refined, straight
from synergy.algorithms.path.pooling import Contests, Windows
from synergy.explained import chooser

LIMIT = 2**23  # numbers at one place of the network, above which the pieces are too many
BATCH = 2**20  # the same for several paths at once, which can be taken one by one
PATHS = 256  # paths that are tried at once


Reading = Callable[[nn.Module, torch.Tensor], Network]


class TooManyPieces(Exception):
    """The breakpoints of a path would fill the memory."""


@dataclass(frozen=True, eq=False)
class Sum:
    """The integral of the gradient over paths, and what it took.

    Args:
        entries: ∫ ∂f ds of every path and entry. Shape ``(paths, *shape)``, float64.
        changes: f at the end of every path less f at its start. Shape ``(paths,)``.
        pieces: segments of the finest grid, of all paths together.
        calls: the work in model calls: the rows that each step was given, weighed by the size of its output.
    """

    entries: torch.Tensor
    changes: torch.Tensor
    pieces: int
    calls: int


@dataclass(frozen=True, eq=False)
class Seen:
    """One path, as it is at one place of the network.

    Args:
        borders: the breakpoints there. Shape ``(segments + 1,)``.
        signals: the integral of the gradient there over every segment. Shape ``(segments, *place)``.
        sum: the integral of the gradient over the path.
    """

    borders: torch.Tensor
    signals: torch.Tensor
    sum: Sum


@dataclass(frozen=True, eq=False)
class PiecewiseLinear:
    """A network without curved steps, in float64.

    Args:
        steps: of the network.
        chosen: 1 at the explained entry of the output, 0 elsewhere. Shape ``(1, *output)``.
        shapes: of every place, without the batch axis.
        watched: the place at which the pieces of a path are looked at (:meth:`seen`).
    """

    steps: tuple[Step, ...]
    chosen: torch.Tensor
    shapes: tuple[tuple[int, ...], ...]
    watched: int | None = None

    def integral(self, starts: torch.Tensor, ends: torch.Tensor) -> Sum:
        """The sum over all pieces of the straight paths, ``(paths, *shape)`` each.

        Raises:
            TooManyPieces: one path alone has more than fit; found on the way, before they are listed.
        """
        parts, first, size = [], 0, PATHS
        while first < len(starts):
            some = slice(first, first + size)
            try:
                parts.append(_Pass(self, starts[some], ends[some]).run())
            except TooManyPieces:
                if size == 1:
                    raise
                size = max(1, min(size, len(starts)) // 4)
                continue
            first += size
        entries, changes = torch.cat([part.entries for part in parts]), torch.cat([part.changes for part in parts])
        return Sum(entries, changes, sum(part.pieces for part in parts), sum(part.calls for part in parts))

    def seen(self, place: int, start: torch.Tensor, end: torch.Tensor) -> Seen:
        """One straight path as it is at a place, the output of a step. Shape ``(1, *shape)`` each.

        Raises:
            TooManyPieces: found on the way, before they are listed.
        """
        along = _Pass(replace(self, watched=place), start, end)
        found = along.run()
        assert along.seen is not None
        return Seen(along.grids[place].place, along.seen, found)

    def foreseen(self, start: torch.Tensor, end: torch.Tensor) -> int:
        """About the work of one path's integral in model calls, for two of them.

        Every unit whose kink, and every window whose winner, lies between its values at the two ends is a breakpoint
        for all that comes after it; those that a unit passes there and back are not seen.

        Raises:
            TooManyPieces: more than fit already.
        """
        values = Network(self.steps).values(torch.cat([start, end]))
        kinks: list[frozenset[int]] = [frozenset()]  # the steps with kinks before a place
        passed: dict[int, int] = {}
        work = 2 * sum(self.sizes[1:])
        for place, step in enumerate(self.steps, start=1):
            before = frozenset[int]().union(*(kinks[source] for source in step.inputs))
            if bends(step.operation):
                passed[place] = _passed(step.operation, values[step.inputs[0]])
                before |= {place}
            kinks.append(before)
            gridded = self.bends_later[place] or isinstance(step.operation, MaxPooling)
            rows = 2 + sum(passed[k] for k in before) if gridded else 1
            if rows * self.sizes[place] > LIMIT or self.windows.get(place, True) is None:
                raise TooManyPieces
            work += rows * self.sizes[place]
        return math.ceil(work / sum(self.sizes[1:]))

    @cached_property
    def bends_later(self) -> list[bool]:
        """Whether a step with kinks, or the place that is watched, comes after a place."""
        later = [place == self.watched for place in range(len(self.steps) + 1)]
        for place in range(len(self.steps), 0, -1):
            for source in self.steps[place - 1].inputs:
                later[source] |= later[place] or bends(self.steps[place - 1].operation)
        return later

    @cached_property
    def sizes(self) -> list[int]:
        """The numbers of entries of the places."""
        return [math.prod(shape) for shape in self.shapes]

    @cached_property
    def windows(self) -> dict[int, Windows | None]:
        """The windows of every max pooling by its place; None where listing them is too much."""
        return {
            place: Windows.of(step.operation, self.shapes[step.inputs[0]], self.chosen.device, LIMIT)
            for place, step in enumerate(self.steps, start=1)
            if isinstance(step.operation, MaxPooling)
        }


@full_precision()
def reading(cube: FunctionCube, read: Reading = network) -> PiecewiseLinear | None:
    """The model of a game as a piecewise linear network; None if it is curved, cannot be read, or there is none.

    Args:
        cube: of the game.
        read: reads a network. With :func:`decompositions.networks.reading.tracing.modules` the output of every module
            is a place, and nothing is put in another order.
    """
    f = cube.f
    if not isinstance(f, ModelFunction) or isinstance(f.module, Output) or callable(f.target):
        return None
    if not cube.x.is_floating_point():
        return None
    try:
        steps, x = kept(partial(_in_float64, read), f.module, cube.x[:1], (_in_float64, read))
    except Exception:  # no rule for a step; or tracing ran the model's own code, which may raise anything
        return None
    if not all(
        isinstance(step.operation, AbstractAffine | Rearrangement) or bends(step.operation) for step in steps.steps
    ):
        return None
    values = steps.values(x)
    chosen = chooser(f)(values[-1])
    shapes = tuple(tuple(value.shape[1:]) for value in values)
    ordered = _pooled_first(steps, shapes) if read is network else (list(steps.steps), shapes)
    return PiecewiseLinear(
        tuple(Step(s.name, _wide(s.operation), s.inputs) for s in ordered[0]), wide(chosen), ordered[1]
    )


def _in_float64(read: Reading, module: nn.Module, x: torch.Tensor) -> tuple[Network, torch.Tensor]:
    """The steps of a network in float64, in which batch normalisation is folded, and an input.

    One that only runs in its own type is read in that, unless its folding would be rounded.
    """
    if x.dtype == torch.float64:
        return read(module, x), x
    try:
        return read(copy.deepcopy(module).double(), wide(x)), wide(x)
    except Exception:  # types that do not mix, a device without float64: whatever someone else's code may raise
        if any(isinstance(each, nn.modules.batchnorm._BatchNorm) for each in module.modules()):
            raise
        return read(module, x), x


def bends(operation: AbstractOperation) -> bool:
    """Whether a step is piecewise linear with kinks."""
    return isinstance(operation, MaxPooling) or (isinstance(operation, Elementwise) and operation.kinks is not None)


def _passed(operation: AbstractOperation, value: torch.Tensor) -> int:
    """How many units pass a kink, or windows change their winner, between two inputs. Shape ``(2, *shape)``."""
    if isinstance(operation, MaxPooling):
        winners = operation.winners([value])
        return int((winners[0] != winners[1]).sum())
    assert isinstance(operation, Elementwise)
    return sum(int(((value[0] < kink) != (value[1] < kink)).sum()) for kink in operation.kinks or ())


def _wide(operation: AbstractOperation) -> AbstractOperation:
    """The same step with its parameters in float64."""
    known = {each.name: getattr(operation, each.name) for each in fields(operation)}  # type: ignore[arg-type]
    narrow = {n: v for n, v in known.items() if isinstance(v, torch.Tensor) and v.dtype != torch.float64}
    return replace(operation, **{n: wide(v) for n, v in narrow.items()}) if narrow else operation  # type: ignore[type-var]


def _pooled_first(steps: Network, shapes: tuple[Any, ...]) -> tuple[list[Step], tuple[Any, ...]]:
    """A rising activation and the max pooling that alone follows it in the other order, which is the same function.

    There are fewer units after the pooling, and so fewer kinks. On a plateau the slope is zero whoever wins.
    """
    ordered, sizes = list(steps.steps), list(shapes)
    uses = [place for step in ordered for place in step.inputs]
    for place in range(1, len(ordered)):
        before, after = ordered[place - 1], ordered[place]
        alone = after.inputs == (place,) and uses.count(place) == 1
        if alone and isinstance(after.operation, MaxPooling) and _rises(before.operation):
            ordered[place - 1] = Step(after.name, after.operation, before.inputs)
            ordered[place] = Step(before.name, before.operation, after.inputs)
            sizes[place] = sizes[place + 1]
    return ordered, tuple(sizes)


def _rises(operation: AbstractOperation) -> bool:
    if not isinstance(operation, Elementwise) or operation.kinks is None:
        return False
    return bool((slopes_between(operation, torch.zeros((), dtype=torch.float64)) >= 0).all())


Back = Callable[[torch.Tensor], list[torch.Tensor]]  # from the signal of a step's output to those of its inputs


class _Pass:
    """One pass up and one down over a batch of paths.

    A signal is the integral of the gradient over every segment of its place, ``(segments, *shape)``; where no kink
    comes after the place, the gradient itself, the same row for all segments, ``(1, *shape)``.
    """

    def __init__(self, net: PiecewiseLinear, starts: torch.Tensor, ends: torch.Tensor) -> None:
        self.net, self.paths = net, len(starts)
        self.limit = LIMIT if len(starts) == 1 else BATCH
        self.ends = torch.stack([starts, ends], 1).flatten(0, 1)
        self.grids: dict[int, Grid] = {0: straight(len(starts), starts.device)}
        self.values: dict[int, torch.Tensor] = {0: self.ends}
        self.ways: list[Back] = []
        self.seen: torch.Tensor | None = None  # the signal at the place that is watched
        self.work = 2 * self.paths * sum(net.sizes[1:])  # of the values at the ends

    def run(self) -> Sum:
        last = {source: place for place, step in enumerate(self.net.steps, start=1) for source in step.inputs}
        for place, step in enumerate(self.net.steps, start=1):
            self.ways.append(self._up(place, step))
            rows = len(self.grids[place].place) if place in self.grids else 1
            self.work += rows * self.net.sizes[place]
            for source in step.inputs:
                if last[source] == place:
                    self.values.pop(source, None)
        entries = self._down().expand(self.paths, *self.net.shapes[0])
        pieces = max(len(grid.left) for grid in self.grids.values())
        return Sum(entries, self._changes(), pieces, math.ceil(self.work / sum(self.net.sizes[1:])))

    def _changes(self) -> torch.Tensor:
        outputs = Network(self.net.steps).values(self.ends)[-1]
        chosen = (outputs * self.net.chosen).flatten(1).sum(1)
        return chosen[1::2] - chosen[::2]

    def _up(self, place: int, step: Step) -> Back:
        """Grid and values of a place, where kinks come after it; and the way back."""
        operation = step.operation
        if isinstance(operation, MaxPooling):
            return self._pool(place, operation, step.inputs[0])
        if isinstance(operation, Elementwise):
            later = self.net.bends_later[place]
            return (self._activate if later else self._activate_last)(place, operation, step.inputs[0])
        return self._pass_on(place, step) if self.net.bends_later[place] else self._pass_last(step)

    def _pass_on(self, place: int, step: Step) -> Back:
        """An affine step or a rearrangement, on the breakpoints of all its inputs together."""
        grid, refinements = merged([self.grids[source] for source in step.inputs])
        self._require(len(grid.place) * max(self.net.sizes[k] for k in (place, *step.inputs)))
        inputs = [r.interpolated(self.values[k]) for r, k in zip(refinements, step.inputs, strict=True)]
        self.grids[place], self.values[place] = grid, step.operation.forward(inputs)

        def back(signal: torch.Tensor) -> list[torch.Tensor]:
            return [r.collected(part) for r, part in zip(refinements, self._pulled(step, signal), strict=True)]

        return back

    def _pass_last(self, step: Step) -> Back:
        """The same after the last kink: one row, spread over the segments of an input that has kinks elsewhere."""

        def back(row: torch.Tensor) -> list[torch.Tensor]:
            parts = zip(step.inputs, self._pulled(step, row), strict=True)
            return [self._over(k, part) if self.net.bends_later[k] else part for k, part in parts]

        return back

    def _pulled(self, step: Step, signal: torch.Tensor) -> list[torch.Tensor]:
        """A signal through the transpose of a step."""
        zero, operation = signal.new_zeros(()), step.operation
        shaped = [zero.expand(len(signal), *self.net.shapes[source]) for source in step.inputs]
        if isinstance(operation, AbstractAffine):
            return operation.transpose(signal, shaped)
        assert isinstance(operation, Rearrangement)
        return operation.back(signal, shaped)

    def _activate(self, place: int, operation: Elementwise, source: int) -> Back:
        """An activation: breakpoints where a unit passes a kink, and the slopes between them."""
        refinement = self._crossings(operation, self.grids[source], self.values[source])
        u, left = refinement.interpolated(self.values[source]), refinement.fine.left
        slopes = operation.slope((u[left] + u[left + 1]) / 2)
        self.grids[place], self.values[place] = refinement.fine, operation.forward([u])
        return lambda signal: [refinement.collected(slopes * signal)]

    def _activate_last(self, place: int, operation: Elementwise, source: int) -> Back:
        """An activation after which nothing bends: its mean slopes over the segments."""
        value, left = self.values[source], self.grids[source].left
        slopes = mean_slope(operation, value[left], value[left + 1])
        return lambda row: [slopes * self._over(source, row)]

    def _crossings(self, operation: Elementwise, grid: Grid, value: torch.Tensor) -> Refinement:
        """The grid with the places at which some unit passes a kink."""
        flat, found = value.flatten(1), []
        if not operation.kinks:
            return grid.unchanged
        for kink in operation.kinks:
            below, above = flat < kink, flat > kink
            left, right = grid.left, grid.left + 1
            found.append(((below[left] & above[right]) | (above[left] & below[right])).nonzero(as_tuple=True))
        self._require((len(grid.place) + sum(len(segment) for segment, _ in found)) * flat.shape[1])
        shares = []
        for kink, (segment, unit) in zip(operation.kinks, found, strict=True):
            start, end = flat[grid.left[segment], unit], flat[grid.left[segment] + 1, unit]
            shares.append((kink - start) / (end - start))
        return refined(grid, torch.cat([segment for segment, _ in found]), torch.cat(shares))

    def _pool(self, place: int, operation: MaxPooling, source: int) -> Back:
        """A max pooling: breakpoints where a window changes its winner."""
        windows = self.net.windows[place]
        if windows is None:
            raise TooManyPieces
        value = self.values[source]
        contests = Contests.between(windows, operation, self.grids[source], value)
        refinement = refined(self.grids[source], *contests.changes())
        self._require(len(refinement.fine.place) * self.net.sizes[place])
        self._require(contests.work(refinement))
        winners = contests.decided(refinement)
        self.grids[place] = refinement.fine
        if self.net.bends_later[place]:
            self.values[place] = winners.pooled(operation.forward([value]))
            return lambda signal: [winners.back(signal, self.net.shapes[source])]
        return lambda row: [winners.back(self._over(place, row), self.net.shapes[source])]

    def _down(self) -> torch.Tensor:
        """From the output to the input, step by step."""
        signals: list[torch.Tensor | None] = [None] * len(self.ways) + [self.net.chosen]
        for place in range(len(self.ways), 0, -1):
            signal, back = signals.pop(), self.ways.pop()
            if place == self.net.watched:
                signal = self.seen = self._segments(place, signal)
            if signal is None:
                continue
            for source, part in zip(self.net.steps[place - 1].inputs, back(signal), strict=True):
                known = signals[source]
                signals[source] = part if known is None else known + part
        given = signals[0]
        return torch.zeros(1, *self.net.shapes[0]).to(self.net.chosen) if given is None else given

    def _segments(self, place: int, signal: torch.Tensor | None) -> torch.Tensor:
        """A signal over the segments of its place, where it is one row as well, or none."""
        row = self.net.chosen.new_zeros(1, *self.net.shapes[place]) if signal is None else signal
        return row if len(row) == len(self.grids[place].left) else self._over(place, row)

    def _over(self, place: int, row: torch.Tensor) -> torch.Tensor:
        """The integrals over the segments of a place, of a gradient that is the same row everywhere."""
        return row * self.grids[place].lengths.reshape(-1, *(1,) * (row.ndim - 1))

    def _require(self, numbers: int) -> None:
        """Stop before more numbers are made than fit."""
        if numbers > self.limit:
            raise TooManyPieces
