"""Pictures of the straight path: what is drawn, read back from the figure."""

import numpy as np
import pytest

from synergy import Game, straight_line
from synergy.algorithms.path.line import StraightLine

pytest.importorskip("matplotlib", reason="pictures need the extra 'viz'")

from matplotlib.figure import Figure
from rendered import clipped, overlapping, texts

from synergy import pictures


@pytest.fixture(scope="module")
def cubic():
    """On the line 4 α³, the derivatives 4 α² and −2 α² and 6 α²: integrals 4/3, −2/3, 2; f(x) − f(b) = 8/3."""
    alpha = np.arange(121) / 120
    slopes = np.stack([4 * alpha**2, -2 * alpha**2, 6 * alpha**2], 1)
    return StraightLine(
        1 + 8 / 3 * alpha**3, slopes, np.array([4 / 3, -2 / 3, 2.0]), np.full(3, 1e-12), ("a", "b", "c")
    )


def wild(n, scale=1.0, name="p{}"):
    rng = np.random.default_rng(n)
    numbers = (scale * rng.normal(size=shape) for shape in (121, (121, n), n))
    return StraightLine(*numbers, np.zeros(n), tuple(name.format(i) for i in range(n)))


def words(figure):
    return " ".join(text for text, _ in texts(figure))


def curve(axis):
    return axis.lines[0].get_xydata()


def test_the_gradient_of_each_player_with_its_area_and_end(cubic):
    figure = pictures.path_gradients(cubic, ["c", 1], unit="logits")
    first, second = figure.axes
    assert curve(first)[60].tolist() == [0.5, 1.5]
    assert curve(second)[60].tolist() == [0.5, -0.5]
    assert first.get_ylim() == second.get_ylim()
    assert first.get_title() == "c\narea +2.000\nend +6.000"
    assert second.get_title() == "b\narea −0.6667\nend −2.000"
    assert "∂g/∂tᵢ, in units of logits" in words(figure)
    above, below = second.collections
    assert below.get_paths()[0].vertices[:, 1].min() == -2
    assert above.get_paths()[0].vertices[:, 1].max() == 0
    assert tuple(below.get_facecolor()[0][:3]) == pytest.approx((214 / 255, 96 / 255, 0))


def test_the_strongest_players_are_drawn_unasked():
    figure = pictures.path_gradients(wild(9))
    drawn = [int(axis.get_title()[1]) for axis in figure.axes]
    assert drawn == sorted(np.argsort(-np.abs(wild(9).integrals))[:4])


def test_who_is_not_drawn_is_said(cubic):
    assert "not drawn: 2 other players, area +0.6667 in all" in words(pictures.path_gradients(cubic, "c"))
    assert "not drawn" not in words(pictures.path_gradients(cubic))


def test_one_player_on_a_given_axis(cubic):
    figure = Figure()
    axes = figure.subplots(1, 2)
    assert pictures.path_gradients(cubic, "a", ax=axes[1]) is figure
    assert curve(axes[1])[-1].tolist() == [1, 4]
    with pytest.raises(ValueError, match="room for one player, not for 3"):
        pictures.path_gradients(cubic, ax=axes[0])


def test_saturation_shows_f_and_the_sum_of_its_gradient(cubic):
    figure = pictures.saturation(cubic)
    above, below = figure.axes
    assert curve(above)[60] == pytest.approx([0.5, 4 / 3])
    added = above.lines[1].get_ydata()
    assert added[0] == 1
    assert added[-1] == pytest.approx(11 / 3, abs=1e-3)  # the trapezoids of 8 α²
    assert curve(below)[60] == pytest.approx([0.5, 2])
    said = words(figure)
    assert "f(b) = +1.000; f(x) = +3.667" in said
    assert "f(x) − f(b) = +2.667; end: Gradient × Input, +8.000 in all" in said


def test_riemann_sums_by_hand(cubic):
    figure = pictures.riemann_sums(cubic, "a", steps=2)
    panels, errors = figure.axes[:4], figure.axes[4]
    assert [axis.get_title() for axis in panels] == [
        "left: +0.5000\nerror −0.8333",
        "right: +2.500\nerror +1.167",
        "midpoint: +1.250\nerror −0.08333",
        "trapezoid: +1.500\nerror +0.1667",
    ]
    sums = {"left": 0.5, "right": 2.5, "midpoint": 1.25, "trapezoid": 1.5}
    corners = [path.vertices[:4].tolist() for path in panels[3].collections[0].get_paths()]
    assert corners == [[[0, 0], [0, 0], [0.5, 1], [0.5, 0]], [[0.5, 0], [0.5, 1], [1, 4], [1, 0]]]
    for line in errors.lines:
        steps, sizes = line.get_data()
        assert sizes[list(steps).index(2)] == pytest.approx(abs(sums[line.get_label()] - 4 / 3))
    midpoint = next(line for line in errors.lines if line.get_label() == "midpoint")
    assert midpoint.get_ydata() == pytest.approx(
        1 / (3 * np.array(midpoint.get_xdata()) ** 2)
    )  # 4 α² errs by −1/(3 k²)


def test_of_an_exact_game_the_line_itself():
    line = straight_line(Game.from_expression("x1*x2**2", {"x1": 1, "x2": 2}), 60)
    assert "∫ = +2.667" in words(pictures.riemann_sums(line, steps=3))


LINES = {
    "one": wild(1),
    "zero": wild(3, 0.0),
    "small": wild(4, 1e-9),
    "large": wild(5, 1e9),
    "many": wild(60),
    "long names": wild(4, name="the mean radius of the {}th nucleus in the sample"),
}


@pytest.mark.parametrize("draw", [pictures.path_gradients, pictures.saturation, pictures.riemann_sums])
@pytest.mark.parametrize("line", LINES.values(), ids=LINES)
def test_nothing_is_clipped_or_overlaps(draw, line):
    figure = draw(line)
    assert clipped(figure) == []
    assert overlapping(figure) == []


def test_many_players_have_lines_of_panels():
    figure = pictures.path_gradients(wild(60), range(10))
    assert clipped(figure) == []
    assert overlapping(figure) == []
    assert sum(axis.get_visible() for axis in figure.axes) == 10


def test_what_is_no_line_or_no_player_is_refused(cubic, tmp_path):
    with pytest.raises(TypeError, match=r"takes synergy.straight_line\(game\)"):
        pictures.saturation([1.0, 2.0])
    with pytest.raises(LookupError, match="no player is named 'd'"):
        pictures.path_gradients(cubic, "d")
    with pytest.raises(ValueError, match="at least one"):
        pictures.path_gradients(cubic, [])
    with pytest.raises(ValueError, match="the sums of one player"):
        pictures.riemann_sums(cubic, ["a", "b"])
    with pytest.raises(ValueError, match="needs some others"):
        pictures.riemann_sums(cubic, steps=7)
    pictures.riemann_sums(cubic, path=tmp_path / "sums.pdf")
    assert (tmp_path / "sums.pdf").stat().st_size > 2000
