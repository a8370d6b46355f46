"""Bars: one over a work of many parts, in a terminal and in a notebook, and none where nobody looks."""

import io
import sys
from types import SimpleNamespace

import pytest

from decompositions.evaluation import progress as bars
from decompositions.evaluation.progress import expected, progress, whole_progress
from synergy import Game, compare, harsanyi


class Stream(io.StringIO):
    """What looks like a terminal."""

    def isatty(self):
        return True


def terminal(monkeypatch):
    """Asked for within a test, as pytest puts its own stream back between a fixture and the test."""
    stream = Stream()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr(bars, "DELAY", 0)
    return stream


@pytest.fixture
def game():
    return Game.from_function(lambda z: z[:, 0] * z[:, 1], [2.0, 3.0])


def test_a_terminal_sees_the_title_the_total_and_the_time_left(monkeypatch):
    stream = terminal(monkeypatch)
    with progress(10, "coalitions") as moved:
        moved(4)
    assert "coalitions:   0%|" in stream.getvalue()
    assert "0/10" in stream.getvalue()


def test_nothing_is_written_where_nobody_looks(monkeypatch, game):
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr(bars, "DELAY", 0)
    harsanyi(game)
    compare(game)
    assert stream.getvalue() == ""


@pytest.mark.parametrize(("delay", "seen"), [(0, "3/5"), (60, "")])
def test_another_total_shows_a_bar_no_earlier(monkeypatch, delay, seen):
    stream = terminal(monkeypatch)
    monkeypatch.setattr(bars, "DELAY", delay)
    with progress(10, "terms") as moved:
        moved(3)
        expected(2)
        assert seen in stream.getvalue()
        assert bool(stream.getvalue()) is bool(seen)


@pytest.mark.parametrize("stream", [None, SimpleNamespace()])
def test_a_stream_that_is_none(monkeypatch, game, stream):
    monkeypatch.setattr(sys, "stderr", stream)
    assert harsanyi(game).calls == 4


def test_one_bar_over_a_comparison(game, monkeypatch):
    made = []
    terminal(monkeypatch)

    class Bar(bars.tqdm):
        def __init__(self, *args, **settings):
            super().__init__(*args, **settings)
            made.append(self)

    monkeypatch.setattr(bars, "tqdm", Bar)
    comparison = compare(game, ["gradient_x_input", "occlusion_1"])
    trying, comparing = made
    assert (trying.desc, trying.total) == ("every method at x", None)
    assert comparing.n == comparing.total == comparison.calls
    assert comparing.initial == trying.n


def test_the_parts_give_the_whole_its_title_and_do_not_move_it(monkeypatch):
    terminal(monkeypatch)
    with whole_progress(7, "whole") as moved:
        with progress(3, "part") as part:
            part(3)
        with whole_progress(5, "another whole") as inner:
            inner(5)
        moved(2)
        bar = bars._WHOLE.get()
        assert (bar.n, bar.desc) == (2, "part: ")
    assert bars._WHOLE.get() is None


@pytest.mark.parametrize(("widgets", "kind"), [(True, "tqdm_notebook"), (False, "tqdm")])
def test_a_notebook_has_a_bar_with_widgets_or_without(monkeypatch, widgets, kind):
    shell = SimpleNamespace(kernel=object())
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    monkeypatch.setattr(bars, "find_spec", lambda name: widgets or None)
    assert bars.in_notebook()
    assert bars._kind(True).__name__ == kind


def test_a_terminal_of_ipython_is_no_notebook(monkeypatch):
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: SimpleNamespace()))
    assert not bars.in_notebook()
