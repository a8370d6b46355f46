"""The bank of small functions, and the random ones, on which axioms are tried."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from itertools import permutations, product

from synergy.axioms.claims.axiom import AbstractAxiom
from synergy.axioms.claims.trial import Trial
from synergy.axioms.functions.analytic import known_analytic, random_analytic
from synergy.axioms.functions.function import AbstractFunction, Point
from synergy.axioms.functions.networks import hidden_zeros, known_networks, known_pairs, random_network, random_pair
from synergy.axioms.functions.polynomial import Polynomial, polynomial, unit
from synergy.axioms.functions.relu_network import network

RANDOM = {"polynomial": 40, "network": 12, "pair": 12, "analytic": 4}  # choices after the bank, by kind
LARGEST = 4  # total degree of the monomials in the bank
_PLACES = [Fraction(k, 2) for k in (-4, -2, -1, 1, 2, 3, 4, 6)]


def trials(axiom: AbstractAxiom, kind: str, seed: int, order: int = 1, most: int | None = None) -> Iterator[Trial]:
    """The bank, smallest functions first, then random choices; what the axiom does not speak of is left out.

    Args:
        axiom: what is to be tried.
        kind: of the functions.
        seed: of the random choices.
        order: of interactions, the largest number of players of a set.
        most: inputs of a function; None for any number.
    """
    generator = random.Random(seed)
    bank = _bank_of_sets(axiom, order) if axiom.of == "interactions" else _bank(axiom, kind)
    for trial in (*bank, *(_drawn(axiom, kind, generator, order) for _ in range(RANDOM[kind]))):
        settled = axiom.settled(trial) if len(trial.x) <= (most or len(trial.x)) else None
        if settled is not None:
            yield settled


def _bank_of_sets(axiom: AbstractAxiom, order: int) -> Iterator[Trial]:
    """Monomials of one to order + 3 players; where the axiom speaks of players, with one more input, too."""
    for s in range(1, order + 4):
        least = max(s, order, axiom.least)
        for n in range(least, least + 1 + bool(axiom.players)):
            chosen_players = [tuple(range(axiom.players)), tuple(range(n - axiom.players, n))]
            for more in ((1,) * s, (2, *(1,) * (s - 1)), (*(1,) * (s - 1), 2), (2, 2, *(1,) * (s - 2))[:s]):
                f = polynomial(n, {(*more, *(0,) * (n - s)): 1})
                chosen = (f, *[polynomial(n, {unit(n, 0): 1})] * (axiom.functions - 1))
                for players, points in product(chosen_players, axiom.places(n)):
                    yield Trial(chosen, points, players, order)


def _bank(axiom: AbstractAxiom, kind: str) -> Iterator[Trial]:
    for n in range(axiom.least, 4):
        for chosen in BANKS[kind](n, axiom.functions):
            for players in list(permutations(range(n), axiom.players))[: n if axiom.players == 1 else 2]:
                for points in axiom.places(n) if kind == "polynomial" else _off_kinks(axiom, n):
                    yield Trial(chosen, points, players)


def _off_kinks(axiom: AbstractAxiom, n: int) -> Iterator[tuple[Point, ...]]:
    """Points for networks: the axiom's first, and three where small ones have no kink, of one x and b are negative."""
    first = next(iter(axiom.places(n)))
    yield first
    yield tuple(map(Fraction, ("3", "1/2", "2")))[:n], *first[1:]
    yield tuple(map(Fraction, (-5, 5, 4)))[:n], tuple(map(Fraction, (5, -3, 0)))[:n], *first[2:]
    yield tuple(map(Fraction, ("-1/2", "-1/3", "-1/4")))[:n], (Fraction(-1),) * n, *first[2:]


def _drawn(axiom: AbstractAxiom, kind: str, generator: random.Random, order: int) -> Trial:
    n = generator.randint(max(axiom.least, order), max(3, order + 1))
    functions = DRAWS[kind](n, axiom.functions, generator)
    b = (Fraction(0),) * n if generator.random() < 0.5 else _point(n, generator)
    points = (_point(n, generator), b, *(_point(n, generator) for _ in range(axiom.points - 2)))
    return Trial(functions, points, tuple(generator.sample(range(n), axiom.players)), order)


def _point(n: int, generator: random.Random) -> Point:
    return tuple(generator.choice(_PLACES) for _ in range(n))


def monomials(n: int) -> tuple[list[Polynomial], list[Polynomial]]:
    """Monomials in the first s of n inputs, and a few that rise and fall; and those that stand in the second place."""
    found = [m for m in product(range(LARGEST + 1), repeat=n) if 0 < sum(m) <= max(LARGEST, n)]
    found = [m for m in found if not any(k and not m[i] for i, k in enumerate(m[1:]))]  # z₂ only beside z₁
    single = [polynomial(n, {m: 1}) for m in sorted(found, key=lambda m: (sum(m), [-k for k in m]))]
    rest = [(0,) * (n - 2)] if n > 1 else []
    pairs = [polynomial(1, {(1,): 2, (2,): -1})] if n == 1 else []
    pairs += [polynomial(n, {(1, 1, *zeros): 2, (2, 1, *zeros): -1}) for zeros in rest]
    pairs += [polynomial(n, {(1, 1, *zeros): 1, (1, 2, *zeros): -1, (0, 1, *zeros): 1}) for zeros in rest]
    return single + pairs, [polynomial(n, {}), single[0], polynomial(n, {unit(n, n - 1): -1}), *pairs[-1:]]


def random_polynomial(n: int, generator: random.Random) -> Polynomial:
    """One to four terms of degree at most 5, whole coefficients."""
    terms: dict[tuple[int, ...], int] = {}
    for _ in range(generator.randint(1, 4)):
        m = tuple(generator.choice((0, 1, 1, 2, 3)) for _ in range(n))
        if 0 < sum(m) <= 5:
            terms[m] = generator.choice((-3, -2, -1, 1, 2, 3))
    return polynomial(n, terms or {(1,) * n: 1})


def _polynomials(n: int, count: int) -> Iterator[tuple[AbstractFunction, ...]]:
    first, second = monomials(n)
    yield from product(first, *([second] * (count - 1)))


def _networks(n: int, count: int) -> Iterator[tuple[AbstractFunction, ...]]:
    known = known_networks(n)
    nothing = network(([[0] * n], [0]), ([[0]], [0]))
    from_the_left = network(([[1, *[0] * (n - 1)]], [1]), ([[1]], [0]))
    second = [nothing, known[0], from_the_left, *(hidden_zeros()[:1] if n == 2 else [])]
    yield from product(known, *([second] * (count - 1)))


BANKS: dict[str, Callable[[int, int], Iterable[tuple[AbstractFunction, ...]]]] = {
    "polynomial": _polynomials,
    "network": _networks,
    "pair": lambda n, count: known_pairs(n),
    "analytic": lambda n, count: ((each,) for each in known_analytic(n)),
}
DRAWS: dict[str, Callable[[int, int, random.Random], tuple[AbstractFunction, ...]]] = {
    "polynomial": lambda n, count, generator: tuple(random_polynomial(n, generator) for _ in range(count)),
    "network": lambda n, count, generator: tuple(random_network(n, generator) for _ in range(count)),
    "pair": lambda n, count, generator: random_pair(n, generator),
    "analytic": lambda n, count, generator: (random_analytic(n, generator),),
}
"""By the kind of functions: the number of inputs and of functions, and those."""
