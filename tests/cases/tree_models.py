"""Models of trees on a few features, each with a function that asks the model itself for what its trees add up to."""

import numpy as np
import pytest

ROWS, FEATURES = 400, 7


def drawn(missing=False):
    """Features of several scales, some cells missing if asked, and a response with interactions."""
    rng = np.random.default_rng(11)
    rows = rng.normal(size=(ROWS, FEATURES)) * [1, 10, 0.1, 1, 1, 5, 1]
    response = rows[:, 0] * rows[:, 1] / 10 + np.sin(3 * rows[:, 3]) + (rows[:, 4] > 0) * rows[:, 5] + 5 * rows[:, 2]
    if missing:
        rows[rng.random(rows.shape) < 0.15] = np.nan
    return rows, response


def drawn_categories():
    """Two columns of whole numbers that stand for categories, and two of numbers."""
    rng = np.random.default_rng(12)
    rows = np.stack([rng.integers(0, 9, ROWS), rng.normal(size=ROWS), rng.integers(0, 40, ROWS), rng.normal(size=ROWS)])
    rows = rows.T.astype(np.float64)
    rows[rng.random(rows.shape) < 0.08] = np.nan
    return rows, np.isin(rows[:, 0], [1, 4, 5]) * np.nan_to_num(rows[:, 1]) + np.isin(rows[:, 2] % 7, [1, 3])


def classes(response, count):
    return np.digitize(response, np.quantile(response, np.linspace(0, 1, count + 1)[1:-1]))


def _sklearn(name, count, call, missing=False, **settings):
    def make():
        tree = pytest.importorskip("sklearn.tree")
        ensemble = pytest.importorskip("sklearn.ensemble")
        kind = getattr(ensemble, name, None) or getattr(tree, name)
        rows, response = drawn(missing)
        model = kind(random_state=0, **settings).fit(rows, classes(response, count) if count else response)
        return model, rows, getattr(model, call)

    return make


def _xgboost(name, count, missing=True, sign=lambda response: response, **settings):
    def make():
        library = pytest.importorskip("xgboost")
        rows, response = drawn(missing)
        model = getattr(library, name)(n_estimators=12, n_jobs=1, random_state=0, **settings)
        model.fit(rows, classes(response, count) if count else sign(response))
        return model, rows, lambda some: model.predict(some, output_margin=True).astype(np.float64)

    return make


def _lightgbm(name, count, missing=True, sign=lambda response: response, zeros=False, **settings):
    def make():
        library = pytest.importorskip("lightgbm")
        rows, response = drawn(missing)
        if zeros:
            rows[::3, ::2] = 0.0
        model = getattr(library, name)(n_estimators=12, n_jobs=1, random_state=0, verbose=-1, **settings)
        model.fit(rows, classes(response, count) if count else sign(response))
        return model, rows, lambda some: model.predict(some, raw_score=True)

    return make


def several(rows):
    return np.stack([rows, -rows, rows**2], 1)


MODELS = {  # target, and what makes the model, its rows and its own output
    "tree": (None, _sklearn("DecisionTreeRegressor", 0, "predict", max_depth=6)),
    "tree-of-classes": (2, _sklearn("DecisionTreeClassifier", 3, "predict_proba", max_depth=6)),
    "forest": (None, _sklearn("RandomForestRegressor", 0, "predict", n_estimators=8)),
    "forest-missing": (None, _sklearn("RandomForestRegressor", 0, "predict", missing=True, n_estimators=8)),
    "forest-of-classes": (1, _sklearn("RandomForestClassifier", 3, "predict_proba", n_estimators=8)),
    "extra": (None, _sklearn("ExtraTreesRegressor", 0, "predict", n_estimators=8)),
    "extra-of-classes": (0, _sklearn("ExtraTreesClassifier", 2, "predict_proba", n_estimators=8, bootstrap=True)),
    "boosting": (None, _sklearn("GradientBoostingRegressor", 0, "predict", n_estimators=15)),
    "boosting-huber": (None, _sklearn("GradientBoostingRegressor", 0, "predict", n_estimators=15, loss="huber")),
    "boosting-zero": (None, _sklearn("GradientBoostingRegressor", 0, "predict", n_estimators=15, init="zero")),
    "boosting-of-two": (1, _sklearn("GradientBoostingClassifier", 2, "decision_function", n_estimators=15)),
    "boosting-of-three": (2, _sklearn("GradientBoostingClassifier", 3, "decision_function", n_estimators=15)),
    "histogram": (None, _sklearn("HistGradientBoostingRegressor", 0, "predict", missing=True, max_iter=15)),
    "histogram-of-two": (1, _sklearn("HistGradientBoostingClassifier", 2, "decision_function", max_iter=15)),
    "histogram-of-three": (0, _sklearn("HistGradientBoostingClassifier", 3, "decision_function", True, max_iter=15)),
    "xgboost": (None, _xgboost("XGBRegressor", 0)),
    "xgboost-of-two": (1, _xgboost("XGBClassifier", 2)),
    "xgboost-of-three": (2, _xgboost("XGBClassifier", 3)),
    "xgboost-forest": (None, _xgboost("XGBRFRegressor", 0)),
    "xgboost-dart": (None, _xgboost("XGBRegressor", 0, booster="dart", rate_drop=0.3)),
    "xgboost-counts": (None, _xgboost("XGBRegressor", 0, sign=abs, objective="count:poisson")),
    "xgboost-gamma": (None, _xgboost("XGBRegressor", 0, sign=abs, objective="reg:gamma")),
    "xgboost-median": (None, _xgboost("XGBRegressor", 0, objective="reg:absoluteerror")),
    "xgboost-raw-logits": (None, _xgboost("XGBRegressor", 0, sign=lambda r: r > 0, objective="binary:logitraw")),
    "xgboost-several": (1, _xgboost("XGBRegressor", 0, sign=several)),
    "xgboost-by-loss": (None, _xgboost("XGBRegressor", 0, grow_policy="lossguide", max_leaves=9, max_depth=0)),
    "lightgbm": (None, _lightgbm("LGBMRegressor", 0)),
    "lightgbm-complete": (None, _lightgbm("LGBMRegressor", 0, missing=False)),
    "lightgbm-zeros": (None, _lightgbm("LGBMRegressor", 0, zeros=True, zero_as_missing=True)),
    "lightgbm-without-missing": (None, _lightgbm("LGBMRegressor", 0, use_missing=False)),
    "lightgbm-of-two": (1, _lightgbm("LGBMClassifier", 2)),
    "lightgbm-of-three": (1, _lightgbm("LGBMClassifier", 3)),
    "lightgbm-dart": (None, _lightgbm("LGBMRegressor", 0, boosting_type="dart")),
    "lightgbm-counts": (None, _lightgbm("LGBMRegressor", 0, sign=abs, objective="poisson")),
}


def outputs(call, target, rows):
    """The model's own answer, the output that is asked for."""
    found = np.asarray(call(rows))
    return found if found.ndim == 1 else found[:, target]
