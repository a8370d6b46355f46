"""The hot path on a GPU, against what its memory can do; a Markdown table: ``python -m benchmarks.gpu``.

Runs on CUDA, else on mps; ``--device cpu`` shows the table where there is neither, ``--small`` does so quickly. All
times are wall-clock times between two synchronisations of the device, after a warm-up: the median, and the quartiles in
brackets. Bandwidths count what the task cannot avoid: a copy or a transform one read and one write of every number, a
contraction one read. The digits need the extra ``demo``.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from statistics import median, quantiles

import torch
from torch import nn

from benchmarks.timing import seconds
from decompositions.contraction import contract
from decompositions.evaluation import corners
from decompositions.mobius import mobius, zeta
from synergy import METHODS, Game, harsanyi, measure, method, players, taylor
from synergy.examples import digits

HEADER = ("task", "size", "type", "time [quartiles]", "rate", "of the copy", "remarks")
COPIES = 4  # tables that a contraction may hold at once
SPARE = 0.8  # of the free memory that a task may take


@dataclass(frozen=True)
class Sizes:
    """How much of everything.

    Args:
        copy: numbers that are copied for the bandwidth.
        transforms: players of the tables.
        batch: tables, and players of each.
        patches: rows and columns of patches of a digit.
        images: digits whose Shapley values are computed.
        ends: players of the measured tables, as rows and columns of patches.
        series: players and degree of a Taylor series.
        rounds: the most and the fewest times that a task is run.
        enough: seconds after which it is not run again.
    """

    copy: int = 2**27
    transforms: tuple[int, ...] = (20, 24, 26)
    batch: tuple[int, int] = (1000, 10)
    patches: tuple[int, int] = (4, 4)
    images: int = 50
    ends: tuple[int, int] = (2, 5)
    series: tuple[int, int] = (10, 6)
    rounds: tuple[int, int] = (20, 3)
    enough: float = 3.0


SMALL = Sizes(2**16, (8, 15), (10, 4), (2, 3), 2, (2, 2), (3, 3), (3, 3), 0.0)


@dataclass(frozen=True)
class Place:
    """A device and how to time, to weigh and to name it."""

    device: torch.device
    sizes: Sizes

    def synchronise(self) -> None:
        """Wait until the device has done what it was asked for."""
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)
        elif self.device.type == "mps":
            torch.mps.synchronize()

    def times(self, *works: Callable[[], object]) -> list[list[float]]:
        """Seconds of each of some works that take turns, round by round, after one round to warm up."""
        found: list[list[float]] = [[] for _ in works]
        most, fewest = self.sizes.rounds
        for number in range(most + 1):
            for work, spent in zip(works, found, strict=True):
                self.synchronise()
                start = time.perf_counter()
                work()
                self.synchronise()
                spent.append(time.perf_counter() - start)
            if number >= fewest and sum(map(sum, found)) > self.sizes.enough:
                break
        return [spent[1:] for spent in found]

    @property
    def free(self) -> int:
        """Bytes of memory that are left."""
        if self.device.type == "cuda":
            return int(torch.cuda.mem_get_info(self.device)[0])
        if self.device.type == "mps":
            return int(torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory())
        pages = "SC_AVPHYS_PAGES" if "SC_AVPHYS_PAGES" in os.sysconf_names else "SC_PHYS_PAGES"
        return os.sysconf(pages) * os.sysconf("SC_PAGE_SIZE")

    def lacks(self, dtype: torch.dtype, needed: int) -> str:
        """Why a task cannot run here; empty if it can."""
        if dtype == torch.float64 and self.device.type == "mps":
            return "skipped: mps has no float64"
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        room = SPARE * self.free
        return f"skipped: needs {needed / 1e9:.2g} GB, {room / 1e9:.2g} are free" if needed > room else ""

    def weigh(self, work: Callable[[], object]) -> str:
        """The peak memory of a work, as far as the device knows it."""
        if self.device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(self.device)
            work()
            return f"peak memory {torch.cuda.max_memory_allocated(self.device) / 1e6:,.0f} MB"
        work()
        if self.device.type == "mps":
            return f"memory of the driver {torch.mps.driver_allocated_memory() / 1e6:,.0f} MB"
        import resource  # not known on Windows

        unit = 1 if sys.platform == "darwin" else 1024
        largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
        return f"peak memory of the whole process {largest / 1e6:,.0f} MB"

    @property
    def title(self) -> str:
        """The device's name, as its maker calls it."""
        if self.device.type == "cuda":
            return torch.cuda.get_device_name(self.device)
        if self.device.type == "mps":
            return f"Apple GPU (mps), {platform.machine()}"
        known = Path("/proc/cpuinfo")
        lines = known.read_text().splitlines() if known.exists() else []
        models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
        return f"CPU: {models[0] if models else platform.processor()}, {torch.get_num_threads()} thread(s), no GPU"

    @cached_property
    def copying(self) -> list[float]:
        """Seconds in which float32 numbers are copied, round by round."""
        source = torch.rand(self.sizes.copy, device=self.device)
        target = torch.empty_like(source)
        return self.times(lambda: target.copy_(source))[0]

    @property
    def bandwidth(self) -> float:
        """Bytes per second that a copy reads and writes: the limit."""
        return 2 * 4 * self.sizes.copy / median(self.copying)


def main(arguments: list[str]) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu", description="The hot path on a GPU, as a table.")
    parser.add_argument("--device", help="cuda, cuda:1, mps or cpu; the GPU that there is by default")
    parser.add_argument("--small", action="store_true", help="small sizes, which show the table and no speed")
    asked = parser.parse_args(arguments)
    name = asked.device or _gpu()
    if not name:
        print("There is no GPU here: neither CUDA nor mps. With --device cpu the same table is made on the CPU.")
        return
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False  # three digits are not float32
    for line in lines(Place(torch.device(name), SMALL if asked.small else Sizes())):
        print(line, flush=True)


def lines(place: Place) -> Iterator[str]:
    """The table, line by line."""
    today = datetime.now(UTC).date().isoformat()
    yield f"**{place.title}**, torch {torch.__version__}, {today}; float32 networks without TF32."
    yield ""
    for cells in (HEADER, ("---",) * len(HEADER)):
        yield _line(cells)
    for part in (_copy, _transforms, _contractions, _batch, _evaluation, _shapley, _measured, _series):
        for cells in part(place):
            yield _line(cells)


Row = tuple[str, ...]


def _gpu() -> str:
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else ""


def _line(cells: Row) -> str:
    return "| " + " | ".join(cells) + " |"


def _spread(spent: list[float]) -> str:
    low, middle, high = quantiles(spent, n=4, method="inclusive")
    return f"{seconds(middle)} [{seconds(low)}, {seconds(high)}]"


def _moved(place: Place, task: str, size: str, kind: str, spent: list[float], moved: int) -> Row:
    """A row about a task that the memory's bandwidth limits."""
    rate = moved / median(spent)
    return task, size, kind, _spread(spent), f"{rate / 1e9:,.1f} GB/s", f"{rate / place.bandwidth:.1%}", ""


def _missing(task: str, size: str, kind: str, reason: str) -> Row:
    return task, size, kind, "–", "–", "–", reason


def _guarded(task: str, size: str, kind: str, work: Callable[[], Row]) -> Row:
    """The row of a task, or what went wrong with it on this device."""
    try:
        return work()
    except (RuntimeError, TypeError, ValueError, MemoryError, ImportError) as error:
        return _missing(task, size, kind, f"failed: {type(error).__name__}: {str(error).splitlines()[0]}")


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def _copy(place: Place) -> Iterator[Row]:
    moved = 2 * 4 * place.sizes.copy
    missing = place.lacks(torch.float32, moved)
    if missing:
        raise SystemExit(f"the bandwidth cannot be measured: {missing}")
    yield _moved(place, "copy", f"{place.sizes.copy:,} numbers", "float32", place.copying, moved)


def _transforms(place: Place) -> Iterator[Row]:
    """Möbius and zeta take turns, so that the numbers stay as they are."""
    for n in place.sizes.transforms:
        for dtype in (torch.float64, torch.float32):
            yield from _transform(place, n, dtype)


def _transform(place: Place, n: int, dtype: torch.dtype) -> Iterator[Row]:
    names, size, kind = ("Möbius, in place", "zeta, in place"), f"n = {n}", _name(dtype)
    missing = place.lacks(dtype, dtype.itemsize << n)
    if missing:
        yield from (_missing(name, size, kind, missing) for name in names)
        return
    table = torch.rand(2**n, dtype=dtype, device=place.device)
    spent = place.times(lambda: mobius(table, inplace=True), lambda: zeta(table, inplace=True))
    for name, each in zip(names, spent, strict=True):
        yield _moved(place, name, size, kind, each, 2 * table.nbytes)


def _contractions(place: Place) -> Iterator[Row]:
    dtype = torch.float32 if place.device.type == "mps" else torch.float64
    for n in place.sizes.transforms:
        for order in (1, 2):
            task, size = f"superset contraction, order {order}", f"n = {n}"
            missing = place.lacks(dtype, COPIES * dtype.itemsize << n)
            if missing:
                yield _missing(task, size, _name(dtype), missing)
                continue
            table = torch.rand(2**n, dtype=dtype, device=place.device)
            weights = torch.rand(n + 1, dtype=dtype, device=place.device)
            (spent,) = place.times(lambda table=table, weights=weights, order=order: contract(table, weights, order))
            yield _moved(place, task, size, _name(dtype), spent, table.nbytes)


def _batch(place: Place) -> Iterator[Row]:
    count, n = place.sizes.batch
    dtype = torch.float32 if place.device.type == "mps" else torch.float64
    tables = torch.rand(count, 2**n, dtype=dtype, device=place.device)
    spent = place.times(lambda: mobius(tables, inplace=True), lambda: zeta(tables, inplace=True))[0]
    yield _moved(
        place, "Möbius of many games, in place", f"{count:,} × n = {n}", _name(dtype), spent, 2 * tables.nbytes
    )


def _digit(place: Place, shape: tuple[int, int], image: torch.Tensor | None = None, target: int = 3) -> Game:
    """A question to the digits network; without an image about noise, in which every patch counts."""
    if image is None:
        image = torch.rand(1, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    net = digits.model().to(place.device)
    return Game.from_model(net, image.to(place.device), 0.0, target=target, players=players.grid(image.shape, shape))


def _evaluation(place: Place) -> Iterator[Row]:
    """All coalitions, by the library's shortcuts and by the whole network for each."""
    game = _digit(place, place.sizes.patches)
    everyone, total = tuple(range(game.n)), 2**game.n
    points = torch.arange(total, device=place.device)[:, None] >> torch.arange(game.n, device=place.device) & 1 == 1
    size = f"{game.n} patches, chunk {game.cube.chunk:,}"
    works = {"as it comes": lambda: corners.dense(game, everyone), "without shortcuts": lambda: game(points)}
    for name, work in works.items():

        def row(name: str = name, work: Callable[[], object] = work) -> Row:
            memory = place.weigh(work)
            (spent,) = place.times(work)
            how = corners.corners(game, everyone).how if name == "as it comes" else ""
            rate = f"{total / median(spent):,.0f} coalitions/s"
            remarks = "; ".join(each for each in (memory, how) if each)
            return f"digits, all coalitions, {name}", size, "float32", _spread(spent), rate, "–", remarks

        yield _guarded(f"digits, all coalitions, {name}", size, "float32", row)


def _shapley(place: Place) -> Iterator[Row]:
    task, size = "exact Shapley values of digits", f"{place.sizes.images} digits"

    def row() -> Row:
        games = []
        for number in range(place.sizes.images):
            image, digit = digits.choose(f"{number % 10}:{number // 10}")
            games.append(_digit(place, place.sizes.patches, image, digit))
        shapley = method("shapley")
        (spent,) = place.times(lambda: [shapley.attribute(game) for game in games])
        rate = f"{len(games) / median(spent):,.1f} digits/s"
        return task, size, "float32", _spread(spent), rate, "–", "blank patches are null players"

    yield _guarded(task, size, "float32", row)


def _measured(place: Place) -> Iterator[Row]:
    """The layer-wise methods at all masked inputs."""
    game = _digit(place, place.sizes.ends)
    effects = harsanyi(game)
    for name in [name for name, cls in METHODS.items() if cls.scope == "layer"]:
        task, size = f"measured allocation, {name}", f"{2**game.n:,} end points"

        def row(name: str = name, task: str = task, size: str = size) -> Row:
            (spent,) = place.times(lambda: measure(name, game, effects=effects, points=0))
            return task, size, "float32", _spread(spent), f"{2**game.n / median(spent):,.0f} ends/s", "–", ""

        yield _guarded(task, size, "float32", row)


def _series(place: Place) -> Iterator[Row]:
    n, degree = place.sizes.series
    task, size = "taylor()", f"n = {n}, degree {degree}"

    def row() -> Row:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            net = nn.Sequential(nn.Linear(n, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 1))
            x = torch.randn(1, n) / 4
        kind = torch.float32 if place.device.type == "mps" else torch.float64  # mps says what it lacks
        game = Game.from_model(net.to(kind).to(place.device), x.to(kind).to(place.device))
        effects = taylor(game, degree)
        (spent,) = place.times(lambda: taylor(game, degree))
        rate = f"{len(effects) / median(spent):,.0f} effects/s"
        return task, size, "float64", _spread(spent), rate, "–", f"{len(effects):,} effects, with all checks"

    yield _guarded(task, size, "float64", row)


if __name__ == "__main__":
    main(sys.argv[1:])
