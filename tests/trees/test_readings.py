"""Trees as they are read against the library's own output."""

import warnings
from fractions import Fraction

import numpy as np
import pytest
import torch
from tree_models import FEATURES, MODELS, drawn_categories, outputs

from decompositions import Game, harsanyi
from decompositions.contraction import contract
from decompositions.dividends import of_leaves
from decompositions.games.leaves import leaves
from decompositions.trees.reading import read
from synergy import allocate, method

SINGLE = ("xgboost",)  # libraries that add up in float32


def close(name, values, expected):
    scale = np.abs(expected).max() + 1
    tolerance = (3e-6 if name.startswith(SINGLE) else 1e-12) * scale
    np.testing.assert_allclose(np.asarray(values), np.asarray(expected), rtol=0, atol=tolerance)


@pytest.mark.parametrize("name", MODELS)
def test_the_leaves_add_up_to_the_model(name):
    target, make = MODELS[name]
    model, rows, call = make()
    found = read(model, target)
    close(name, found.ensemble(rows), outputs(call, target, rows))
    assert len(np.unique(found.ensemble(rows))) > 4
    assert np.abs(outputs(call, target, rows)).max() <= found.ensemble.magnitude * (1 + 1e-6)


@pytest.mark.parametrize("name", MODELS)
def test_cells_at_thresholds_and_next_to_them(name):
    """Where a library rounds, and whether it compares by < or ≤, shows there."""
    target, make = MODELS[name]
    model, rows, call = make()
    found = read(model, target)
    trees = found.ensemble
    splits = np.flatnonzero(~trees.is_leaf & (np.abs(trees.threshold) < 1e30))
    rng = np.random.default_rng(0)
    some = rng.permutation(splits)[:60]
    table = np.nan_to_num(rows[rng.integers(0, len(rows), 4 * len(some))])
    for turn, move in enumerate((lambda t: t, lambda t: np.nextafter(t, np.inf), lambda t: np.nextafter(t, -np.inf))):
        table[turn * len(some) + np.arange(len(some)), trees.column[some]] = move(trees.threshold[some])
    above = np.nextafter(trees.threshold[some].astype(np.float32), np.float32(np.inf))
    table[3 * len(some) + np.arange(len(some)), trees.column[some]] = above
    close(name, trees(found.encode(table)), outputs(call, target, table))


def masked(call, target, x, background):
    """v of all coalitions by the model itself. Shape ``(2**n,)``."""
    n = len(x)
    there = (np.arange(2**n)[:, None] >> np.arange(n) & 1).astype(bool)
    table = np.where(there[:, None], x, background)
    return outputs(call, target, table.reshape(-1, n)).astype(np.float64).reshape(2**n, -1).mean(1)


def mobius_by_loops(values):
    n = len(values).bit_length() - 1
    values = values.copy()
    for i in range(n):
        for mask in range(2**n):
            if mask >> i & 1:
                values[mask] -= values[mask ^ 1 << i]
    return values


@pytest.mark.parametrize("name", MODELS)
def test_dividends_and_shapley_values_are_those_of_masked_rows(name):
    target, make = MODELS[name]
    model, rows, call = make()
    x, background = rows[3], rows[40:46]
    game = Game.from_trees(model, x, background, target=target)
    values = masked(call, target, x, background)
    effects, expected = harsanyi(game), mobius_by_loops(values)
    close(name, effects.values, expected)
    close(name, game(np.array([[1] * FEATURES, [0] * FEATURES])), values[[-1, 0]])
    sizes = np.bitwise_count(np.arange(2**FEATURES))
    shapley = [
        sum(expected[mask] / sizes[mask] for mask in range(2**FEATURES) if mask >> i & 1) for i in range(FEATURES)
    ]
    close(name, method("shapley").attribute(game), shapley)
    close(name, allocate(effects, method("shapley").policy(game)).attribution, shapley)


@pytest.mark.parametrize("name", ["forest", "xgboost-of-two", "lightgbm-zeros"])
def test_low_orders_are_those_of_all_dividends(name):
    target, make = MODELS[name]
    model, rows, _ = make()
    game = Game.from_trees(model, rows[3], rows[40:44], target=target)
    everything, low = harsanyi(game), harsanyi(game, order=2)
    assert len(low) == 1 + FEATURES + FEATURES * (FEATURES - 1) // 2
    for coalition in ((), (0,), (6,), (0, 1), (4, 5)):
        torch.testing.assert_close(low[coalition], everything[coalition], rtol=0, atol=1e-12)
    torch.testing.assert_close(low.remainder, everything.total - low.total, rtol=0, atol=1e-12)
    assert low.truncated
    assert not everything.truncated
    assert abs(float(everything.remainder)) < 1e-12
    with pytest.raises(LookupError, match="order"):
        low[0, 1, 2]


@pytest.mark.parametrize("name", ["forest", "xgboost-of-two", "lightgbm-zeros"])
def test_only_coalitions_that_have_a_dividend_have_a_row(name, monkeypatch):
    """As above 16 players; what has no row is zero."""
    target, make = MODELS[name]
    model, rows, _ = make()
    game = Game.from_trees(model, rows[3], rows[40:44], target=target)
    everything = harsanyi(game)
    monkeypatch.setattr(of_leaves, "TABLE", 0)
    some = harsanyi(game)
    assert everything.dense
    assert 10 < len(some) == int((everything.values[1:] != 0).sum()) + 1
    assert some.coalitions.members(0) == ()
    for mask in range(2**FEATURES):
        coalition = tuple(i for i in range(FEATURES) if mask >> i & 1)
        assert some[coalition] == everything[coalition]
    shapley = method("shapley").policy(game)
    given = [allocate(effects, shapley) for effects in (some, everything)]
    torch.testing.assert_close(*(each.attribution for each in given), rtol=0, atol=1e-13)
    assert all(given[0].criteria().passes)


@pytest.mark.parametrize("library", ["lightgbm", "xgboost", "histogram"])
def test_splits_by_category(library):
    rows, response = drawn_categories()
    if library == "lightgbm":
        kind = pytest.importorskip("lightgbm").LGBMRegressor
        model = kind(n_estimators=12, verbose=-1, n_jobs=1, min_child_samples=5)
        model.fit(rows, response, categorical_feature=[0, 2])
    elif library == "xgboost":
        kind = pytest.importorskip("xgboost").XGBRegressor
        model = kind(n_estimators=12, n_jobs=1, feature_types=["c", "q", "c", "q"], enable_categorical=True)
        model.fit(rows, response)
    else:
        kind = pytest.importorskip("sklearn.ensemble").HistGradientBoostingRegressor
        model = kind(max_iter=15, categorical_features=[2, 0]).fit(rows, response)
    game = Game.from_trees(model, rows[3], rows[30:36])
    trees = read(model, None).ensemble
    assert trees.goes is not None
    assert len(trees.goes) > 3
    values = masked(model.predict, None, rows[3], rows[30:36])
    close(library, harsanyi(game).values, mobius_by_loops(values))
    unseen = rows[:40].copy()
    unseen[:, 0] = np.where(np.arange(40) % 2, 77, 8)
    found = read(model, None)
    close(library, found.ensemble(found.encode(unseen)), model.predict(unseen))


@pytest.mark.parametrize("name", ["forest", "extra", "boosting-of-two", "xgboost", "xgboost-of-three", "lightgbm"])
def test_shapley_values_are_those_of_shap(name):
    """Its interventional explainer, by its own compiled code."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        shap = pytest.importorskip("shap")
        target, make = MODELS[name]
        model, rows, _ = make()
        explainer = shap.TreeExplainer(model, rows[40:60], feature_perturbation="interventional")
        theirs = np.asarray(explainer.shap_values(rows[3:4], check_additivity=False))[0]
    ours = method("shapley").attribute(Game.from_trees(model, rows[3], rows[40:60], target=target))
    theirs = theirs if theirs.ndim == 1 else theirs[:, target]
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-6 * np.abs(theirs).max())


def test_pairs_are_those_of_all_dividends():
    """Interaction values of order 2, SII, of a game by its leaves."""
    model, rows, _ = MODELS["forest"][1]()
    game = Game.from_trees(model, rows[3], rows[40:60])
    found = leaves(game.cube).by_pair(lambda size: Fraction(1, size - 1))
    weights = [0, 0, *(1 / (size - 1) for size in range(2, FEATURES + 1))]
    expected = contract(harsanyi(game).values, torch.tensor(weights, dtype=torch.float64), 2)
    for i in range(FEATURES):
        for k in range(i):
            assert found[i, k] == found[k, i] == pytest.approx(float(expected[1 << i | 1 << k]), abs=1e-12)
    assert np.abs(found).max() > 0.1
