"""Outputs that hold several tensors, by the path to one of them, against the tensor itself."""

from collections import namedtuple
from dataclasses import dataclass

import pytest
import torch
from cases import close, draw, mlp
from torch import nn
from transformers.modeling_outputs import SequenceClassifierOutput

from decompositions.dividends.several_games import harsanyi_all
from synergy import Game, harsanyi

X, B = draw(1, 3), draw(1, 3, seed=2)
NET = mlp(nn.Tanh, (3, 5, 4), seed=3)
Pair = namedtuple("Pair", ["hidden", "logits"])


@dataclass
class Answer:
    logits: torch.Tensor
    note: str = "no tensor"


class Gives(nn.Module):
    """NET's output as a part of something."""

    def __init__(self, pack):
        super().__init__()
        self.net, self.pack = NET, pack

    def forward(self, x):
        return self.pack(self.net(x), x)


SHAPES = {
    "dict": (lambda y, x: {"hidden": x, "logits": y}, ("logits", 2)),
    "dict of whole numbers": (lambda y, x: {0: x, 7: y}, (7, 2)),
    "dict of dicts": (lambda y, x: {"head": {"logits": y}, "hidden": x}, ("head", "logits", 2)),
    "tuple": (lambda y, x: (x, y), (1, 2)),
    "tuple from its end": (lambda y, x: (x, y), (-1, 2)),
    "tuple in a dict": (lambda y, x: {"heads": (y, x), "more": None}, ("heads", 0, 2)),
    "named tuple": (lambda y, x: Pair(x, y), ("logits", 2)),
    "named tuple by number": (lambda y, x: Pair(x, y), (1, 2)),
    "dataclass": (lambda y, x: Answer(y), ("logits", 2)),
    "ModelOutput": (lambda y, x: SequenceClassifierOutput(logits=y, hidden_states=(x, x)), ("logits", 2)),
    "one tensor in a dict": (lambda y, x: {"logits": y, "cache": None}, 2),
    "one tensor in a tuple": (lambda y, x: (y,), 2),
    "one tensor in a dataclass": (lambda y, x: Answer(y), 2),
    "one tensor, and what is none": (lambda y, x: {"logits": y, "cache": object()}, ("logits", 2)),
    "one number per row": (lambda y, x: {"score": y[:, 2], "hidden": x}, "score"),
    "one number per row, in a tuple": (lambda y, x: (y[:, 2], x), (0,)),
    "several axes": (lambda y, x: {"maps": y.reshape(-1, 2, 2), "hidden": x}, ("maps", 1, 0)),
    "a function of all": (
        lambda y, x: {"logits": y, "hidden": x},
        lambda out: out["logits"][:, 2] + 0 * out["hidden"][:, 0],
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_the_same_as_the_tensor(shape):
    pack, target = SHAPES[shape]
    game, plain = Game.from_model(Gives(pack), X, B, target=target), Game.from_model(NET, X, B, target=2)
    close(harsanyi(game).values, harsanyi(plain).values, 1e-13)
    points = draw(4, 3).abs()
    close(game.gradient(points), plain.gradient(points), 1e-13)


@pytest.mark.parametrize("output", ["probability", "log_odds"])
def test_kinds_of_output_are_made_of_the_tensor_at_the_path(output):
    game = Game.from_model(Gives(SHAPES["dict"][0]), X, B, target=("logits", 2), output=output)
    close(harsanyi(game).values, harsanyi(Game.from_model(NET, X, B, target=2, output=output)).values, 1e-13)


def test_targets_in_one_tensor_share_forward_passes():
    model = Gives(SHAPES["dict"][0])
    games = [Game.from_model(model, X, B, target=("logits", target)) for target in range(3)]
    games.append(Game.from_model(model, X, B, target=("hidden", 0)))
    together = harsanyi_all(games)
    assert [each.calls for each in together] == [8, 0, 0, 8]
    for target in range(3):
        close(together[target].values, harsanyi(Game.from_model(NET, X, B, target=target)).values, 1e-13)


HELD = {"logits": 4, "hidden": 3}
REFUSED = {
    "no such key": (("logit", 2), LookupError, r"no place 'logit'; it gives \('hidden',\) of shape \(1, 3\)"),
    "no such key, alone": ("scores", LookupError, "no place 'scores'"),
    "no path": (2, ValueError, r"several tensors.*target 2 does not say which.*\('logits',\) of shape \(1, 4\)"),
    "no target": (None, ValueError, "several tensors"),
    "too far": (("logits", "more"), LookupError, "no place 'more'"),
    "no index behind the path": (("logits",), ValueError, r"several outputs, shape \(1, 4\)"),
    "out of range": (("logits", 4), IndexError, "out of range"),
    "a truth value": (("logits", True), TypeError, "a target is a whole number"),
    "a function that fails": (lambda out: out["score"], ValueError, "which holds .*it fails with KeyError"),
    "a function of another shape": (
        lambda out: out["logits"],
        ValueError,
        r"one number per row; for one row.*\(1, 4\)",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_target_that_is_not_there(case):
    target, kind, words = REFUSED[case]
    with pytest.raises(kind, match=words):
        Game.from_model(Gives(SHAPES["dict"][0]), X, B, target=target)


OTHERS = {
    "a name in one tensor": (NET, "logits", LookupError, r"no place 'logits'; it gives one tensor of shape \(1, 4\)"),
    "beyond a tuple": (Gives(lambda y, x: (y, x)), (2, 0), LookupError, r"no place 2; it gives \(0,\) of shape"),
    "no tensor": (Gives(lambda y, x: {"logits": "two"}), ("logits", 2), TypeError, "must give one tensor, not str"),
    "nothing": (Gives(lambda y, x: {"logits": None}), ("logits", 2), TypeError, "must give one tensor, not NoneType"),
}


@pytest.mark.parametrize("case", OTHERS)
def test_an_output_that_is_not_there(case):
    model, target, kind, words = OTHERS[case]
    with pytest.raises(kind, match=words):
        Game.from_model(model, X, B, target=target)


def test_a_kind_of_output_of_a_function_of_several():
    with pytest.raises(ValueError, match="output='probability' is made of one tensor of logits"):
        Game.from_model(Gives(SHAPES["dict"][0]), X, target=lambda out: out["logits"][:, 0], output="probability")


class Counts(nn.Module):
    """Keeps count of its calls."""

    def __init__(self):
        super().__init__()
        self.calls = 0
        self.register_buffer("seen", torch.zeros(1))

    def forward(self, y):
        self.calls += 1
        self.seen += 1
        return y.sum(1)


def test_what_a_target_function_holds_is_left_as_it_was():
    head = Counts()
    game = Game.from_model(Gives(SHAPES["dict"][0]), X, B, target=lambda out: head(out["logits"]))
    close(game([[1, 1, 1]]), NET(X).sum(1), 1e-13)
    assert (head.calls, float(head.seen)) == (0, 0.0)
