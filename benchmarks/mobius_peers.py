"""Transforms and indices of known values: against shapiq, a loop over games, NumPy's radix 2, and one sweep."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np
import torch

from benchmarks.timing import ratio, rounds, seconds
from decompositions.mobius import mobius, zeta
from synergy import Game, method

N = 12


def run() -> None:
    """Print a row per task; both sides must agree."""
    _peers()
    _many_games()
    for size in (20, 22, 24):
        _large(size, torch.float64)
    _large(24, torch.float32)


def _peers() -> None:
    """shapiq's exact computer on a table of values, which are looked up once and not counted."""
    values = torch.from_numpy(np.random.default_rng(0).standard_normal(2**N))
    peer = computer(values)
    theirs, ours = peer.moebius_transform, mobius(values)
    _agree(max(abs(theirs[s] - ours[sum(1 << i for i in s)].item()) for s in theirs.interaction_lookup))
    game, shapley = Game.from_values(values), method("shapley")

    def shapley_values() -> Any:
        return peer("SV", 1)

    sv = shapley_values()
    _agree(max(abs(sv[(i,)] - shapley.attribute(game)[i].item()) for i in range(N)))
    _row(f"Möbius transform, n = {N}, shapiq / ours", _uncached(peer, lambda: peer.moebius_transform),
         lambda: mobius(values), 5, 100)  # fmt: skip
    _row(f"Shapley values, n = {N}, shapiq / ours", _uncached(peer, shapley_values),
         lambda: shapley.attribute(game), 5, 20)  # fmt: skip


def computer(values: torch.Tensor):  # type: ignore[no-untyped-def]
    """shapiq's exact computer of a game of N players whose values are known."""
    from shapiq import ExactComputer

    places = 1 << np.arange(N)
    known = values.numpy()
    return ExactComputer(n_players=N, game=lambda coalitions: known[coalitions.astype(np.int64) @ places])


def _uncached(computer: object, work: Callable[[], object]) -> Callable[[], object]:
    def peer() -> object:
        computer._computed.clear()  # type: ignore[attr-defined]  # what it has derived, not the values of the game
        return work()

    return peer


def _many_games() -> None:
    tables = torch.rand(1000, 2**10, dtype=torch.float64)
    together = method("shapley").attribute(Game.from_values(tables))
    one = [method("shapley").attribute(Game.from_values(table)) for table in tables]
    _agree(float((torch.stack(one) - together).abs().max()))
    _row("1,000 Möbius transforms, n = 10, one by one / at once",
         lambda: [mobius(table) for table in tables], lambda: mobius(tables), 3, 5)  # fmt: skip
    _row("1,000 games' Shapley values, n = 10, one by one / at once",
         lambda: [method("shapley").attribute(Game.from_values(table)) for table in tables],
         lambda: method("shapley").attribute(Game.from_values(tables)), 3, 5)  # fmt: skip


def _large(n: int, dtype: torch.dtype) -> None:
    table = torch.rand(2**n, dtype=dtype)
    array = table.numpy().copy()
    _agree(float(np.abs(mobius(table).numpy() - _radix_2(array.copy())).max()) / 2**n, 1e-6)
    times = rounds(
        {
            "numpy": lambda: _radix_2(array),
            "sweep": lambda: table.add_(1),
            "ours": lambda: zeta(mobius(table, inplace=True), inplace=True),  # there and back, so that numbers stay
        },
        9,
    )
    ours = [each / 2 for each in times["ours"]]
    kind = str(dtype).removeprefix("torch.")
    print(
        f"Möbius transform in place, n = {n}, {kind}: {seconds(median(ours))}; NumPy radix 2 / ours "
        f"{ratio(times['numpy'], ours)}; {ratio(ours, times['sweep'])} sweeps over the table"
    )


def _radix_2(values: np.ndarray) -> np.ndarray:
    """The textbook transform, in place."""
    for bit in range(values.size.bit_length() - 1):
        pairs = values.reshape(-1, 2, 1 << bit)
        pairs[:, 1] -= pairs[:, 0]
    return values


def _row(title: str, slow: Callable[[], object], fast: Callable[[], object], repeats: int, times: int) -> None:
    """Ours is short, so it is repeated within a round."""

    def often() -> None:
        for _ in range(times):
            fast()

    found = rounds({"slow": slow, "fast": often}, repeats)
    ours = [each / times for each in found["fast"]]
    print(f"{title}: {ratio(found['slow'], ours)}; ours {seconds(median(ours))}")


def _agree(difference: float, tolerance: float = 1e-9) -> None:
    if not difference <= tolerance:
        raise SystemExit(f"the two sides differ by {difference:.2g}")
