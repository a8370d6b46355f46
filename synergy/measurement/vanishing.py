"""The synergy function of a coalition: is it zero at x only, or everywhere?"""

from __future__ import annotations

import numpy as np

from decompositions import degrees
from decompositions.arithmetic import Array, is_exact, to_float
from decompositions.effects.effects import Effects
from decompositions.games.function_cube import FunctionCube
from decompositions.games.game import Game
from decompositions.games.table_cube import TableCube
from decompositions.mobius import mobius

POINTS = 64  # interior points of the cube; a region of a tenth of it is missed once in 850 times
RELATIVE = 1e-9  # of the largest effect: below it a dividend counts as zero


def vanishing(
    game: Game, effects: Effects, table: Array, errors: np.ndarray, points: int = POINTS
) -> frozenset[int] | None:
    r"""The coalitions that are given something although their synergy function is zero on the whole cube.

    .. math:: f_S(x_t) = \sum_{T \subseteq S} (-1)^{|S| - |T|} g(t \cdot 1_T)

    J(S) = 0 is f_S = 0 at x alone: z₁²z₂ − z₁z₂² has no dividend at (1, 1), yet is a synergy. So f_S is tried at
    seeded interior points, too, until it is seen not to vanish.

    Args:
        game: the question.
        effects: all its Harsanyi dividends. Shape ``(2**n,)``.
        table: what the players are given. Shape ``(2**n, n)``.
        errors: of the rows of the table; what is within ten of them is not taken for given. Shape ``(2**n,)``.
        points: interior points that may be tried, 2ⁿ model calls each at most.

    Returns:
        Bitmasks, empty for games with leading axes; None where points were needed and none was allowed, or where
        the effects hold symbols.
    """
    if effects.values.ndim != 1:
        return frozenset()
    if effects.symbols:
        return None  # nothing can be tried at a point
    suspects = _suspects(effects, table, errors)
    active = set(game.cube.active())
    ghosts = {s for s in suspects if not set(degrees.coalition(s)) <= active}
    left = suspects - ghosts
    if not left or isinstance(game.cube, TableCube):
        return frozenset(suspects)
    if isinstance(game.cube, FunctionCube) and not game.cube.x.is_floating_point():
        return frozenset(suspects)
    if points < 1:
        return None
    for draw in np.random.default_rng(0).integers(1, 1024, (points, game.n)):
        left = {s for s, differs in _differences(game, effects, left, draw).items() if not differs}
        if not left:
            break
    return frozenset(left | ghosts)


def _suspects(effects: Effects, table: Array, errors: np.ndarray) -> set[int]:
    """Coalitions without a dividend whose members are given something."""
    strength = np.abs(to_float(effects.values))
    strength[0] = 0
    floor = np.maximum(effects.noise_floor(), RELATIVE * strength.max())
    given = np.abs(to_float(table)).max(1)
    scale = max(given.max(), strength.max())
    flagged = (strength <= floor) & (
        given > np.maximum.reduce([floor, 10 * errors, np.full(len(given), RELATIVE * scale)])
    )
    flagged[0] = False
    return set(np.nonzero(flagged)[0].tolist())


def _differences(game: Game, effects: Effects, masks: set[int], draw: np.ndarray) -> dict[int, bool]:
    """Whether each f_S is not zero at one interior point: one pass over the coalitions of all players concerned."""
    members = tuple(sorted(set().union(*(degrees.coalition(mask) for mask in masks))))
    corners = degrees.spread(0, 2 ** len(members), members, game.n).numpy().astype(np.int64)
    values = mobius(game(game.cube.array(corners * draw) / game.cube.array(np.array(1024))))
    row_of = {int(mask): row for row, mask in enumerate(degrees.spread_masks(members))}
    if is_exact(effects.values):
        return {mask: bool(values[row_of[mask]] != 0) for mask in masks}
    scale = RELATIVE * float(abs(effects.values).max())
    floors = {mask: max(effects.noise * 2 ** (mask.bit_count() / 2), scale) for mask in masks}
    return {mask: abs(float(values[row_of[mask]])) > floors[mask] for mask in masks}
