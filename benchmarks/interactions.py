"""Interaction indices from known values, beside shapiq's exact computer, and of more players than it takes."""

from __future__ import annotations

from statistics import median

import numpy as np
import torch

from benchmarks.mobius_peers import computer
from benchmarks.timing import ratio, rounds, seconds
from synergy import Game, harsanyi
from synergy.examples import load
from synergy.interactions import interactions

N, TIMES = 12, 20
LARGE = 20


def run() -> None:
    """Print a row per index, and two of more players."""
    values = torch.from_numpy(np.random.default_rng(0).standard_normal(2**N))
    for index in ("SII", "STII", "FSII"):
        _beside_shapiq(index, values)
    effects = harsanyi(load("digits", "7", "grid:4x4").game)
    _alone(f"all pairs of the digits' CNN, {effects.n} patches", lambda: interactions(effects, "SII", 2))
    table = Game.from_values(torch.rand(2**LARGE, dtype=torch.float64))
    _alone(f"STII of order 3, n = {LARGE}", lambda: interactions(table, "STII", 3))


def _beside_shapiq(index: str, values: torch.Tensor) -> None:
    """Order 2, both from the game's values; what shapiq derives from them is not kept from round to round."""
    peer, game = computer(values), Game.from_values(values)
    theirs, ours = peer(index, 2), interactions(game, index, 2)
    apart = max(abs(value - theirs[players]) for players, value in ours.items())
    assert apart < 1e-8, f"{index}: {apart:.0e} apart"

    def slow() -> object:
        peer._computed.clear()
        return peer(index, 2)

    def fast() -> None:
        for _ in range(TIMES):
            interactions(game, index, 2)

    times = rounds({"slow": slow, "fast": fast})
    each = [spent / TIMES for spent in times["fast"]]
    print(f"{index} of order 2, n = {N}, shapiq / ours: {ratio(times['slow'], each)}; ours {seconds(median(each))}")


def _alone(title: str, work) -> None:  # type: ignore[no-untyped-def]
    print(f"{title}: {seconds(median(rounds({'ours': work}, 3)['ours']))}")
