"""The Möbius transform against shapiq's, and against one sweep over the table."""

from __future__ import annotations

import numpy as np
import torch

from benchmarks.timing import interleaved, seconds
from decompositions.mobius import mobius


def run() -> None:
    """Print the ratio at n = 12 (same values), and the sweeps that large tables cost."""
    from shapiq import ExactComputer

    n = 12
    values = torch.from_numpy(np.random.default_rng(0).standard_normal(2**n))
    masks = (np.arange(2**n)[:, None] >> np.arange(n)) & 1
    table = {tuple(row): value for row, value in zip(masks.tolist(), values.tolist(), strict=True)}

    def game(coalitions: np.ndarray) -> np.ndarray:
        return np.array([table[tuple(row)] for row in coalitions.astype(int).tolist()])

    computer = ExactComputer(n_players=n, game=game)
    theirs = computer.moebius_transform
    ours = mobius(values)
    worst = max(
        abs(theirs[members] - ours[sum(1 << i for i in members)].item()) for members in theirs.interaction_lookup
    )
    if worst > 1e-9:
        raise SystemExit(f"shapiq's Möbius transform differs by {worst:.2g}")

    def peer() -> object:
        computer._computed.clear()  # what it has computed before, not the values of the game
        return computer.moebius_transform

    times = interleaved({"shapiq": peer}, repeats=3) | interleaved({"ours": lambda: mobius(values)}, repeats=200)
    print(
        f"Möbius transform, n = {n}, values known: ours {seconds(times['ours'])}, shapiq {seconds(times['shapiq'])}, "
        f"ratio {times['shapiq'] / times['ours']:,.0f}"
    )
    for size in (20, 22, 24):
        big = torch.rand(2**size, dtype=torch.float64)
        both = interleaved({"ours": lambda b=big: mobius(b, inplace=True), "sweep": lambda b=big: b.add_(1)}, repeats=9)
        print(
            f"Möbius transform in place, n = {size}: {seconds(both['ours'])}, {both['ours'] / both['sweep']:.1f} "
            "sweeps over the table"
        )
