"""What other libraries estimate of the same games: kept in ``peers.json``, beside which our own numbers are printed.

They need Python 3.12, so they are asked in an environment of their own, with nothing of this package::

    python -m benchmarks.known.games                       # in the project's environment: writes the games
    python3.12 -m venv peers && peers/bin/pip install shapiq==1.8.0 xgboost-cpu lightgbm shap tqdm tabulate scienceplots
    git clone https://github.com/rtealwitter/leverageshap         # not on PyPI
    peers/bin/python benchmarks/known/peers.py leverageshap "digits 30" "tumours 30"  # all games without a name

Every estimator is asked with its defaults, as its authors ship it, but for what is in its name in the table; seed s
relabels the players of LeverageSHAP, whose generator has a fixed seed. Errors are relative L2 errors.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
GAMES = ("sentence 13", "photo 12", "digits 14", "digits 30", "tumours 30")
SEEDS = range(5)
LONGEST = 60  # seconds that one estimate may take before its other seeds are left out
Values = Callable[[np.ndarray], np.ndarray]


def budgets(n: int) -> tuple[int, int]:
    """The two numbers of calls of the table."""
    return 1000, min(5000, 2**n // 2)


def read(name: str) -> tuple[int, Values, dict[str, np.ndarray]]:
    """The number of players, the game's values, and its exact indices "shapley" and "pairs"."""
    stem = name.replace(" ", "_")
    stored, known = (dict(np.load(HERE / "cache" / f"{each}.npz")) for each in (stem, f"{stem}_truth"))
    return len(known["shapley"]), _values(stored), known


def _values(stored: dict[str, np.ndarray]) -> Values:
    if "table" in stored:
        return lambda z: stored["table"][z.astype(int) @ (1 << np.arange(z.shape[1]))]
    if "weights" in stored:
        return lambda z: np.logaddexp(0, z @ stored["weights"].T + stored["biases"]) @ stored["heads"]
    parts = [(stored[f"players{i}"], stored[f"values{i}"]) for i in range(len(stored) // 2)]
    return lambda z: sum(table[z[:, players].astype(int) @ (1 << np.arange(len(players)))] for players, table in parts)


class Counted:
    """A game that counts its calls; a coalition that is asked again is a call again."""

    def __init__(self, values: Values) -> None:
        self.values, self.calls = values, 0

    def __call__(self, coalitions: np.ndarray) -> np.ndarray:
        rows = np.atleast_2d(coalitions).astype(bool)
        self.calls += len(rows)
        return self.values(rows)


def estimators() -> dict[str, tuple[str, Callable]]:
    """By name: "shapley" or "pairs", and what gives the estimate of a game (n, values, budget, seed)."""
    import shapiq.approximator as kinds

    def one(kind: str, **settings: object) -> Callable:
        def estimate(n: int, game: Values, budget: int, seed: int) -> np.ndarray:
            found = getattr(kinds, kind)(n=n, random_state=seed, **settings).approximate(budget, game)
            return np.array([found[(i,)] for i in range(n)])

        return estimate

    def two(kind: str, **settings: object) -> Callable:
        def estimate(n: int, game: Values, budget: int, seed: int) -> np.ndarray:
            made = getattr(kinds, kind)(n=n, max_order=2, index="SII", random_state=seed, **settings)
            found = made.approximate(budget, game)
            return np.array([[found[(i, k)] if i < k else 0 for k in range(n)] for i in range(n)])

        return estimate

    corrected = {"adjustment": True}
    folds = {"adjustment": True, "k_folds": 5}
    return {
        "LeverageSHAP": ("shapley", leverageshap),
        "shapiq LeverageSHAP": ("shapley", one("LeverageSHAP")),
        "shapiq KernelSHAP": ("shapley", one("KernelSHAP")),
        "shapiq KernelSHAP paired": ("shapley", one("KernelSHAP", pairing_trick=True)),
        "shapiq OddSHAP": ("shapley", one("OddSHAP")),
        "shapiq PolySHAP 2 paired": ("shapley", one("PolySHAP", max_order=2, pairing_trick=True)),
        "shapiq RegressionMSR": ("shapley", one("RegressionMSR", index="SV")),
        "shapiq ProxySHAP": ("shapley", one("ProxySHAP", index="SV", max_order=1)),
        "shapiq ProxySHAP corrected": ("shapley", one("ProxySHAP", index="SV", max_order=1, **corrected)),
        "shapiq ProxySHAP 5 folds": ("shapley", one("ProxySHAP", index="SV", max_order=1, **folds)),
        "shapiq ProxySPEX": ("shapley", one("ProxySPEX", index="SV", max_order=1, hpo=False)),
        "shapiq SPEX": ("shapley", one("SPEX", index="SV", max_order=1)),
        "shapiq SVARM": ("shapley", one("SVARM")),
        "shapiq permutation": ("shapley", one("PermutationSamplingSV")),
        "shapiq SII: ProxySHAP": ("pairs", two("ProxySHAP")),
        "shapiq SII: ProxySHAP corrected": ("pairs", two("ProxySHAP", **corrected)),
        "shapiq SII: ProxySHAP 5 folds": ("pairs", two("ProxySHAP", **folds)),
        "shapiq SII: ProxySPEX": ("pairs", two("ProxySPEX", hpo=False)),
        "shapiq SII: SPEX": ("pairs", two("SPEX")),
        "shapiq SII: SVARM-IQ": ("pairs", two("SVARMIQ")),
        "shapiq SII: SVARM-IQ paired": ("pairs", two("SVARMIQ", pairing_trick=True)),
        "shapiq SII: SHAP-IQ": ("pairs", two("SHAPIQ")),
        "shapiq SII: KernelSHAP-IQ": ("pairs", two("KernelSHAPIQ")),
        "shapiq SII: KernelSHAP-IQ paired": ("pairs", two("KernelSHAPIQ", pairing_trick=True)),
        "shapiq SII: permutation": ("pairs", two("PermutationSamplingSII")),
    }


def leverageshap(n: int, game: Values, budget: int, seed: int) -> np.ndarray:
    """The authors' own code; it asks for the two ends beside its budget."""
    from leverageshap.estimators.leverage_shap import LeverageSHAP

    order = np.random.default_rng(seed).permutation(n)

    class Asked:
        def value(self, coalitions: np.ndarray) -> np.ndarray:
            return game(coalitions[:, order])

        def edge_cases(self) -> tuple[float, float]:
            ends = game(np.repeat([[False], [True]], n, axis=1))
            return ends[0], ends[1]

    return LeverageSHAP(n, Asked(), paired_sampling=True).shap_values(budget)[order]


def error(found: np.ndarray, truth: np.ndarray) -> float:
    """‖found − truth‖ / ‖truth‖, of pairs those with i < k."""
    if truth.ndim == 2:
        found, truth = (each[np.triu_indices(len(truth), 1)] for each in (found, truth))
    return float(np.linalg.norm(found - truth) / np.linalg.norm(truth))


def ask(name: str) -> list[dict]:
    """All estimators on one game, with both budgets."""
    n, values, known = read(name)
    rows = []
    for budget in budgets(n):
        for title, (index, estimate) in estimators().items():
            row = {"game": name, "calls": budget, "index": index, "estimator": title, "errors": [], "asked": []}
            start = time.perf_counter()
            try:
                for seed in SEEDS:
                    game = Counted(values)
                    row["errors"].append(round(error(estimate(n, game, budget, seed), known[index]), 6))
                    row["asked"].append(game.calls)
                    if time.perf_counter() - start > LONGEST:
                        break
            except Exception as failure:
                row["failure"] = f"{type(failure).__name__}: {failure}"[:200]
            row["seconds"] = round((time.perf_counter() - start) / max(len(row["errors"]), 1), 2)
            rows.append(row)
            print(row, flush=True)
    return rows


def main(arguments: list[str]) -> None:
    """Ask, and keep; games that were not named keep what is known of them."""
    sys.path.insert(0, arguments[0])
    warnings.simplefilter("ignore")
    path = HERE / "peers.json"
    names = arguments[1:] or GAMES
    kept = json.loads(path.read_text())["rows"] if path.exists() else []
    for name in names:
        kept = [row for row in kept if row["game"] != name] + ask(name)
        versions = {each: version(each) for each in ("shapiq", "numpy", "xgboost-cpu", "lightgbm")}
        versions["leverageshap"] = "github.com/rtealwitter/leverageshap, a20d3d7 (2026-03-02)"
        stored = {"date": f"{datetime.now(UTC):%Y-%m-%d}", "versions": versions}
        rows = ",\n  ".join(json.dumps(row) for row in kept)
        path.write_text(f'{json.dumps(stored)[:-1]},\n "rows": [\n  {rows}\n ]}}\n')


if __name__ == "__main__":
    main(sys.argv[1:])
