"""Models of NumPy rows and of DataFrames, fitted to a few rows drawn here, and their games by loops."""

import numpy as np
import pytest

ROWS, BACKGROUND = 240, slice(20, 27)


def drawn():
    """Numbers of several scales and what they say about three classes."""
    rng = np.random.default_rng(3)
    rows = rng.normal(size=(ROWS, 4)) * [1.0, 10.0, 0.1, 1.0]
    return rows, (rows[:, 0] * rows[:, 1] > 1).astype(int) + (rows[:, 2] > 0.05)


def drawn_frame():
    """Columns of six types and what they say about two classes."""
    pd = pytest.importorskip("pandas")
    rng = np.random.default_rng(4)
    frame = pd.DataFrame(
        {
            "age": rng.integers(18, 80, ROWS),
            "income": rng.normal(3, 1, ROWS),
            "town": rng.choice(["bath", "ely", "york"], ROWS),
            "member": rng.random(ROWS) > 0.5,
            "size": pd.Categorical(rng.choice(["s", "m", "l"], ROWS), ["s", "m", "l"], ordered=True),
        }
    )
    return frame, ((frame.age > 40) ^ (frame.town == "york") | (frame.income > 3.5) & frame.member).astype(int)


def forest():
    ensemble = pytest.importorskip("sklearn.ensemble")
    return ensemble.RandomForestClassifier(15, random_state=0).fit(*drawn())


def boosting():
    ensemble = pytest.importorskip("sklearn.ensemble")
    return ensemble.GradientBoostingClassifier(n_estimators=12, random_state=0).fit(*drawn())


def xgboost_model():
    return pytest.importorskip("xgboost").XGBClassifier(n_estimators=12, n_jobs=1).fit(*drawn())


def lightgbm_model():
    return pytest.importorskip("lightgbm").LGBMClassifier(n_estimators=12, n_jobs=1, verbose=-1).fit(*drawn())


def pipeline():
    """Categories as columns of zeros and ones, then a forest."""
    pytest.importorskip("sklearn")
    from sklearn.compose import ColumnTransformer
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    coded = ColumnTransformer([("one-hot", OneHotEncoder(), ["town", "size"])], remainder="passthrough")
    return make_pipeline(coded, RandomForestClassifier(15, random_state=0)).fit(*drawn_frame())


def categories(frame):
    """The same frame with its texts as pandas' categories, which boosting libraries split by."""
    return frame.astype({"town": "category"})


def lightgbm_of_categories():
    frame, labels = drawn_frame()
    model = pytest.importorskip("lightgbm").LGBMClassifier(n_estimators=12, n_jobs=1, verbose=-1)
    return model.fit(categories(frame), labels)


def xgboost_of_categories():
    frame, labels = drawn_frame()
    model = pytest.importorskip("xgboost").XGBClassifier(n_estimators=12, n_jobs=1, enable_categorical=True)
    return model.fit(categories(frame), labels)


ARRAYS = {"forest": forest, "boosting": boosting, "xgboost": xgboost_model, "lightgbm": lightgbm_model}
FRAMES = {
    "pipeline": (pipeline, lambda frame: frame),
    "lightgbm": (lightgbm_of_categories, categories),
    "xgboost": (xgboost_of_categories, categories),
}


def mean_over(background, mixed, predict, target):
    """The mean of a class's probability over a background, one row after the other."""
    return sum(float(predict(mixed(k))[0, target]) for k in range(len(background))) / len(background)


def loops_over_arrays(predict, x, background, target):
    """Of every coalition. Shape ``(2**d,)``, position = bitmask."""
    d = len(x)

    def mixed(mask):
        return lambda k: np.array([[x[j] if mask >> j & 1 else background[k, j] for j in range(d)]])

    return np.array([mean_over(background, mixed(mask), predict, target) for mask in range(2**d)])


def loops_over_frames(predict, x, background, target):
    """The same for a frame of one row and a frame of baselines."""

    def mixed(mask):
        def row(k):
            made = background.iloc[[k]].reset_index(drop=True)
            for j, name in enumerate(x.columns):
                if mask >> j & 1:
                    made[name] = x[name].array
            return made

        return row

    return np.array([mean_over(background, mixed(mask), predict, target) for mask in range(2 ** x.shape[1])])


def shapley_by_permutations(values, n):
    """Shapley values from a table of all coalitions, by the mean over all orders of the players."""
    from itertools import permutations

    total, orders = np.zeros(n), list(permutations(range(n)))
    for order in orders:
        mask = 0
        for i in order:
            total[i] += values[mask | 1 << i] - values[mask]
            mask |= 1 << i
    return total / len(orders)
