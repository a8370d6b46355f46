"""Pictures with coloured regions: what is drawn, read back from the figure."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from synergy import Effects, Game, allocate, compare, harsanyi, method
from synergy.estimation.estimation import Estimation
from synergy.wording.view import Picture

pytest.importorskip("matplotlib", reason="pictures need the extra 'viz'")

from matplotlib.figure import Figure
from rendered import clipped, overlapping, texts

from synergy import pictures

WHITE = np.full((4, 4, 3), 255, np.uint8)
QUARTERS = np.kron([[0, 1], [2, 3]], np.ones((2, 2), int))
VALUES = [0.0, 2.0, -4.0, 1.0]
BLUE, ORANGE = np.array([33, 102, 172]) / 255, np.array([214, 96, 0]) / 255


def picture(rows, columns, side=12):
    """A picture of noise, whose regions are the cells of a grid."""
    regions = np.kron(np.arange(rows * columns).reshape(rows, columns), np.ones((side, side), int))
    return Picture(np.random.default_rng(0).integers(0, 256, (*regions.shape, 3), dtype=np.uint8), regions)


def words(figure):
    return [text for text, _ in texts(figure)]


def pairs_game():
    """v with J(01) = 3, J(23) = −1, J(012) = 5 and single effects."""
    values = torch.zeros(16).double()
    for row in range(16):
        there = [bool(row >> i & 1) for i in range(4)]
        values[row] = sum(there) + 3 * all(there[:2]) - all(there[2:]) + 5 * all(there[:3])
    return Game.from_values(values, names=[f"region {i}" for i in range(4)])


def test_a_white_picture_has_the_colours_of_the_shares():
    figure = pictures.overlay(VALUES, Picture(WHITE, QUARTERS))
    original, coloured = figure.axes[:2]
    assert np.array_equal(original.images[0].get_array(), WHITE)
    drawn = np.asarray(coloured.images[0].get_array())
    assert drawn[0, 0] == pytest.approx(np.ones(3))
    assert drawn[0, 3] == pytest.approx((1 + BLUE) / 2)  # half of the largest
    assert drawn[3, 0] == pytest.approx(ORANGE)
    assert drawn[3, 3] == pytest.approx(1 - (1 - BLUE) / 4)
    said = words(figure)
    assert {"0", "+2.00", "−4.00", "+1.00"} <= set(said)
    assert {"−4.000", "+4.000", "attribution, in units of f"} <= set(said)


def test_a_dark_picture_is_dimmed_and_still_shows_its_colours():
    coloured = pictures.overlay(VALUES, Picture(WHITE * 0, QUARTERS)).axes[1]
    drawn = np.asarray(coloured.images[0].get_array())
    assert drawn[3, 0] == pytest.approx(0.56 * ORANGE)


def test_borders_lie_between_the_regions():
    lines = pictures.overlay(VALUES, Picture(WHITE, QUARTERS)).axes[1].collections[0].get_segments()
    assert sorted(np.array(line).tolist() for line in lines) == [[[-0.5, 1.5], [3.5, 1.5]], [[1.5, -0.5], [1.5, 3.5]]]


def test_pairs_are_lines_between_the_middles_of_their_regions():
    game = pairs_game()
    figure = pictures.overlay([1, 1, 1, 1], Picture(WHITE, QUARTERS), harsanyi(game))
    strong, weak = figure.axes[1].patches
    assert [tuple(end) for end in strong._posA_posB] == [(0.5, 0.5), (2.5, 0.5)]
    assert [tuple(end) for end in weak._posA_posB] == [(0.5, 2.5), (2.5, 2.5)]
    assert strong.get_linewidth() == pytest.approx(3 * weak.get_linewidth())
    assert strong.get_edgecolor()[:3] == pytest.approx(BLUE)
    assert weak.get_edgecolor()[:3] == pytest.approx(ORANGE)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["region 0·1  +3.000", "region 2·3  −1.000"]
    assert {"0", "3"} <= set(words(figure))
    assert len(pictures.overlay([1] * 4, Picture(WHITE, QUARTERS), harsanyi(game), k=1).axes[1].patches) == 1
    assert not pictures.overlay([1] * 4, Picture(WHITE, QUARTERS), harsanyi(game), k=0).legends


def test_lines_keep_off_what_is_written():
    """All pairs of six regions: no line runs through a number or a name, nor out of the picture."""
    values = np.zeros(64)
    values[[row for row in range(64) if row.bit_count() == 2]] = np.arange(1.0, 16.0)
    pairs = Effects(torch.from_numpy(values), names=tuple(f"part {i}" for i in range(6)))
    figure = pictures.overlay([-1.25] * 6, picture(2, 3), pairs, k=15)
    axis = figure.axes[1]
    own = [text.get_text() for text in axis.texts]
    written = [box for text, box in texts(figure) if text in own and box.x0 < axis.get_window_extent().x1]
    assert len(written) == 12
    assert len(axis.patches) == 15
    inside = axis.get_window_extent()
    for line in axis.patches:
        path = line.get_transform().transform_path(line.get_path())
        steps = path.interpolated(1).to_polygons(closed_only=False)[0]
        steps = np.array([a + t * (b - a) for a, b in pairwise(steps) for t in np.linspace(0, 1, 20)])
        assert (steps > (inside.x0, inside.y0)).all()
        assert (steps < (inside.x1, inside.y1)).all()
        assert not [box for box in written if any(box.contains(*step) for step in steps)]


@pytest.mark.parametrize("own", [True, False])
def test_numbers_that_do_not_fit_are_said(own):
    narrow = Picture(np.zeros((4, 62, 3), np.uint8), np.minimum(np.arange(62) // 2, 29) * np.ones((4, 1), int))
    if own:
        figure = pictures.overlay(np.ones(30), narrow)
    else:
        figure = Figure(figsize=(4, 3), layout="constrained")
        pictures.overlay(np.ones(30), narrow, ax=figure.subplots())
    assert "30 regions too small for a number" in [text.replace("\n", " ") for text in words(figure)]
    assert "+1.00" not in words(figure)
    assert not [text for text in words(pictures.overlay(VALUES, Picture(WHITE, QUARTERS))) if "too small" in text]


def test_every_result_can_be_shown():
    game = pairs_game()
    effects, found = harsanyi(game), compare(game, ["shapley"])["shapley"]
    expected = [1 + 1.5 + 5 / 3, 1 + 1.5 + 5 / 3, 1 - 0.5 + 5 / 3, 1 - 0.5]
    estimate = Estimation("shapley", np.array(expected), np.zeros(4), np.zeros(4), 1.0, 0, 16, game.names)
    view = Picture(WHITE, QUARTERS)
    for result in (expected, found, allocate(effects, method("shapley").policy(game)), estimate):
        assert "+4.17" in words(pictures.overlay(result, view))
    assert "Shapley value" in words(pictures.overlay(found, view))


def test_it_draws_on_a_given_axis_alone():
    figure = Figure()
    ax = figure.subplots(1, 2)[1]
    assert pictures.overlay(VALUES, Picture(WHITE, QUARTERS), harsanyi(pairs_game()), unit="logits", ax=ax) is figure
    assert len(ax.images) == 1
    assert "attribution, in units of logits" in words(figure)
    assert clipped(figure) == []
    figure = Figure(figsize=(7, 3), layout="constrained")
    for ax in figure.subplots(1, 2):
        pictures.overlay(VALUES, Picture(WHITE, QUARTERS), harsanyi(pairs_game()), ax=ax)
    assert clipped(figure) == []
    assert overlapping(figure) == []
    half = Figure(figsize=(8, 3)).subfigures(1, 2)
    assert pictures.overlay(VALUES, Picture(WHITE, QUARTERS), ax=half[0].subplots()) is half[0].figure


@pytest.mark.parametrize(
    ("rows", "columns", "size"), [(1, 1, 1.0), (1, 3, 1.0), (6, 10, 1.0), (3, 3, 0.0), (10, 6, 1e-9), (2, 2, 1e7)]
)
def test_nothing_is_clipped_or_overlaps(rows, columns, size):
    n = rows * columns
    values = size * np.random.default_rng(1).normal(size=n)
    figure = pictures.overlay(values, picture(rows, columns), unit="log-probability of the next token")
    assert clipped(figure) == []
    assert overlapping(figure) == []


def test_long_names_of_regions_in_pairs():
    game = Game.from_values(pairs_game().cube.table, names=[f"the {w} of the cup of coffee" for w in "abcd"])
    figure = pictures.overlay(VALUES, picture(2, 2), harsanyi(game))
    assert clipped(figure) == []
    assert overlapping(figure) == []


def test_a_region_of_no_pixel_and_one_around_another():
    regions = np.zeros((9, 9), int)
    regions[3:6, 3:6] = 2  # nobody has 1
    figure = pictures.overlay([1.0, 5.0, -2.0], Picture(np.zeros((9, 9, 3), np.uint8), regions))
    assert clipped(figure) == overlapping(figure) == []
    assert "−2.00" in words(figure)


def test_a_large_picture_is_drawn_by_some_of_its_pixels():
    image = np.zeros((40, 4000, 3), np.uint8)
    image[::3, ::3] = 255
    regions = np.zeros((40, 4000), int)
    regions[:, 2000:] = 1
    regions[1, 1] = 2  # a player of one pixel, which is not among them
    drawn = pictures.overlay([1.0, -1.0, 0.5], Picture(image, regions)).axes[1].images[0].get_array()
    assert drawn.shape == (14, 1334, 3)
    assert np.asarray(drawn[0, 0]) == pytest.approx(BLUE)


def test_what_does_not_fit_is_refused(tmp_path):
    view = Picture(WHITE, QUARTERS)
    with pytest.raises(ValueError, match=r"shown with 4, and the result is of shape \(3,\)"):
        pictures.overlay([1.0, 2.0, 3.0], view)
    with pytest.raises(ValueError, match="1 of these are not finite"):
        pictures.overlay([1.0, float("nan"), 3.0, 4.0], view)
    with pytest.raises(TypeError, match=r"take one, comparison\['shapley'\], or draw all with side_by_side"):
        pictures.overlay(compare(pairs_game(), ["shapley"]), view)
    with pytest.raises(TypeError, match="share them out with allocate"):
        pictures.overlay(harsanyi(pairs_game()), view)
    with pytest.raises(TypeError, match="view is the Picture"):
        pictures.overlay(VALUES, "cat.png")
    with pytest.raises(ValueError, match="the effects are of 2 players"):
        pictures.overlay(VALUES, view, harsanyi(Game.from_values([0.0, 1.0, 2.0, 4.0])))
    with pytest.raises(TypeError, match="effects are those of"):
        pictures.overlay(VALUES, view, VALUES)
    with pytest.raises(TypeError, match="ax are matplotlib"):
        pictures.overlay(VALUES, view, ax=3)
    pictures.overlay(VALUES, view, path=tmp_path / "overlay.png")
    assert (tmp_path / "overlay.png").stat().st_size > 2000
