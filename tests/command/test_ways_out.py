"""What is wrong on the command line is said in words of the command line: its options, not Python's arguments."""

import re
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from synergy.command.cli import main

PYTHON = re.compile(
    r"Game\.from|players\.\w|\[Errno|take [xX]\[|\.to\(\)|Traceback|"
    r"\b(bound|explain|target|output|parameters|limit|order|degree|budget|checkpoint|players|baseline)="
)


def dense() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2)).eval()


def convolution() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(72, 2)).eval()


def of_tokens() -> nn.Module:
    class Mean(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.words = nn.Embedding(20, 2)

        def forward(self, ids: torch.Tensor) -> torch.Tensor:
            return self.words(ids).mean(1)

    return Mean().eval()


def of_rows():
    return lambda rows: rows @ np.ones((3, 2))


class OfTwo(nn.Module):
    def forward(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        return a.sum(1) + b.sum(1)


class Named(nn.Module):
    def forward(self, a: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"total": a.sum(1), "each": a}


class Training(nn.Module):
    """In training mode, as every new module is, and NaN everywhere."""

    def forward(self, a: torch.Tensor) -> torch.Tensor:
        return (a.sum(1) - 100).log()


ARRAYS = {
    "vector": np.ones(3),
    "row": np.ones((1, 3)),
    "rows": np.ones((2, 3)),
    "wide": np.ones((1, 7)),
    "scalar": np.array(2.0),
    "none": np.zeros((0, 3)),
    "ids": np.array([[1, 2, 3]]),
    "unknown": np.array([[1, 2, 99]]),
    "picture": np.random.default_rng(0).random((1, 1, 8, 8)),
    "unbatched": np.zeros((1, 8, 8)),
    "last": np.zeros((1, 8, 8, 3)),
}
AXIS = "--input is one input with its batch axis, shape (1, …)"
SHAPE = "--input has the shape that the model takes"
FORMS = "--players are 'features', 'grid:K'"
MODELS = [  # the factory, its options, and what is said
    ("dense", "--input vector.npy", f"{AXIS}, not (3,); save it with its batch axis"),
    ("dense", "--input rows.npy", AXIS),
    ("dense", "--input scalar.npy", AXIS),
    ("dense", "--input none.npy", AXIS),
    ("convolution", "--input unbatched.npy", SHAPE),
    ("convolution", "--input last.npy", SHAPE),
    ("dense", "--input wide.npy", SHAPE),
    ("dense", "--input ids.npy", SHAPE),
    ("of_tokens", "--input row.npy", SHAPE),
    ("of_tokens", "--input unknown.npy", SHAPE),
    ("of_rows", "--input rows.npy", "--input is one row of at least one entry"),
    ("of_rows", "--input wide.npy", "given the array of --input"),
    ("dense", "--input row.npy --baseline wide.npy", "--baseline is a number, a tensor of --input's shape (1, 3)"),
    ("dense", "--input row.npy --baseline vector.npy", "--baseline is a number"),
    ("dense", "--input row.npy --baseline none.npy", "--baseline is a number"),
    ("of_rows", "--input row.npy --baseline wide.npy", "--baseline is a number, a row like --input"),
    ("dense", "--input row.npy --baseline 1e300", "--input is torch.float32 and cannot hold the baseline 1e+300"),
    ("of_tokens", "--input ids.npy --baseline 0.5", "--input is torch.int64 and cannot hold the baseline 0.5"),
    ("of_tokens", "--input ids.npy --baseline 99", "it was asked for the coalition ∅ (the baseline)"),
    ("dense", "--input row.npy --players hexagon", FORMS),
    ("dense", "--input row.npy --players grid:40", "--players grid:40: a grid of 40x40 cells does not fit 1x3 pixels"),
    ("convolution", "--input picture.npy --players grid:9", "take 1 to that many a side"),
    ("convolution", "--input picture.npy --players segments:65", "--players segments:65: 65 superpixels do not fit"),
    ("of_rows", "--input row.npy --order 9", "--order is the largest number of players of a coalition"),
    ("of_rows", "--input row.npy --output-kind probability", "--output-kind is a setting of torch models"),
    ("dense", "--input row.npy --output-kind odds", "--output-kind is one of logit"),
    ("OfTwo", "--input row.npy", "bind the rest in what makes the model"),
    ("Named", "--input row.npy", "as in --target total,3: total of shape (1,), each of shape (1, 3)"),
    ("Named", "--input row.npy --target nothing", "it gives total of shape (1,)"),
    ("dense", "--input row.npy --target a", "whose places are whole numbers"),
    ("Training", "--input row.npy", "the output is nan"),
    ("convolution", "--input picture.npy --players features --order 6", "--players grid:4x4"),
]
NAMES = [
    ("model dense:own --input row.npy", "did you mean 'own:dense'?"),
    ("model onw:dense --input row.npy", "did you mean 'own:dense'?"),
    ("model nowhere:dense --input row.npy", "or a module of this folder, which has own"),
    ("model own:dence --input row.npy", "did you mean 'own:dense'?"),
    ("model own:nothing --input row.npy", "it has dense, Wide"),
    ("model own:nn --input row.npy", "it has dense, Wide"),
    ("model own --input row.npy", "such as own:net"),
    ("model own.py --input row.npy", "such as own:net"),
    ("model folder/own.py:dense --input row.npy", "such as folder.own:net"),
    ("model model.pt2 --input row.npy", "of a .pt2 file name a function that reads it"),
    ("expression x1*x2 --at x1=1,x1=2,x2=1", "--at gives each symbol one number, and x1 has 2"),
    ("expression x1*x2 --at x1=1,x2=2 --baseline q", "--baseline gives each symbol one"),
    ("expression x1*x2 --at x1=1,x2=2 --baseline x1=0", "--baseline x1=0,x2=0"),
    ("expression x1*x2 --at x1=1,x2=2 --baseline x1=q,x2=0", "'q' is not a finite real number"),
    ("expression x1*x2 --at x1=1,x2=2 --baseline ,", "',' is not a finite real number"),
    ("expression x1 --at x1=1 --order 2", "--order is the largest number"),
    ("expression x1**x2**x2 --at x1=10**10,x2=100", "take smaller powers or shorter numbers"),
    ("expression x1 --at x1=1 --save effects.txt", "--save writes a .npz file"),
    ("expression x1 --at x1=1 --output page", "--output writes a .html file, and page is named like another"),
    ("digits 7 --players hexagon", FORMS),
    ("tabular --players hexagon", "--players are 'groups'"),
    ("tabular --checkpoint row.npy --methods shapley", "the checkpoint in row.npy cannot be written: Not a directory"),
    ("--methods", "a question is of one kind"),
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a person works."""
    for name, array in ARRAYS.items():
        np.save(tmp_path / name, array)
    own = "from torch import nn\n\ndef dense():\n    return nn.Linear(3, 1)\n\nclass Wide(nn.Module): pass\n"
    (tmp_path / "own.py").write_text(own)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, "own", raising=False)
    monkeypatch.setattr(sys, "path", ["", *sys.path])


def refusal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture, *words: str) -> str:
    """The one line of a call that ends with exit status 2, in which nothing is said in Python's words."""
    monkeypatch.setattr(sys, "argv", ["synergy", *words])
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert PYTHON.search(error) is None
    return error


@pytest.mark.parametrize(("factory", "options", "said"), MODELS)
def test_a_model_that_cannot_be_asked(factory, options, said, folder, monkeypatch, capsys):
    given = options if "--target" in options or factory in ("Named", "OfTwo", "Training") else f"{options} --target 0"
    words = ["explain", "model", f"{__name__}:{factory}", *given.split(), "--methods", "shapley"]
    assert said in refusal(monkeypatch, capsys, *words)


@pytest.mark.parametrize(("words", "said"), NAMES)
def test_a_name_or_a_word_that_is_none(words, said, folder, monkeypatch, capsys):
    assert said in refusal(monkeypatch, capsys, "explain", *words.split())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("measure", "no command 'measure'; there are explain, study, explore, methods, table, neurons"),
        ("explane digits", "did you mean 'explain'?"),
        (
            "table",
            "a table is methods, criteria, axioms or characterizations, as text, markdown or html; name one: synergy "
            "table methods",
        ),
        ("table axiom", "not 'axiom' as 'text': synergy table methods"),
    ],
)
def test_a_command_that_is_none(words, said, monkeypatch, capsys):
    assert said in refusal(monkeypatch, capsys, *words.split())


def explained(capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch, factory: str, *words: str) -> str:
    monkeypatch.setattr(
        sys, "argv", ["synergy", "explain", "model", f"{__name__}:{factory}", *words, "--methods", "shapley"]
    )
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 0
    return capsys.readouterr().out


def test_an_output_may_be_chosen_by_its_name(folder, monkeypatch, capsys):
    words = ["--input", "row.npy", "--target"]
    assert "f(x) = 3" in explained(capsys, monkeypatch, "Named", *words, "total")
    assert "f(x) = 1 " in explained(capsys, monkeypatch, "Named", *words, "each,1")


def test_a_symbol_that_the_expression_does_not_have_is_said(folder, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["synergy", "explain", "expression", "x1*x2", "--at", "x1=1,x2=2,x3=4"])
    with pytest.raises(SystemExit):
        main()
    assert "no part of it: x3" in capsys.readouterr().out


def test_whole_numbers_are_a_baseline_of_an_input_with_decimals(folder, monkeypatch, capsys):
    out = explained(capsys, monkeypatch, "dense", "--input", "row.npy", "--baseline", "ids.npy", "--target", "0")
    assert "1 of them without any difference from the baseline): 4 coalitions" in out


def test_a_picture_without_players_is_divided_into_nine_patches_and_says_so(folder, monkeypatch, capsys):
    words = ["--input", "picture.npy", "--target", "0"]
    out = explained(capsys, monkeypatch, "convolution", *words)
    assert "players: grid:3x3, as none are named" in out
    assert "512 coalitions" in out
    out = explained(capsys, monkeypatch, "convolution", *words, "--players", "grid:2x2")
    assert "as none are named" not in out
    assert "16 coalitions" in out
