"""The command ``synergy``, as a person types it."""

import io
import os
import pickle
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from typer.testing import CliRunner

import synergy
from decompositions import Effects
from synergy import METHODS, Game, harsanyi
from synergy.command.array_file import read_array
from synergy.command.cli import app, main
from synergy.command.explain import QUESTIONS
from synergy.command.work import Work
from synergy.examples import EXAMPLES, OWN


def small_network() -> nn.Module:
    """A factory for ``synergy explain model``: 3·x₀·x₁ + 5·x₂ on two outputs, the second one negative."""

    class Net(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y = 3 * x[:, 0] * x[:, 1] + 5 * x[:, 2]
            return torch.stack([y, -y], 1)

    return Net().eval()


def small_function():
    """The same of NumPy rows."""

    def predict(rows: np.ndarray) -> np.ndarray:
        assert isinstance(rows, np.ndarray)
        y = 3 * rows[:, 0] * rows[:, 1] + 5 * rows[:, 2]
        return np.stack([y, -y], 1)

    return predict


def small_estimator():
    """An object whose method is meant."""

    class Estimator:
        predict = staticmethod(small_function())

    return Estimator()


def run(*words: str) -> str:
    result = CliRunner().invoke(app, list(words), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def fails(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture, *words: str) -> str:
    """What is printed to stderr by a run that must end with exit code 2 and no traceback."""
    monkeypatch.setattr(sys, "argv", ["synergy", *words])
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 2
    return capsys.readouterr().err


@pytest.fixture
def model_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    np.save(tmp_path / "x.npy", np.array([[2.0, 1.0, 1.0]]))
    monkeypatch.chdir(tmp_path)
    return ["explain", "model", f"{__name__}:small_network", "--input", "x.npy"]


def test_methods_lists_the_registry():
    first, besides = run("methods").split("\nbesides the fourteen:\n")
    listed = [[line.split()[0] for line in block.splitlines()] for block in (first, besides)]
    assert listed == [[name for name, cls in METHODS.items() if cls.besides == apart] for apart in (False, True)]


def test_explain_model_says_its_price_prints_the_table_and_writes_report_and_effects(model_words, tmp_path):
    chosen = ["--target", "0", "--methods", "shapley,occlusion_1"]
    out = run(*model_words, *chosen, "--output", "r.html", "--save", "e.npz")
    assert re.search("values of all coalitions +8$", out, re.MULTILINE)
    assert out.index("model calls in all") < out.index("f(b) =")
    effects = Effects.load(tmp_path / "e.npz")
    assert effects.to_dict() == {(): 0, (0,): 0, (1,): 0, (0, 1): 6, (2,): 5, (0, 2): 0, (1, 2): 0, (0, 1, 2): 0}
    page = (tmp_path / "r.html").read_text()
    assert "shapley" in page.lower()


def test_explain_model_takes_the_other_output_and_a_baseline_file(model_words, tmp_path):
    np.save(tmp_path / "b.npy", np.array([[0.0, 1.0, 1.0]]))
    run(*model_words, "--target", "1", "--baseline", "b.npy", "--methods", "shapley", "--save", "e.npz")
    effects = Effects.load(tmp_path / "e.npz")
    assert effects.base == -5
    assert effects[0] == -6
    assert (tmp_path / "reports" / "model.html").exists()


def test_explain_model_takes_a_function_of_numpy_rows_and_a_background(model_words, tmp_path):
    np.save(tmp_path / "row.npy", np.array([2.0, 1.0, 1.0]))
    np.save(tmp_path / "b.npy", np.array([[0.0, 1.0, 1.0], [1.0, 1.0, 0.0]]))
    words = ["explain", "model", f"{__name__}:small_function", "--input", "row.npy", "--baseline", "b.npy"]
    out = run(*words, "--target", "0", "--methods", "shapley,lrp_epsilon", "--save", "e.npz", "--output", "r.html")
    effects = Effects.load(tmp_path / "e.npz").to_dict()
    assert {who: effects[who] for who in [(), (0,), (1,), (2,)]} == {(): 4, (0,): 4.5, (1,): 0, (2,): 2.5}
    assert re.search(r"lrp_epsilon +does not apply \[1\]", out)
    assert "[1] needs the network" in out
    page = (tmp_path / "r.html").read_text()
    assert "lrp_epsilon needs the network" in page


def test_explain_expression_is_exact(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = ["explain", "expression", "x1**2*x2 + 4*x3", "--at", "x1=2,x2=1/3,x3=1"]
    out = run(*words, "--methods", "integrated_gradients")
    assert "8/9" in out
    assert "4/9" in out


def test_explain_shows_an_index_of_interactions(tmp_path, monkeypatch):
    """Of 2·x₁x₂ + 6·x₁x₂x₃ Shapley–Taylor gives {1, 2} 2 + 6/3, and each other pair 2."""
    monkeypatch.chdir(tmp_path)
    point = ["x1*x2 + x1*x2*x3", "--at", "x1=1,x2=2,x3=3", "--methods", "shapley"]
    said = run("explain", "expression", *point, "--interactions", "STII")
    assert "Shapley–Taylor interaction index (STII), order 2, of 3 players" in said
    assert "x1·x2  +4" in said
    assert "x1·x3  +2" in said
    assert "coverage pass (coverage 1), relevance pass (leakage 0), completeness pass (residual 0)" in said
    page = (tmp_path / "reports" / "expression.html").read_text(encoding="utf-8")
    assert "Shapley–Taylor interaction index (STII) of order 2" in page
    said = run("explain", "expression", *point, "--interactions", "IH")  # of the Taylor effects
    assert "x1·x2  +7/3" in said  # in two orders ¼ of 2 and 1/9 of 6 each


def test_an_index_that_does_not_fit_is_found_before_anything_is_paid(monkeypatch, capsys):
    point = ["explain", "expression", "x1*x2", "--at", "x1=1,x2=2"]
    assert "did you mean 'STII'" in fails(monkeypatch, capsys, *point, "--interactions", "STI")
    assert "from 1 to the 2 players" in fails(monkeypatch, capsys, *point, "--interactions", "STII:3")
    assert "STII:3, not 'STII:x'" in fails(monkeypatch, capsys, *point, "--interactions", "STII:x")


def test_budget_leaves_out_what_is_too_dear_and_says_the_price(model_words):
    out = run(*model_words, "--target", "0", "--methods", "integrated_gradients", "--budget", "20")
    assert re.search("integrated_gradients +0  at x alone", out)
    assert "above the budget of 20" in out


def test_within_a_budget_some_rows_are_measured(model_words):
    out = run(*model_words, "--target", "0", "--methods", "integrated_gradients,lrp_epsilon", "--budget", "100")
    assert re.search("integrated_gradients +84  3 coalitions", out)  # 4 end points × (8 + 4 + 7 nodes, and 2 values)
    assert "integrated_gradients nodes=8" not in out.split("settings")[0]
    assert "rows by nodes=8" in " ".join(out.split())
    assert "measured ≤ 1" in out
    assert "nothing is said of larger ones" in " ".join(out.split())
    assert "undecided: of the size of the numerical error, or only some coalitions were looked at" in " ".join(
        out.split()
    )


def test_rows_up_to_an_order(model_words):
    out = run(*model_words, "--target", "0", "--methods", "shapley", "--order", "1", "--budget", "0")
    assert re.search("values of some coalitions +[58]  of at most 1 player", out)
    assert "measured ≤ 1" in out


@pytest.mark.parametrize(
    ("words", "key"),
    [
        (["explain", "photograph"], "photo"),
        (["explain", "model", "nowhere_to_be_found:net", "--input", "x.npy"], "nowhere_to_be_found"),
        (["explain", "model", f"{__name__}:nothing", "--input", "x.npy"], "nothing"),
        (["explain", "model", __name__, "--input", "x.npy"], "package.module:factory"),
        (["explain", "model", f"{__name__}:small_network"], "--input"),
        (["explain", "model", f"{__name__}:small_network", "--input", "gone.npy"], "gone.npy"),
        (["explain", "model", f"{__name__}:small_network", "--input", "x.npy"], "several outputs"),
        (["explain", "model", f"{__name__}:small_network", "--input", "x.npy", "--target", "7"], "out of range"),
        (["explain", "model", f"{__name__}:small_network", "--input", "x.npy", "--target", "a"], "whole number"),
        (["explain", "model", f"{__name__}:small_network", "--input", "x.npy", "--device", "abacus"], "no device"),
        (
            ["explain", "expression", "x1*x2", "--at", "x1=1"],
            "nothing is said of x2; --at names every symbol: --at x1=1,x2=1",
        ),
        (
            ["explain", "expression", "x1*x2", "--at", "x1=a,x2=2"],
            "'a' is not a finite real number; --at gives each symbol one",
        ),
        (["explain", "expression", "x1*x2"], "--at"),
        (["explain", "expression", "x1", "--at", "x1=1", "--methods", "shaply"], "did you mean 'shapley'"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_bad_input_is_one_line(words, key, monkeypatch, capsys, tmp_path):
    np.save(tmp_path / "x.npy", np.array([[2.0, 1.0, 1.0]]))
    monkeypatch.chdir(tmp_path)
    error = fails(monkeypatch, capsys, *words)
    assert key in error
    assert error.startswith("error: ")
    assert error.count("\n") == 1


def test_an_unwritable_report_is_found_before_the_calls_are_paid(model_words, monkeypatch, capsys):
    called = []
    monkeypatch.setattr("synergy.command.answer.harsanyi", lambda *a, **k: called.append(1))
    words = [*model_words, "--target", "0"]
    assert "--output is the name of a file" in fails(monkeypatch, capsys, *words, "--output", "/proc/no/report.html")
    assert "is a directory" in fails(monkeypatch, capsys, *words, "--save", ".")
    assert not called


def test_calls_above_the_limit_are_refused(model_words, monkeypatch, capsys):
    error = fails(monkeypatch, capsys, *model_words, "--target", "0", "--limit", "4")
    assert "8 model calls" in error
    assert "limit" in error


def test_help_runs_as_a_program():
    done = subprocess.run(
        [sys.executable, "-m", "synergy.command.cli", "--help"], capture_output=True, text=True, check=True
    )
    assert "explain" in done.stdout


@pytest.mark.parametrize("kind", QUESTIONS)
def test_every_kind_of_question_has_its_own_help(kind, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    shown = set(re.findall(r"--[a-z][a-z-]+", run("explain", kind, "--help")))
    own = {f"--{name.replace('_', '-')}" for name in QUESTIONS[kind].options()}
    assert shown == own | {f"--{field.name}" for field in fields(Work)} | {"--help"}
    assert kind in run("explain", "--help")


def test_every_example_is_a_kind_of_question():
    assert set(QUESTIONS) == {*EXAMPLES, *OWN}


@pytest.mark.parametrize("at", ["--at x1=2,x2=3", "--at=x1=2,x2=3"])
def test_options_may_come_before_the_kind(at, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    first = run("explain", *at.split(), "--methods", "shapley", "expression", "x1*x2")
    assert first == run("explain", "expression", "x1*x2", "--at", "x1=2,x2=3", "--methods", "shapley")
    assert "x1*x2" in first


NPY = {  # what a file holds that is no array of numbers
    "empty": lambda path: path.write_bytes(b""),
    "short": lambda path: path.write_bytes(b"\x93NUMPY\x01"),
    "text": lambda path: path.write_text("1, 2, 3"),
    "npz": lambda path: os.rename(saved(path.with_suffix(".npz")), path),
    "pt": lambda path: torch.save({"x": torch.zeros(3)}, path),
    "pickle": lambda path: path.write_bytes(pickle.dumps(np.zeros(3))),
    "objects": lambda path: path.write_bytes(npy(np.array([[1, None]], dtype=object))),
    "records": lambda path: path.write_bytes(npy(np.zeros((1, 3), dtype=[("a", "f4"), ("b", "i4")]))),
    "complex": lambda path: path.write_bytes(npy(np.zeros((1, 3), complex))),
    "dates": lambda path: path.write_bytes(npy(np.zeros((1, 3), "datetime64[s]"))),
    "words": lambda path: path.write_bytes(npy(np.array([["a", "b", "c"]]))),
    "cut": lambda path: path.write_bytes(npy(np.zeros((1, 3)))[:-5]),
    "more": lambda path: path.write_bytes(npy(np.zeros((1, 3))) * 2),
    "huge shape": lambda path: path.write_bytes(claimed(f"(1, {10**15})")),
    "endless shape": lambda path: path.write_bytes(claimed(f"({10**300}, {10**300})")),
    "negative shape": lambda path: path.write_bytes(claimed("(-1, -3)")),
    "huge header": lambda path: path.write_bytes(claimed("(1, 3)", padding=3 * 10**6)),
    "deep header": lambda path: path.write_bytes(claimed("(" * 4000)),
    "code in the header": lambda path: path.write_bytes(claimed("__import__('os').system('true')")),
    "version 9": lambda path: path.write_bytes(b"\x93NUMPY\x09\x00" + npy(np.zeros((1, 3)))[8:]),
    "nan": lambda path: path.write_bytes(npy(np.array([[0.0, np.nan, 1.0]]))),
    "infinite": lambda path: path.write_bytes(npy(np.array([[0.0, 1.0, -np.inf]]))),
}


def npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=True)
    return buffer.getvalue()


def saved(path: Path) -> Path:
    np.savez(path, x=np.zeros(3))
    return path


def claimed(shape: str, padding: int = 0) -> bytes:
    """A .npy file of three numbers whose header says a shape."""
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}{' ' * padding}\n".encode()
    return b"\x93NUMPY\x02\x00" + len(header).to_bytes(4, "little") + header + np.zeros(3).tobytes()


BAD_FILES = {
    "empty": "it is empty",
    "short": "header cannot be read",
    "text": "is no .npy file",
    "npz": "an archive, as .npz and .pt are",
    "pt": "an archive, as .npz and .pt are",
    "pickle": "but a pickle",
    "objects": "no real numbers but Python objects",
    "records": "no real numbers but records with named fields",
    "complex": "no real numbers but complex ones",
    "dates": "no real numbers but dates",
    "words": "no real numbers but text",
    "cut": "(1, 3) in float64 takes 24 bytes, and 19 follow",
    "more": "(1, 3) in float64 takes 24 bytes, and 176 follow",
    "huge shape": "takes about 8.0·10^15 bytes, and 24 follow",
    "endless shape": "takes about 8.0·10^600 bytes",
    "negative shape": "the shape (-1, -3)",
    "huge header": "its header takes 3,000,0",
    "deep header": "header cannot be read",
    "code in the header": "header cannot be read",
    "version 9": "holds no plain array",
    "nan": "has nan at (0, 1)",
    "infinite": "has -inf at (0, 2)",
}


@pytest.mark.parametrize("option", ["--input", "--baseline"])
@pytest.mark.parametrize("kind", NPY)
def test_a_file_that_holds_no_array_of_numbers(kind, option, model_words, tmp_path, monkeypatch, capsys):
    NPY[kind](tmp_path / "bad.npy")
    words = ["--target", "0", "--methods", "shapley", option, "bad.npy"]
    if (kind, option) == ("infinite", "--baseline"):
        return  # which a game may have, in the logarithm
    error = refused(monkeypatch, capsys, *model_words, *words)
    assert option in error
    assert (BAD_FILES[kind] if kind != "nan" or option == "--input" else "is or has a NaN") in error
    for advice in ("pickle=True", "allow_pickle", "max_header_size", "trust"):
        assert advice not in error


TYPES = [">f8", "<f4", ">f4", "<f2", ">f2", "longdouble", ">i2", "<i4", ">i8", "u1", ">u2", "<u4", "<u8"]


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("kind", TYPES)
def test_every_real_type_is_the_same_numbers(kind, order, tmp_path):
    array = np.array([[2, 1, 100], [4, 5, 6]], dtype=kind, order=order)
    np.save(tmp_path / "x.npy", array)
    found = torch.from_numpy(read_array(tmp_path / "x.npy", "--input"))
    assert found.tolist() == [[2, 1, 100], [4, 5, 6]]
    assert found.is_floating_point() == (np.dtype(kind).kind == "f")


def test_other_arrays(tmp_path):
    for name, array in {"truth": np.array([True, False]), "none": np.zeros((0, 3)), "one": np.array(2.5)}.items():
        np.save(tmp_path / name, array)
        found = read_array(tmp_path / f"{name}.npy", "--input")
        assert (found.tolist(), found.shape, found.dtype) == (array.tolist(), array.shape, array.dtype)
    np.save(tmp_path / "large.npy", np.array([2**63 + 2**12], dtype=np.uint64))
    assert read_array(tmp_path / "large.npy", "--input").tolist() == [2.0**63 + 2**12]
    with (tmp_path / "third.npy").open("wb") as file:
        np.lib.format.write_array(file, np.array([1.5]), version=(3, 0))
    assert read_array(tmp_path / "third.npy", "--input").tolist() == [1.5]


def test_big_endian_input_gives_the_same_effects(model_words, tmp_path):
    np.save(tmp_path / "x.npy", np.array([[2.0, 1.0, 1.0]], dtype=">f8"))
    run(*model_words, "--target", "0", "--methods", "shapley", "--save", "e.npz")
    assert Effects.load(tmp_path / "e.npz")[0, 1] == 6


class Wide(nn.Module):
    """One whose first layer takes four numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc(x)


def needs_an_argument(size: int) -> nn.Module:
    return nn.Linear(size, 1)


def leaves() -> nn.Module:
    sys.exit("usage: none")


NUMBER = 3
MODEL = f"{__name__}:small_network"
GOOD = ["model", MODEL, "--input", "x.npy", "--target", "0", "--methods", "shapley"]
BAD_CALLS = [
    (
        ["phto"],
        "did you mean 'photo'? There are sentence, photo, digits, digits-polynomial, digits-vit, tabular, and of",
    ),
    (["expresion", "x1", "--at", "x1=1"], "did you mean 'expression'"),
    (["modle", "a:b"], "did you mean 'model'? There are"),
    (["x" * 10**5], "(100,000 characters)"),
    (["model"], "give one: model package.module:factory"),
    (["expression", "  ", "--at", "x1=1"], "give one: expression"),
    (
        ["model", "broken_module:net", "--input", "x.npy"],
        "'broken_module' cannot be imported: NameError: name 'undefined'",
    ),
    (["model", "unreadable:net", "--input", "x.npy"], "'unreadable' cannot be imported: SyntaxError"),
    (["model", "leaving:net", "--input", "x.npy"], "'leaving' cannot be imported: SystemExit"),
    (["model", ":net", "--input", "x.npy"], "package.module:factory"),
    (["model", ".a:net", "--input", "x.npy"], "package.module:factory"),
    (["model", "net.py:net", "--input", "x.npy"], "without .py"),
    (["model", f"{__name__}:NUMBER", "--input", "x.npy"], "is a int, not a torch.nn.Module"),
    (["model", f"{__name__}:small_estimator", "--input", "x.npy"], "a function of NumPy rows; let it give its predict"),
    (["model", f"{__name__}:needs_an_argument", "--input", "x.npy"], "called without arguments to make a model"),
    (["model", f"{__name__}:leaves", "--input", "x.npy"], "fails: SystemExit: usage: none"),
    (["model", f"{__name__}:npy", "--input", "x.npy"], "called without arguments"),
    (["model", f"{__name__}:dict", "--input", "x.npy"], "nothing called 'dict'"),
    (["model", f"{__name__}:Wide", "--input", "x.npy"], "shape"),
    ([*GOOD, "--input", "."], "--input is a .npy file; . is a directory"),
    ([*GOOD, "--input", "x.npy/y.npy"], "there is no file"),
    ([*GOOD, "--device", "meta"], "there is no device 'meta' here: it has no numbers; take --device cpu"),
    ([*GOOD, "--device", "cpu:x"], "there is no device 'cpu:x'"),
    ([*GOOD, "--device", "cuda:99"], "there is no device 'cuda:99'"),
    ([*GOOD, "--device", ""], "there is no device ''"),
    ([*GOOD, "--players", "grid"], "players are 'features'"),
    ([*GOOD, "--players", "grid:0x2"], "grid"),
    ([*GOOD, "--players", "words"], "players are 'features'"),
    ([*GOOD, "--baseline", "zero"], "--baseline is a number or a .npy file, not 'zero'"),
    ([*GOOD, "--baseline", "nan"], "NaN"),
    ([*GOOD, "--baseline", "gone.npy"], "there is no file gone.npy"),
    ([*GOOD, "--baseline", "wide.npy"], "shape"),
    ([*GOOD, "--target", ""], "--target is a whole number"),
    ([*GOOD, "--target", "1.5"], "--target is a whole number"),
    ([*GOOD, "--target", "0,1,2"], "target"),
    ([*GOOD, "--output-kind", "odds"], "log_odds"),
    ([*GOOD, "--degree", "-1"], "'--degree'"),
    ([*GOOD, "--degree", "two"], "'--degree'"),
    ([*GOOD, "--budget", "-1"], "'--budget'"),
    ([*GOOD, "--budget", "1e5"], "'--budget'"),
    ([*GOOD, "--limit", "0"], "'--limit'"),
    ([*GOOD, "--order", "0"], "'--order'"),
    ([*GOOD, "--order", "4"], "order"),
    ([*GOOD, "--at", "x1=1"], "--at belongs to expression; model has --input"),
    ([*GOOD, "--methods", ","], "--methods are names with commas"),
    ([*GOOD, "--methods", "shapley,,shaply"], "did you mean 'shapley'"),
    ([*GOOD, "--output", "."], "--output is the name of a file to write, and . is not"),
    ([*GOOD, "--output", "x.npy/r.html"], "--output is the name of a file"),
    ([*GOOD, "--save", "/proc/none/e.npz"], "--save is the name of a file"),
    ([*GOOD, "--output", "e.npz", "--save", "./e.npz"], "--output writes a file of its own"),
    ([*GOOD, "--save", "x.npy"], "--save writes a file of its own, and --input is x.npy, too"),
    ([*GOOD, "--checkpoint", "x.npy"], "x.npy"),
    (["expression", "x1", "--at", "x1"], "a point is written x1=1,x2=1/2"),
    (["expression", "x1", "--at", "x1=one"], "'one' is not a finite real number"),
    (["expression", "x1 +", "--at", "x1=1"], "x1 +"),
    (["expression", "x1", "--at", "x1=1", "--baseline", "x2=0"], "x2"),
    (
        ["expression", "x1", "--at", "x1=1", "--device", "cpu"],
        "--device belongs to model; expression has --at, --baseline",
    ),
    (["tabular", "--target", "1"], "--target belongs to model; tabular has --players"),
    (["tabular", "--unknown"], "--unknown"),
    (["tabular", "0", "1"], "unexpected extra argument"),
    ([], "a question is of one kind: synergy explain sentence|photo|digits"),
]


def refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture, *words: str) -> str:
    """The one line of a call that ends with exit status 2."""
    error = fails(monkeypatch, capsys, *words)
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    assert len(error) < 1000
    assert "Traceback" not in error
    assert "Aborted" not in error
    return error


@pytest.mark.parametrize(
    ("words", "key"), BAD_CALLS, ids=lambda value: " ".join(value)[:60] if isinstance(value, list) else ""
)
def test_a_bad_call_is_one_line_and_status_2(words, key, monkeypatch, capsys, tmp_path):
    np.save(tmp_path / "x.npy", np.array([[2.0, 1.0, 1.0]]))
    np.save(tmp_path / "wide.npy", np.zeros((1, 7)))
    (tmp_path / "broken_module.py").write_text("net = undefined\n")
    (tmp_path / "unreadable.py").write_text("net = (\n")
    (tmp_path / "leaving.py").write_text("import sys\nsys.exit('bye')\n")
    monkeypatch.chdir(tmp_path)
    before = sorted(path.name for path in tmp_path.iterdir())
    assert key in refused(monkeypatch, capsys, "explain", *words)
    kept = {path.name for path in tmp_path.iterdir()} - {"reports", "__pycache__"}
    assert sorted(kept) == before
    assert len(np.load(tmp_path / "x.npy")) == 1


@pytest.mark.parametrize(
    "words", [["tabel"], ["table", "axiom"], ["table", "methods", "--format", "pdf"], ["--versoin"]], ids=" ".join
)
def test_other_bad_calls(words, monkeypatch, capsys):
    refused(monkeypatch, capsys, *words)


def test_version():
    assert run("--version") == f"synergy-effects {synergy.__version__}\n"


class Fragile(nn.Module):
    """x₀·x₁ whose backward raises, as attention in place or quantised layers do."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.from_numpy((x[:, 0] * x[:, 1]).detach().numpy())


def test_one_method_that_fails_leaves_the_others(model_words, tmp_path):
    words = ["explain", "model", f"{__name__}:Fragile", "--input", "x.npy"]
    out = run(*words, "--methods", "shapley,gradient_x_input,integrated_gradients,lrp_epsilon", "--output", "r.html")
    assert out.count("does not apply [") == 3
    assert "1.000" in out[out.index("shapley") :]
    assert "does not apply" in (tmp_path / "r.html").read_text()


def test_escape_sequences_do_not_reach_the_terminal(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    out = run(
        "explain", "expression", "x1*x2", "--at", "x1=1,x2=1", "--output", "a\x1b[31m.html", "--methods", "shapley"
    )
    assert "\x1b" not in out
    assert r"a\x1b[31m.html" in out
    assert "\x1b" not in refused(monkeypatch, capsys, "explain", "pho\x1b[2Jto\n\x07")


@pytest.mark.parametrize("package", ["typer", "jinja2"])
def test_without_the_extra_the_command_says_so_before_it_computes(package, tmp_path):
    words = ["synergy", "explain", "expression", "x", "--at", "x=1"]
    hidden = f"import sys; sys.modules[{package!r}] = None; sys.argv = {words}"
    code = f"{hidden}; from synergy.command.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, env=here())
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")
    assert "pip install 'synergy-effects[cli]'" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_terminal_that_lacks_letters(tmp_path):
    words, latin = [sys.executable, "-m", "synergy.command.cli", "methods"], here() | {"PYTHONIOENCODING": "latin-1"}
    done = subprocess.run(words, capture_output=True, cwd=tmp_path, env=latin, check=True)
    assert rb"\u03ba\u1d62 / |\u03ba|" in done.stdout


def test_a_report_goes_through_a_link(model_words, tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "r.html").symlink_to("there/page.html")
    run(*model_words, "--target", "0", "--methods", "shapley", "--output", "r.html")
    assert (tmp_path / "r.html").is_symlink()
    assert "<!DOCTYPE html>" in (tmp_path / "there" / "page.html").read_text()


def here() -> dict[str, str]:
    """The environment, in which this tree is imported."""
    return os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}


@pytest.mark.parametrize("error", [RuntimeError("lost"), KeyboardInterrupt()], ids=["error", "interruption"])
def test_a_checkpoint_that_vanished_is_not_said_to_be_kept(error, tmp_path):
    calls = []

    def f(z):
        calls.append(len(z))
        if sum(calls) > 3000:
            shutil.rmtree(tmp_path / "kept")
            raise error
        return z.sum(1)

    game = Game.from_function(f, torch.ones(12), 0.0, chunk=256)
    with pytest.raises(type(error)) as stopped:
        harsanyi(game, checkpoint=tmp_path / "kept")
    said = " ".join([str(stopped.value), *getattr(stopped.value, "__notes__", [])])
    assert "nothing is kept" in said
    assert "has vanished" in said
    assert "goes on from there" not in said


def test_without_an_argument_it_says_what_to_try():
    out = run()
    commands = [line.partition("  #")[0].split() for line in out.splitlines() if line.startswith("  synergy")]
    assert [words[:3] for words in commands] == [["synergy", "explain", k] for k in ("expression", "digits", "model")]
    assert "synergy --help" in out


def test_the_first_command_to_try_works(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (line,) = [line for line in run().splitlines() if "explain expression" in line]
    out = run(*shlex.split(line.partition("  #")[0])[1:])
    assert "f(x) = 7" in out


def test_the_help_of_explain_has_examples():
    out = " ".join(run("explain", "--help").split())
    for words in ('explain sentence "I\'m not happy"', "explain model my_module:net --input x.npy --target 3"):
        assert words in out


@pytest.mark.parametrize(
    ("words", "said", "unsaid"),
    [
        (["--target", "0", "--limit", "4"], "pass --limit 8 to pay for them, or take --order 2", "limit="),
        ([], "say which with --target", "target="),
    ],
)
def test_a_way_out_is_one_of_the_command(model_words, words, said, unsaid, monkeypatch, capsys):
    text = fails(monkeypatch, capsys, *model_words, *words)
    assert said in text
    assert unsaid not in text


def test_a_reason_in_the_report_names_the_option(model_words, tmp_path):
    words = ["--target", "0", "--output-kind", "probability", "--methods", "lrp_epsilon"]
    run(*model_words, *words, "--output", "r.html")
    page = (tmp_path / "r.html").read_text()
    assert "take --output-kind logit" in page
    assert "output=&#39;logit&#39;" not in page


def test_a_series_that_does_not_end_names_the_option(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run("explain", "expression", "exp(x1)", "--at", "x1=1", "--methods", "gradient_x_input", "--output", "r.html")
    page = (tmp_path / "r.html").read_text()
    assert "--degree 6" in page
    assert "degree=6" not in page


def test_a_table_fits_a_terminal(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    out = run("table", "methods")
    assert max(map(len, out.splitlines())) <= 80
    lines = [line.split("  ") for line in out.splitlines()]
    assert ["Shapley value"] in lines
    assert "interaction effects" in out
