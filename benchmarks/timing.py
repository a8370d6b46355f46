"""CPU time of alternatives, interleaved so that a noisy machine is noisy for all of them."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median, quantiles


def interleaved(alternatives: dict[str, Callable[[], object]], repeats: int = 5) -> dict[str, float]:
    """Median CPU seconds of each alternative over rounds in which all take their turn, after one warm-up round."""
    return {name: median(values) for name, values in rounds(alternatives, repeats).items()}


def rounds(alternatives: dict[str, Callable[[], object]], repeats: int = 5) -> dict[str, list[float]]:
    """CPU seconds of each alternative, round by round."""
    times: dict[str, list[float]] = {name: [] for name in alternatives}
    for turn in range(repeats + 1):
        for name, run in alternatives.items():
            start = time.process_time()
            run()
            if turn:
                times[name].append(time.process_time() - start)
    return times


def ratio(slow: list[float], fast: list[float]) -> str:
    """How many times longer one takes than the other: the median over rounds, and its quartiles."""
    low, middle, high = quantiles([a / b for a, b in zip(slow, fast, strict=True)], n=4)
    return f"{middle:,.3g} [{low:,.3g}, {high:,.3g}]"


def seconds(value: float) -> str:
    """A time for a table: 1.23 s, 4.56 ms, 7.89 µs."""
    for unit, factor in (("s", 1.0), ("ms", 1e3), ("µs", 1e6)):
        if value * factor >= 1:
            return f"{value * factor:.3g} {unit}"
    return f"{value * 1e9:.3g} ns"
