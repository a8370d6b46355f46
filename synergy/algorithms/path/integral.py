"""The integral of the gradient along a path: the algorithms of the path methods, and their choice."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from decompositions.arithmetic import Array, wide
from decompositions.games.cube import AbstractCube
from decompositions.games.function_cube import FunctionCube
from decompositions.games.game import Game
from synergy.algorithms.path import piecewise
from synergy.algorithms.path.riemann import summed_in_steps
from synergy.algorithms.path.rules import ADAPTIVE, RULES, adaptive, doubled, fixed, gauss, widened
from synergy.algorithms.path.way import Way
from synergy.calls import Calls
from synergy.curves.curve import STRAIGHT, AbstractCurve
from synergy.estimate import Estimate

MOST = 2048  # nodes of a rule that is asked for: finding it takes seconds already


BY_PANELS = "adaptive"  # in place of a number of nodes: Gauss–Kronrod rules on panels
EXACT = "exact"  # how the rule of a sum over pieces begins


def integral(
    game: Game, ends: Array, nodes: int | str | None, curve: AbstractCurve = STRAIGHT, rule: str | None = None
) -> Estimate:
    r"""Path integral to every end point e from the baseline.

    .. math:: e_i \int_0^1 \partial_i g(e \circ \gamma(s))\, \gamma_i'(s)\, ds

    Args:
        game: the question; with several baselines the mean over them.
        ends: Shape ``(m, n)``.
        nodes: of a Gauss–Legendre rule; "adaptive" for Gauss–Kronrod rules on panels; None for the choice (see
            :class:`synergy.path_method.AbstractPathMethod`).
        curve: γ, the straight one by default.
        rule: of a sum over ``nodes`` equal steps, instead.

    Raises:
        ValueError: a curve of another number of players, or an expression or a curve that has no exact integral.
    """
    curve.require(game.n)
    game = game.embedded
    cube = game.cube
    if cube.precision:
        ends = ends.to(cube.array(np.zeros(1)).dtype)
    way = Way(game, ends, curve)
    if rule is not None and isinstance(nodes, int):
        return summed_in_steps(way, rule, nodes)
    if not cube.precision:
        places, weights = cube.path_rule(nodes if isinstance(nodes, int) else None, curve.degree or 1)
        values = gauss(way, places, weights)
        return Estimate(values, values * 0, EXACT)
    if nodes is not None:
        return adaptive(way) if nodes == BY_PANELS else fixed(way, int(nodes))
    known = _pieces(cube, curve)
    if isinstance(cube, FunctionCube) and known is not None:
        try:
            return _exact(cube, known, ends)
        except piecewise.TooManyPieces:
            return adaptive(way)
    smooth = doubled(way)
    return adaptive(way) if smooth is None else smooth


def _pieces(cube: AbstractCube, curve: AbstractCurve) -> piecewise.PiecewiseLinear | None:
    """A network whose gradient is the same on pieces of the curve, which are found for a straight one."""
    return piecewise.reading(cube) if isinstance(cube, FunctionCube) and curve == STRAIGHT else None


def price(game: Game, nodes: int | str | None, curve: AbstractCurve = STRAIGHT, rule: str | None = None) -> int:
    """Model calls for one end point, without paying for them.

    Of a given rule its nodes; of the choice the most that it can take, and where a network is cut at its kinks about
    the work for the path to x, foreseen from the two ends.
    """
    game = game.embedded
    cube = game.cube
    if nodes is not None or not isinstance(cube, FunctionCube):
        calls = Calls()
        integral(game.rehearsal(calls), game.ends(), nodes, curve, rule)
        return calls.count
    known = _pieces(cube, curve)
    if known is None:
        return cube.calls_per_point * (sum(RULES) + 2 + ADAPTIVE)
    starts, stops = _lines(cube, game.ends())
    try:
        return sum(known.foreseen(start, stop) for start, stop in zip(starts.split(1), stops.split(1), strict=True))
    except piecewise.TooManyPieces:
        return cube.calls_per_point * ADAPTIVE


def foreseen(game: Game, paid: int, ends: Array, curve: AbstractCurve = STRAIGHT) -> float | None:
    """Model calls that the sum over the pieces takes at an end point, on average over some.

    What is foreseen from the two ends of every path, that to x included, is made right by what x took.

    Args:
        game: the question.
        paid: calls that the sum took for x.
        ends: Shape ``(m, n)``.
        curve: γ.

    Returns:
        None where the pieces of one of them are too many.
    """
    cube = game.embedded.cube
    known = _pieces(cube, curve)
    if not isinstance(cube, FunctionCube) or known is None:
        return float(paid)

    def work(points: Array) -> int:
        rows = zip(*(part.split(1) for part in _lines(cube, points)), strict=True)
        return sum(known.foreseen(start, stop) for start, stop in rows)

    try:
        return paid * work(ends) / max(1, len(ends) * work(game.ends()))
    except piecewise.TooManyPieces:
        return None


def _exact(cube: FunctionCube, known: piecewise.PiecewiseLinear, ends: Array) -> Estimate:
    """The sum over all pieces, of every baseline's path."""
    starts, stops = _lines(cube, ends)
    found = known.integral(starts, stops)
    cube.on_calls(found.calls)
    shape = (len(ends), len(cube.baseline), *cube.x.shape[1:])
    values = cube.by_player((found.entries * (stops - starts)).reshape(shape)).to(ends)
    gains = (found.changes.reshape(shape[:2]) * wide(cube.weights)).sum(1).to(ends)
    errors = widened(values, abs(values) * 0, gains, 2.0**-52 * abs(values))
    return Estimate(values, errors, f"{EXACT}, {found.pieces:,} pieces")


def _lines(cube: FunctionCube, ends: Array) -> tuple[torch.Tensor, torch.Tensor]:
    """Starts and ends of the paths in the space of inputs, end point by end point. Shape ``(m K, *shape)`` each."""
    fine = cube
    if cube.dtype != torch.float64:
        x, players = wide(cube.x), cube.players
        fine = replace(cube, x=x, baseline=wide(cube.baseline), players=players.to(x.device), dtype=torch.float64)
    stops = fine.inputs(wide(ends))
    return fine.baseline.expand(stops.shape).flatten(0, 1), stops.flatten(0, 1)
