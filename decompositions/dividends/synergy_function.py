"""The synergy function of a coalition: its Harsanyi dividend as a function of x, a game again."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from decompositions import degrees
from decompositions.arithmetic import like, precision, zeros
from decompositions.effects.naming import Coalition, members_of
from decompositions.games.cube import AbstractCube
from decompositions.games.function_cube import FunctionCube
from decompositions.games.game import Game, require_game
from decompositions.games.pure_cube import PureCube
from decompositions.games.table_cube import TableCube
from decompositions.mobius import mobius
from decompositions.models.pure import Pure, top_difference
from decompositions.models.undisturbed import outside_inference

MOST = 20  # players of a coalition


@outside_inference()
def synergy_function(game: Game, coalition: Coalition) -> Game:
    r"""φ_S: what the players of S make together and no part of them does, as a function of x.

    .. math:: \varphi_S(z) = \sum_{T \subseteq S} (-1)^{|S| - |T|} f(z_T), \qquad f(z) = \sum_S \varphi_S(z)

    where :math:`z_T` is z on T and b elsewhere. It depends on the entries of S alone, and is zero, bit for bit, where
    any player of S is at the baseline; there is one such family that sums to f. At x it is the dividend J(S). Whatever
    is asked of a game may be asked of it: its dividends are J(S) and zeros, its Taylor effects those of f with support
    S, its Integrated Gradients those that f's have of S.

    Of an expression it is an expression, ``synergy_function(game, S).cube.expression``. Of a network it takes 2^|S|
    calls of the network where it counts as one, and it has no layers of its own. Of a game of several baselines it is
    the mean of theirs.

    Args:
        game: the question. Where x is whole-number ids with an embedding, it is asked at the embedding's output.
        coalition: S, players by their numbers or names.

    Raises:
        TypeError: no game, or no whole number and no name of a player.
        IndexError, LookupError: no such player.
        ValueError: a player twice, or too many for 2^|S| calls.

    Reference: lundstrom2023distributing

    Theory: :ref:`synergy-functions`.

    >>> game = Game.from_expression("x1*x2 + x1**2*x2**3 + x1**2 + 5", {"x1": 2, "x2": 3}, {"x1": 0, "x2": 1})
    >>> synergy_function(game, (0, 1)).cube.expression, synergy_function(game, (1,)).cube.expression
    (x1**2*x2**3 - x1**2 + x1*x2 - x1, 0)
    """
    require_game(game, "synergy_function()")
    members = tuple(sorted(members_of(coalition, game.names)))
    if len(members) > MOST:
        raise ValueError(
            f"a value of the synergy function of s players takes 2^s values of f, of at most {MOST} players; this "
            f"coalition has {len(members)}, take a smaller one"
        )
    game = _at_vectors(game)
    return replace(game, cube=_pure(game.cube, members))


def _at_vectors(game: Game) -> Game:
    """Where ids have an embedding the game at its output; there is nothing to differentiate at the ids."""
    return game.embedded if isinstance(game.cube, FunctionCube) and game.cube.embedding is not None else game


def _pure(cube: AbstractCube, members: tuple[int, ...]) -> AbstractCube:
    if isinstance(cube, TableCube):
        return TableCube(_table(cube, members))
    if isinstance(cube, FunctionCube) and len(cube.baseline) == 1:
        return _of_function(cube, members)
    found = None if isinstance(cube, (FunctionCube, PureCube)) else _of_expression(cube, members)
    return PureCube(cube, tuple((i,) for i in members)) if found is None else found


def _table(cube: TableCube, members: tuple[int, ...]) -> Any:
    """J(S) for every coalition that holds S, 0 for the others. Shape ``(..., 2**n)``."""
    dividend = mobius(cube.values(cube.array(_subsets(members, cube.n))))[..., -1:]
    held = degrees.bits(0, 2**cube.n, cube.n)[:, list(members)].all(1)
    found = zeros(tuple(cube.table.shape), cube.table)
    return found + like(held.numpy().astype(np.int64), cube.table) * dividend


def _of_function(cube: FunctionCube, members: tuple[int, ...]) -> FunctionCube:
    """The function of inputs; its relative rounding error grows as its values are smaller than those of f."""
    players = cube.players.expand(cube.x.shape[1:])
    groups = torch.stack([players == i for i in members]) if members else torch.zeros(0, *cube.x.shape[1:]).bool()
    f = Pure(cube.f, cube.baseline[0], groups.to(cube.device))
    values = cube.values(cube.array(_subsets(members, cube.n)))
    largest, own = float(abs(values).max()), abs(float(top_difference(values)))
    lost = math.sqrt(len(values)) * largest / max(own, precision(values) * largest) if largest else 1.0
    return replace(cube, f=f, rounding=cube.precision * max(1.0, lost))


def _of_expression(cube: AbstractCube, members: tuple[int, ...]) -> AbstractCube | None:
    """The expression, expanded, and 0 where it vanishes identically.

    None where there is no expression, or several baselines, or f is a limit at b.
    """
    import sympy  # loaded only where it is used

    from decompositions.expressions.normal_form import vanishes
    from decompositions.games.expression_cube import ExpressionCube

    if not isinstance(cube, ExpressionCube) or len(cube.baseline) > 1:
        return None
    place = cube.named(cube.baseline[0])
    fixed = [
        cube.expression.xreplace({s: b for i, (s, b) in enumerate(place.items()) if i not in there})
        for there in map(set, map(np.flatnonzero, _subsets(members, cube.n)))
    ]
    if any(each.has(sympy.nan, sympy.zoo, sympy.oo, -sympy.oo) for each in fixed):
        return None
    values = np.empty(len(fixed), dtype=object)
    values[:] = fixed
    found = sympy.expand(top_difference(values), power_exp=False)
    return replace(cube, expression=sympy.Integer(0) if vanishes(found) else found)


def _subsets(members: tuple[int, ...], n: int) -> np.ndarray:
    """The subsets of S as corners, in the order of bitmasks over its members. Shape ``(2**s, n)``."""
    return degrees.spread(0, 2 ** len(members), members, n).numpy().astype(np.int64)
