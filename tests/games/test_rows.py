"""Games of functions of NumPy rows and of DataFrames, against loops over coalitions and background rows, and shap."""

import numpy as np
import pytest
import row_models
import torch
from row_models import ARRAYS, BACKGROUND, FRAMES, drawn, drawn_frame, loops_over_arrays, loops_over_frames

from synergy import Game, harsanyi, method, players

ALL = np.arange(32)[:, None] >> np.arange(5) & 1


def table(game):
    """g of every coalition; position = bitmask."""
    return game(ALL[: 2**game.n, : game.n]).numpy()


def mobius_by_subsets(values):
    """J(S) = Σ_{T⊆S} (−1)^{|S|−|T|} v(T)."""
    size = range(len(values))
    return [sum((-1) ** (bin(s ^ t).count("1")) * values[t] for t in size if t & s == t) for s in size]


@pytest.mark.parametrize("name", ARRAYS)
def test_numpy_rows_give_the_values_of_loops(name):
    predict, (rows, _) = ARRAYS[name]().predict_proba, drawn()
    game = Game.from_model(predict, rows[3], rows[BACKGROUND], target=1)
    right = loops_over_arrays(predict, rows[3], rows[BACKGROUND], 1)
    assert np.abs(table(game) - right).max() < 1e-15
    effects = harsanyi(game)
    assert np.abs(effects.values.numpy() - mobius_by_subsets(right)).max() < 1e-14
    assert effects.calls == 16 * 7


@pytest.mark.parametrize("name", FRAMES)
def test_frames_give_the_values_of_loops(name):
    model, kind = FRAMES[name]
    predict, frame = model().predict_proba, kind(drawn_frame()[0])
    x, background = frame.iloc[[3]], frame.iloc[BACKGROUND]
    game = Game.from_model(predict, x, background, target=1)
    right = loops_over_frames(predict, x, background, 1)
    assert np.abs(table(game) - right).max() < 1e-15
    assert game.names == ("age", "income", "town", "member", "size")


def test_shapley_is_the_mean_over_all_orders():
    predict, frame = row_models.pipeline().predict_proba, drawn_frame()[0]
    x, background = frame.iloc[[3]], frame.iloc[BACKGROUND]
    right = row_models.shapley_by_permutations(loops_over_frames(predict, x, background, 0), 5)
    found = method("shapley").attribute(Game.from_model(predict, x, background, target=0))
    assert np.abs(found.numpy() - right).max() < 1e-15


@pytest.mark.parametrize("name", ["forest", "xgboost", "lightgbm"])
def test_shapley_is_that_of_shap_on_trees(name):
    """Interventional values of probabilities, or of margins where shap adds up leaves."""
    shap = pytest.importorskip("shap")
    (rows, _), model = drawn(), ARRAYS[name]()
    x, background = rows[3], rows[BACKGROUND]
    raw = {
        "forest": model.predict_proba,
        "xgboost": lambda z: model.predict(z, output_margin=True),
        "lightgbm": lambda z: model.predict(z, raw_score=True),
    }
    explainer = shap.TreeExplainer(model, background, feature_perturbation="interventional")
    right = np.asarray(explainer.shap_values(x[None]))[0, :, 2]
    found = method("shapley").attribute(Game.from_model(raw[name], x, background, target=2)).numpy()
    assert np.abs(found - right).max() < 1e-6 * np.abs(right).max()


def test_shapley_is_that_of_shap_on_any_function():
    """Its KernelExplainer asks for all coalitions where they are few, and solves a linear system of them."""
    shap = pytest.importorskip("shap")
    (rows, _), model = drawn(), ARRAYS["boosting"]()
    x, background = rows[3], rows[BACKGROUND]
    explainer = shap.KernelExplainer(lambda z: model.predict_proba(z)[:, 2], background)
    right = explainer.shap_values(x, l1_reg=False, silent=True)
    found = method("shapley").attribute(Game.from_model(model.predict_proba, x, background, target=2)).numpy()
    assert np.abs(found - right).max() < 1e-12


def test_groups_of_columns_are_players():
    predict, frame = row_models.pipeline().predict_proba, drawn_frame()[0]
    x, background = frame.iloc[[3]], frame.iloc[BACKGROUND]
    groups = {"person": ["age", "member"], "where": "town"}
    game = Game.from_model(predict, x, background, target=1, players=groups)
    assert game.names == ("person", "where", "income", "size")
    right = loops_over_frames(predict, x, background, 1)
    bits = (0b01001, 0b00100, 0b00010, 0b10000)  # of each player's columns
    masks = [sum(bits[i] for i in range(4) if s >> i & 1) for s in range(16)]
    assert np.abs(table(game) - right[masks]).max() < 1e-15


def test_an_array_may_be_a_picture():
    """A product of the means of four cells, with NaN in places that are neither here nor there."""
    picture = np.arange(1.0, 17).reshape(1, 4, 4)
    picture[0, 0, 0] = np.nan

    def product(rows):
        assert rows.dtype == np.float32
        assert rows.shape[1:] == (4, 4)
        return np.nanmean(rows.reshape(-1, 2, 2, 2, 2), (2, 4)).reshape(-1, 4).prod(1)

    x = picture.astype(np.float32)
    game = Game.from_model(product, x, 1.0, players=players.grid(x.shape, 2))
    cells = [np.nanmean(cell) for cell in (x[0, :2, :2], x[0, :2, 2:], x[0, 2:, :2], x[0, 2:, 2:])]
    right = [np.prod([cells[i] if s >> i & 1 else 1.0 for i in range(4)]) for s in range(16)]
    # absent, the first cell is 1 at its NaN, too
    assert torch.allclose(game(ALL[:16, :4]), torch.tensor(np.array(right)), rtol=1e-6)
