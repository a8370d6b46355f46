r"""Lifts of Integrated Gradients' rule on functions, by the integrals that define them; no series is needed.

Recursive Integrated Gradients are one integral of derivatives of order k along the straight path. Augmented ones are
those of what the effects of at most k players leave, :math:`\varphi_T(F) + \mathrm{RIG}_T(F_{>k})`, so of the paths to
x and to the corners of at most k players. Sum of Powers takes first derivatives only: it is Shapley–Taylor of order
k − 1 of the games :math:`R \mapsto \mathrm{IG}_i(x_{R \cup i})`, so that it holds for networks with kinks, too.

Reference: lundstrom2023distributing
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from math import comb

import numpy as np
import torch

from decompositions import degrees
from decompositions.arithmetic import Array, rationals, wide
from decompositions.contraction import contract
from decompositions.dividends.harsanyi import harsanyi
from decompositions.evaluation.cost import LIMIT, require_limit, with_progress
from decompositions.games.function_cube import FunctionCube
from decompositions.games.game import Game
from decompositions.mobius import mobius
from decompositions.models.softening import module_names
from decompositions.series.jets.kinks import crossed
from decompositions.settings import setting
from synergy.algorithms.differences import on_values
from synergy.algorithms.path.integral import integral
from synergy.algorithms.path.recursive import Players, Recursion, recursion
from synergy.interaction_index import AbstractLift
from synergy.interactions.lifts.augmented_recursive import AugmentedRecursive
from synergy.interactions.lifts.recursive import Recursive
from synergy.interactions.lifts.top_distributing import TopDistributing
from synergy.interactions.result import Interactions
from synergy.policies.policy import degree_shares
from synergy.wording.numbers import brief

LOOKED_AT = 32  # places on every path at which branches are compared
ENDS = 256  # end points that are integrated to at once
CLOSE = 1e-6  # of the largest Integrated Gradient: sums of second derivatives that miss it by more miss a kink


@dataclass(frozen=True, eq=False)
class Found:
    """The values of sets, their errors, and how they came about."""

    values: dict[Players, float]
    errors: dict[Players, float]
    rule: str


def has_integrals(game: Game, lift: AbstractLift) -> bool:
    """Whether a lift is defined by integrals on a game: one of ``κᵢ / |κ|``, on a torch function."""
    known = type(lift) in _BY_KIND and lift.policy is degree_shares
    return known and isinstance(game.cube, FunctionCube) and game.cube.row_function is None


def integrated(game: Game, lift: AbstractLift, order: int) -> Interactions:
    """The values of a lift of ``κᵢ / |κ|`` by integrals along straight paths, with their errors.

    Args:
        game: of a torch function; of ids at their embedding.
        lift: Recursive, AugmentedRecursive or TopDistributing.
        order: the largest number of players of a set.

    Raises:
        ValueError: a kink on a path along which second derivatives are taken, too many corners or derivatives.
    """
    embedded = game.embedded
    work = _BY_KIND[type(lift)]
    found, paid = with_progress(embedded, 0, lift.name, lambda watched: work(watched, lift.name, order))
    base, more = with_progress(embedded, 0, "f(b)", lambda watched: watched(np.zeros((1, game.n)))[0])
    sets = tuple(players for t in range(1, order + 1) for players in combinations(range(game.n), t))
    errors = np.array([found.errors[players] for players in sets])
    return Interactions(
        torch.tensor([found.values[players] for players in sets], dtype=torch.float64),
        sets,
        names=game.names,
        index=lift.name,
        title=lift.title,
        order=order,
        base=wide(base),
        calls=paid + more,
        remark=f"integrals: {found.rule}; error at most {brief(errors.max())}",
        noise=errors,
    )


def _recursive(game: Game, name: str, order: int) -> Found:
    found = _recursion(game, game.ends(), name, order)
    values, errors = (dict(zip(found.sets, part[0].tolist(), strict=True)) for part in (found.values, found.errors))
    return Found(values, errors, found.rule)


def _augmented(game: Game, name: str, order: int) -> Found:
    """φ_T + RIG_T at x less that of all effects of at most k players, which is a sum over their corners."""
    n = game.n
    corners = [players for r in range(1, order + 1) for players in combinations(range(n), r)]
    weights = [-sum((-1) ** j * comb(n - len(c), j) for j in range(order - len(c) + 1)) for c in corners]
    ends = np.zeros((len(corners) + 1, n), dtype=np.int64)
    ends[0] = 1
    for row, players in enumerate(corners, start=1):
        ends[row, list(players)] = 1
    found = _recursion(game, game.ends(ends), name, order)
    factors = torch.tensor([1, *weights], dtype=torch.float64, device=found.values.device)
    effects = harsanyi(game, order=order)
    floors = dict(zip(map(effects.key, range(len(effects))), effects.noise_floor().tolist(), strict=True))
    values = zip(found.sets, (factors @ found.values).tolist(), strict=True)
    errors = zip(found.sets, (abs(factors) @ found.errors).tolist(), strict=True)
    return Found(
        {players: value + float(effects[players]) for players, value in values},
        {players: error + floors.get(players, 0.0) for players, error in errors},
        found.rule,
    )


def _recursion(game: Game, ends: Array, name: str, order: int) -> Recursion:
    """The integrals in float64, after a look at the kinks, and held against Integrated Gradients."""
    cube = game.cube
    assert isinstance(cube, FunctionCube)
    with suppress(ValueError):  # a function of fixed types stays as it is: its own precision is in the errors
        cube = cube.double()
    if order > 1:
        _refuse_kinks(cube, ends, name)
    found = recursion(cube, ends.to(cube.array(np.zeros(1)).dtype), order)
    if order > 1:
        _refuse_misses(found, game, ends, name)
    return found


def _refuse_kinks(cube: FunctionCube, ends: Array, name: str) -> None:
    """Refuse paths that cross a kink, as far as the operations of the function are known.

    Raises:
        ValueError: names some of the operations.
    """
    places = cube.array(np.arange(1, LOOKED_AT + 1) / LOOKED_AT)
    names = module_names(cube.f)
    for end in ends.to(places):
        try:
            found = crossed(cube, end * places[:, None], names)
        except Exception:  # an operation whose branches nobody knows: what is missed is looked for in the sums
            return
        if found:
            more = "; …" if len(found) > 3 else ""
            raise ValueError(f"{name} {WHY}: there is a kink between b and x ({'; '.join(found[:3])}{more}); {WAY_OUT}")


def _refuse_misses(found: Recursion, game: Game, ends: Array, name: str) -> None:
    """Refuse integrals of second derivatives that do not add up to those of the first.

    Raises:
        ValueError: says by how much, of the player that is missed most.
    """
    first = integral(game, ends, None)
    assert first.errors is not None
    missing = abs(found.rows - first.values.to(found.rows))
    allowed = found.row_errors + first.errors.to(found.rows) + CLOSE * abs(first.values).max()
    if bool((missing <= allowed).all()):
        return
    row, player = divmod(int((missing - allowed).argmax()), game.n)
    raise ValueError(
        f"{name} {WHY}: those of '{game.names[player]}' add up to {float(found.rows[row, player]):.6g}, and its "
        f"Integrated Gradient is {float(first.values[row, player]):.6g}; {WAY_OUT}"
    )


WHY = "integrates second derivatives, which do not see what happens at a kink"
WAY_OUT = (
    f"take {setting('index', 'SP')}, which needs first derivatives only, or round the kinks off, game.softened(50)"
)


def _sum_of_powers(game: Game, name: str, order: int) -> Found:
    """The effects of fewer than k players, and for k players the dividends of the Integrated Gradients of each."""
    n, active = game.n, game.cube.active()
    require_limit(2 ** len(active), LIMIT, "take coarser players")
    ends = degrees.spread(0, 2 ** len(active), active, n, game.cube.device)
    parts = [integral(game, game.ends(some), None) for some in ends.split(ENDS)]
    gradients = torch.cat([wide(part.values) for part in parts])
    worst = torch.stack([wide(part.errors).amax(0) for part in parts if part.errors is not None]).amax(0).tolist()
    weights = [Fraction(0)] * order + [Fraction(1, comb(s - 1, order - 1)) for s in range(order, len(active) + 1)]
    values, errors = _smaller(game, order)
    lever = 2**order * sum(
        comb(len(active) - order, u) * abs(alpha) for u, alpha in enumerate(on_values(weights[order:]))
    )
    for place, player in enumerate(active):
        dividends = mobius(gradients[:, player].contiguous())
        for mask, value in contract(dividends, rationals(weights, dividends), order).items():
            if mask >> place & 1:
                players = tuple(active[i] for i in degrees.coalition(mask))
                values[players] += float(value)
                errors[players] += float(lever) * worst[player]
    return Found(values, errors, parts[0].rule)


def _smaller(game: Game, order: int) -> tuple[dict[Players, float], dict[Players, float]]:
    """The dividends of fewer than k players and their noise; zeros for k players."""
    values = {players: 0.0 for t in range(1, order + 1) for players in combinations(range(game.n), t)}
    errors = dict(values)
    if order > 1:
        effects = harsanyi(game, order=order - 1)
        floors = effects.noise_floor().tolist()
        for row in range(1, len(effects)):
            values[effects.key(row)], errors[effects.key(row)] = float(effects.values[row]), floors[row]
    return values, errors


_BY_KIND = {Recursive: _recursive, AugmentedRecursive: _augmented, TopDistributing: _sum_of_powers}
