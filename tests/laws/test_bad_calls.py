"""The public functions' arguments, each with everything that it does not take: the rule, what came and, where there is
one, the way out. No error comes from below our own code.
"""

import traceback
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
import torch
from cases import mlp
from torch import nn

from decompositions.mobius import mobius, zeta
from synergy import METHODS, Game, allocate, compare, harsanyi, harsanyi_all, measure, method, players, taylor

SOURCES = [Path(__file__).parents[2] / name for name in ("decompositions", "synergy")]
X = torch.tensor([[1.0, 2.0, 3.0]])
MODEL = mlp(nn.Softplus, (3, 4, 2), dtype=torch.float32)
GAME = Game.from_model(MODEL, X, target=0)
LAYER = nn.Linear(5, 1)  # which takes no output of the model
EFFECTS = harsanyi(GAME)
COMPARISON = compare(GAME, ["shapley"])

NOTHING = {"None": None}
TEXT = {"text": "a", "digits": "2", "bytes": b"x"}
COLLECTIONS = {"list": [], "dict": {}, "mapping": {1: 2}, "set": set(), "ragged": [[1, 2], [3]], "array": np.array([])}
OBJECTS = {"function": abs, "type": int, "object": object(), "complex": 1 + 2j}
FRACTIONS = {"half": 0.5, "nan": float("nan"), "inf": float("inf"), "numpy": np.float64(2.5), "decimal": Decimal("0.5")}
BELOW = {"-1": -1, "numpy -1": np.int64(-1)}
NOT_ONE = TEXT | COLLECTIONS | OBJECTS | {"tensor": torch.ones(3)}
NOT_WHOLE = NOT_ONE | FRACTIONS | BELOW | {"True": True, "numpy True": np.True_}
NOT_NUMBERS = (
    {name: each for name, each in (TEXT | COLLECTIONS | OBJECTS).items() if name not in ("list", "array")}
    | NOTHING
    | {"texts": ["a", "b", "c"], "complex ones": [1j, 2, 3], "objects": [object()] * 3, "None in it": [None, 1.0, 2.0]}
)
NOT_A_GAME = NOTHING | NOT_ONE | FRACTIONS | {"model": MODEL, "effects": EFFECTS}
NOT_ENDS = (
    TEXT | OBJECTS | {"nan": [[float("nan"), 1, 1]], "inf": [[1, 1, float("inf")]], "row": [1, 1, 1], "two": [[1, 1]]}
)
NOT_A_NUMBER = {name: each for name, each in (NOTHING | NOT_ONE).items() if name != "digits"}

NOT_EXACT = {name: each for name, each in (NOTHING | NOT_ONE).items() if name != "digits"} | {"True": True}
LISTLESS = TEXT | OBJECTS | FRACTIONS | {"dict": {}, "mapping": {1: 2}, "set": set(), "number": torch.tensor(3.0)}
NOT_NAMES = OBJECTS | FRACTIONS | {"set": {"a", "b", "c"}, "bytes": b"abc", "": ["a", "", "c"]}
NOT_TEXT = {name: each for name, each in NOT_ONE.items() if name not in ("text", "digits")}
NOT_PATHS = NOT_TEXT | FRACTIONS | {"": "", "a zero in it": "a\0b"}


class Keyed(Mapping):
    """One value under a key of any kind, be it one that no dict takes."""

    def __init__(self, key):
        self.key = key

    def __len__(self):
        return 1

    def __iter__(self):
        yield self.key

    def __getitem__(self, key):
        return 1


def expression(**given):
    return Game.from_expression("x", **({"x": {"x": 1}} | given))


def page(**given):
    return COMPARISON.to_html("/no/such/folder/report.html", **given)


def model(**given):
    return Game.from_model(MODEL, X, **({"target": 0} | given))


def function(**given):
    return Game.from_function(lambda z: z.sum(1), **({"x": [1.0, 2.0, 3.0]} | given))


# the call with the argument, what it does not take, the rule
CALLS = {
    "harsanyi game": (harsanyi, NOT_A_GAME, "harsanyi() asks a Game"),
    "harsanyi order": (lambda given: harsanyi(GAME, order=given), NOT_WHOLE | {"0": 0}, "order is the largest number"),
    "harsanyi limit": (lambda given: harsanyi(GAME, limit=given), NOTHING | NOT_WHOLE, "limit is the number"),
    "harsanyi_all games": (
        harsanyi_all,
        {name: each for name, each in NOT_A_GAME.items() if name not in ("list", "array")},
        "harsanyi_all() asks",
    ),
    "harsanyi_all game": (lambda given: harsanyi_all([GAME, given]), NOT_A_GAME, "harsanyi_all() asks a Game"),
    "harsanyi_all limit": (lambda given: harsanyi_all([GAME], limit=given), NOTHING | NOT_WHOLE, "limit is the number"),
    "taylor game": (taylor, NOT_A_GAME, "taylor() asks a Game"),
    "taylor degree": (lambda given: taylor(GAME, given), NOT_WHOLE, "degree is the largest total degree"),
    "taylor limit": (lambda given: taylor(GAME, 1, limit=given), NOTHING | NOT_WHOLE, "limit is the number"),
    "taylor smooth": (
        lambda given: taylor(GAME, 1, smooth=given),
        NOT_ONE | BELOW | {"0": 0},
        "smooth is the sharpness",
    ),
    "softened": (GAME.softened, NOTHING | NOT_ONE | BELOW | {"0": 0}, "smooth is the sharpness"),
    "smoothed": (GAME.smoothed, NOT_NUMBERS | {"row": torch.zeros(3), "other": torch.zeros(2, 4)}, "noise has one row"),
    "model": (
        lambda given: Game.from_model(given, X),
        NOTHING | NOT_ONE | {"game": GAME},
        "a torch.nn.Module is needed",
    ),
    "model x": (
        lambda given: Game.from_model(MODEL, given, target=0),
        {name: each for name, each in (NOTHING | NOT_ONE).items() if name != "tensor"},
        "x is a torch tensor",
    ),
    "model baseline": (lambda given: model(baseline=given), NOT_NUMBERS | {"empty": []}, "a baseline is"),
    "model weights": (
        lambda given: model(weights=given),
        {**{name: each for name, each in NOT_NUMBERS.items() if name != "None"}, "two": [1, 1], "nan": [float("nan")]},
        "weights are",
    ),
    "model output": (lambda given: model(output=given), NOTHING | NOT_ONE, "output is one of"),
    "model target": (
        lambda given: model(target=given),
        TEXT
        | FRACTIONS
        | {"dict": {}, "set": set(), "True": True, "kind": type, "int": int, "text of it": str, "rows": len}
        | {"nothing": lambda z: None, "list": lambda z: z[:, 0].tolist(), "beyond": lambda z: z[:, 9], "layer": LAYER},
        "target",
    ),
    "model players": (
        lambda given: model(players=given),
        {name: each for name, each in NOT_NUMBERS.items() if name != "None"} | {"half": [0, 0.5, 1]},
        "players",
    ),
    "model names": (lambda given: model(names=given), NOT_NAMES, "names come in"),
    "model chunk": (lambda given: model(chunk=given), NOT_WHOLE | {"0": 0}, "chunk is the number"),
    "function": (lambda given: Game.from_function(given, [1.0]), NOTHING | TEXT | COLLECTIONS, "f is a function"),
    "function x": (lambda given: function(x=given), NOT_NUMBERS, "x and the baseline are"),
    "function baseline": (
        lambda given: function(baseline=given),
        {name: each for name, each in NOT_NUMBERS.items() if name != "complex ones"},
        "baseline",
    ),
    "function chunk": (lambda given: function(chunk=given), NOT_WHOLE | {"0": 0}, "chunk is the number"),
    "values": (Game.from_values, NOT_NUMBERS, "values are real numbers"),
    "expression": (
        lambda given: Game.from_expression(given, {"x": 1}),
        {name: each for name, each in (NOTHING | NOT_ONE).items() if name not in ("text", "digits")},
        "an expression is text",
    ),
    "expression x": (lambda given: Game.from_expression("x", given), NOTHING | NOT_ONE, ""),
    "expression x value": (lambda given: expression(x={"x": given}), NOT_EXACT, "number"),
    "expression x key": (
        lambda given: Game.from_expression("x", Keyed(given)),
        {name: each for name, each in (NOTHING | NOT_ONE | FRACTIONS).items() if name not in ("text", "digits")},
        "a symbol is SymPy's",
    ),
    "expression name": (
        lambda given: Game.from_expression("1", {given: 1}),
        {name: name for name in ("nan", "oo", "zoo", "inf", "pi", "EulerGamma")},
        "give the symbol another name",
    ),
    "expression baseline": (
        lambda given: expression(baseline=given),
        {name: each for name, each in NOT_EXACT.items() if name not in ("list", "ragged")},
        "",
    ),
    "expression weights": (
        lambda given: expression(baseline=[0, 1], weights=given),
        {**LISTLESS, "two digits": "13", "two bytes": b"13", "one": [1], "negative": [1, -1], "none": [0, 0]},
        "weights are 2 non-negative numbers",
    ),
    "expression weight": (lambda given: expression(weights=[given]), NOT_EXACT, "number"),
    "expression parameters": (
        lambda given: expression(parameters=given),
        {name: each for name, each in LISTLESS.items() if name not in ("text", "digits", "set")},
        "parameters are a list of the symbols that may stay",
    ),
    "expression parameter": (
        lambda given: expression(parameters=[given]),
        {name: each for name, each in (NOTHING | NOT_ONE | FRACTIONS).items() if name not in ("text", "digits")},
        "a symbol is SymPy's",
    ),
    "points": (GAME, NOT_NUMBERS | {"row": [1.0, 0.0, 1.0]}, "points of the cube are rows"),
    "points of a gradient": (GAME.gradient, NOT_NUMBERS | {"row": [1.0, 0.0, 1.0]}, "points of the cube are rows"),
    "points of a table": (Game.from_values([0.0, 1.0]), NOT_NUMBERS, "points of the cube are rows"),
    "mobius": (mobius, NOT_NUMBERS, "a table over coalitions is"),
    "zeta": (zeta, NOT_NUMBERS, "a table over coalitions is"),
    "grid size": (lambda given: players.grid((1, 1, 4, 4), given), NOTHING | NOT_WHOLE | {"0": 0}, ""),
    "compare game": (compare, NOT_A_GAME, "compare() asks a Game"),
    "compare budget": (lambda given: compare(GAME, budget=given), NOT_WHOLE, "budget is the number"),
    "compare degree": (lambda given: compare(GAME, ["shapley"], degree=given), NOT_WHOLE, "degree is"),
    "compare effects": (
        lambda given: compare(GAME, ["shapley"], effects=given),
        {name: each for name, each in NOT_A_GAME.items() if name not in ("None", "effects")},
        "effects are what harsanyi(game) gives",
    ),
    "compare methods": (
        lambda given: compare(GAME, given),
        FRACTIONS | {"object": object(), "tensor": torch.tensor(2.0)},
        "methods is a list",
    ),
    "measure game": (lambda given: measure("shapley", given), NOT_A_GAME, "measure() asks a Game"),
    "measure limit": (lambda given: measure("shapley", GAME, limit=given), NOTHING | NOT_WHOLE, "limit is the number"),
    "measure points": (
        lambda given: measure("shapley", GAME, points=given),
        NOT_WHOLE,
        "points is the number",
    ),
    "allocate effects": (
        lambda given: allocate(given, method("shapley").policy(GAME)),
        {name: each for name, each in NOT_A_GAME.items() if name != "effects"},
        "allocate() shares out Effects",
    ),
    "allocate policy": (
        lambda given: allocate(EFFECTS, given),
        NOT_A_GAME,
        "allocate() shares effects out by a Policy",
    ),
    "method": (method, NOTHING | OBJECTS | FRACTIONS, "a method is asked for by its name"),
    "page path": (COMPARISON.to_html, NOTHING | NOT_PATHS, "a report is kept in a file, and path is its name"),
    "page title": (lambda given: page(title=given), NOTHING | NOT_TEXT, "title is a text in a report"),
    "page view": (lambda given: page(view=given), NOT_ONE, "view is a Picture, Words or Features"),
    "page facts": (
        lambda given: page(facts=given),
        {name: each for name, each in NOT_ONE.items() if name != "dict"},
        "facts map what is said",
    ),
    "figure path": (COMPARISON.plot, NOT_PATHS, "a figure is kept in a file, and path is its name"),
    "effects by size": (EFFECTS.top, NOTHING | NOT_WHOLE, ""),
}
SETTINGS = {
    "integrated_gradients nodes": (NOT_WHOLE | {"0": 0, "huge": 10**30}, "nodes is the number"),
    "expected_gradients nodes": (NOT_WHOLE | {"0": 0, "huge": 10**30}, "nodes is the number"),
    "smoothgrad_x_input samples": (NOTHING | NOT_WHOLE | {"0": 0, "huge": 10**30}, "samples is the number"),
    "smoothgrad_x_input seed": (NOTHING | NOT_WHOLE | {"row of one": torch.tensor([[1]])}, "seed is that"),
    "smoothgrad_x_input sigma": (NOT_A_NUMBER | BELOW | {"inf": float("inf"), "True": True}, "sigma is the standard"),
    "shapley limit": (NOTHING | NOT_WHOLE | {"0": 0}, "limit is the number"),
}
for _name, (_wrong, _rule) in SETTINGS.items():
    _method, _setting = _name.split()
    CALLS[_name] = (lambda given, m=_method, s=_setting: method(m, **{s: given}), _wrong, _rule)
for _name in ("integrated_gradients", "expected_gradients", "smoothgrad_x_input"):
    CALLS[f"{_name} estimate"] = (lambda given, name=_name: method(name).estimate(given), NOT_A_GAME, "asks a Game")
for _name in METHODS:
    CALLS[f"{_name} game"] = (lambda given, name=_name: method(name).attribute(given), NOT_A_GAME, "asks a Game")
    if METHODS[_name].scope in ("game", "layer"):
        CALLS[f"{_name} ends"] = (lambda given, name=_name: method(name).attribute(GAME, given), NOT_ENDS, "points")
    CALLS[f"{_name} policy"] = (lambda given, name=_name: method(name).policy(given), NOT_A_GAME, "asks a Game")
CASES = [(call, name) for call, (_, wrong, _) in CALLS.items() for name in wrong]


def in_our_code(error):
    """Whether an error was raised by a line of ours that raises."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    ours = any(Path(last.filename).is_relative_to(source) for source in SOURCES)
    return ours and (last.line or "").startswith("raise ")


@pytest.mark.parametrize(("call", "name"), CASES, ids=[f"{call}: {name}" for call, name in CASES])
def test_what_an_argument_does_not_take_is_refused_by_the_rule(call, name):
    ask, wrong, rule = CALLS[call]
    with pytest.raises((TypeError, ValueError, LookupError)) as caught:
        ask(wrong[name])
    assert in_our_code(caught.value), traceback.format_tb(caught.value.__traceback__)[-1]
    said = str(caught.value.args[0])
    assert rule in said
    assert len(said) < 400


@pytest.mark.parametrize("number", [np.array(5), np.int64(5), torch.tensor(5)], ids=["array", "NumPy's", "tensor"])
@pytest.mark.parametrize("setting", ["integrated_gradients nodes", "shapley limit", "smoothgrad_x_input seed"])
def test_a_whole_number_of_another_library_is_that_number(setting, number):
    name, key = setting.split()
    game = Game.from_function(lambda z: z.prod(1), [2.0, 3.0])
    assert method(name, **{key: number}) == method(name, **{key: 5})
    assert torch.equal(method(name, **{key: number}).attribute(game), method(name, **{key: 5}).attribute(game))
