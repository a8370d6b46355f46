"""The bank of networks, random ones, and networks that are written differently and have the same values."""

from __future__ import annotations

import random
from fractions import Fraction
from itertools import pairwise

from synergy.axioms.functions.relu_network import Layer, ReluNetwork, network

_UNITS = (  # weights on z₁ and z₂, bias: one unit each
    ([1, 0], 0), ([1, 1], 0), ([1, -1], 0), ([1, 1], -1), ([1, 1], 1), ([1, 2], 0), ([2, -1], 0),
)  # fmt: skip


def known_networks(n: int) -> list[ReluNetwork]:
    """One unit; a ramp that ends; the smaller of two; two layers; and hidden zeros, beside a unit and alone."""
    ramp = network(([[-1, *[0] * (n - 1)]], [1]), ([[-1]], [1]))
    if n == 1:
        return [_unit([1], 0), _unit([1], 1), ramp]
    last = _unit([0] * (n - 1) + [1], 0)
    alone = [_padded(zero, n) for zero in hidden_zeros()]
    zeros = [*(zero.plus(last) for zero in alone), *alone]
    if n > 2:
        return [_unit([1] * n, 0), *zeros]
    smaller = network(([[1, -1], [1, 0]], [0, 0]), ([[-1, 1]], [0]))
    return [*(_unit(weights, bias) for weights, bias in _UNITS), ramp, smaller, late_threshold(), *zeros]


def _unit(weights: list[int], bias: int) -> ReluNetwork:
    return network(([weights], [bias]), ([[1]], [0]))


def hidden_zeros() -> list[ReluNetwork]:
    """Differences of networks with the same values; of the first two either way."""
    late, early = pairs()[0]
    return [*(f.plus(g, Fraction(-1)) for f, g in pairs()), early.plus(late, Fraction(-1))]


def late_threshold() -> ReluNetwork:
    """relu(relu(z₁) − 1 − relu(z₂))."""
    return network(([[1, 0], [0, 1]], [0, 0]), ([[1, -1]], [-1]), ([[1]], [0]))


def pairs() -> list[tuple[ReluNetwork, ReluNetwork]]:
    """A threshold that comes late or early: of one input, and of a sum."""
    early = network(([[1, 0], [0, 1]], [-1, 0]), ([[1, -1]], [0]), ([[1]], [0]))
    of_sum = network(([[1, 1]], [0]), ([[1]], [-1]), ([[1]], [0]))
    return [(late_threshold(), early), (of_sum, network(([[1, 1]], [-1]), ([[1]], [0])))]


def known_pairs(n: int) -> list[tuple[ReluNetwork, ReluNetwork]]:
    """The pairs, and the bank rewritten."""
    given = [(_padded(f, n), _padded(g, n)) for f, g in pairs()] if n > 1 else []
    return [*given, *((f, rewrite(f)) for f in known_networks(n)[:4] for rewrite in REWRITINGS)]


def in_parts(f: ReluNetwork) -> ReluNetwork:
    """With relu(z) − relu(−z) in place of every z."""
    n = f.n
    rows = [tuple(Fraction(sign * (i == k)) for k in range(n)) for sign in (1, -1) for i in range(n)]
    first = f.layers[0]
    joined = Layer(tuple(row + tuple(-w for w in row) for row in first.weights), first.bias)
    return ReluNetwork((Layer(tuple(rows), (Fraction(0),) * (2 * n)), joined, *f.layers[1:]))


def in_copies(f: ReluNetwork) -> ReluNetwork:
    """With every first unit twice, at half its weight."""
    first, second = f.layers[0], f.layers[1]
    halves = tuple(tuple(w / 2 for w in row) * 2 for row in second.weights)
    doubled = Layer(first.weights * 2, first.bias * 2)
    return ReluNetwork((doubled, Layer(halves, second.bias), *f.layers[2:]))


def deeper(f: ReluNetwork) -> ReluNetwork:
    """With one more ReLU behind the last hidden layer."""
    return ReluNetwork(f.deepened(len(f.layers) + 1))


def with_a_dead_unit(f: ReluNetwork) -> ReluNetwork:
    """With relu(−1 − u) of the last hidden units added, which is always 0."""
    *before, last = f.deepened(len(f.layers) + 1)
    passed = before[-1]
    width = len(passed.bias)
    wider = Layer((*passed.weights, (Fraction(-1),) * width), (*passed.bias, Fraction(-1)))
    return ReluNetwork((*before[:-1], wider, Layer((last.weights[0] + (Fraction(1),),), last.bias)))


REWRITINGS = (in_parts, in_copies, deeper, with_a_dead_unit)


def random_network(n: int, generator: random.Random) -> ReluNetwork:
    """One or two hidden layers of two or three units with small whole weights."""
    widths = [n, *(generator.randint(2, 3) for _ in range(generator.randint(1, 2))), 1]
    layers = []
    for before, after in pairwise(widths):
        rows = [[generator.choice((-2, -1, -1, 0, 1, 1, 2)) for _ in range(before)] for _ in range(after)]
        layers.append((rows, [generator.choice((-1, 0, 0, 1)) for _ in range(after)]))
    return network(*layers)


def random_pair(n: int, generator: random.Random) -> tuple[ReluNetwork, ReluNetwork]:
    """A random network, and the same rewritten."""
    f = random_network(n, generator)
    return f, generator.choice(REWRITINGS)(f)


def _padded(f: ReluNetwork, n: int) -> ReluNetwork:
    """A network of one or two inputs as one of n."""
    first = f.layers[0]
    rows = tuple((row + (Fraction(0),) * n)[:n] for row in first.weights)
    return ReluNetwork((Layer(rows, first.bias), *f.layers[1:]))
