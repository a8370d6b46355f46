"""What importing costs, and the memory of the dividends of 20 and 24 players in units of their values."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from statistics import median

MEMORY = """
import resource, sys, torch
from synergy import Game, harsanyi
n = int(sys.argv[1])
game = Game.from_function(lambda z: z.sum(1) + z[:, 0] * z[:, 1], torch.ones(n, dtype=torch.float64), 0.0)
small = Game.from_function(lambda z: z.sum(1), torch.ones(12, dtype=torch.float64), 0.0)
harsanyi(small)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
harsanyi(game, limit=2**n)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def run() -> None:
    """Print both."""
    torch_only, ours = _starts("import torch", "import synergy")
    print(f"import torch {torch_only:.2f} CPU s, import synergy {ours:.2f} CPU s: ratio {ours / torch_only:.2f}")
    for n in (20, 24):
        peak, values = _peak(n), 2**n * 8 / 2**20
        ratio = f"{peak / values:.2f} times the {values:.0f} MiB of values"
        print(f"dividends of {n} players: {peak:.0f} MiB at the peak, {ratio}")


def _peak(n: int) -> float:
    """MiB beyond what a small game has taken already, in a process of its own."""
    run = subprocess.run([sys.executable, "-c", MEMORY, str(n)], check=True, capture_output=True, text=True)
    return int(run.stdout) / 1024


def _starts(*codes: str, repeats: int = 7) -> list[float]:
    """Median CPU seconds of fresh interpreters that run the codes in turn, after one warm-up round."""
    times: list[list[float]] = [[] for _ in codes]
    for turn in range(repeats + 1):
        for code, spent in zip(codes, times, strict=True):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run([sys.executable, "-c", code], check=True, env=os.environ | {"PYTHONDONTWRITEBYTECODE": ""})
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            if turn:
                spent.append(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
    return [median(spent) for spent in times]
