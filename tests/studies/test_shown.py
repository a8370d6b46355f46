"""A study as text, as a table of LaTeX and as a paragraph of methods."""

import re
import shutil
import subprocess
from types import SimpleNamespace

import pytest
import torch
from study_cases import METHODS, asked, small, some

from synergy import method
from synergy.showing.studies import _cell, _cell_of_latex
from synergy.studies import study


def row(mean, low, high, error=0.0, n=9):
    return SimpleNamespace(mean=mean, low=low, high=high, error=error, n=n)


@pytest.mark.parametrize(
    ("found", "text", "latex"),
    [
        (row(0.4567, 0.4123, 0.5), "0.457 [0.412, 0.500]", r"$0.457\;[0.412, 0.500]$"),
        (row(-12.3, -15.0, -9.0), "−12.3 [−15.0, −9.0]", r"$-12.3\;[-15.0, -9.0]$"),
        (row(1234.0, 1000.0, 1500.0), "1234 [1000, 1500]", r"$1234\;[1000, 1500]$"),
        (row(0.4567, 0.4123, 0.5, error=0.06), "0.46 [0.41, 0.50]", r"$0.46\;[0.41, 0.50]$"),
        (row(1.0, 1.0, 1.0, error=1e-5), "1", "$1$"),
        (row(3e-7, 2e-7, 4e-7, error=1.5e-5), "< 1.5e-5", r"$<1.5\cdot 10^{-5}$"),
        (row(0.001, 0.0, 0.004, error=0.02), "< 0.02", "$<0.02$"),
        (row(0.25, float("nan"), float("nan"), n=1), "0.25", "$0.25$"),
        (None, "–", "--"),
    ],
)
def test_how_a_mean_is_written(found, text, latex):
    assert _cell(found) == text
    assert _cell_of_latex(found) == latex


def test_the_text_has_every_method_and_score(done):
    said = str(done)
    assert said.startswith("Study(9 inputs, 3 methods, 1 model")
    found = done.summary().set_index(["method", "quantity"])
    for name in METHODS:
        assert sum(line.startswith(name) for line in said.splitlines()) == said.count("\nmethod")
    value = found.loc[("gradient_x_input", "gap"), "mean"]
    (head,) = [line for line in said.splitlines() if "|gap|" in line]
    block = said[said.index(head) :]
    (line,) = [line for line in block.splitlines() if line.startswith("gradient_x_input")]
    assert f"{value:.2f}"[:3] in line


def test_the_table_of_latex_is_whole(done, tmp_path):
    table = done.to_latex()
    columns = len(re.search(r"begin\{tabular\}\{(\w+)\}", table)[1])
    rows = [line for line in table.splitlines() if line.endswith(r"\\")]
    assert len(rows) == 1 + len(METHODS)
    assert all(line.count(" & ") == columns - 1 for line in rows)
    assert [re.sub(r"\\_", "_", line.split(" & ")[0].strip()) for line in rows[1:]] == METHODS
    for rule in ("toprule", "midrule", "bottomrule"):
        assert f"\\{rule}" in table
    assert table.isascii()


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="needs pdflatex")
def test_latex_takes_it(tmp_path):
    nets = {"50% & more_": small(), "two": small()}
    methods = {"IG | 2 steps": method("integrated_gradients", nodes=2), "Shapley": "shapley"}
    found = study(nets, some(3), folder=tmp_path / "s", targets=0, methods=methods)
    head = r"\documentclass{article}\usepackage{booktabs}\begin{document}"
    (tmp_path / "t.tex").write_text(f"{head}\n{found.to_latex()}\n\\end{{document}}\n")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "t.tex"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout[-2000:]


def test_the_paragraph_has_all_settings(tmp_path):
    inputs = some()
    inputs[2] = torch.nan
    methods = {"IG": method("integrated_gradients", nodes=7)}
    found = study(
        small(), inputs, folder=tmp_path / "s", targets=[0] * 9, methods=methods, budget=77, seed=5, baseline=0.25
    )
    said = found.methods_paragraph()
    for part in ("9 inputs", "1 failed", "nodes=7", "77 model calls", "seed 5", "0.25", f"torch {torch.__version__}"):
        assert part in said
    assert "1 input failed: study.failures()" in " ".join(str(found).split())


def test_what_is_said_of_functions_is_the_same_in_every_process(tmp_path):
    """A study whose baselines are a function goes on when it is another object at another address."""
    first = asked(tmp_path / "s", baseline=lambda x: 0 * x, methods={"own": lambda m, x, b, t: x - b})
    again = asked(tmp_path / "s", baseline=lambda x: 0 * x, methods={"own": lambda m, x, b, t: x - b})
    assert first.table().equals(again.table())
