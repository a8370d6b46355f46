"""``synergy study``: what it writes and prints, how its file is read, and how it refuses."""

import tomllib
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

pytest.importorskip("typer", reason="the command needs the extra 'cli'")
pytest.importorskip("pyarrow", reason="a study needs the extra 'studies'")

from command.test_cli import fails, run

from synergy.command.study_file import read_study
from synergy.studies import load, study

DOCS = Path(__file__).parents[2] / "docs"


def voters():
    torch.manual_seed(2)
    return nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 2)).eval()


OWN = f"""
model = "{__name__}:voters"
inputs = "x.npy"
targets = "y.npy"
baseline = "b.npy"
methods = ["shapley", "integrated_gradients"]
rows = 2

[settings.integrated_gradients]
nodes = 5
"""


@pytest.fixture
def own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    x = np.random.default_rng(3).normal(size=(6, 3))
    np.save("x.npy", x)
    np.save("y.npy", np.array([0, 1, 1, 0, 1, 0]))
    np.save("b.npy", x[:1])
    Path("own.toml").write_text(OWN, "utf8")
    return x


def test_a_study_of_ones_own(own):
    said = run("study", "own.toml")
    assert said.startswith("Study(6 inputs, 2 methods, 1 model; own)")
    assert "in own: table.parquet and table.csv, table.tex, methods.txt, scores.png, agreement.png" in said
    assert all(Path("own", f"{name}.png").stat().st_size > 5000 for name in load("own").figures)
    found = load("own")
    assert Path("own/table.tex").read_text("utf8") == found.to_latex()
    assert "nodes=5" in Path("own/methods.txt").read_text("utf8")
    from synergy import method

    inputs = torch.from_numpy(own).float()
    same = study(
        voters(),
        inputs,
        folder="by_hand",
        targets=[0, 1, 1, 0, 1, 0],
        baseline=inputs[:1],
        methods=["shapley", method("integrated_gradients", nodes=5)],
        rows=2,
    )
    assert found.table().equals(same.table())
    assert run("study", "own.toml") == said


def test_two_models_by_one_method_with_controls(own):
    text = OWN.split("\n[")[0].replace(f'model = "{__name__}:voters"', "").replace(', "integrated_gradients"', "")
    models = f'[models]\none = "{__name__}:voters"\ntwo = "{__name__}:voters"\n'
    Path("two.toml").write_text(f'{text}\ncontrols = ["weights", "labels"]\n{models}', "utf8")
    said = run("study", "two.toml")
    drawn = ["scores.png", "orders.png", "curves.png", "sanity.png"]
    assert ", ".join([*drawn, *(name.replace(".", "2.") for name in drawn)]) in " ".join(said.split())
    assert load("two").across("one", "two")["mean"].tolist() == [pytest.approx(1)]


def test_the_example_of_the_docs_is_read():
    """And it is the one of the how-to."""
    page = (DOCS / "howto" / "studies.md").read_text("utf8")
    assert (DOCS / "digits.toml").read_text("utf8") in page
    asked = read_study(DOCS / "digits.toml")
    assert len(asked["inputs"]) == len(asked["targets"]) == 100
    assert asked["players"](asked["inputs"][:1]).unique().numel() == 10
    given = tomllib.loads((DOCS / "digits.toml").read_text("utf8"))
    assert [each if isinstance(each, str) else each.name for each in asked["methods"]] == given["methods"]


@pytest.mark.slow
def test_two_digits_by_the_example_of_the_docs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = (DOCS / "digits.toml").read_text("utf8").replace("count = 100", "count = 2")
    Path("two.toml").write_text(text, "utf8")
    assert run("study", "two.toml").startswith("Study(2 inputs, 7 methods, 1 model; reports/digits)")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("metods = ['shapley']", "no key 'metods' in own.toml; did you mean 'methods'?"),
        ("colour = 'red'", "no key 'colour' in own.toml; there are folder, model"),
        ("[settings.shapely]\nlimit = 3", "no method 'shapely' in settings; did you mean 'shapley'"),
        ("[settings.shapley]\nlimits = 3", "shapley has limit"),
        ("methods = ['shapley', 'shapley']", "'shapley' is there twice"),
        ("methods = ['sharpley']", "did you mean 'shapley'"),
        ("methods = 3", "methods are a list of names"),
        ("targets = [0, 1]", "there are 6 inputs and 2 targets"),
        (
            "count = 7",
            "count is the number of inputs that are taken, the first ones, a whole number from 1 to 6, not 7",
        ),
        ("players = 3", "players are a word such as grid:2x5"),
        ("folder = 3", "folder is a text"),
        ("budget = 'much'", "budget is the number of model calls"),
        ("output = 'odds'", "odds"),
        ("[models]\na = 'digits'", 'a study names its model, model = "digits", or several'),
        ("baseline = 'z.npy'", "there is no file z.npy"),
        ("rows = ", "own.toml is no TOML"),
    ],
)
def test_what_is_refused(own, monkeypatch, capsys, text, said):
    key = text.partition(" =")[0]
    kept = [line for line in OWN.split("\n[")[0].splitlines() if not line.startswith(f"{key} =")]
    Path("own.toml").write_text("\n".join([*kept, text]), "utf8")
    assert said in fails(monkeypatch, capsys, "study", "own.toml")
    assert not Path("own").exists() or key == "output"


def test_no_file_and_no_inputs(own, monkeypatch, capsys):
    assert "there is no file other.toml" in fails(monkeypatch, capsys, "study", "other.toml")
    Path("own.toml").write_text(f'model = "{__name__}:voters"', "utf8")
    assert 'needs inputs: inputs = "x.npy"' in fails(monkeypatch, capsys, "study", "own.toml")
    Path("own.toml").write_text('[models]\na = "digits"\nb = "digits-polynomial"\n', "utf8")
    assert "all models of a study take inputs of one type" in fails(monkeypatch, capsys, "study", "own.toml")
