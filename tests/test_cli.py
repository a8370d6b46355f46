"""The command ``synergy``, as a person types it."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from typer.testing import CliRunner

from decompositions import Effects
from synergy import METHODS
from synergy.cli import app, main


def small_network() -> nn.Module:
    """A factory for ``synergy explain model``: 3·x₀·x₁ + 5·x₂ on two outputs, the second one negative."""

    class Net(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y = 3 * x[:, 0] * x[:, 1] + 5 * x[:, 2]
            return torch.stack([y, -y], 1)

    return Net().eval()


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
    lines = run("methods").splitlines()
    assert [line.split()[0] for line in lines] == list(METHODS)


def test_explain_model_says_its_price_prints_the_table_and_writes_report_and_effects(model_words, tmp_path):
    chosen = ["--target", "0", "--methods", "shapley,occlusion_1"]
    out = run(*model_words, *chosen, "--output", "r.html", "--save", "e.npz")
    assert out.index("8 model calls") < out.index("shapley")
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


def test_explain_expression_is_exact(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = ["explain", "expression", "x1**2*x2 + 4*x3", "--at", "x1=2,x2=1/3,x3=1"]
    out = run(*words, "--methods", "integrated_gradients")
    assert "8/9" in out
    assert "4/9" in out


def test_budget_leaves_out_what_is_too_dear_and_says_the_price(model_words):
    out = run(*model_words, "--target", "0", "--methods", "integrated_gradients", "--budget", "100")
    assert "2,104" in out  # 8 end points × (8 + 16 + 32 nodes, 195 adaptive ones, and 12 values) at most
    assert "above the budget of 100" in out


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
        (["explain", "expression", "x1*x2", "--at", "x1=1"], "x2"),
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
    monkeypatch.setattr("synergy.cli.harsanyi", lambda *a, **k: called.append(1))
    words = [*model_words, "--target", "0"]
    assert "cannot write" in fails(monkeypatch, capsys, *words, "--output", "/proc/no/report.html")
    assert "is a folder" in fails(monkeypatch, capsys, *words, "--save", ".")
    assert not called


def test_calls_above_the_limit_are_refused(model_words, monkeypatch, capsys):
    error = fails(monkeypatch, capsys, *model_words, "--target", "0", "--limit", "4")
    assert "8 model calls" in error
    assert "limit" in error


def test_help_runs_as_a_program():
    done = subprocess.run([sys.executable, "-m", "synergy.cli", "--help"], capture_output=True, text=True, check=True)
    assert "explain" in done.stdout
