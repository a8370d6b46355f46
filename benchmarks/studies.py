"""A study of 200 digits by all methods, beside its parts run alone; and its memory by the number of inputs."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import torch

from benchmarks.timing import seconds
from decompositions.mobius import zeta
from synergy import Game, compare, harsanyi, players, studies
from synergy.examples import digits
from synergy.studies.by_order import by_order
from synergy.studies.faithfulness import curves

COUNT, BLOCK = 200, 20  # inputs, and how many of them take their turn
PATCHES = (2, 5)
FEW, MANY = 16, 400  # inputs of which memory is measured
CHEAP = ["shapley", "gradient_x_input"]


def run() -> None:
    """Print the CPU time of an input in a study and alone, and the peak memory of a small and of a large study."""
    images, labels = _data()
    spent = {"study": 0.0, "alone": 0.0}
    with tempfile.TemporaryDirectory() as folder:
        for start in range(0, COUNT, BLOCK):
            some = images[start : start + BLOCK], labels[start : start + BLOCK]
            spent["study"] += _timed(lambda some=some, start=start: _study(*some, Path(folder) / str(start)))  # type: ignore[misc]
            spent["alone"] += _timed(lambda some=some: [_alone(*each) for each in _each(*some)])  # type: ignore[misc]
    print(f"{COUNT} digits, {PATCHES[0] * PATCHES[1]} patches, 15 methods, the default budget")
    for name, total in spent.items():
        print(f"  {name:<6} {seconds(total / COUNT)} per input")
    print(f"  study / its parts run alone: {spent['study'] / spent['alone']:.3f}")
    peaks = [_peak(count) for count in (FEW, MANY)]
    print(f"\npeak memory of a study by {len(CHEAP)} methods")
    for count, peak in zip((FEW, MANY), peaks, strict=True):
        print(f"  {count:>3} inputs {peak / 2**20:,.0f} MiB")


def _data() -> tuple[torch.Tensor, list[int]]:
    images, labels, held_out = digits.data()
    return images[held_out], labels[held_out].tolist()


def _timed(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def _study(images: torch.Tensor, labels: list[int], folder: Path) -> None:
    grid = players.grid((1, 1, 8, 8), PATCHES)
    studies.study(digits.model(), images, targets=labels, players=grid, folder=folder)


def _each(images: torch.Tensor, labels: list[int]) -> Iterable[tuple[torch.Tensor, int]]:
    return zip(images.split(1), labels, strict=True)


def _alone(image: torch.Tensor, label: int) -> None:
    """What a study has of one input: effects, all methods, their criteria, sums by order, curves."""
    game = Game.from_model(digits.model(), image, 0.0, target=label, players=players.grid((1, 1, 8, 8), PATCHES))
    effects = harsanyi(game)
    known = game.tabulated(zeta(effects.values))
    for result in compare(game):
        assert result.attribution is not None
        curves(known, effects.noise, result.attribution.numpy())
        if result.allocation is not None:
            by_order(result.allocation)
            assert result.criteria is not None
            assert result.disagreement is None or result.disagreement >= 0


def _peak(count: int) -> int:
    """Bytes that a process of its own took at most for a study of so many inputs."""
    code = (
        "import resource, tempfile; from pathlib import Path; from benchmarks import studies; "
        f"studies.cheap({count}); print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)"
    )
    return int(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)


def cheap(count: int) -> None:
    """A study of so many inputs, some of them again and again."""
    images, labels = _data()
    rows = torch.arange(count) % len(images)
    grid = players.grid((1, 1, 8, 8), PATCHES)
    with tempfile.TemporaryDirectory() as folder:
        studies.study(
            digits.model(),
            images[rows],
            targets=[labels[row] for row in rows.tolist()],
            players=grid,
            methods=CHEAP,
            budget=0,
            folder=Path(folder) / "s",
        )
