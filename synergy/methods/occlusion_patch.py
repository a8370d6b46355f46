"""Occlusion-patch."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from itertools import product
from math import ceil
from types import MappingProxyType
from typing import Any

import numpy as np

from decompositions.arguments import shown, whole
from decompositions.arithmetic import Array, is_exact, like, stack, wide
from decompositions.games.function_cube import FunctionCube
from decompositions.games.game import Game, require_game
from synergy.algorithms import removal
from synergy.method import AbstractMethod, register
from synergy.policies.policy import Policy, full_credit


@register
@dataclass(frozen=True)
class OcclusionPatch(AbstractMethod):
    r"""What is lost when a sliding window of entries goes back to the baseline.

    .. math:: a_e = \frac{1}{|\{W \ni e\}|} \sum_{W \ni e} \bigl( f(x) - f(x_{\setminus W}) \bigr), \qquad
              a_i = \sum_{e \in i} a_e

    An entry is credited with the whole effect of every coalition that its window meets, its own or not. Without a
    window each player is a patch, and the method is Occlusion-1. The last window along an axis may stick out.

    Args:
        window: entries along each axis of the input without its batch axis, the last axes first; a number stands for
            both axes of a picture. Axes that are not named (channels) are covered whole.
        stride: of the windows along the axes that the window names; 1 by default.
    """

    title = "Occlusion-patch"
    formula = "1[S meets patch(i)]"
    reference = "zeiler2014visualizing"
    independent = "1[S meets W], mean over W ∋ i"
    interaction = "1[S meets W], mean over W ∋ i"
    holds = "patches as players, functions without interactions"
    counterexample = "x₁ at (2, 5), window {1, 2}"
    judged_with = MappingProxyType({"window": 2})
    window: int | tuple[int, ...] | None = None
    stride: int | tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        for what, sizes in (("window", self.window), ("stride", self.stride)):
            if sizes is not None:
                for size in sizes if isinstance(sizes, (tuple, list)) else (sizes,):
                    whole(size, f"the {what} is one number of entries for all axes or one for each", 1)
        if self.stride is not None and self.window is None:
            raise ValueError(f"a stride is that of a window; give window= beside stride={shown(self.stride)}")

    @property
    def corners(self) -> bool:  # type: ignore[override]
        return self.window is None

    def policy(self, game: Game) -> Policy:
        """Without a window, 1[P∈S]; with one, a rule over the game's players if no window cuts a player.

        Raises:
            ValueError: a window cuts a player; then no rule over the players' effects exists.
        """
        require_game(game, "an attribution method")
        if self.window is None:
            return full_credit
        owners = game.cube.entrywise()[1]
        windows = self._windows(game)
        meets = np.stack([windows[:, owners == i].any(1) for i in range(game.n)], 1)
        whole = np.stack([windows[:, owners == i].all(1) for i in range(game.n)], 1)
        if (meets != whole).any():
            raise ValueError(
                "a window cuts a player in two, and no rule over the players' effects says what is lost then"
            )
        return _windowed(meets, self._credit(game, windows, owners))

    def question(self) -> Hashable:
        """Without a window each player is a patch, and the method is Occlusion-1."""
        return "removal" if self.window is None else None

    def attribute(self, game: Game, ends: Any = None) -> Array:
        require_game(game, "an attribution method")
        if self.window is None:
            return removal.attribute(game, ends)
        values = self._by_windows(game, game.ends(ends))
        return values[..., 0, :] if ends is None else values

    def _by_windows(self, game: Game, ends: Array) -> Array:
        cube, owners = game.cube.entrywise()
        fine = Game(cube, tuple(str(e) for e in range(cube.n)))
        windows = self._windows(game)
        lost = removal.losses(fine, ends[:, owners], fine.cube.array(windows.astype(np.int64)))
        return lost @ self._credit(game, windows, owners)

    def _credit(self, game: Game, windows: np.ndarray, owners: np.ndarray) -> Array:
        """How much of what a window loses goes to a player: each entry averages its windows. Shape ``(w, n)``."""
        tables = [game.cube.array(table) for table in (windows.astype(np.int64), windows.sum(0))]
        covered, often = tables if is_exact(tables[0]) else map(wide, tables)  # where the losses are
        shares = covered / often
        return stack([shares[:, np.flatnonzero(owners == i)].sum(1) for i in range(game.n)], 1)

    def _windows(self, game: Game) -> np.ndarray:
        """Which entries each window covers. Shape ``(w, entries)``, booleans."""
        shape = tuple(game.cube.x.shape[1:]) if isinstance(game.cube, FunctionCube) else (game.n,)
        named = len(self.window) if isinstance(self.window, (tuple, list)) else min(len(shape), 2)
        window = _per_axis(self.window, shape, named, "window")
        stride = _per_axis(1 if self.stride is None else self.stride, shape, named, "stride")
        counts = [max(1, ceil((size - w) / s) + 1) for size, w, s in zip(shape, window, stride, strict=True)]
        masks = np.zeros((int(np.prod(counts)), *shape), dtype=bool)
        for mask, place in zip(masks, product(*map(range, counts)), strict=True):
            mask[tuple(slice(k * s, k * s + w) for k, s, w in zip(place, stride, window, strict=True))] = True
        if not masks.any(0).all():
            raise ValueError(
                f"windows of {window} at strides of {stride} leave entries of {shape} out; take smaller strides"
            )
        return masks.reshape(len(masks), -1)


def _per_axis(sizes: Any, shape: tuple[int, ...], named: int, what: str) -> tuple[int, ...]:
    """Sizes along all axes: one number for all named axes or one for each, the others whole."""
    given: tuple[Any, ...] = tuple(sizes) if isinstance(sizes, (tuple, list)) else (sizes,) * named
    if len(given) != named or named > len(shape) or not given:
        raise ValueError(f"the {what} is one whole number ≥ 1 per axis of {shape}, the last axes first; not {sizes}")
    whole = shape[: len(shape) - named]
    return (*whole, *(min(size, limit) for size, limit in zip(given, shape[len(whole) :], strict=True)))


def _windowed(meets: np.ndarray, credit: Array) -> Policy:
    """Player i is given, of an effect of S, its credit for every window that S meets."""

    def weights(s: Array) -> Array:
        met = [like(s[:, np.nonzero(window)[0]].sum(-1) > 0, s) for window in meets]
        return stack(met, -1) @ credit

    return Policy(weights, formula="Σ_W∋i 1[S meets W] / |{W∋i}|", reads="support")
