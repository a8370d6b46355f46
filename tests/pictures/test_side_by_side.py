"""Methods side by side on an input: what is drawn, read back from the figure."""

import numpy as np
import pytest
import torch

from synergy import Game, compare, harsanyi
from synergy.comparison.comparison import Comparison
from synergy.comparison.result import Result
from synergy.wording.view import Features, Picture, Words

pytest.importorskip("matplotlib", reason="pictures need the extra 'viz'")

from matplotlib.patches import Rectangle
from rendered import clipped, overlapping, texts

from synergy import pictures

BLUE, ORANGE = np.array([33, 102, 172]) / 255, np.array([214, 96, 0]) / 255
WHITE = Picture(np.full((4, 6, 3), 255, np.uint8), np.kron([[0, 1, 2]], np.ones((4, 2), int)))
NOT_HAPPY = Words(("I'm", "not", "happy"))
LONG_NAME = "A method with a name of more than forty letters, or even more"


def result(name, *values, target="f(x) − f(b)", twin=""):
    return Result(name, target, "", torch.tensor(values).double() if values else None, title=name, twin=twin)


def compared(*results, n=3):
    return Comparison(harsanyi(Game.from_values([0.5] + [2.0] * (2 ** min(n, 3) - 1))), None, "", results)


FOUND = compared(
    result("Alpha", 2.0, 0.0, -1.0),
    result("Beta", 1.0, 1.0, 1.0),
    result("Gamma", 1.0, 1.0, 1.0, twin="Beta"),
    result("Delta"),
    result("Slope", 50.0, -25.0, 0.0, target="its own"),
)


def words(figure):
    return [text for text, _ in texts(figure)]


def drawn(axis):
    return np.asarray(axis.images[0].get_array())


def test_pictures_share_a_scale_but_for_a_unit_of_its_own():
    figure = pictures.side_by_side(FOUND, WHITE, unit="logits")
    original, alpha, beta, slope = figure.axes[:4]
    assert np.array_equal(drawn(original), WHITE.image)
    assert drawn(alpha)[0, 0] == pytest.approx(BLUE)
    assert drawn(alpha)[0, 5] == pytest.approx((1 + ORANGE) / 2)
    assert drawn(beta)[0, 0] == pytest.approx((1 + BLUE) / 2)
    assert drawn(slope)[0, 3] == pytest.approx((1 + ORANGE) / 2)
    titles = [axis.get_title() for axis in figure.axes[:4]]
    assert titles == ["The input", "Alpha\nΣ +1.000", "Beta\n= Gamma\nΣ +3.000", "Slope\nΣ +25.00\nown scale, ±50.00"]
    assert {"+2.000", "attribution, in units of logits"} <= set(words(figure))
    assert "Σ: all that a method gives; f(x) − f(b) = +1.500\ndo not apply: Delta" in words(figure)


def test_sentences_share_a_scale_but_for_a_unit_of_its_own():
    figure = pictures.side_by_side(FOUND, NOT_HAPPY, unit="the rating")
    colours = [
        [np.array(patch.get_facecolor()[:3]) for patch in axis.patches if isinstance(patch, Rectangle)]
        for axis in figure.axes
    ]
    assert len(colours) == 3
    assert colours[0][0] == pytest.approx(BLUE)
    assert colours[1][0] == pytest.approx((1 + BLUE) / 2)
    assert colours[2][1] == pytest.approx((1 + ORANGE) / 2)
    said = words(figure)
    assert {"Alpha\nΣ +1.000", "Beta\n= Gamma\nΣ +3.000", "Slope\nΣ +25.00\nown scale, ±50.00"} <= set(said)
    note = "below each word what it is given, in units of the rating; full colour: ±2.000"
    assert f"{note}\nΣ: all that a method gives; f(x) − f(b) = +1.500\ndo not apply: Delta" in said


def test_numbers_that_do_not_fit_are_said():
    regions = np.kron(np.arange(3)[None] % 3, np.ones((60, 20), int))
    regions[:, 58:] = 2
    regions[:, 20:58] = 1
    view = Picture(np.zeros((60, 60, 3), np.uint8), regions)
    assert "1 region too small for a number" in words(pictures.side_by_side(FOUND, view))[-1]
    assert "too small" not in words(pictures.side_by_side(FOUND, WHITE))[-1]


def many(methods, n, scale=1.0):
    rng = np.random.default_rng(n)
    names = [f"{'DeepLIFT RevealCancel' if m % 3 else LONG_NAME} {m}" for m in range(methods)]
    return compared(*(result(name, *(scale * rng.normal(size=n))) for name in names), n=n)


@pytest.mark.parametrize(("methods", "n", "scale"), [(1, 1, 1.0), (2, 3, 0.0), (12, 9, 1e-9), (15, 60, 1e6)])
def test_pictures_are_not_clipped_and_do_not_overlap(methods, n, scale):
    regions = np.kron(np.arange(n)[None], np.ones((20, max(1, 60 // n)), int))
    view = Picture(np.zeros((*regions.shape, 3), np.uint8), regions)
    figure = pictures.side_by_side(many(methods, n, scale), view)
    assert clipped(figure) == []
    assert overlapping(figure) == []


@pytest.mark.parametrize(
    ("methods", "n", "scale"), [(1, 1, 1.0), (2, 3, 0.0), (7, 3, 1.0), (12, 12, 1e-9), (5, 43, 1.0)]
)
def test_sentences_are_not_clipped_and_do_not_overlap(methods, n, scale):
    said = Words(tuple(["It", "was", "unquestionably", "never"][i % 4] for i in range(n)))
    figure = pictures.side_by_side(many(methods, n, scale), said)
    assert clipped(figure) == []
    assert overlapping(figure) == []


def test_methods_of_a_real_comparison_are_joined():
    game = Game.from_function(lambda z: z[:, 0] * z[:, 1] + z[:, 2], [1.0, 2.0, 3.0], 0.0)
    figure = pictures.side_by_side(compare(game, ["occlusion_1", "prediction_difference"]), NOT_HAPPY)
    assert "Occlusion-1\n= Prediction Difference\nΣ +7.000" in words(figure)
    assert len(figure.axes) == 1


def test_what_cannot_be_shown_is_refused(tmp_path):
    with pytest.raises(TypeError, match=r"from compare\(game\), not from 3"):
        pictures.side_by_side(3, WHITE)
    with pytest.raises(ValueError, match="no method of this comparison"):
        pictures.side_by_side(compared(result("Delta")), WHITE)
    with pytest.raises(TypeError, match="view is a Picture or Words"):
        pictures.side_by_side(FOUND, Features(("a",), ("1",)))
    with pytest.raises(ValueError, match="shown with 2, and the result"):
        pictures.side_by_side(FOUND, Words(("not", "happy")))
    pictures.side_by_side(FOUND, WHITE, path=tmp_path / "x.png")
    assert (tmp_path / "x.png").stat().st_size > 2000
