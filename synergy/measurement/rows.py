"""Some rows of a measured allocation: of any number of players, each from the end points of its own subsets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
import torch

from decompositions.arguments import shown, whole
from decompositions.arithmetic import Array, is_exact, to_float, wide, zeros
from decompositions.counts import count
from decompositions.dividends.choice import chosen
from decompositions.dividends.known import Known
from decompositions.dividends.subsets import closure, dividends, summed
from decompositions.effects.coalitions import Coalitions
from decompositions.effects.effects import Effects
from decompositions.effects.naming import Coalition, members_of
from decompositions.effects.strata import Strata
from decompositions.evaluation import corners
from decompositions.evaluation.cost import with_progress
from decompositions.games.game import Game
from decompositions.sampling.design import least
from decompositions.sampling.sample import BUDGET as SAMPLE
from decompositions.sampling.sample import sample
from decompositions.settings import either, setting
from synergy.allocation.allocation import Allocation, from_table
from synergy.estimate import Estimate
from synergy.estimation.attributions import trusted_attributions
from synergy.measurement.external import ForeignMethod
from synergy.measurement.spread import ENDS, Rows, Spread, attributions, require_finite
from synergy.measurement.subject import estimate, price_of_one
from synergy.method import AbstractMethod
from synergy.policies.policy import Policy

MOST = 2**27  # numbers in the table of some rows, a gigabyte


class Wanted(NamedTuple):
    """Coalitions whose rows are measured, and how they were chosen."""

    coalitions: Coalitions
    strata: Strata | None = None


def choose(
    method: AbstractMethod | ForeignMethod,
    game: Game,
    order: int | None,
    rows: Iterable[Coalition] | None,
    budget: int,
) -> Wanted:
    """The rows up to an order and those that the budget pays besides, or rows that a person names.

    Raises:
        TypeError, LookupError, ValueError: an order below 1, or rows that are no coalitions of the game's players.
    """
    if isinstance(rows, str) or not isinstance(rows, Iterable | None):
        raise TypeError(
            f"rows are coalitions, each the numbers or names of its players, not {shown(rows)}; rows=[(0, 1)]"
        )
    named = [] if rows is None else [tuple(sorted(members_of(each, game.names))) for each in rows]
    if order is None:
        return Wanted(Coalitions.of_members([(), *dict.fromkeys(filter(None, named))], game.n))
    order = whole(order, "order is the largest number of players of a coalition", 1, game.n)
    most = budget // max(1, price_of_one(method, game), game.cube.calls_per_point)
    return Wanted(*chosen(game, order, most, named))


def attributions_at_x(method: AbstractMethod | ForeignMethod, game: Game, budget: int) -> Estimate | None:
    """The attributions of the whole game; None for a method that would look at more masked inputs than are paid."""
    budget = max(budget, (game.n + 1) * game.cube.calls_per_point)  # each player taken away once
    if isinstance(method, AbstractMethod) and method.corners:
        try:
            if method.price(game) > budget:
                return None
        except ValueError:  # more than it may look at
            return None
    return estimate(method, game)


def estimate_at_x(method: AbstractMethod | ForeignMethod, game: Game, budget: int) -> Estimate | None:
    """The attributions of a method that would look at too many masked inputs, estimated where its policy allows it.

    None where the budget is below what an estimate needs, or where it would be mostly noise: the rows need none.
    """
    policy = method.policy(game) if isinstance(method, AbstractMethod) else None
    if not isinstance(policy, Policy) or not policy.symmetric or not game.cube.precision:
        return None
    smallest = least(len(game.cube.active())) * max(1, game.cube.calls_per_point)
    return (
        trusted_attributions(policy, sample(game, max(smallest, min(SAMPLE, budget)))) if budget >= smallest else None
    )


def require_rows(effects: Effects, found: Known) -> None:
    """Refuse effects of another game than the one whose values are known.

    Raises:
        ValueError: other players, another number system or other dividends.
    """
    if effects.names != found.game.names or effects.exact is (found.game.cube.precision > 0):
        raise ValueError("these effects are of another game; decompose the one that is measured")
    assert effects.coalitions is not None
    own = found.dividends(effects.coalitions).values
    floor = 10 * max(effects.noise, found.noise) * 2.0 ** (effects.coalitions.sizes / 2)
    if not (to_float(abs(own - effects.values)) <= floor).all():
        raise ValueError("these effects are of another game: some dividends differ; decompose the one that is measured")


def require_room(rows: int, n: int) -> None:
    """Refuse rows whose table, a number for each row and player, is too large.

    Raises:
        ValueError: more numbers than ``MOST``; the ways out are named.
    """
    if rows * n > MOST:
        raise ValueError(
            f"what {count(n)} players are given of {count(rows)} effects is {count(rows * n)} numbers, above the "
            f"{count(MOST)} that are kept; take a lower order, or fewer players: "
            + either("players.grid, players.segments or groups of features", setting("players", "grid:4x4"))
        )


def measured_rows(
    method: AbstractMethod | ForeignMethod, known: Known, effects: Effects, at_x: Estimate | None
) -> Allocation:
    r"""What a method gives of the effects that are there, row by row, and what is left of its attributions.

    Args:
        method: whose.
        known: the values of the game at the rows' coalitions and all their subsets.
        effects: the dividends whose rows are measured.
        at_x: the method's attributions at the input, with the error that they have; None where nobody knows them.
    """
    coalitions = effects.coalitions
    if coalitions is None:
        raise ValueError("all rows of these effects are there; measure(method, game) gives their table")
    game = known.game
    if method.corners:
        table, spread = _of_subgames(method, known, coalitions), Spread(*np.zeros((2, len(coalitions))))
        paid = 0
    else:
        ends = closure(coalitions)
        total = len(ends) * price_of_one(method, game)
        (table, spread), paid = with_progress(
            game, total, method.name, lambda watched: _of_ends(method, watched, ends, coalitions)
        )
    noise = game.cube.precision * float(abs(table).max()) if game.cube.precision else 0.0
    spread = spread.beside(Spread(*np.tile(noise * np.sqrt(game.n) * 2.0 ** (coalitions.sizes / 2), (2, 1))))
    rest, error = _left(table, at_x)
    return from_table(
        effects,
        table,
        method.name,
        error=spread.sums,
        certain=spread.certain,
        vanishing=None,
        calls=paid,
        rest=rest,
        rest_error=error,
    )


def _left(table: Array, at_x: Estimate | None) -> tuple[Array | None, np.ndarray | None]:
    """What the rows leave of the attributions, and the error of those."""
    if at_x is None:
        return None, None
    values = at_x.values if is_exact(at_x.values) else wide(at_x.values).to(table.device)
    return values - table.sum(-2), None if at_x.errors is None else to_float(at_x.errors)


def _of_ends(
    method: AbstractMethod | ForeignMethod, game: Game, ends: Coalitions, coalitions: Coalitions
) -> tuple[Array, Spread]:
    """The rows of a method that is asked at all end points."""

    def transform(table: Array) -> Array:
        turned = table.swapaxes(-1, -2)
        return dividends(turned if is_exact(turned) else wide(turned), ends, coalitions).swapaxes(-1, -2)

    rows = Rows(transform, lambda squares: summed(squares, ends, coalitions))
    table, spread = attributions(method, game, _blocks(ends, game), rows)
    require_finite(table, method.name, lambda row: corners.label(game, ends.members(row)))
    return transform(table), spread


def _blocks(ends: Coalitions, game: Game) -> Iterator[Array]:
    """End points, some at a time, as booleans where the game lives."""
    for start in range(0, len(ends), ENDS):
        some = ends.table(start, start + ENDS).astype(bool)
        yield torch.as_tensor(some, device=game.cube.device)


def _of_subgames(method: AbstractMethod | ForeignMethod, known: Known, coalitions: Coalitions) -> Array:
    """The rows of a method that looks at masked inputs only: of the game of each coalition's players alone."""
    n = coalitions.n
    table = zeros((*known.values.shape[:-1], len(coalitions), n), known.values)
    for row, members in enumerate(coalitions):
        subsets = Coalitions.subsets(members, n).table()
        found = estimate(method, known.subgame(members), torch.as_tensor(subsets.astype(bool)))
        table[..., row, :] = _last(found.values)
    return table


def _last(table: Array) -> Array:
    """The last row of the Möbius transform over the end points. Shape ``(..., 2**s, n)`` → ``(..., n)``."""
    while table.shape[-2] > 1:
        table = table[..., 1::2, :] - table[..., 0::2, :]
    return table[..., 0, :]
