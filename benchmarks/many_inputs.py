"""A ranking of 1,200 neurons for 10 classes over 50,000 pictures on the disk: memory and time, with a checkpoint."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

PICTURES = (1_000, 50_000)
CODE = """
import resource, sys, time
import numpy as np
import torch
from torch import nn
from synergy.neurons import rank_neurons

torch.set_num_threads(1)
torch.manual_seed(0)
model = nn.Sequential(nn.Conv2d(1, 12, 10, stride=2), nn.ReLU(), nn.Flatten(), nn.Linear(1200, 10)).eval()
pictures = np.load(sys.argv[1], mmap_mode="r")[:int(sys.argv[2])]
start = time.process_time()
ranking = rank_neurons(model, "1", pictures, np.arange(len(pictures)) % 10, checkpoint=sys.argv[3])
spent = time.process_time() - start
print(len(ranking.names), spent, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def run() -> None:
    """Print a row for few and for all pictures."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        stored = np.lib.format.open_memmap(place / "x.npy", "w+", np.float32, (max(PICTURES), 1, 28, 28))
        random = np.random.default_rng(0)
        for start in range(0, len(stored), 1000):
            stored[start : start + 1000] = random.random((1000, 1, 28, 28), dtype=np.float32)
        stored.flush()
        print(f"{'pictures':>8} {'neurons':>8} {'CPU s':>8} {'a picture':>10} {'at the peak':>12}")
        for count in PICTURES:
            neurons, spent, peak = _ranked(place, count)
            each = f"{1e3 * spent / count:.2f} ms"
            print(f"{count:>8,} {neurons:>8,.0f} {spent:>8.3g} {each:>10} {peak:>8,.0f} MiB")


def _ranked(place: Path, count: int) -> list[float]:
    """The neurons, CPU seconds and MiB of a process of its own, with what torch and the pictures' file take."""
    command = [sys.executable, "-c", CODE, str(place / "x.npy"), str(count), str(place / f"kept-{count}")]
    answer = subprocess.run(command, check=True, capture_output=True, text=True)
    return [float(each) for each in answer.stdout.split()]
