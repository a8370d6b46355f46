"""What does not fit is refused, with the rule, what came and the way out."""

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
import sympy
import torch
from cases import BY_ID, GAME_METHODS, mlp
from torch import nn

from synergy import Game, harsanyi, measure, method

X = torch.tensor([[1.0, 2.0, 3.0]])
MODEL = mlp(nn.Softplus, (3, 4, 2), dtype=torch.float32)
SINGLE = mlp(nn.Softplus, (3, 4, 1), dtype=torch.float32)


def total(z):
    return z.sum(1)


def embedding():
    return nn.Sequential(nn.Embedding(5, 3), nn.Flatten(), nn.Linear(6, 1)).eval()


def bag():
    """Sums vectors in the module itself: there are none for each id."""
    return nn.Sequential(nn.EmbeddingBag(5, 3), nn.Linear(3, 1)).eval()


def training(*extra):
    return nn.Sequential(nn.Linear(3, 3), *extra, nn.Linear(3, 1)).train()


class Ends(nn.Module):
    """The input itself, ended by a function."""

    def __init__(self, end):
        super().__init__()
        self.end = end

    def forward(self, z):
        return self.end(z)


DENSE = r"the model must give one dense tensor, not one of the kind torch\.\w+; let it end with "
REFUSED = {
    # the input
    "x without batch axis": (lambda: Game.from_model(SINGLE, X[0]), ValueError, r"batch axis.*\(3,\).*x\[None\]"),
    "x a batch of two": (lambda: Game.from_model(SINGLE, X.repeat(2, 1)), ValueError, r"batch axis.*\(2, 3\).*x\[:1\]"),
    "x empty batch": (lambda: Game.from_model(SINGLE, X[:0]), ValueError, r"batch axis"),
    "x a list": (lambda: Game.from_model(SINGLE, [[1.0, 2.0, 3.0]]), TypeError, "torch tensor.*not list"),
    "x an array": (lambda: Game.from_model(SINGLE, X.numpy()), TypeError, "torch tensor.*not ndarray"),
    "function x batch": (lambda: Game.from_function(total, np.ones((2, 3))), ValueError, r"batch axis.*\(2, 3\)"),
    # the baseline
    "baseline shape": (lambda: Game.from_model(SINGLE, X, torch.zeros(1, 4)), ValueError, r"x's shape.*not.*\(1, 4\)"),
    "baseline axes": (
        lambda: Game.from_model(SINGLE, X, torch.zeros(3)),
        ValueError,
        r"x's shape.*not of shape \(3,\)",
    ),
    "no baselines": (lambda: Game.from_model(SINGLE, X, torch.zeros(0, 3)), ValueError, "at least one"),
    "integer baseline": (lambda: Game.from_model(SINGLE, X, torch.zeros(1, 3).long()), TypeError, "same kind"),
    "baseline elsewhere": (
        lambda: Game.from_model(SINGLE, X, torch.zeros(1, 3, device="meta")),
        ValueError,
        r"x is on cpu and the baseline on meta.*\.to\(\)",
    ),
    "weights count": (lambda: Game.from_model(SINGLE, X, torch.zeros(2, 3), weights=[1]), ValueError, "weights are 2"),
    "weights negative": (
        lambda: Game.from_model(SINGLE, X, torch.zeros(2, 3), weights=[2, -1]),
        ValueError,
        "2 non-negative",
    ),
    "weights zero": (lambda: Game.from_model(SINGLE, X, torch.zeros(2, 3), weights=[0, 0]), ValueError, "positive sum"),
    "weights nan": (
        lambda: Game.from_model(SINGLE, X, torch.zeros(2, 3), weights=[1, math.nan]),
        ValueError,
        "positive sum",
    ),
    "weights infinite": (
        lambda: Game.from_model(SINGLE, X, torch.zeros(2, 3), weights=[1, math.inf]),
        ValueError,
        "weights",
    ),
    # the players
    "players with a gap": (lambda: Game.from_model(SINGLE, X, players=[[0, 2, 2]]), ValueError, r"gap; \[1\] missing"),
    "players from one": (lambda: Game.from_model(SINGLE, X, players=[[1, 2, 3]]), ValueError, r"gap; \[0\] missing"),
    "players shape": (lambda: Game.from_model(SINGLE, X, players=[[0, 1]]), ValueError, "do not broadcast"),
    "players floats": (lambda: Game.from_model(SINGLE, X, players=[[0.0, 1.0, 2.0]]), TypeError, "whole numbers"),
    "names": (lambda: Game.from_model(SINGLE, X, names=["a", "b"]), ValueError, "3 of them, not 2"),
    "names, a set": (lambda: Game.from_model(SINGLE, X, names={"a", "b", "c"}), TypeError, "order.*not a set"),
    "names, a dict": (lambda: Game.from_values([1.0, 2.0], names={"a": 1}), TypeError, "not a dict, which has no such"),
    "names, a number": (lambda: Game.from_values([1.0, 2.0], names=1), TypeError, "a list or a tuple, not 1"),
    "names, none of them": (lambda: Game.from_values([1.0, 2.0], names=[None]), TypeError, "not None"),
    "names, lists": (lambda: Game.from_values([1.0, 2.0], names=[["a"]]), TypeError, "a text or a number"),
    "names, a word": (lambda: Game.from_model(SINGLE, X, names="income"), ValueError, "3 of them, not 6"),
    "players, a dict": (lambda: Game.from_model(SINGLE, X, players={"a": 0}), TypeError, "players are whole numbers"),
    "players, text": (lambda: Game.from_function(total, X, players="features"), TypeError, "not 'features'"),
    "chunk": (lambda: Game.from_model(SINGLE, X, chunk=0), ValueError, "at least 1, not 0"),
    # the model
    "target of one number a row": (
        lambda: Game.from_model(Ends(lambda z: z.argmax(1)), X, target=1),
        ValueError,
        r"gives one number per row already, its output has shape \(1,\).*target=1; leave target out",
    ),
    "sparse": (lambda: Game.from_model(Ends(torch.Tensor.to_sparse), X, target=0), TypeError, DENSE + r"to_dense\(\)"),
    "sparse likely": (
        lambda: Game.from_model(Ends(torch.Tensor.to_sparse), X, target=0, output="probability"),
        TypeError,
        DENSE + r"to_dense\(\)",
    ),
    "sparse function": (
        lambda: Game.from_function(lambda z: z.sum(1).to_sparse(), X),
        TypeError,
        r"the function must give one dense tensor.*sparse_coo.*to_dense\(\)",
    ),
    "mkldnn": (lambda: Game.from_model(Ends(torch.Tensor.to_mkldnn), X, target=0), TypeError, DENSE + r"to_dense\(\)"),
    "two tensors, likely": (
        lambda: Game.from_model(Ends(lambda z: (z, z)), X, target=0, output="probability"),
        ValueError,
        r"several tensors.*target 0 does not say which.*\(0,\) of shape \(1, 3\), \(1,\) of shape",
    ),
    "output on meta": (lambda: Game.from_model(Ends(lambda z: z.to("meta")), X, target=0), ValueError, "is on meta"),
    "no module": (lambda: Game.from_model(total, X), TypeError, r"torch\.nn\.Module.*Game\.from_function"),
    "dropout": (lambda: Game.from_model(training(nn.Dropout()), X), ValueError, r"'1' \(Dropout\).*model\.eval\(\)"),
    "batch norm": (
        lambda: Game.from_model(training(nn.BatchNorm1d(3)), X),
        ValueError,
        r"'1' \(BatchNorm1d\).*model\.eval\(\)",
    ),
    "attention dropout": (
        lambda: Game.from_model(nn.TransformerEncoderLayer(4, 2, dropout=0.1).train(), torch.ones(1, 3, 4), target=0),
        ValueError,
        r"training mode.*model\.eval\(\)",
    ),
    "lstm dropout": (
        lambda: Game.from_model(nn.LSTM(3, 2, num_layers=2, dropout=0.5).train(), torch.ones(1, 2, 3), target=0),
        ValueError,
        r"\(LSTM\).*model\.eval\(\)",
    ),
    "model elsewhere": (
        lambda: Game.from_model(mlp(nn.ReLU, (3, 1), dtype=torch.float32).to("meta"), X),
        ValueError,
        r"the model is on meta and x on cpu.*\.to\(\)",
    ),
    "dtype mismatch": (
        lambda: Game.from_model(SINGLE, X.double()),
        TypeError,
        r"torch\.float32 and x is torch\.float64",
    ),
    "half": (lambda: Game.from_model(SINGLE, X.half()), TypeError, r"x is torch\.float16"),
    "unknown output": (lambda: Game.from_model(SINGLE, X, output="logits"), ValueError, "logit, probability, log_odds"),
    # the target
    "target missing": (lambda: Game.from_model(MODEL, X), ValueError, r"several outputs.*\(1, 2\).*target="),
    "target out of range": (
        lambda: Game.from_model(MODEL, X, target=2),
        IndexError,
        "target 2 is out of range.*2 entr",
    ),
    "target below range": (lambda: Game.from_model(MODEL, X, target=-3), IndexError, "target -3 is out of range"),
    "target axes": (lambda: Game.from_model(MODEL, X, target=(0, 1)), ValueError, "2 indices.*needs 1"),
    "target function": (
        lambda: Game.from_model(MODEL, X, target=lambda y: y.sum()),
        ValueError,
        r"one number per row.*\(\)",
    ),
    "target function rows": (
        lambda: Game.from_model(MODEL, X, target=lambda y: y),
        ValueError,
        r"one number per row.*\(1, 2\)",
    ),
    # tables and points
    "table length": (lambda: Game.from_values([1.0, 2.0, 3.0]), ValueError, r"2\*\*n values.*not 3"),
    "table a number": (lambda: Game.from_values(3.0), ValueError, r"2\*\*n values"),
    "table complex": (lambda: Game.from_values([1j, 2j]), TypeError, "real numbers"),
    "table exact complex": (lambda: Game.from_values([sympy.I, sympy.Integer(1)]), TypeError, "I is no exact number"),
    "table complex among exact": (lambda: Game.from_values([Fraction(1), 1j]), TypeError, "1j is no exact number"),
    "table floats among exact": (lambda: Game.from_values([Fraction(1), 0.5]), TypeError, "exact numbers or floats al"),
    "table with none": (lambda: Game.from_values([1.0, None]), TypeError, "exact number"),
    "table none": (lambda: Game.from_values(None), TypeError, "real numbers.*not None"),
    "table text": (lambda: Game.from_values("0123"), TypeError, "not '0123'"),
    "table words": (lambda: Game.from_values(["0", "1"]), TypeError, "not \\['0', '1'\\]"),
    "table a dict": (lambda: Game.from_values({(): 0.0, (0,): 1.0}), TypeError, "real numbers"),
    "table a set": (lambda: Game.from_values({0.0, 1.0}), TypeError, "real numbers"),
    "table uneven": (lambda: Game.from_values([[1.0], [1.0, 2.0]]), TypeError, "inhomogeneous"),
    "table dates": (lambda: Game.from_values(np.array(["2020-01-01"] * 2, dtype="M8[D]")), TypeError, "real numbers"),
    "table a function": (lambda: Game.from_values(total), TypeError, "real numbers"),
    "table points text": (lambda: Game.from_values([1.0, 2.0])("ab"), TypeError, "rows of n numbers.*not 'ab'"),
    "table points none": (lambda: Game.from_values([1.0, 2.0])(None), TypeError, "not None"),
    "table points complex": (lambda: Game.from_values([1.0, 2.0])([[1j]]), TypeError, "rows of n numbers"),
    "table points nan": (lambda: Game.from_values([1.0, 2.0])([[math.nan]]), ValueError, "corners of the cube only"),
    "table names": (lambda: Game.from_values([1.0, 2.0], names=["a", "b"]), ValueError, "1 of them, not 2"),
    "table inside": (lambda: Game.from_values([1.0, 2.0])([[0.5]]), ValueError, "corners of the cube only"),
    "table gradient": (lambda: Game.from_values([1.0, 2.0]).gradient([[1.0]]), ValueError, "derivative does not exist"),
    "table path": (
        lambda: method("integrated_gradients").attribute(Game.from_values([1.0, 2.0])),
        ValueError,
        "a path through the cube does not exist.*from_model",
    ),
    "point shape": (lambda: Game.from_values(np.zeros(4))([[1, 0, 1]]), ValueError, r"\(batch, 2\), not \(1, 3\)"),
    "point axes": (lambda: Game.from_function(total, X)([1, 0, 1]), ValueError, r"\(batch, 3\), not \(3,\)"),
    # functions
    "function shape": (
        lambda: harsanyi(Game.from_function(lambda z: z, X)),
        ValueError,
        r"one number per input.*\(3, 3\)|one number per input.*3\)",
    ),
    "function detached": (
        lambda: method("gradient_x_input").attribute(Game.from_function(lambda z: z.sum(1).detach(), X)),
        TypeError,
        "no gradient",
    ),
    "integer gradient": (
        lambda: method("gradient_x_input").attribute(
            Game.from_model(bag(), torch.tensor([[1, 4]]), torch.tensor([[0, 0]]))
        ),
        TypeError,
        "floating-point input.*int64.*occlusion_1",
    ),
    # expressions
    "symbols missing": (lambda: Game.from_expression("x*y*z", {"x": 1}), ValueError, "no number for y, z"),
    "value a word": (lambda: Game.from_expression("x", {"x": "many"}), ValueError, "'many' is not"),
    "value none": (lambda: Game.from_expression("x", {"x": None}), ValueError, "None is not"),
    "value nan": (lambda: Game.from_expression("x", {"x": math.nan}), ValueError, "nan is not a"),
    "value infinite": (lambda: Game.from_expression("x", {"x": math.inf}), ValueError, "inf is not a"),
    "value symbolic": (lambda: Game.from_expression("x", {"x": sympy.Symbol("y")}), ValueError, "y is not a finite"),
    "value complex": (lambda: Game.from_expression("x**2", {"x": sympy.I}), ValueError, "number"),
    "x no mapping": (lambda: Game.from_expression("x", [1]), TypeError, "maps the symbols"),
    "x empty": (lambda: Game.from_expression("3", {}), TypeError, "maps the symbols"),
    "expression unreadable": (lambda: Game.from_expression("x +* y", {"x": 1}), ValueError, "is no expression"),
    "expression no expression": (lambda: Game.from_expression("x > 1", {"x": 1}), ValueError, "is no expression"),
    "baseline symbols": (lambda: Game.from_expression("x*y", {"x": 1, "y": 2}, {"x": 0}), ValueError, "check y"),
    "baseline extra": (lambda: Game.from_expression("x", {"x": 1}, {"x": 0, "q": 1}), ValueError, "check q"),
    "expression baselines": (lambda: Game.from_expression("x", {"x": 1}, []), ValueError, "at least one baseline"),
    "expression weights": (
        lambda: Game.from_expression("x", {"x": 1}, [{"x": 0}, {"x": 2}], weights=[1]),
        ValueError,
        "weights are 2",
    ),
    "pole": (lambda: harsanyi(Game.from_expression("1/x", {"x": 1})), ValueError, "no finite value at x = 0"),
    # the price
    "above the limit": (
        lambda: harsanyi(Game.from_function(total, torch.ones(1, 24))),
        ValueError,
        "16,777,216 model calls.*limit of 1,048,576.*order=2",
    ),
    "measure above the limit": (
        lambda: measure("occlusion_1", Game.from_function(total, torch.ones(1, 24))),
        ValueError,
        "limit=16777216",
    ),
    "shapley above the limit": (
        lambda: method("shapley", limit=7).attribute(Game.from_function(total, X)),
        ValueError,
        "8 model calls.*limit of 7.*limit=8",
    ),
    "unknown method": (lambda: measure("shapely", BY_ID["triple"].game()), LookupError, "did you mean 'shapley'"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_refused(what):
    ask, error, words = REFUSED[what]
    with pytest.raises(error, match=words):
        ask()


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("order", [None, 2])
def test_a_value_that_is_not_finite_names_the_coalition(bad, order):
    def f(z):
        return torch.where((z[:, 0] == 0) & (z[:, 1] != 0), bad, z.sum(1))

    game = Game.from_function(f, X, names=["a", "b", "c"])
    with pytest.raises(ValueError, match=rf"output is {bad} for the coalition \{{b\}} \(2 of"):
        harsanyi(game, order=order)


def test_a_baseline_that_is_not_finite_is_named():
    with pytest.raises(ValueError, match=r"∅ \(the baseline\)"):
        harsanyi(Game.from_function(lambda z: 1 / z[:, 0], [1.0]))


@pytest.mark.parametrize("name", [name for name in GAME_METHODS if name not in ("shapley",)])
def test_a_method_on_a_function_that_is_not_finite_inside_is_refused(name):
    """√z has an infinite slope at 0: measured, the derivative there is refused, not spread over the table."""
    game = Game.from_function(lambda z: z[:, 0] ** 0.5 + z[:, 1], [4.0, 1.0])
    if method(name).corners:
        assert torch.isfinite(measure(name, game).values).all()
        return
    with pytest.raises(ValueError, match="NaN or infinity at the end point"):
        measure(name, game)


@pytest.mark.parametrize(
    "model",
    [
        lambda: training(nn.ReLU()),
        lambda: training(nn.LayerNorm(3)),
        lambda: training(nn.Dropout(0.5)).eval(),
        lambda: training(nn.BatchNorm1d(3)).eval(),
    ],
    ids=["relu-training", "layer-norm-training", "dropout-eval", "batch-norm-eval"],
)
def test_a_model_that_answers_alike_is_taken(model):
    assert harsanyi(Game.from_model(model(), X)).values.shape == (8,)


def test_an_integer_input_works_where_players_are_only_removed():
    torch.manual_seed(0)
    model = embedding()
    game = Game.from_model(model, torch.tensor([[1, 4]]), torch.tensor([[0, 2]]))
    both = model(torch.tensor([[0, 2], [1, 2], [0, 4], [1, 4]])).flatten().tolist()
    assert harsanyi(game).values.tolist() == pytest.approx(
        [both[0], both[1] - both[0], both[2] - both[0], both[3] - both[2] - both[1] + both[0]], abs=1e-6
    )


@pytest.mark.parametrize(
    "baseline",
    [0, 0.0, np.float32(0), torch.tensor(0.0), np.zeros((1, 3), dtype=np.float32)],
    ids=["int", "float", "numpy", "tensor", "array"],
)
def test_a_baseline_of_zero_in_every_form(baseline):
    assert harsanyi(Game.from_function(total, X, baseline)).values.tolist() == [0, 1, 2, 0, 3, 0, 0, 0]


@pytest.mark.parametrize("name", ["E", "pi"])
def test_a_player_or_parameter_named_like_a_constant_is_refused(name):
    with pytest.raises(ValueError, match="is the constant"):
        Game.from_expression(f"{name}*x1", {name: 2, "x1": 3})
    with pytest.raises(ValueError, match="is the constant"):
        Game.from_expression("x1", {"x1": 3}, parameters=(name,))


def test_a_name_that_cannot_be_written_is_refused():
    with pytest.raises(ValueError, match="one word of letters"):
        Game.from_expression(sympy.Symbol("lambda") + sympy.Symbol("x"), {"x": 1, "lambda": 2})


def test_a_power_that_would_not_end_is_refused():
    with pytest.raises(ValueError, match="an exponent is at most"):
        Game.from_expression("10**10**10*x1", {"x1": 1})


@pytest.mark.parametrize(
    "names",
    [["a", "b"], ("a", "b"), np.array(["a", "b"]), iter(["a", "b"]), {"a": 1, "b": 2}.keys(), "ab"],
    ids=["list", "tuple", "array", "iterator", "keys", "text"],
)
def test_names_in_every_form_that_has_an_order(names):
    assert Game.from_values([0.0, 1.0, 2.0, 7.0], names=names).names == ("a", "b")


@pytest.mark.parametrize(
    "values",
    [
        np.array([0, 1, 2, 7], dtype=np.uint8),
        np.array([0, 1, 2, 7], dtype=">i2"),
        np.array([0, 1, 2, 7], dtype=">f8"),
        np.array([0, 1, 2, 7], dtype=np.float16),
        np.array([0, 1, 2, 7], dtype=np.longdouble),
        torch.tensor([0, 1, 2, 7], dtype=torch.int8),
        [Decimal(0), Decimal(1), 2, 7],
        [np.int64(0), Fraction(1), 2, 7],
        [sympy.Integer(0), 1, 2, 7],
    ],
    ids=lambda values: str(getattr(values, "dtype", values)),
)
def test_a_table_of_numbers_of_any_type(values):
    """v = 0, 1, 2, 7: J = 0, 1, 2, 4."""
    game = Game.from_values(values)
    assert list(harsanyi(game).values) == [0, 1, 2, 4]
    for dtype in (bool, np.uint8, np.int8, ">i4", ">f4"):
        assert list(game(np.array([[1, 0], [1, 1]]).astype(dtype))) == [1, 7]
    assert list(game(torch.tensor([[1, 0], [1, 1]], dtype=torch.uint8))) == [1, 7]


def test_a_table_of_booleans_counts_true_as_one():
    assert harsanyi(Game.from_values([False, True, True, True])).values.tolist() == [0, 1, 1, -1]


@pytest.mark.parametrize(
    ("dtype", "baseline", "named"),
    [
        (torch.int8, torch.tensor([[1, 300]]), "300"),
        (torch.uint8, -1, "-1"),
        (torch.uint8, 300, "300"),
        (torch.int32, 2**32 + 5, "4294967301"),
        (torch.int32, torch.tensor([[2**40, 1]]), "1099511627776"),
        (torch.bool, 2, "2"),
        (torch.int64, 0.5, "0.5"),
        (torch.int64, 1e30, r"1e\+30"),
        (torch.float32, 1e300, r"1e\+300"),
        (torch.float32, torch.tensor([[0.0, -1e300]], dtype=torch.float64), r"-1e\+300"),
    ],
    ids=str,
)
def test_a_baseline_that_its_type_cannot_hold_is_refused(dtype, baseline, named):
    with pytest.raises(TypeError, match=f"x is {dtype} and cannot hold the baseline {named}; give both"):
        Game.from_function(lambda z: z.sum(1).double(), torch.ones(1, 2).to(dtype), baseline)


def test_a_baseline_is_held_to_the_last_digit():
    game = Game.from_function(lambda z: (z - 2**53).sum(1).double(), torch.tensor([[2**53 + 3]]), 2**53 + 1)
    assert harsanyi(game).values.tolist() == [1, 2]
    game = Game.from_function(lambda z: z[:, 0].isinf().double(), torch.ones(1), -math.inf)
    assert harsanyi(game).values.tolist() == [1, -1]
