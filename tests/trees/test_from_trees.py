"""Questions about models of trees as people ask them, right and wrong."""

import numpy as np
import pytest
import torch
from row_models import categories, drawn_frame, lightgbm_of_categories, xgboost_of_categories
from tree_models import MODELS, drawn

from decompositions import Game, harsanyi
from decompositions.games import from_trees
from decompositions.trees.ensemble import Ensemble
from synergy import Policy, compare, estimate, method

ensemble = pytest.importorskip("sklearn.ensemble")
ROWS, RESPONSE = drawn()
CLASSES = np.array(["no", "perhaps", "yes"])[(RESPONSE > 0).astype(int) + (RESPONSE > 2)]


def forest(**settings):
    return ensemble.RandomForestRegressor(5, random_state=0, **settings).fit(ROWS, RESPONSE)


def frame():
    pd = pytest.importorskip("pandas")
    return pd.DataFrame(ROWS, columns=[f"{letter} name" for letter in "abcdefg"])


def named():
    return ensemble.RandomForestClassifier(5, random_state=0).fit(frame(), CLASSES)


def numbered():
    return ensemble.RandomForestClassifier(5, random_state=0).fit(ROWS, 1 + np.digitize(ROWS[:, 0], (-0.5, 0.5)))


def test_a_class_by_its_name_a_frame_and_groups():
    model, rows = named(), frame()
    game = Game.from_trees(model, rows.iloc[[0]], rows[5:9], target="yes", players={"pair": ["a name", "c name"]})
    assert game.names == ("pair", "b name", "d name", "e name", "f name", "g name")
    same = Game.from_model(
        model.predict_proba, rows.iloc[[0]], rows[5:9], target="yes", players={"pair": ["a name", "c name"]}
    )
    torch.testing.assert_close(method("shapley").attribute(game), method("shapley").attribute(same), rtol=0, atol=1e-14)
    torch.testing.assert_close(harsanyi(game).values, harsanyi(same).values, rtol=0, atol=1e-14)


def test_classes_that_are_numbers_go_by_name_where_they_are_not_counted_from_0():
    three, everybody = numbered(), np.ones((1, 7), dtype=np.int64)
    game = Game.from_trees(three, ROWS[0], ROWS[5:9], target="2")
    assert game(everybody).item() == pytest.approx(three.predict_proba(ROWS[:1])[0, 1])
    signs = ensemble.GradientBoostingClassifier(n_estimators=9).fit(ROWS, np.where(RESPONSE > 0, 1, -1))
    game = Game.from_trees(signs, ROWS[0], ROWS[5:9], target=1)
    assert game(everybody).item() == pytest.approx(signs.decision_function(ROWS[:1])[0])
    with pytest.raises(ValueError, match=r"the class 0 or .*counted 0 from 0, which is -1.*'-1', '1'"):
        Game.from_trees(signs, ROWS[0], ROWS[5:9], target=0)


def test_an_array_for_a_model_that_knows_names():
    """Without scikit-learn's warning; the players have the model's names."""
    game = Game.from_trees(named(), ROWS[0], ROWS[5:9], target=2)
    assert game.names[0] == "a name"
    by_frame = Game.from_trees(named(), frame().iloc[0], frame()[5:9], target="yes")
    assert torch.equal(method("shapley").attribute(game), method("shapley").attribute(by_frame))
    assert Game.from_trees(forest(), ROWS[0], 0.0).names[0] == "x0"
    assert Game.from_trees(forest(), ROWS[0], 0.0, names=list("tuvwxyz")).names[0] == "t"


@pytest.mark.parametrize("make", [list, torch.from_numpy, lambda rows: rows[None] if rows.ndim == 1 else rows])
def test_rows_of_other_kinds(make):
    expected = method("shapley").attribute(Game.from_trees(forest(), ROWS[0], ROWS[5:7]))
    found = method("shapley").attribute(Game.from_trees(forest(), make(ROWS[0]), make(ROWS[5:7])))
    assert torch.equal(found, expected)


def test_weights_of_a_background():
    one, other, both = (
        Game.from_trees(forest(), ROWS[0], rows, weights=weights)
        for rows, weights in ((ROWS[5], None), (ROWS[6], None), (ROWS[5:7], [3, 1]))
    )
    values = [method("shapley").attribute(each) for each in (one, other, both)]
    torch.testing.assert_close(values[2], 0.75 * values[0] + 0.25 * values[1], rtol=0, atol=1e-14)


def test_the_other_of_two_classes_has_the_margin_with_its_sign_changed():
    model = ensemble.GradientBoostingClassifier(n_estimators=9).fit(ROWS, RESPONSE > 0)
    second, first = (
        method("shapley").attribute(Game.from_trees(model, ROWS[0], ROWS[5:9], target=t)) for t in (None, 0)
    )
    assert torch.equal(first, -second)
    assert second.abs().max() > 0.01


def test_shapley_values_of_many_end_points_are_those_of_the_restricted_games():
    model, rows, _ = MODELS["xgboost"][1]()
    game = Game.from_trees(model, rows[3], rows[40:44])
    ends = torch.rand(5, game.n, generator=torch.Generator().manual_seed(0)) < 0.6
    ends[0] = True
    found = method("shapley").attribute(game, ends)
    values = game.tabulated(game(((np.arange(2**game.n)[:, None] >> np.arange(game.n)) & 1).astype(float)))
    torch.testing.assert_close(found, method("shapley").attribute(values, ends), rtol=0, atol=1e-12)
    torch.testing.assert_close(found[0], method("shapley").attribute(game), rtol=0, atol=0)
    with pytest.raises(ValueError, match="zeros and ones"):
        method("shapley").attribute(game, torch.full((1, game.n), 0.5))
    assert method("shapley").price(game) == 0


@pytest.mark.parametrize("make", [lightgbm_of_categories, xgboost_of_categories], ids=["lightgbm", "xgboost"])
def test_columns_of_categories(make):
    model, rows = make(), categories(drawn_frame()[0])
    background = rows[30:35].copy()
    game = Game.from_trees(model, rows.iloc[[3]], background)
    raw = {"raw_score": True} if "lightgbm" in type(model).__module__ else {"output_margin": True}
    same = Game.from_model(lambda some: model.predict(some, **raw), rows.iloc[[3]], background)
    found, expected = method("shapley").attribute(game), method("shapley").attribute(same)
    torch.testing.assert_close(found, expected.double(), rtol=0, atol=1e-6)
    assert found[2] != 0  # the town


def test_histograms_of_a_frame_with_categories():
    rows, labels = drawn_frame()
    rows = categories(rows)[["town", "age", "size", "income"]]
    model = ensemble.HistGradientBoostingClassifier(max_iter=9, categorical_features="from_dtype").fit(rows, labels)
    game = Game.from_trees(model, rows.iloc[[3]], rows[30:35])
    same = Game.from_model(model.decision_function, rows.iloc[[3]], rows[30:35])
    torch.testing.assert_close(method("shapley").attribute(game), method("shapley").attribute(same), rtol=0, atol=1e-12)


def test_early_stopping_counts_the_trees_that_predict():
    library = pytest.importorskip("xgboost")
    model = library.XGBRegressor(n_estimators=60, early_stopping_rounds=2, n_jobs=1)
    model.fit(ROWS[:100], RESPONSE[:100], eval_set=[(ROWS[100:], RESPONSE[100:])], verbose=False)
    game = Game.from_trees(model, ROWS[0], ROWS[5:9])
    trees = len(game.cube.f.call.ensemble.roots)
    assert trees == model.best_iteration + 1 < model.get_booster().num_boosted_rounds()


def test_a_cell_that_stands_for_a_missing_one():
    library = pytest.importorskip("xgboost")
    rows = np.where(ROWS > 0.5, -1.0, ROWS)
    model = library.XGBRegressor(n_estimators=9, n_jobs=1, missing=-1.0).fit(rows, RESPONSE)
    game = Game.from_trees(model, rows[3], rows[40:44])
    same = Game.from_model(lambda some: model.predict(some).astype(float), rows[3], rows[40:44])
    torch.testing.assert_close(method("shapley").attribute(game), method("shapley").attribute(same), rtol=0, atol=1e-5)


def boosters():
    xgboost, lightgbm = (pytest.importorskip(name) for name in ("xgboost", "lightgbm"))
    yield xgboost.XGBRegressor(n_estimators=9, n_jobs=1).fit(frame(), RESPONSE)
    yield lightgbm.LGBMRegressor(n_estimators=9, n_jobs=1, verbose=-1).fit(frame(), RESPONSE)


def test_boosters_themselves():
    for model in boosters():
        booster = getattr(model, "booster_", None) or model.get_booster()
        games = [Game.from_trees(each, ROWS[0], ROWS[5:9]) for each in (model, booster)]
        assert torch.equal(*(method("shapley").attribute(game) for game in games))
        assert games[0].names == games[1].names or games[1].names[0] == "a_name"


def test_what_is_no_plain_sum_is_found_where_the_game_is_built(monkeypatch):
    """A reading that is wrong at one leaf of one tree."""
    model = forest()
    read = from_trees.read

    def wrong(model, target):
        found = read(model, target)
        value = found.ensemble.value.copy()
        value[found.ensemble.is_leaf] += 1e-6 * np.abs(value).max()
        fields = {name: getattr(found.ensemble, name) for name in Ensemble.__dataclass_fields__}
        return type(found)(Ensemble(**{**fields, "value": value}), found.call, found.encode, found.names, found.output)

    Game.from_trees(model, ROWS[0], ROWS[5:9])
    monkeypatch.setattr(from_trees, "read", wrong)
    with pytest.raises(RuntimeError, match=r"the leaves of this model add up to the prediction up to .* only"):
        Game.from_trees(model, ROWS[0], ROWS[5:9])


def with_missing():
    row = ROWS[0].copy()
    row[2] = np.nan
    return row


def two_outputs():
    return ensemble.RandomForestClassifier(3).fit(ROWS, np.stack([CLASSES, CLASSES[::-1]], 1))


def on_a_line():
    linear = pytest.importorskip("sklearn.linear_model").LinearRegression()
    return ensemble.GradientBoostingRegressor(n_estimators=3, init=linear).fit(ROWS, RESPONSE)


def of_xgboost(**settings):
    return pytest.importorskip("xgboost").XGBRegressor(n_estimators=3, n_jobs=1, **settings)


def of_lightgbm(**settings):
    return pytest.importorskip("lightgbm").LGBMRegressor(n_estimators=3, n_jobs=1, verbose=-1, **settings)


WRONG = {
    "a feature that x lacks": (forest, ROWS[0, :6], 0.0, {}, ValueError, "fitted with 7 features.*x has 6"),
    "several rows": (forest, ROWS[:2], 0.0, {}, ValueError, "one row"),
    "a missing cell": (
        lambda: ensemble.GradientBoostingRegressor(n_estimators=3).fit(ROWS, RESPONSE),
        with_missing(), 0.0, {}, ValueError, "the model refuses x or a baseline .*NaN",
    ),
    "texts": (forest, np.array(list("abcdefg")), np.array(list("abcdefg")), {}, TypeError, "the trees compare numbers"),
    "no rows": (forest, "abc", 0.0, {}, TypeError, "rows of numbers"),
    "unfitted": (ensemble.RandomForestRegressor, ROWS[0], 0.0, {}, ValueError, "not fitted"),
    "unfitted XGBoost": (of_xgboost, ROWS[0], 0.0, {}, ValueError, "fit"),
    "unfitted LightGBM": (of_lightgbm, ROWS[0], 0.0, {}, ValueError, "fit"),
    "an isolation forest": (
        lambda: ensemble.IsolationForest(n_estimators=5).fit(ROWS),
        ROWS[0], 0.0, {}, TypeError, "a sum of trees is read from .*LightGBM, not from IsolationForest.*from_model",
    ),
    "a network": (lambda: torch.nn.Linear(7, 1), ROWS[0], 0.0, {}, TypeError, "a sum of trees is read from"),
    "a method": (lambda: forest().predict, ROWS[0], 0.0, {}, TypeError, "the model itself, not its method"),
    "several outputs with classes": (two_outputs, ROWS[0], 0.0, {"target": 0}, TypeError, "fit one model for each"),
    "on top of a line": (on_a_line, ROWS[0], 0.0, {}, TypeError, "init=LinearRegression.*no sum of trees"),
    "a linear booster": (
        lambda: of_xgboost(booster="gblinear").fit(ROWS, RESPONSE), ROWS[0], 0.0, {}, TypeError, "no trees",
    ),
    "linear leaves": (
        lambda: of_lightgbm(linear_tree=True).fit(ROWS, RESPONSE), ROWS[0], 0.0, {}, TypeError, "linear_tree=False",
    ),
    "leaves of vectors": (
        lambda: of_xgboost(multi_strategy="multi_output_tree").fit(ROWS, np.stack([RESPONSE, -RESPONSE], 1)),
        ROWS[0], 0.0, {"target": 0}, TypeError, "one_output_per_tree",
    ),
    "no target": (lambda: named(), ROWS[0], 0.0, {}, ValueError, r"3 outputs \(no, perhaps, yes\).*target="),
    "no such class": (lambda: named(), ROWS[0], 0.0, {"target": "never"}, LookupError, "'no', 'perhaps', 'yes'"),
    "no such number": (lambda: named(), ROWS[0], 0.0, {"target": 3}, LookupError, "from 0 to 2, not 3"),
    "a class or a place": (
        lambda: numbered(), ROWS[0], 0.0, {"target": 1}, ValueError,
        "the class 1 or the one that is counted 1 from 0, which is 2.*give the name, one of '1', '2', '3'",
    ),
    "a class that is no place": (
        lambda: numbered(), ROWS[0], 0.0, {"target": 3}, LookupError, "to 2, not 3, or the name, as '1', '2', '3'",
    ),
    "a boolean": (lambda: named(), ROWS[0], 0.0, {"target": True}, TypeError, "not True"),
    "an output of one": (forest, ROWS[0], 0.0, {"target": 1}, LookupError, "one output.*leave target= out"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_bad_input(name):
    make, x, baseline, settings, error, message = WRONG[name]
    with pytest.raises(error, match=message):
        Game.from_trees(make(), x, baseline, **settings)


def test_other_columns_than_the_model_knows():
    rows, model = frame(), named()
    other = rows.rename(columns={"b name": "z"})
    with pytest.raises(ValueError, match="column 1 is 'z' in x and 'b name' in the model; x lacks 'b name'"):
        Game.from_trees(model, other.iloc[[0]], other[5:9], target="yes")
    turned = rows[[rows.columns[1], rows.columns[0], *rows.columns[2:]]]
    with pytest.raises(ValueError, match=r"column 0 is 'b name' in x and 'a name' in the model; take x\[model"):
        Game.from_trees(model, turned.iloc[[0]], turned[5:9], target="yes")


def test_nothing_lies_between_two_cells():
    game = Game.from_trees(forest(), ROWS[0], ROWS[5:9])
    with pytest.raises(TypeError, match="nothing between"):
        game.gradient(np.ones((1, 7)))
    with pytest.raises(TypeError, match="zeros and ones"):
        game(np.full((1, 7), 0.5))


def test_a_comparison_has_every_effect_of_few_features_and_of_many():
    few = compare(Game.from_trees(forest(), ROWS[0], ROWS[5:9]), ["shapley", "occlusion_1"])
    assert len(few.effects) == 2**7
    assert all(few.results[0].measured.criteria().passes)
    many = np.random.default_rng(0).normal(size=(200, 40))
    model = ensemble.RandomForestRegressor(5, random_state=0, max_depth=4).fit(many, many[:, :6].sum(1))
    game = Game.from_trees(model, many[0], many[5:9])
    found = compare(game, ["shapley", "occlusion_1"])
    assert not found.effects.truncated  # a sum of leaves has few effects, and they are known without a call
    np.testing.assert_allclose(found.effects.values.sum(), model.predict(many[:1])[0], rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.results[0].attribution, method("shapley").attribute(game), rtol=0, atol=1e-14)
    assert found.results[1].measured.criteria().verdicts["completeness"] == "fail"


@pytest.mark.parametrize(
    "index", ["shapley", "banzhaf", "sii", Policy(lambda s: s * 2, "2", "support", symmetric=True)]
)
def test_indices_of_trees_are_exact_without_a_call(index):
    """Compared with those of all 2ⁿ values of the model, which fit the budget."""
    model = forest()
    found = estimate(Game.from_trees(model, ROWS[0], ROWS[5:9]), index)
    same = estimate(Game.from_model(model.predict, ROWS[0], ROWS[5:9]), index)
    assert found.exact
    assert found.calls == 0
    assert same.calls > 0
    np.testing.assert_allclose(found.values, same.values, rtol=0, atol=1e-12)
    assert np.abs(found.values).max() > 0.1
    assert "a sum of leaves" in str(found)


@pytest.mark.parametrize(
    ("x", "baseline", "said"),
    [
        (ROWS[0, :3], ROWS[5:9], "x has 3"),
        (ROWS[:1, :3], ROWS[5:9], "x has 3"),
        (ROWS[0], ROWS[5:9, :3], "the baseline has 3"),
        (ROWS[0, :3].tolist(), 0.0, "x has 3"),
    ],
)
def test_a_row_of_another_width_is_blamed_itself(x, baseline, said):
    with pytest.raises(ValueError, match=f"the model was fitted with 7 features, one column each; {said}"):
        Game.from_trees(forest(), x, baseline)
