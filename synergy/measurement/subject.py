"""Whatever gives attributions, asked for them, their error and their price."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from decompositions.arguments import shown
from decompositions.arithmetic import Array
from decompositions.degrees import some_corners, spread
from decompositions.effects.effects import Effects
from decompositions.games.game import Game
from decompositions.mobius import zeta
from synergy.estimate import Estimate
from synergy.explained import without_network
from synergy.measurement.external import ForeignMethod, foreign
from synergy.method import AbstractMethod, method

SOME = 64  # end points at which the work of a method is foreseen


def as_method(subject: Any, game: Game) -> AbstractMethod | ForeignMethod:
    """A method from its name, itself, a callable or a captum object.

    Raises:
        LookupError, TypeError: as :func:`measure`.
    """
    if isinstance(subject, str):
        return method(subject)
    return subject if isinstance(subject, (AbstractMethod, ForeignMethod)) else foreign(subject, game)


def price(subject: Any, game: Game) -> int:
    """The model calls that :func:`measure` would make beside the 2ⁿ of the effects, counted without paying for them.

    A path method chooses its rule by what it sees: its price is the most that it can take, and where the integral is a
    sum over pieces, about that of the path to x for every end point.
    """
    chosen = as_method(subject, game)
    if not isinstance(chosen, ForeignMethod) and chosen.scope != "game" and game.model is None:
        raise without_network(f"{chosen.name} needs the network")
    return price_of_one(chosen, game) * ends(game)


def price_of_one(chosen: AbstractMethod | ForeignMethod, game: Game) -> int:
    """The model calls for one end point; none for a method that looks at masked inputs only."""
    if isinstance(chosen, ForeignMethod) or chosen.scope != "game":
        return game.cube.calls_per_point
    return 0 if chosen.corners else chosen.price(game)


def ends(game: Game) -> int:
    """The number of end points of a measured allocation: the coalitions of the players that are no null players."""
    return 2 ** len(game.cube.active())


def some_ends(game: Game) -> Array:
    """Some end points of all, or all of few: what a method takes there says what it takes at all. Shape ``(m, n)``."""
    active = game.cube.active()
    if 2 ** len(active) <= SOME:
        return game.ends(spread(0, 2 ** len(active), active, game.n, game.cube.device))
    return game.ends(some_corners(game.n, SOME, torch.Generator().manual_seed(0)).to(game.cube.device))


def seen(chosen: AbstractMethod | ForeignMethod, game: Game, effects: Effects) -> Game:
    """The game as a method sees it: for one that looks at masked inputs only, the values that are known already."""
    if chosen.corners:
        return game.tabulated(zeta(effects.values))
    return game


def estimate(chosen: AbstractMethod | ForeignMethod, game: Game, ends: Any = None) -> Estimate:
    """The attributions with what is known of them, looked at.

    Raises:
        TypeError, ValueError: no table of real numbers, one per end point and player.
    """
    found = chosen.answer(game, ends)
    require_table(found.values, chosen.name, (game.n,) if ends is None else (len(ends), game.n))
    return found


def require_table(values: Any, name: str, shape: tuple[int, ...]) -> None:
    """Refuse what is no table of real numbers, one per end point and player."""
    rule = f"{name} must give one real number per end point and player, shape {shape}"
    if not isinstance(values, (torch.Tensor, np.ndarray)) or "complex" in str(values.dtype):
        raise TypeError(f"{rule}, not {shown(values)}")
    if tuple(values.shape[-len(shape) :]) != shape:
        raise ValueError(f"{rule}, not {tuple(values.shape)}")
