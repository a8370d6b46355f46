"""Run all benchmarks, or those named: ``python -m benchmarks mobius_peers``; ``--save`` keeps them in RESULTS.md."""

from __future__ import annotations

import os
import platform
import sys
from datetime import UTC, datetime
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch

from benchmarks.results import replaced, section

ALL = (
    "footprint",
    "mobius_peers",
    "shapley_networks",
    "layer_wise",
    "any_network",
    "path_integral",
    "expression_series",
    "taylor_jets",
    "interactions",
    "neurons",
    "many_inputs",
    "shrinking",
    "many_players",
    "cluster",
    "coverage",
    "and_or",
    "trees",
    "studies",
)
RESULTS = Path(__file__).parent / "RESULTS.md"
LIBRARIES = ("numpy", "sympy", "torch", "captum", "shap", "shapiq", "scikit-learn", "xgboost", "xgboost-cpu")


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
    """Print the benchmarks, and save them if asked, in place of what was saved of them."""
    torch.set_num_threads(1)
    save = "--save" in arguments
    names = [each for each in arguments if each != "--save"] or list(ALL)
    for name in names:
        module = import_module(f"benchmarks.{name}")
        tee = sys.stdout = _Tee()  # type: ignore[assignment]
        try:
            module.run()
        finally:
            sys.stdout = tee.shown
        print(flush=True)
        if save:
            found = section(name, module.__doc__, _machine(), "".join(tee.kept))
            RESULTS.write_text(replaced(RESULTS.read_text() if RESULTS.exists() else "", {name: found}, ALL))


def _machine() -> str:
    cpu = next((line.split(":")[1].strip() for line in _cpuinfo() if line.startswith("model name")), platform.machine())
    libraries = ", ".join(filter(None, map(_installed, LIBRARIES)))
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {cpu}, {os.cpu_count()} cores, one thread, Python {platform.python_version()}, "
        f"{libraries}."
    )


def _installed(name: str) -> str:
    """A library and its version; empty where it is not installed."""
    try:
        return f"{name} {version(name)}"
    except PackageNotFoundError:
        return ""


def _cpuinfo() -> list[str]:
    try:
        return Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return []


if __name__ == "__main__":
    main(sys.argv[1:])
