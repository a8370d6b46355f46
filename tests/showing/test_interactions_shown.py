"""Conjunctions and disjunctions as text and as a figure."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from synergy import Game, and_or, harsanyi, pictures

# good ∨ great gives 1, all three together 2 more
VALUES = [0.0, 1.0, 1.0, 1.0, 0.0, 1.0, 1.0, 3.0]


def split(names: tuple[str, ...] = ("good", "great", "not")):
    return and_or(harsanyi(Game.from_values(torch.tensor(VALUES, dtype=torch.float64), names=names)))


def test_text_of_a_split_by_hand() -> None:
    lines = str(split()).splitlines()
    assert lines[0] == "strongest interactions (2 of 2 above the noise and the margin of the split)"
    assert lines[1].split("  ")[0] == "good ∧ great ∧ not"
    assert "+2" in lines[1]
    assert lines[2].startswith("good ∨ great")
    assert lines[2].count("█") == 12
    assert "Σ|·| 3.000, at most" in lines[4]
    assert lines[4].endswith("of the dividends 5.000")  # good, great, −good·great, 2 of all three
    assert lines[-2].split()[-1] == "1"
    assert lines[-1].startswith("dividends alone")


def test_a_figure_shows_both_kinds(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="figures need the extra 'viz'")
    figure = split(("$1", "great", "not")).plot(tmp_path / "split.png")
    assert (tmp_path / "split.png").stat().st_size > 0
    bars, dots, curve = figure.axes
    heights = [bar.get_height() for bar in bars.patches if bar.get_width() == pytest.approx(0.66)]
    assert heights == pytest.approx([2.0, 1.0])
    own = dots.collections[1::2]
    assert [len(each.get_offsets()) for each in own] == [3, 2]
    assert [each.get_facecolor()[0][0] == 1.0 for each in own] == [False, True]  # white inside: any of them
    assert len(dots.lines) == 1  # joined: all of them
    both, alone = curve.lines[:2]
    assert both.get_ydata()[2] == pytest.approx(1.0)
    assert alone.get_ydata()[:5] == pytest.approx(split().curve(4).alone)


def test_nothing_to_show() -> None:
    pytest.importorskip("matplotlib", reason="figures need the extra 'viz'")
    constant = and_or(harsanyi(Game.from_values(torch.ones(4, dtype=torch.float64))))
    assert "0 of 0" in str(constant)
    assert pictures.and_or(constant, k=3).axes[0].get_title("left") == "No interaction above the noise floor"
