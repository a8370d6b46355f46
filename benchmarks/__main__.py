"""Run all benchmarks, or those named: ``python -m benchmarks mobius_peers``; ``--save`` keeps them in RESULTS.md."""

from __future__ import annotations

import os
import platform
import sys
from datetime import UTC, datetime
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

import torch

ALL = (
    "footprint",
    "mobius_peers",
    "shapley_networks",
    "layer_wise",
    "any_network",
    "path_integral",
    "expression_series",
    "taylor_jets",
    "and_or",
    "trees",
)
RESULTS = Path(__file__).parent / "RESULTS.md"
LIBRARIES = ("numpy", "sympy", "torch", "captum", "shap", "shapiq", "scikit-learn", "xgboost")


class _Tee:
    """Standard output that also keeps what is printed."""

    def __init__(self) -> None:
        self.kept: list[str] = []
        self.shown = sys.stdout

    def write(self, text: str) -> None:
        self.kept.append(text)
        self.shown.write(text)

    def flush(self) -> None:
        self.shown.flush()


def main(arguments: list[str]) -> None:
    """Print the benchmarks, and save them if asked."""
    torch.set_num_threads(1)
    save = "--save" in arguments
    names = [each for each in arguments if each != "--save"] or list(ALL)
    parts = [f"# Results\n\n{_machine()}\n"]
    for name in names:
        module = import_module(f"benchmarks.{name}")
        tee = sys.stdout = _Tee()  # type: ignore[assignment]
        try:
            module.run()
        finally:
            sys.stdout = tee.shown
        print(flush=True)
        parts.append(f"## {name}\n\n{module.__doc__.strip()}\n\n```text\n{''.join(tee.kept).rstrip()}\n```\n")
        if save:
            RESULTS.write_text("\n".join(parts))


def _machine() -> str:
    cpu = next((line.split(":")[1].strip() for line in _cpuinfo() if line.startswith("model name")), platform.machine())
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {cpu}, {os.cpu_count()} cores, one thread, Python {platform.python_version()}, "
        f"{libraries}.\n\nTimes are CPU time, medians; ratios are of alternatives that took turns in one run, their "
        "quartiles in brackets. A machine that others use as well is noisy: look at the ratios."
    )


def _cpuinfo() -> list[str]:
    try:
        return Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return []


main(sys.argv[1:])
