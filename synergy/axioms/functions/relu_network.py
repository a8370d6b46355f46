"""Small ReLU networks with rational weights."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import combinations
from typing import Any

import torch
from torch import nn

from synergy.axioms.functions.function import AbstractAlgebra, Point, simpler_number, whole_size
from synergy.axioms.functions.writing import latex_sum, letter, text_sum

Row = tuple[Fraction, ...]
POINTS = 60  # at which two networks are compared
REACH = 12  # and how far these go


@dataclass(frozen=True)
class Layer:
    """W u + c.

    Args:
        weights: W, one row for each output.
        bias: c.
    """

    weights: tuple[Row, ...]
    bias: Row

    def __call__(self, u: Row) -> Row:
        rows = zip(self.weights, self.bias, strict=True)
        return tuple(sum((w * v for w, v in zip(row, u, strict=True) if w), c) for row, c in rows)

    def changed(self, change: Callable[[int, int, Fraction], Fraction]) -> Layer:
        """With other weights, by row, column and value."""
        rows = tuple(tuple(change(r, k, w) for k, w in enumerate(row)) for r, row in enumerate(self.weights))
        return Layer(rows, self.bias)


@dataclass(frozen=True)
class ReluNetwork(AbstractAlgebra):
    """Layers with a ReLU after each but the last, which has one output."""

    layers: tuple[Layer, ...]

    @property
    def n(self) -> int:
        return len(self.layers[0].weights[0])

    @property
    def size(self) -> tuple[int, ...]:
        weights = [w for layer in self.layers for row in (*layer.weights, layer.bias) for w in row if w]
        return (len(weights), len(self.layers), whole_size(weights))

    @property
    def is_zero(self) -> bool:
        last = self.layers[-1]
        return not any(last.weights[0]) and not any(last.bias)

    def __call__(self, z: Point) -> Fraction:
        return self.signals(z)[-1][0]

    def signals(self, z: Point) -> list[Row]:
        """What every layer gives, before its ReLU."""
        found, u = [], z
        for layer in self.layers:
            found.append(layer(u))
            u = tuple(max(v, Fraction(0)) for v in found[-1])
        return found

    def scale(self, z: Point) -> float:
        return float(max(abs(v) for signal in self.signals(z) for v in signal))

    def regular(self, x: Point) -> bool:
        """Whether no unit that anything reaches is at its kink."""
        u = x
        for layer, signal in zip(self.layers[:-1], self.signals(x), strict=False):
            first = u is x
            if any(not s and any(w and (first or v) for w, v in zip(row, u, strict=True))
                   for row, s in zip(layer.weights, signal, strict=True)):  # fmt: skip
                return False
            u = tuple(max(v, Fraction(0)) for v in signal)
        return True

    @cached_property
    def module(self) -> nn.Module:
        """As a torch module in float64."""
        parts: list[nn.Module] = []
        for layer in self.layers:
            linear = nn.Linear(len(layer.weights[0]), len(layer.bias), dtype=torch.float64)
            linear.weight = nn.Parameter(_tensor(layer.weights))
            linear.bias = nn.Parameter(_tensor(layer.bias))
            parts += [linear, nn.ReLU()]
        return nn.Sequential(*parts[:-1]).eval()

    def plus(self, other: ReluNetwork, factor: Fraction = Fraction(1)) -> ReluNetwork:
        depth = max(len(self.layers), len(other.layers))
        f, g = self.deepened(depth), other.deepened(depth)
        first = Layer(f[0].weights + g[0].weights, f[0].bias + g[0].bias)
        middle = [_beside(a, b) for a, b in zip(f[1:-1], g[1:-1], strict=True)]
        row = f[-1].weights[0] + tuple(factor * w for w in g[-1].weights[0])
        return ReluNetwork((first, *middle, Layer((row,), (f[-1].bias[0] + factor * g[-1].bias[0],))))

    def deepened(self, depth: int) -> tuple[Layer, ...]:
        """Its layers, with layers before the last that pass what is not negative."""
        width = len(self.layers[-1].weights[0])
        rows = tuple(tuple(Fraction(int(r == k)) for k in range(width)) for r in range(width))
        missing = depth - len(self.layers)
        return (*self.layers[:-1], *[Layer(rows, (Fraction(0),) * width)] * missing, self.layers[-1])

    def swapped(self, i: int, j: int) -> ReluNetwork:
        order = {i: j, j: i}
        first = self.layers[0]
        return self._first(first.changed(lambda r, k, w: first.weights[r][order.get(k, k)]))

    def without(self, i: int) -> ReluNetwork:
        """Itself where its value does not depend on z_i, however it is written."""
        if not self.reads(i):
            return self
        return self._first(self.layers[0].changed(lambda r, k, w: Fraction(0) if k == i else w))

    def reads(self, i: int) -> bool:
        """Whether its value changes with z_i, as seen at many places; written is no more than that it might."""
        return i in self._read

    @cached_property
    def _read(self) -> frozenset[int]:
        return frozenset(i for i in range(self.n) if any(row[i] for row in self.layers[0].weights) and self._changes(i))

    def _changes(self, i: int) -> bool:
        generator = random.Random(0)
        places = (tuple(_anywhere(generator) for _ in range(self.n)) for _ in range(POINTS))
        return any(self(z) != self((*z[:i], _anywhere(generator), *z[i + 1 :])) for z in places)

    def same_map(self, other: ReluNetwork) -> bool:
        """Whether another network has the same values, as seen at many places."""
        if self == other:
            return True
        generator = random.Random(1)
        places = (tuple(_anywhere(generator) for _ in range(self.n)) for _ in range(POINTS))
        return all(self(z) == other(z) for z in places)

    def moved(self, scale: Point, shift: Point) -> ReluNetwork:
        first = self.layers[0].changed(lambda r, k, w: w / scale[k])
        moves = (sum((w * d for w, d in zip(row, shift, strict=True)), Fraction(0)) for row in first.weights)
        return self._first(Layer(first.weights, tuple(c - m for c, m in zip(first.bias, moves, strict=True))))

    def of_sum(self) -> ReluNetwork:
        """Itself where it is a constant."""
        if not self._read:
            return self
        first = self.layers[0]
        return self._first(first.changed(lambda r, k, w: first.weights[r][0]))

    def alike(self, i: int, j: int) -> tuple[ReluNetwork, ReluNetwork]:
        """A network that reads z_i + z_j, twice; itself where it reads neither."""
        if not self._read & {i, j}:
            return self, self
        first = self.layers[0]
        merged = self._first(first.changed(lambda r, k, w: first.weights[r][i] if k == j else w))
        return merged, merged

    def rising(self, b: Point, x: Point, inputs: tuple[int, ...] | None = None) -> ReluNetwork:
        """With the sizes of the weights, of the first layer those of the inputs alone; itself where it reads none."""
        who = range(self.n) if inputs is None else inputs
        if not self._read & set(who):
            return self
        first = self.layers[0].changed(lambda r, k, w: abs(w) if k in who else w)
        return ReluNetwork((first, *(layer.changed(lambda r, k, w: abs(w)) for layer in self.layers[1:])))

    def twin(self, b: Point, x: Point) -> ReluNetwork:
        """The sum of J(S) relu(Σ_i∈S t_i − |S| + 1), t = (z − b)/(x − b), over the dividends."""
        active = [i for i in range(self.n) if x[i] != b[i]]
        rows, biases, dividends = [], [], []
        for S in (S for s in range(1, len(active) + 1) for S in combinations(active, s)):
            dividend = _dividend(self, b, x, S)
            if dividend:
                weights = {i: 1 / (x[i] - b[i]) for i in S}
                rows.append(tuple(weights.get(i, Fraction(0)) for i in range(self.n)))
                biases.append(1 - len(S) - sum((b[i] * w for i, w in weights.items()), Fraction(0)))
                dividends.append(dividend)
        hidden = Layer(tuple(rows), tuple(biases)) if rows else Layer(((Fraction(0),) * self.n,), (Fraction(0),))
        return ReluNetwork((hidden, Layer((tuple(dividends) or (Fraction(0),),), (self(b),))))

    def simpler(self) -> Iterator[ReluNetwork]:
        for depth, layer in enumerate(self.layers[:-1]):
            if len(layer.bias) > 1:
                yield from (self._without_unit(depth, unit) for unit in range(len(layer.bias)))
        for depth, layer in enumerate(self.layers):
            for r, row in enumerate((*layer.weights, layer.bias)):
                for k, w in enumerate(row):
                    for rounder in simpler_number(w):
                        rows = [*layer.weights, layer.bias]
                        rows[r] = (*row[:k], rounder, *row[k + 1 :])
                        yield self._with(depth, Layer(tuple(rows[:-1]), rows[-1]))

    def text(self) -> str:
        return _written(self, lambda i: letter(i), lambda inner: f"relu({inner})", text_sum)

    def latex(self) -> str:
        return _written(
            self, lambda i: letter(i, latex=True), lambda inner: rf"\operatorname{{relu}}({inner})", latex_sum
        )

    def _first(self, layer: Layer) -> ReluNetwork:
        return self._with(0, layer)

    def _with(self, depth: int, layer: Layer) -> ReluNetwork:
        return ReluNetwork((*self.layers[:depth], layer, *self.layers[depth + 1 :]))

    def _without_unit(self, depth: int, unit: int) -> ReluNetwork:
        layer, after = self.layers[depth], self.layers[depth + 1]
        fewer = Layer(_but(layer.weights, unit), _but(layer.bias, unit))
        behind = Layer(tuple(_but(row, unit) for row in after.weights), after.bias)
        return self._with(depth, fewer)._with(depth + 1, behind)


def network(*layers: tuple[list[list[Any]], list[Any]]) -> ReluNetwork:
    """A network from weights and biases as numbers.

    >>> network(([[1, -1]], [2]), ([[3]], [0])).text()
    '3relu(2 + z₁ − z₂)'
    """
    return ReluNetwork(
        tuple(Layer(tuple(tuple(map(Fraction, row)) for row in W), tuple(map(Fraction, c))) for W, c in layers)
    )


def _written(net: ReluNetwork, name: Callable[[int], str], relu: Callable[[str], str], add: Any) -> str:
    """Layer in layer; a unit whose sum is a number is that number."""
    inputs: list[str | Fraction] = [name(i) for i in range(net.n)]
    for depth, layer in enumerate(net.layers):
        outputs: list[str | Fraction] = []
        for row, c in zip(layer.weights, layer.bias, strict=True):
            start = c + sum(
                (w * each for w, each in zip(row, inputs, strict=True) if isinstance(each, Fraction)), Fraction(0)
            )
            terms = [(w, each) for w, each in zip(row, inputs, strict=True) if w and isinstance(each, str)]
            if depth == len(net.layers) - 1:
                return str(add([*([(start, "")] if start else []), *terms]))
            inner = add([*([(start, "")] if start else []), *terms])
            outputs.append(relu(inner) if terms else max(start, Fraction(0)))
        inputs = outputs
    raise AssertionError("a network has layers")


def _dividend(f: ReluNetwork, b: Point, x: Point, players: tuple[int, ...]) -> Fraction:
    total = Fraction(0)
    for t in range(len(players) + 1):
        for T in combinations(players, t):
            place = tuple(x[i] if i in T else b[i] for i in range(f.n))
            total += (-1) ** (len(players) - t) * f(place)
    return total


def _beside(first: Layer, second: Layer) -> Layer:
    """Two layers as one, each with its own inputs."""
    wide, narrow = len(first.weights[0]), len(second.weights[0])
    rows = [row + (Fraction(0),) * narrow for row in first.weights]
    rows += [(Fraction(0),) * wide + row for row in second.weights]
    return Layer(tuple(rows), first.bias + second.bias)


def _but(values: tuple[Any, ...], place: int) -> tuple[Any, ...]:
    return values[:place] + values[place + 1 :]


def _anywhere(generator: random.Random) -> Fraction:
    return Fraction(generator.randint(-6 * REACH, 6 * REACH), 6)


def _tensor(rows: Any) -> torch.Tensor:
    numbers = [[float(w) for w in row] if isinstance(row, tuple) else float(row) for row in rows]
    return torch.tensor(numbers, dtype=torch.float64)
