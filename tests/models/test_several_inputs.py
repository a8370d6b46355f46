"""Models of several inputs, one of which is explained, against a model that has the rest written into it."""

import pytest
import torch
from cases import close, draw, mlp
from torch import nn

from decompositions.models.inputs import inputs_of
from synergy import Game, harsanyi

X, B = draw(1, 3), draw(1, 3, seed=2)
GATE, ROWS = draw(1, 3, seed=4), draw(2, 3, seed=5)
NET = mlp(nn.Tanh, (3, 5, 2), seed=3)


class Gated(nn.Module):
    """An input, a gate for each entry, rows that all inputs share, and a setting."""

    def __init__(self):
        super().__init__()
        self.net = NET

    def forward(self, x, gate=None, rows=None, power=1, pixel_mask=None):
        x = x if gate is None else x * gate
        x = x if rows is None else x + rows.sum(0)
        return self.net(x if pixel_mask is None else x * pixel_mask) ** power


class Written(nn.Module):
    """The same with everything but x written into it."""

    def __init__(self):
        super().__init__()
        self.net = NET

    def forward(self, x):
        return self.net(x * GATE + ROWS.sum(0)) ** 2


REST = {"gate": GATE, "rows": ROWS, "power": 2}
ASKED = {
    "bound": lambda **given: Game.from_model(Gated(), X, B, target=1, bound=REST, **given),
    "bound and named": lambda **given: Game.from_model(Gated(), X, B, target=1, bound=REST, explain="x", **given),
    "in one mapping": lambda **given: Game.from_model(Gated(), {"x": X, **REST}, B, target=1, explain="x", **given),
    "in a mapping and bound": lambda **given: Game.from_model(
        Gated(), {"gate": GATE, "x": X}, B, target=1, explain="x", bound={"rows": ROWS, "power": 2}, **given
    ),
}


@pytest.mark.parametrize("way", ASKED)
def test_the_same_as_written_into_the_model(way):
    game, plain = ASKED[way](), Game.from_model(Written(), X, B, target=1)
    close(harsanyi(game).values, harsanyi(plain).values, 1e-13)
    points = draw(5, 3).abs()
    close(game(points), plain(points), 1e-13)
    close(game.gradient(points), plain.gradient(points), 1e-13)


def test_the_other_input_may_be_explained():
    game = Game.from_model(Gated(), {"x": X, **REST}, target=1, explain="gate")
    rows = torch.tensor([[1, 0, 1], [0, 0, 0], [1, 1, 1]])
    close(game(rows), torch.stack([NET(X * GATE * row + ROWS.sum(0))[0, 1] ** 2 for row in rows]), 1e-13)


FOUND = {
    "the only tensor": ({"x": X, "power": 2}, "x"),
    "the only one of floating-point numbers": ({"ids": torch.tensor([[1]]), "x": X}, "x"),
    "the only one but for a mask": ({"x": X, "pixel_mask": torch.ones(1, 3)}, "x"),
    "the only one of whole numbers but for a mask": (
        {"attention_mask": torch.ones(1, 3), "ids": torch.ones(1, 3).long()},
        "ids",
    ),
}


@pytest.mark.parametrize("case", FOUND)
def test_the_explained_one_is_found(case):
    x, name = FOUND[case]
    found = inputs_of(x, None, None)
    assert found.name == name
    assert found.explained is x[name]
    assert found.bound.keys() == x.keys() - {name}


def test_a_baseline_may_be_a_mapping_with_the_same_rest():
    x = {"x": X, **REST}
    game = Game.from_model(Gated(), x, {"x": B, "gate": GATE}, target=1, explain="x")
    close(harsanyi(game).values, harsanyi(ASKED["bound"]()).values, 1e-13)


class Writes(nn.Module):
    """Writes into whatever it is given."""

    def forward(self, x, gate):
        y = (x * gate).sum(1)
        gate.mul_(0)
        x.mul_(0)
        return y


def test_nothing_of_the_callers_is_written_to():
    gate = GATE.clone()
    game = Game.from_model(Writes(), X, B, bound={"gate": gate})
    close(
        game([[1, 1, 1], [0, 1, 0]]),
        torch.stack([(X * GATE).sum(), (B * GATE).sum() + (X - B)[0, 1] * GATE[0, 1]]),
        1e-13,
    )
    assert torch.equal(gate, GATE)
    gate.zero_()  # what the game holds is its own
    close(game([[1, 1, 1]]), (X * GATE).sum(1), 1e-13)


@pytest.mark.parametrize(("changed", "where"), [("gate", "bound_gate"), ("power", "settings")])
def test_other_bound_inputs_are_another_question(changed, where, tmp_path):
    harsanyi(ASKED["bound"](), checkpoint=tmp_path / "kept")
    harsanyi(ASKED["bound"](), checkpoint=tmp_path / "kept")
    other = REST | {"gate": GATE + 1e-9, "power": 1}
    game = Game.from_model(Gated(), X, B, target=1, bound=REST | {changed: other[changed]})
    with pytest.raises(ValueError, match=f"another question: the model.*{where}"):
        harsanyi(game, checkpoint=tmp_path / "kept")


BOTH = {"x": X, "gate": GATE}
REFUSED = {
    "two of floating-point numbers": ({"x": BOTH}, ValueError, r"among \['x', 'gate'\]: say which with explain="),
    "two of whole numbers": ({"x": {"x": X.long(), "gate": GATE.long()}}, ValueError, "cannot be told"),
    "no tensor": ({"x": {"power": 2}}, ValueError, "none of them is a tensor"),
    "another name": ({"x": BOTH, "explain": "y"}, LookupError, "explain='y' is none of the tensors in x: x, gate"),
    "a setting": ({"x": BOTH | {"power": 2}, "explain": "power"}, LookupError, "none of the tensors"),
    "no name": ({"x": BOTH, "explain": 0}, TypeError, "explain is the name of the model's argument"),
    "twice": ({"x": BOTH, "explain": "x", "bound": {"gate": GATE}}, ValueError, "'gate' is in x and in bound"),
    "explained and bound": ({"x": X, "explain": "x", "bound": {"x": X}}, ValueError, "'x' is explained and cannot"),
    "an array": ({"x": {"x": X, "gate": GATE.numpy()}}, TypeError, "'gate' is .*torch.as_tensor"),
    "a list": ({"x": {"x": [1, 2, 3]}}, TypeError, r'return_tensors="pt"'),
    "no mapping": ({"x": X, "bound": [GATE]}, TypeError, "bound is a mapping of the model's argument names"),
    "no name of an argument": ({"x": X, "bound": {"a gate": GATE}}, TypeError, "no name of an argument"),
    "an argument that is not there": ({"x": X, "bound": {"door": GATE}}, TypeError, r"takes \(x, gate, rows, .*'door'"),
    "another device": ({"x": X, "bound": {"gate": GATE.to("meta")}}, ValueError, "the bound 'gate' on meta"),
    "neither": ({"x": [X]}, TypeError, "x is a torch tensor as the model takes it, or a mapping.*not list"),
    "another rest": (
        {"x": BOTH, "explain": "x", "baseline": {"x": B, "gate": GATE + 1}}, ValueError, "'gate' of the baseline is",
    ),
    "a baseline without it": (
        {"x": BOTH, "explain": "x", "baseline": {"gate": GATE}}, LookupError, "a mapping that has .*'x'",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_inputs_that_do_not_fit(case):
    given, kind, words = REFUSED[case]
    with pytest.raises(kind, match=words):
        Game.from_model(Gated(), **given, target=1)


def test_a_second_input_that_is_not_given_is_named_with_the_way_out():
    class Two(nn.Module):
        def forward(self, x, y):
            return (x * y).sum(1)

    with pytest.raises(TypeError, match=r"takes more than x: .*missing 1 required .*'y'; give it with bound="):
        Game.from_model(Two(), torch.ones(1, 2))
