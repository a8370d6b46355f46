"""What a person may hand over as rows, and what is said about the rest."""

import functools

import numpy as np
import pytest

from decompositions.models.array_rows import array_cells
from decompositions.models.frame_rows import frame_cells
from synergy import Game, harsanyi

pd = pytest.importorskip("pandas")
NAN = float("nan")
X, B = np.array([1.0, 2.0, 3.0]), np.array([[0.0, 2.0, -1.0], [0.5, 1.0, 3.0]])
TOWNS = pd.CategoricalDtype(["bath", "ely", "york"])
FRAME = pd.DataFrame(
    {
        "age": np.array([31, 58, 31], dtype=np.int32),
        "height": np.array([1.5, NAN, 1.5], dtype=np.float32),
        "town": pd.Series(["york", "ely", "bath"], dtype=TOWNS),
        "name": ["ann", "ann", "ben"],
        "member": [True, False, True],
        "since": pd.to_datetime(["2020-01-02", "2021-01-02", "2020-01-02"]),
        "visits": pd.array([3, None, None], dtype="Int64"),
    }
)
ROW, REST = FRAME.iloc[[0]], FRAME.iloc[1:]


def length(rows):
    return np.zeros(len(rows))


def seen_by(x, baseline, **settings):
    """Everything that a function is given, with the coalition of every row in order."""
    given = []

    def f(rows):
        given.append(rows)
        return length(rows)

    game = Game.from_model(f, x, baseline, **settings)
    given.clear()
    game(np.arange(2**game.n)[:, None] >> np.arange(game.n) & 1)
    return given


@pytest.mark.parametrize("dtype", ["f8", "f4", "i8", "i2", "u1", "bool", ">f8", "U3", "O"])
def test_arrays_keep_their_type(dtype):
    x, b = X.astype(dtype), B.astype(dtype)
    (rows,) = seen_by(x, b)
    assert rows.dtype == x.dtype
    right = [[x[j] if s >> j & 1 else b[k, j] for j in range(3)] for s in range(8) for k in range(2)]
    assert rows.tolist() == right


def test_frames_keep_columns_order_and_types():
    (rows,) = seen_by(ROW, REST)
    assert list(rows.columns) == list(FRAME.columns)
    assert (rows.dtypes == FRAME.dtypes).all()
    assert list(rows.town.cat.categories) == ["bath", "ely", "york"]
    for s in range(2**7):
        for k in range(2):
            for j, name in enumerate(FRAME.columns):
                right = (ROW.iloc[0] if s >> j & 1 else REST.iloc[k])[name]
                cell = rows.iloc[2 * s + k, j]
                assert (pd.isna(cell) and pd.isna(right)) or cell == right


def test_types_of_pandas_own_and_columns_of_any_label():
    frame = pd.DataFrame(
        {
            1: pd.arrays.SparseArray([0.0, 1.0, 0.0]),
            ("a", "b"): pd.period_range("2020-01", periods=3, freq="M"),
            "x": pd.array([1.5, None, 2], dtype="Float64"),
            None: pd.to_datetime(["2020-01-01"] * 3).tz_localize("UTC"),
            2.5: pd.array([True, None, False], dtype="boolean"),
        },
        index=["p", "q", "r"],
    )
    (rows,) = seen_by(frame.iloc[[0]], frame.iloc[1:])
    assert (rows.dtypes == frame.dtypes).all()
    assert list(rows.columns) == list(frame.columns)
    for found, right in ((rows.iloc[[-1]], frame.iloc[[0]]), (rows.iloc[[1]], frame.iloc[[2]])):
        pd.testing.assert_frame_equal(found.reset_index(drop=True), right.reset_index(drop=True))
    levels = pd.DataFrame([[1.0, 2.0], [3.0, 4.0]], columns=pd.MultiIndex.from_tuples([("a", "x"), ("a", "y")]))
    (rows,) = seen_by(levels.iloc[[0]], levels.iloc[[1]], players={"both": [("a", "x"), ("a", "y")]})
    assert rows["a"].to_numpy().tolist() == [[3.0, 4.0], [1.0, 2.0]]


def test_a_function_may_write_into_what_it_is_given():
    def f(rows):
        total = rows.sum(1)
        rows[:] = -1.0
        return total

    x, b = X.copy(), B.copy()
    assert Game.from_model(f, x, b)([[1, 1, 1], [0, 0, 0]]).tolist() == [6.0, (1.0 + 4.5) / 2]
    assert (x == X).all()
    assert (b == B).all()


def test_equal_cells_are_null_players_and_nan_is_equal_to_nan():
    x, b = np.array([1.0, NAN, 0.0, NAN, 5.0]), np.array([[2.0, -NAN, -0.0, 1.0, 5.0]])
    game = Game.from_model(lambda rows: np.nan_to_num(rows, nan=10.0).sum(1), x, b)
    assert game.cube.active() == (0, 2, 3)
    assert harsanyi(game).to_dict()[(3,)] == 9.0
    assert Game.from_model(length, ROW, REST.iloc[:1]).cube.active() == (0, 1, 2, 4, 5, 6)
    assert Game.from_model(length, ROW, REST.iloc[1:]).cube.active() == (2, 3, 6)


@pytest.mark.parametrize("values", [[1, True], [1, 1.0], ["1", 1], [None, NAN], [0.0, -0.0]], ids=repr)
def test_objects_of_two_types_are_two_cells(values):
    x, b = np.array(values[:1], dtype=object), np.array([values[1:]], dtype=object)
    assert Game.from_model(length, x, b).cube.active() == (0,)


def test_a_series_is_read_in_the_types_of_the_background():
    (rows,) = seen_by(FRAME.iloc[0], REST)
    (right,) = seen_by(ROW, REST)
    pd.testing.assert_frame_equal(rows, right)
    (rows,) = seen_by(ROW, FRAME.iloc[1])
    (right,) = seen_by(ROW, FRAME.iloc[[1]])
    pd.testing.assert_frame_equal(rows, right)


def test_one_number_is_a_baseline_of_all_columns():
    frame = pd.DataFrame({"a": [1.5], "b": [2], "c": [True]})
    (rows,) = seen_by(frame, 0)
    assert rows.iloc[0].tolist() == [0.0, 0, False]
    assert (rows.dtypes == frame.dtypes).all()
    assert seen_by(X.astype(int), 7.0)[0][0].tolist() == [7, 7, 7]


def test_the_baselines_are_weighted():
    game = Game.from_model(lambda rows: rows.sum(1), X, B, weights=[3, 1])
    assert game([[0, 0, 0]]).item() == (3 * 1.0 + 4.5) / 4


def test_what_a_function_may_answer_with():
    answers = {
        "int": lambda rows: rows.sum(1).astype(int),
        "bool": lambda rows: rows.sum(1) > 5,
        "list": lambda rows: rows.sum(1).tolist(),
        "column": lambda rows: rows.sum(1, keepdims=True),
        "series": lambda rows: pd.Series(rows.sum(1)),
        "long": lambda rows: rows.sum(1).astype(np.longdouble),
        "objects": lambda rows: rows.sum(1).astype(object),
    }
    for name, f in answers.items():
        assert Game.from_model(f, X, B[:1])([[1, 1, 1]]).item() == (1.0 if name == "bool" else 6.0), name
    frame = Game.from_model(lambda rows: pd.DataFrame({"p": rows[:, 0], "q": rows[:, 1]}), X, B, target=1)
    assert frame([[1, 1, 1]]).item() == 2.0
    chosen = Game.from_model(lambda rows: [rows, rows * 2], X, B, target=lambda outputs: outputs[1][:, 2])
    assert chosen([[1, 1, 1]]).item() == 6.0


class Classifier:
    classes_ = np.array(["no", "yes"])

    def predict(self, rows):
        return self.classes_[(np.asarray(rows)[:, 0] > 0).astype(int)]

    def predict_proba(self, rows, twice=1):
        p = 1 / (1 + np.exp(-twice * np.asarray(rows)[:, 0]))
        return np.stack([1 - p, p], 1)


MODEL = Classifier()


def test_a_class_has_a_name_where_the_object_tells_it():
    for predict in (MODEL.predict_proba, functools.partial(MODEL.predict_proba, twice=1)):
        by_name = Game.from_model(predict, X, B, target="yes")([[1, 1, 1], [0, 0, 0]])
        assert by_name.tolist() == Game.from_model(predict, X, B, target=1)([[1, 1, 1], [0, 0, 0]]).tolist()


def proba(x=X, b=B, **settings):
    settings = {"target": 1} | settings
    return lambda: Game.from_model(MODEL.predict_proba, x, b, **settings)


def of_frame(baseline, x=ROW, **settings):
    return lambda: Game.from_model(length, x, baseline, **settings)


BAD = {
    "labels": (lambda: Game.from_model(MODEL.predict, X, B), TypeError, "'yes'.*no number.*predict_proba"),
    "the object": (lambda: Game.from_model(MODEL, X, B), TypeError, "model.predict_proba, model.predict$"),
    "no target": (proba(target=None), ValueError, r"several outputs, shape \(1, 2\)"),
    "target beyond": (proba(target=2), IndexError, "out of range"),
    "target name": (proba(target="maybe"), LookupError, "'maybe' is no class.*'no', 'yes'"),
    "target name of a function": (of_frame(REST, target="yes"), LookupError, "tells no names"),
    "target of one output": (of_frame(REST, target=1), ValueError, "one number per row already"),
    "target function": (proba(target=lambda outputs: outputs), ValueError, "one number per row"),
    "target function fails": (proba(target=lambda outputs: outputs.logits), ValueError, "AttributeError"),
    "several arrays": (lambda: Game.from_model(lambda z: [z, z], X, B), TypeError, "2 arrays.*target=lambda"),
    "nothing": (lambda: Game.from_model(lambda z: None, X, B), TypeError, "no number"),
    "complex": (lambda: Game.from_model(lambda z: z.sum(1) * 1j, X, B), TypeError, "real numbers.*complex"),
    "half": (lambda: Game.from_model(lambda z: z.sum(1).astype("f2"), X, B), TypeError, "float16"),
    "one for all": (lambda: Game.from_model(lambda z: z[:1].sum(1), X, B), ValueError, "one number per input"),
    "output": (proba(output="probability"), ValueError, "output= is a setting of torch models"),
    "bound": (proba(bound={"a": 1}), ValueError, "bound="),
    "embedding": (proba(embedding="words"), ValueError, "embedding="),
    "raises": (lambda: Game.from_model(lambda z: z["age"], X, B), ValueError, "refuses x, an array.*IndexError"),
    "two rows": (proba(B), ValueError, r"one row.*\(2, 3\)"),
    "no row": (proba(B[:0]), ValueError, "one row"),
    "no column": (proba(X[:0]), ValueError, "one row"),
    "empty background": (proba(b=B[:0]), ValueError, r"at least one.*\(0, 3\)"),
    "narrow background": (proba(b=B[:, :2]), ValueError, r"\(1, 3\).*\(2, 2\)"),
    "other numbers": (proba(b=B.astype("f4")), TypeError, "float64 and the baseline float32"),
    "whole baseline": (proba(b=B.astype(int)), TypeError, "float64 and the baseline int64"),
    "half a number": (proba(X.astype(int), 0.5), TypeError, "cannot hold the baseline 0.5"),
    "a text": (proba(b="zero"), TypeError, "real numbers"),
    "a frame": (proba(b=REST), TypeError, "in NumPy as x is.*DataFrame"),
    "texts and a number": (proba(X.astype("U3"), 0.0), TypeError, "single value is no baseline"),
    "masked": (proba(np.ma.masked_array(X)), TypeError, "masked"),
    "records": (proba(np.zeros(1, dtype=[("a", float)])), TypeError, "DataFrame"),
    "complex x": (proba(X + 0j), TypeError, "complex"),
    "group of picture": (proba(X.reshape(1, 3, 1), 0.0, players={"a": [0]}), TypeError, "groups of columns"),
    "unhashable": (lambda: Game.from_model(length, np.array([[1], 2], dtype=object), [[3, 4]]), TypeError, "a cell is"),
    "missing column": (of_frame(REST.drop(columns="town")), ValueError, "the baseline lacks 'town'"),
    "another column": (of_frame(REST.rename(columns={"town": "city"})), ValueError, "lacks 'town' and x lacks 'city'"),
    "another order": (
        of_frame(REST[FRAME.columns[::-1]]),
        ValueError,
        r"column 0 is 'age' in x.*baseline\[x.columns\]",
    ),
    "another type": (of_frame(REST.astype({"age": float})), TypeError, "'age' is int32 in x and float64"),
    "categories": (
        of_frame(REST.assign(town=REST.town.cat.reorder_categories(["york", "ely", "bath"]))),
        TypeError,
        "'town' is of other categories, or in another order",
    ),
    "two rows of a frame": (of_frame(REST, FRAME[:2]), ValueError, "one row"),
    "empty background of a frame": (of_frame(REST[:0]), ValueError, "at least one row"),
    "an array": (of_frame(B), TypeError, "DataFrame, a Series or one number.*array of shape"),
    "a number": (of_frame(0.0), TypeError, "0.0 is no value of column 'name'"),
    "a number of categories": (of_frame(0.0, ROW[["age", "town"]]), TypeError, "0.0 is no value of column 'town'"),
    "a number beyond": (of_frame(0.5, ROW[["age"]]), TypeError, "0.5 is no value of column 'age'"),
    "another town": (
        of_frame(REST, FRAME.iloc[0].replace("york", "hull")),
        TypeError,
        "'hull' in column 'town'.*cannot hold",
    ),
    "a series without": (of_frame(REST, FRAME.iloc[0].drop("age")), ValueError, "x lacks 'age'"),
    "twice a name": (of_frame(0.0, pd.DataFrame([[1, 2]], columns=["a", "a"])), ValueError, "two are called 'a'"),
    "unknown column": (of_frame(REST, players={"who": ["age", "nam"]}), LookupError, "'nam'.*did you mean 'name'"),
    "in two groups": (of_frame(REST, players={"a": ["age"], "b": "age"}), ValueError, "'age' is in two groups"),
    "empty group": (of_frame(REST, players={"a": []}), ValueError, "'a' has no column"),
    "names": (of_frame(REST, names=["a"]), ValueError, "one per player, 7"),
    "no function": (lambda: Game.from_function(3, X), TypeError, "f is a function"),
    "a torch function": (lambda: Game.from_function(lambda z: z.sum(1), [1.0], target=1), ValueError, "lambda z"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_refused_by_what_is_wrong_with_it(name):
    call, kind, words = BAD[name]
    with pytest.raises(kind, match=words):
        call()


def test_what_is_not_read_is_said_by_the_cells_alone():
    assert array_cells(X, B).codes().tolist() == [[0, 0, 0], [1, 0, 1], [2, 2, 0]]
    assert frame_cells(ROW, REST).codes()[:, :4].tolist() == [[0, 0, 0, 0], [1, 1, 1, 0], [0, 0, 2, 2]]
