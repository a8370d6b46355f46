"""Figures: what is drawn, read back from the figure itself."""

import subprocess
import sys
import types

import pytest
import torch

from decompositions.effects.effects import Effects
from synergy import Game, compare, harsanyi, taylor
from synergy.comparison.comparison import Comparison
from synergy.comparison.result import Result

pytest.importorskip("matplotlib", reason="figures need the extra 'viz'")

from synergy.pictures import overview, upset
from synergy.pictures.ranking import PLAYERS

VALUES = [0.0, 1.0, -2.0, 3.0, 0.0, 1.0, -2.0, 5.5]  # J: x0 1, x1 −2, x0·x1 4, x0·x1·x2 2.5


@pytest.fixture
def comparison():
    return compare(Game.from_values(VALUES, names=("price $1", "$2", "unused")), ["shapley", "occlusion_1"])


def heights(axis):
    """The bars of an axis, in order."""
    return [bar.get_height() for bar in axis.patches if bar.get_width() == pytest.approx(0.66)]


def texts(figure):
    """Every text of a figure, subfigures included."""
    figure.canvas.draw()
    own = [text.get_text() for axis in figure.axes for text in (axis.title, axis.xaxis.label, *axis.texts)]
    labels = [label.get_text() for axis in figure.axes for label in axis.get_yticklabels()]
    return own + labels


def test_effects_are_bars_with_their_players_as_dots():
    figure = upset(harsanyi(Game.from_values(VALUES)))
    bars, dots = figure.axes
    assert heights(bars) == [4.0, 2.5, -2.0, 1.0]
    assert [label.get_text() for label in dots.get_yticklabels()] == ["x0", "x1", "x2"]
    members = [sorted(map(tuple, kind.get_offsets().tolist())) for kind in dots.collections]
    assert members[1::2] == [[(0, 0), (0, 1)], [(1, 0), (1, 1), (1, 2)], [(2, 1)], [(3, 0)]]
    assert "+4.000" in texts(figure)
    assert "−2.000" in texts(figure)


def test_fewer_effects_when_asked():
    bars = upset(harsanyi(Game.from_values(VALUES)), k=2).axes[0]
    assert heights(bars) == [4.0, 2.5]
    with pytest.raises(ValueError, match="at least 1, not 0"):
        upset(harsanyi(Game.from_values(VALUES)), k=0)


def test_taylor_dots_hold_the_degree():
    figure = upset(taylor(Game.from_expression("x1**3*x2 - 5", {"x1": 1, "x2": 2})))
    assert [text.get_text() for text in figure.axes[1].texts] == ["3"]


def test_comparison_has_one_panel_per_method_on_one_scale(comparison):
    figure = overview(comparison)
    left, right = figure.axes[:2]
    for axis, name in ((left, "shapley"), (right, "occlusion_1")):
        drawn = [bar.get_width() for bar in axis.patches]
        assert drawn == pytest.approx(comparison[name].attribution.tolist())
    assert left.get_xlim() == right.get_xlim()
    assert {bar.get_facecolor() for bar in left.patches if bar.get_width() > 0}.isdisjoint(
        {bar.get_facecolor() for bar in left.patches if bar.get_width() < 0}
    )
    shown = texts(figure)
    assert "Shapley value" in shown
    assert "Σ 5.500" in shown
    assert heights(figure.axes[2]) == [4.0, 2.5, -2.0, 1.0]


def test_names_are_no_formulas(comparison):
    shown = [label for label in texts(overview(comparison)) if "$" in label]
    assert r"price \$1" in shown


@pytest.mark.parametrize("ending", ["png", "svg", "pdf"])
def test_figures_are_saved(comparison, tmp_path, ending):
    path = tmp_path / f"figure.{ending}"
    overview(comparison, path)
    upset(comparison.effects, path=str(tmp_path / f"effects.{ending}"))
    assert path.stat().st_size > 2000
    assert (tmp_path / f"effects.{ending}").stat().st_size > 2000


def test_exact_numbers():
    game = Game.from_expression("x1*x2/3", {"x1": 1, "x2": 2})
    figure = overview(compare(game, ["shapley"]))
    assert "+2/3" in texts(figure)
    assert "Σ 2/3" in texts(figure)


def test_many_players_and_methods():
    n = 60
    values = torch.cat([torch.zeros(1), torch.arange(1.0, n + 1), torch.tensor([100.0])]).double()
    degrees = torch.cat([torch.zeros(1, n), torch.eye(n), torch.ones(1, n)]).int().numpy()
    effects = Effects(values, names=tuple(f"p{i}" for i in range(n)), basis="harsanyi", degrees=degrees)
    results = tuple(Result(f"m{k}", "f(x) − f(b)", "", attribution=values[1:-1]) for k in range(11))
    figure = overview(Comparison(effects, None, "", results))
    dots = figure.axes[-1]
    assert len(dots.get_yticks()) == PLAYERS
    assert f"+{n - PLAYERS}" in [text.get_text() for text in dots.texts]
    shown = texts(figure)
    assert all(any(f"m{k}" in text for text in shown) for k in range(11))
    assert max(figure.get_size_inches()) < 40


def test_nothing_to_show():
    flat = compare(Game.from_values([1.0, 1.0]), ["shapley"])
    figure = overview(flat)
    assert any("No effects above the noise floor" in axis.get_title("left") for axis in figure.axes)
    figure.canvas.draw()
    overview(Comparison(flat.effects, None, "", (Result("x", "", "", note="no"),))).canvas.draw()


def test_several_games_are_refused():
    effects = harsanyi(Game.from_values([[0.0, 1.0], [0.0, 2.0]]))
    with pytest.raises(ValueError, match="one game"):
        upset(effects)


def test_pyplot_is_not_loaded_and_matplotlib_only_when_drawing():
    code = (
        "import sys, synergy.pictures; print('matplotlib' in sys.modules); "
        "from synergy import Game, harsanyi; synergy.pictures.upset(harsanyi(Game.from_values([0., 1.]))); "
        "print('matplotlib.pyplot' in sys.modules)"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.split() == ["False", "False"]


@pytest.fixture
def pyplot():
    """pyplot as a person loads it, without figures before and after."""
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    plt.close("all")
    yield plt
    plt.close("all")


def dark(path):
    """How many pixels of a saved picture are not white."""
    import matplotlib.image

    return int((matplotlib.image.imread(path)[..., :3] < 0.9).any(-1).sum())


@pytest.mark.parametrize("what", ["comparison", "effects"])
def test_pyplot_saves_the_figure_as_its_current_one(comparison, pyplot, tmp_path, what):
    backend, before = pyplot.get_backend(), pyplot.figure()
    figure = comparison.plot() if what == "comparison" else upset(comparison.effects)
    assert pyplot.gcf() is figure
    pyplot.savefig(tmp_path / "by_pyplot.png")
    figure.savefig(tmp_path / "by_figure.png")
    assert dark(tmp_path / "by_pyplot.png") == dark(tmp_path / "by_figure.png") > 2000
    assert pyplot.fignum_exists(before.number)
    assert pyplot.get_backend() == backend


def test_pyplot_keeps_the_newest_figure_only_and_the_others_still_save(comparison, pyplot, tmp_path):
    figures = [comparison.plot() for _ in range(3)] + [upset(comparison.effects) for _ in range(22)]
    assert len(pyplot.get_fignums()) == 1
    assert pyplot.gcf() is figures[-1]
    assert len({id(figure) for figure in figures}) == 25
    figures[0].savefig(tmp_path / "first.png")
    figures[-1].savefig(tmp_path / "last.png")
    assert dark(tmp_path / "first.png") > dark(tmp_path / "last.png") > 2000


def test_a_figure_that_fails_is_let_go(comparison, pyplot, tmp_path):
    with pytest.raises(ValueError, match="at least 1"):
        upset(comparison.effects, k=0)
    with pytest.raises(FileNotFoundError):
        comparison.plot(tmp_path / "missing" / "x.png")
    assert pyplot.get_fignums() == []


def test_control_characters_in_names_are_drawn_as_signs(tmp_path):
    game = Game.from_values(VALUES, names=("a\x1b[31m\n", "b\u202e", "c\x00"))
    shown = texts(overview(compare(game, ["shapley"]), tmp_path / "x.png"))
    assert r"a\x1b[31m\n" in shown
    assert r"b\u202e" in shown


def test_missing_matplotlib_names_the_extra(comparison, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    monkeypatch.delitem(sys.modules, "synergy.pictures.drawing", raising=False)
    with pytest.raises(ImportError, match=r"synergy-effects\[viz\]"):
        comparison.plot()


class Shown:
    """IPython, as far as a figure asks it."""

    def __init__(self, monkeypatch):
        self.pictures = []
        monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(display=self))
        monkeypatch.setitem(sys.modules, "IPython.display", self)

    def Image(self, data):
        return data

    def display(self, data):
        assert data.startswith(b"\x89PNG")
        self.pictures.append(data)


@pytest.mark.parametrize(
    ("backend", "times", "known"),
    [("agg", 1, True), ("module://matplotlib_inline.backend_inline", 1, False), ("tkagg", 0, True)],
)
def test_a_notebook_shows_a_figure_once(comparison, pyplot, monkeypatch, backend, times, known):
    """An inline backend shows at the end of a cell what it still knows; a window is there already."""
    found = Shown(monkeypatch)
    figure = upset(comparison.effects)
    monkeypatch.setattr("matplotlib.get_backend", lambda: backend)
    figure._ipython_display_()
    assert len(found.pictures) == times
    assert bool(pyplot.get_fignums()) is known


def test_a_figure_without_pyplot_is_shown_in_a_notebook(comparison, monkeypatch):
    found = Shown(monkeypatch)
    monkeypatch.delitem(sys.modules, "matplotlib.pyplot", raising=False)
    upset(comparison.effects)._ipython_display_()
    assert len(found.pictures) == 1


def test_windows_and_notebooks_show_all_figures(comparison, pyplot, monkeypatch):
    monkeypatch.setattr("matplotlib.get_backend", lambda: "module://matplotlib_inline.backend_inline")
    figures = [upset(comparison.effects) for _ in range(2)]
    assert len(pyplot.get_fignums()) == 2
    assert pyplot.gcf() is figures[1]
