"""Shapley values and all dividends of boosting and of a forest, beside shap's compiled interventional explainer."""

from __future__ import annotations

import resource
import subprocess
import sys
import warnings
from typing import Any

import numpy as np

from benchmarks.timing import ratio, rounds, seconds
from synergy import Game, harsanyi, method

COLUMNS, BACKGROUND = 200, 100
LIMIT = 10**8
PEAK = "from benchmarks import trees; print(trees.peak())"


def rows_and_response() -> tuple[np.ndarray, np.ndarray]:
    """A response of 20 of 200 features, with interactions of two and three."""
    rows = np.random.default_rng(0).normal(size=(3000, COLUMNS))
    pairs = rows[:, 0] * rows[:, 1] + np.sin(2 * rows[:, 2])
    return rows, rows[:, :20].sum(1) + pairs + rows[:, 3] * rows[:, 4] * rows[:, 5]


def boosting(rows: np.ndarray, response: np.ndarray) -> Any:
    """XGBoost, 100 trees of depth 6."""
    from xgboost import XGBRegressor

    return XGBRegressor(n_estimators=100, max_depth=6, n_jobs=1).fit(rows, response)


def forest(rows: np.ndarray, response: np.ndarray) -> Any:
    """A default forest of scikit-learn, whose trees are grown to the end."""
    from sklearn.ensemble import RandomForestRegressor

    return RandomForestRegressor(random_state=0).fit(rows[:600], response[:600])


def run() -> None:
    """Print both."""
    rows, response = rows_and_response()
    for make, count in ((boosting, BACKGROUND), (forest, 1), (forest, 10)):
        _compared(make(rows, response), rows[2000], rows[:count])
    print(f"the boosting, its game and all its dividends in a process of their own: {_peak():.0f} MiB at the peak")


def _compared(model: Any, x: np.ndarray, background: np.ndarray) -> None:
    game = Game.from_trees(model, x, background)
    shapley = method("shapley")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # shap's, on import
        from shap import TreeExplainer

        peer = TreeExplainer(model, background, feature_perturbation="interventional")
    alternatives = {
        "ours": lambda: shapley.attribute(game),
        "shap": lambda: peer.shap_values(x[None]),
        "dividends": lambda: harsanyi(game, limit=LIMIT),
        "the game": lambda: Game.from_trees(model, x, background),
        "its explainer": lambda: TreeExplainer(model, background, feature_perturbation="interventional"),
    }
    times = rounds(alternatives)
    apart = np.abs(np.asarray(shapley.attribute(game)) - peer.shap_values(x[None])[0]).max()
    found = harsanyi(game, limit=LIMIT)
    middle = {name: seconds(float(np.median(spent))) for name, spent in times.items()}
    print(f"{type(model).__name__}, {COLUMNS} features, {len(background)} background rows")
    print(f"  read and checked {middle['the game']}; shap's explainer {middle['its explainer']}")
    print(f"  exact Shapley values {middle['ours']}, shap {middle['shap']}: {ratio(times['ours'], times['shap'])}")
    print(f"  at most {apart:.0e} apart")
    print(f"  all {len(found):,} dividends {middle['dividends']}, of up to {found.sizes(0, len(found)).max()} features")


def peak() -> float:
    """MiB that the process has taken when the dividends of the boosting are there."""
    rows, response = rows_and_response()
    game = Game.from_trees(boosting(rows, response), rows[2000], rows[:BACKGROUND])
    harsanyi(game, limit=LIMIT)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _peak() -> float:
    run = subprocess.run([sys.executable, "-c", PEAK], check=True, capture_output=True, text=True)
    return float(run.stdout)
