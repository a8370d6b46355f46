"""Evaluating g at many corners: in chunks, with progress, and without the null players."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import numpy as np
import torch
from tqdm import tqdm

from decompositions import degrees
from decompositions.arithmetic import Array, concatenate, is_exact
from decompositions.game import Game

T = TypeVar("T")
LIMIT = 2**20  # model calls that are paid without being asked for by name
ROWS = 2**14  # coalitions whose bits are made at once


def dense(game: Game, active: tuple[int, ...]) -> Array:
    """g at all coalitions of the ``active`` players, position = bitmask over them. Shape ``(..., 2**len(active))``."""
    total, n = 2 ** len(active), game.n
    spans = [(start, min(start + ROWS, total)) for start in range(0, total, ROWS)]
    return concatenate([game(degrees.spread(*span, active, n, game.cube.device)) for span in spans], -1)


def rows(game: Game, table: np.ndarray) -> Array:
    """g at the coalitions of a table of zeros and ones. Shape ``(m, n)`` → ``(..., m)``."""
    return concatenate([game(table[i : i + ROWS].astype(bool)) for i in range(0, len(table), ROWS)], -1)


def with_progress(game: Game, total: int, what: str, work: Callable[[Game], T]) -> tuple[T, int]:
    """Do ``work`` on a game whose calls move a progress bar (shown after two seconds); also the calls paid."""
    paid = 0
    with tqdm(total=total, desc=what, unit="call", delay=2, leave=False, disable=None) as bar:

        def report(calls: int) -> None:
            nonlocal paid
            paid += calls
            bar.update(calls)

        result = work(game.watched(report))
    return result, paid


def require_limit(calls: int, limit: int, way_out: str) -> None:
    """Refuse a price that was not asked for.

    Raises:
        ValueError: more calls than the limit.
    """
    if calls > limit:
        raise ValueError(f"this takes {calls:,} model calls, above the limit of {limit:,}; {way_out}")


def require_finite(values: Array, name: Callable[[int], str]) -> None:
    """Refuse values that are no finite numbers.

    Args:
        values: Shape ``(..., m)``.
        name: of a position along the last axis.

    Raises:
        ValueError: names the first coalition whose value is NaN or infinite.
    """
    if is_exact(values):
        return
    finite = torch.isfinite(values).reshape(-1, values.shape[-1]).all(0)
    if not finite.all():
        first = int((~finite).nonzero()[0])
        value = values.reshape(-1, values.shape[-1])[:, first]
        bad = value[~torch.isfinite(value)][0].item()
        count = int((~finite).sum())
        raise ValueError(
            f"the output is {bad} for the coalition {name(first)} ({count} of {len(finite)} are not finite); "
            "a decomposition needs finite values: look at the model's output there"
        )
