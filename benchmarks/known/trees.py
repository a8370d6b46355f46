"""Boosted trees on 60 correlated features, as in the published comparison of LeverageSHAP, at 32 calls per feature."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import numpy as np

from synergy import Game

CALLS = 32 * 60
PUBLISHED = {"Leverage SHAP": 1.1e-3}  # median of 100 runs at 1,920 calls in their output/Correlated_Leverage SHAP.csv


def questions(count: int) -> Iterator[tuple[Game, np.ndarray]]:
    """Games of some rows against the mean row, and their exact Shapley values by shap's interventional TreeExplainer.

    The data are shap's ``corrgroups60``; the model, the baseline and the choice of rows are theirs.
    """
    import shap
    import xgboost

    warnings.simplefilter("ignore")
    frame, target = shap.datasets.corrgroups60()
    rows = frame.to_numpy()
    model = xgboost.XGBRegressor(n_estimators=100, max_depth=4, n_jobs=1).fit(rows, target)
    baseline = rows.mean(0, keepdims=True)
    explainer = shap.TreeExplainer(model, baseline)
    for run in range(count):
        x = rows[[np.random.RandomState(100 * run).choice(len(rows))]]
        game = Game.from_function(lambda z: model.predict(z).astype(np.float64), x, baseline)
        yield game, np.asarray(explainer.shap_values(x)).reshape(-1)
