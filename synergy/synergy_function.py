"""The synergy function of a coalition: is it zero at x only, or everywhere?"""

from __future__ import annotations

import numpy as np

from decompositions import degrees
from decompositions.arithmetic import Array, is_exact, to_float
from decompositions.effects import Effects
from decompositions.function_cube import FunctionCube
from decompositions.game import Game
from decompositions.mobius import mobius
from decompositions.table_cube import TableCube

POINTS = 64  # interior points of the cube; a region of a tenth of it is missed once in 850 times
RELATIVE = 1e-9  # of the largest effect: below it a dividend counts as zero


def vanishing(game: Game, effects: Effects, table: Array) -> frozenset[int]:
    r"""The coalitions that are given something although their synergy function is zero on the whole cube.

    .. math:: f_S(x_t) = \sum_{T \subseteq S} (-1)^{|S| - |T|} g(t \cdot 1_T)

    J(S) = 0 is f_S = 0 at x alone: z₁²z₂ − z₁z₂² has no dividend at (1, 1), yet is a synergy. So f_S is tried at many
    seeded interior points, too, until it is seen not to vanish.

    Args:
        game: the question.
        effects: all its Harsanyi dividends. Shape ``(2**n,)``.
        table: what the players are given. Shape ``(2**n, n)``.

    Returns:
        Bitmasks; empty for games with leading axes.
    """
    if effects.values.ndim != 1:
        return frozenset()
    left = _suspects(effects, table)
    if isinstance(game.cube, TableCube) or not left:
        return frozenset(left)
    if isinstance(game.cube, FunctionCube) and not game.cube.x.is_floating_point():
        return frozenset(left)
    active = game.cube.active()
    ghosts = {s for s in left if not set(degrees.coalition(s)) <= set(active)}
    left = left - ghosts
    draws = np.random.default_rng(0).integers(1, 1024, (POINTS, game.n))
    for draw in draws:
        if not left:
            break
        left = {s for s in left if not _differs(game, effects, s, draw)}
    return frozenset(left | ghosts)


def _suspects(effects: Effects, table: Array) -> set[int]:
    """Coalitions without a dividend whose members are given something."""
    strength = np.abs(to_float(effects.values))
    strength[0] = 0
    floor = np.maximum(effects.noise_floor(), RELATIVE * strength.max())
    given = np.abs(to_float(table)).max(1)
    scale = max(given.max(), strength.max())
    flagged = (strength <= floor) & (given > np.maximum(floor, RELATIVE * scale))
    flagged[0] = False
    return set(np.nonzero(flagged)[0].tolist())


def _differs(game: Game, effects: Effects, mask: int, draw: np.ndarray) -> bool:
    """Whether f_S is not zero at one interior point."""
    members = degrees.coalition(mask)
    corners = degrees.spread(0, 2 ** len(members), members, game.n).numpy().astype(np.int64)
    points = game.cube.array(corners * draw) / game.cube.array(np.array(1024))
    value = mobius(game(points))[-1]
    if is_exact(effects.values):
        return bool(value != 0)
    scale = float(abs(effects.values).max())
    return abs(float(value)) > max(effects.noise * 2 ** (len(members) / 2), RELATIVE * scale)
