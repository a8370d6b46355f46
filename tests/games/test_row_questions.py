"""What is asked of every game, of functions of rows: their noise, trials, checkpoints, methods and comparisons."""

import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import row_models
import torch
from row_models import ARRAYS, BACKGROUND, FRAMES, drawn

from decompositions.evaluation.fingerprint.fingerprint import fingerprint
from synergy import METHODS, Game, compare, harsanyi, harsanyi_all, measure, method, taylor

ROWS = drawn()[0]
X, B = ROWS[3], ROWS[BACKGROUND]
W = np.array([0.3, 0.7, -1.1, 0.2])
MASKS = np.arange(16)[:, None] >> np.arange(4) & 1
REMOVING = ("occlusion_1", "occlusion_patch", "prediction_difference", "shapley")


def of_forest(**settings):
    return Game.from_model(row_models.forest().predict_proba, X, B, **{"target": 1} | settings)


# noise ---------------------------------------------------------------------------------------------------------------

SMOOTH = {  # the function, and the same of fractions
    "a constant taken away": (
        lambda z: (z @ W + 1e6) - 1e6,
        lambda z: sum(Fraction(w) * c for w, c in zip(W, z, strict=True)),
    ),
    "float32 inside": (
        lambda z: ((z.astype("f4") @ W.astype("f4") + np.float32(100)) - np.float32(100)).astype(float),
        lambda z: sum(
            Fraction(float(np.float32(w))) * Fraction(float(np.float32(c))) for w, c in zip(W, z, strict=True)
        ),
    ),
}


@pytest.mark.parametrize("name", SMOOTH)
def test_the_noise_of_a_smooth_function_is_its_rounding(name):
    f, exact = SMOOTH[name]
    game = Game.from_model(f, X, ROWS[5])
    rows = np.where(MASKS, X, ROWS[5])
    error = max(abs(float(Fraction(float(f(row[None])[0])) - exact([Fraction(c) for c in row]))) for row in rows)
    assert 0.1 < harsanyi(game).noise / error < 10


@pytest.mark.parametrize("trees", [10, 100, 400])
def test_the_noise_of_trees_is_that_of_their_sum(trees):
    ensemble = pytest.importorskip("sklearn.ensemble")
    rows, labels = drawn()
    model = ensemble.GradientBoostingRegressor(n_estimators=trees, random_state=0).fit(rows, rows[:, 0] * labels + 5)
    game = Game.from_model(model.predict, X, ROWS[5])
    error = 0.0
    for row in np.where(MASKS, X, ROWS[5]):
        leaves = [0.1 * float(tree[0].predict(row[None])[0]) for tree in model.estimators_]
        exact = sum(map(Fraction, leaves), Fraction(float(model.init_.constant_[0, 0])))
        error = max(error, abs(float(Fraction(float(model.predict(row[None])[0])) - exact)))
    assert 0.3 < harsanyi(game).noise / error < 30


def test_no_jump_of_many_trees_is_noise():
    ensemble = pytest.importorskip("sklearn.ensemble")
    game = Game.from_model(
        ensemble.RandomForestClassifier(200, random_state=0).fit(*drawn()).predict_proba, X, B, target=1
    )
    assert game.cube.precision < 1e-14


# trials --------------------------------------------------------------------------------------------------------------


def test_a_function_that_draws_is_refused():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="its output changes between calls"):
        Game.from_model(lambda rows: rows.sum(1) + rng.normal(size=len(rows)), X, B)


@pytest.mark.parametrize("background", [B[:1], B], ids=["one baseline", "seven"])
def test_a_function_whose_rows_depend_on_each_other_is_refused(background):
    with pytest.raises(ValueError, match="rows are not independent"):
        Game.from_model(lambda rows: rows[:, 0] - rows.mean(), X, background)
    large = Game.from_model(lambda rows: rows[:, 0] - rows.mean() * (len(rows) > 9), X, background)
    with pytest.raises(ValueError, match="rows are not independent"):
        harsanyi(large)


def test_a_background_is_not_asked_row_by_row():
    calls = []

    def f(rows):
        calls.append(len(rows))
        return rows.sum(1)

    harsanyi(Game.from_model(f, X, np.repeat(ROWS[20:40], 10, 0)))
    assert sum(calls) < 2 * 16 * 200
    assert len(calls) < 60


# checkpoints ---------------------------------------------------------------------------------------------------------


def test_a_checkpoint_goes_on_and_knows_another_question(tmp_path):
    model, frame = row_models.pipeline(), row_models.drawn_frame()[0]

    asked_rows = []

    def asked(row=3, background=BACKGROUND, predict=model.predict_proba, target=1):
        game = Game.from_model(predict, frame.iloc[[row]], frame.iloc[background], target=target)
        asked_rows.append(0)
        return harsanyi(game.watched(count), checkpoint=tmp_path)

    def count(rows):
        asked_rows[-1] += rows

    first, again = asked(), asked()
    assert asked_rows[0] - asked_rows[1] == 32 * 7  # the rest is what every checkpoint asks, to know the function
    assert torch.equal(first.values, again.values)
    other = row_models.pipeline()
    other.steps[1][1].estimators_[0].tree_.value[0, 0, 0] += 1e-9  # of a node that is no leaf: no value tells
    with pytest.raises(ValueError, match=r"the model changed.*steps"):
        asked(predict=other.predict_proba)
    with pytest.raises(ValueError, match="the input"):
        asked(row=4)
    with pytest.raises(ValueError, match="the baseline changed"):
        asked(background=slice(21, 28))
    with pytest.raises(ValueError, match="the target"):
        asked(target=0)


PRINTED = """
import row_models
from decompositions.evaluation.fingerprint.fingerprint import fingerprint
model = {**row_models.ARRAYS, **{f"{name} of a frame": each[0] for name, each in row_models.FRAMES.items()}}[%r]()
print(sorted(fingerprint(model.predict_proba, "model").items()))
"""


@pytest.mark.parametrize("name", [*ARRAYS, *(f"{name} of a frame" for name in FRAMES)])
def test_a_fitted_model_is_known_again_in_another_process(name):
    model = {**ARRAYS, **{f"{name} of a frame": each[0] for name, each in FRAMES.items()}}[name]()
    here = fingerprint(model.predict_proba, "model")
    tests = Path(__file__).parent.parent / "cases"
    path = os.pathsep.join([str(tests), str(tests.parent.parent)])
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONHASHSEED": "7"}
    there = subprocess.run([sys.executable, "-c", PRINTED % name], env=environment, capture_output=True, text=True)
    assert there.stdout.strip() == str(sorted(here.items())), there.stderr[-500:]


# methods -------------------------------------------------------------------------------------------------------------


def test_removing_methods_apply_and_the_others_say_why_not():
    comparison = compare(of_forest())
    for result in comparison.results:
        applies = result.attribution is not None
        assert applies == (result.name in REMOVING), result.note
        if not applies:
            assert "torch" in result.note or "network" in result.note
    assert "NumPy rows" in comparison.series_note
    assert "does not apply" in comparison.table()


def test_the_axioms_of_the_table_hold_by_hand():
    """Two players and a product: occlusion gives it to both, Shapley half to each."""
    game = Game.from_model(
        lambda rows: rows[:, 0] * rows[:, 1], np.array([2.0, 3.0]), np.array([[0.0, 0.0], [1.0, 1.0]])
    )
    single = [(0.0 + 1.0) / 2, (0.0 + 2.0) / 2]  # J({0}): of b = (0, 0) and of b = (1, 1); J({1}) likewise
    mixed = (6.0 + 2.0) / 2
    effects = harsanyi(game)
    assert effects.to_dict() == {(0,): single[0], (1,): single[1], (0, 1): mixed, (): 0.5}
    assert method("occlusion_1").attribute(game).tolist() == [single[0] + mixed, single[1] + mixed]
    assert method("shapley").attribute(game).tolist() == [single[0] + mixed / 2, single[1] + mixed / 2]
    assert measure("shapley", game).criteria().verdicts["completeness"] == "pass"


@pytest.mark.parametrize("name", [each for each in METHODS if each not in REMOVING])
def test_what_needs_a_gradient_or_a_network_is_refused(name):
    with pytest.raises((TypeError, ValueError), match=r"torch model|torch\.nn\.Module"):
        method(name).attribute(of_forest())


def test_what_lies_between_two_cells_is_refused():
    game = of_forest()
    for ask in (lambda: taylor(game), lambda: game.gradient([[1, 1, 1, 1]]), lambda: game.softened(3.0)):
        with pytest.raises(TypeError, match="need a torch model, and this one is a function of NumPy rows"):
            ask()
    with pytest.raises(TypeError, match="x is NumPy rows and has nothing between"):
        game([[0.5, 1, 1, 1]])
    assert game.model is None


def test_games_of_several_classes_together():
    games = [of_forest(target=target) for target in range(3)]
    for effects, game in zip(harsanyi_all(games), games, strict=True):
        assert torch.equal(effects.values, harsanyi(game).values)


def test_a_function_of_rows_by_from_function():
    frame = row_models.drawn_frame()[0]
    model = row_models.pipeline()
    x, background = frame.iloc[[3]], frame.iloc[BACKGROUND]
    by_model = Game.from_model(model.predict_proba, x, background, target=1)
    by_function = Game.from_function(lambda rows: model.predict_proba(rows)[:, 1], x, background)
    assert by_function.names == by_model.names
    assert torch.equal(harsanyi(by_function).values, harsanyi(by_model).values)
    kinds = []
    Game.from_function(lambda rows: kinds.append(type(rows)) or rows.sum(1), [1.0, 2.0])
    Game.from_function(lambda rows: kinds.append(type(rows)) or rows.sum(1), np.array([1.0, 2.0]))
    assert {kinds[0], kinds[-1]} == {torch.Tensor, np.ndarray}
