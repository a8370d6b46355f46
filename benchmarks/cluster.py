"""One process, and two workers of a Dask cluster on this machine: wall time in turn, to the same bits."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from distributed import Client, LocalCluster

from decompositions.games.players import parse
from synergy import harsanyi
from synergy.examples import digits, load
from synergy.studies import study

ROUNDS = 3


def run() -> None:
    """Print a row per question, and the load: where others take the cores, two workers are worth less."""
    before = os.getloadavg()[0]
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster, Client(cluster) as client:
        print(f"{'question':<44} {'one process':>12} {'two workers':>12} {'ratio':>6}")
        for name, ask in _questions().items():
            alone, together = _in_turn(ask, client)
            ratio = median(two / one for one, two in zip(alone, together, strict=True))
            print(f"{name:<44} {median(alone):>10.3g} s {median(together):>10.3g} s {ratio:>6.2f}")
    print(f"bits equal; {os.cpu_count()} cores, of which others used {before:.1f} in the minute before")


def _questions() -> dict[str, Callable[[Any], Any]]:
    photo = load("photo").game
    return {
        "all coalitions of the photo's 9 patches": lambda client: harsanyi(photo, client=client).values,
        "a study of 16 digits, 9 patches": _studied,
    }


def _studied(client: Any) -> Any:
    images, labels, held_out = digits.data()
    some = images[held_out][:16]
    with tempfile.TemporaryDirectory() as folder:
        found = study(
            digits.model(),
            some,
            folder=Path(folder) / "study",
            players=parse("grid:3x3", some[:1]),
            targets=labels[held_out][:16],
            client=client,
        )
        return found.table().value.dropna()


def _in_turn(ask: Callable[[Any], Any], client: Client) -> tuple[list[float], list[float]]:
    """Wall seconds here and there, round by round, after one that warms up."""
    times: tuple[list[float], list[float]] = ([], [])
    for turn in range(ROUNDS + 1):
        answers = []
        for place, given in enumerate((None, client)):
            begun = time.perf_counter()
            answers.append(np.asarray(ask(given)))
            if turn:
                times[place].append(time.perf_counter() - begun)
        assert np.array_equal(*answers)
    return times
