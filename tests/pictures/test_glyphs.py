"""Names in letters that matplotlib's own font does not have."""

import warnings

import numpy as np
import pytest
import torch

from synergy import Effects, pictures
from synergy.wording.view import Words

pytest.importorskip("matplotlib", reason="pictures need the extra 'viz'")

import matplotlib
from legible import drawn, faults
from matplotlib import font_manager
from matplotlib.backends.backend_agg import FigureCanvasAgg

from synergy.pictures import glyphs

CHINESE = ("不", "高兴", "a")


@pytest.fixture
def alone(monkeypatch):
    """A computer that has DejaVu Sans alone."""
    monkeypatch.setattr(glyphs, "FURTHER", ())


@pytest.fixture
def installed(monkeypatch, tmp_path):
    """A computer with a further font, whose letters are black squares, made here."""
    builder = pytest.importorskip("fontTools.fontBuilder").FontBuilder(1000, isTTF=True)
    pen = pytest.importorskip("fontTools.pens.ttGlyphPen").TTGlyphPen(None)
    for move, point in zip([pen.moveTo, *[pen.lineTo] * 3], [(0, 0), (0, 800), (800, 800), (800, 0)], strict=True):
        move(point)
    pen.closePath()
    square = pen.glyph()
    builder.setupGlyphOrder([".notdef", "square"])
    builder.setupCharacterMap({ord(letter): "square" for letter in "不高兴"})
    builder.setupGlyf({".notdef": square, "square": square})
    builder.setupHorizontalMetrics({".notdef": (1000, 0), "square": (1000, 0)})
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": "Squares", "styleName": "Regular"})
    builder.setupOS2()
    builder.setupPost()
    builder.save(tmp_path / "squares.ttf")
    before = list(font_manager.fontManager.ttflist)
    font_manager.fontManager.addfont(tmp_path / "squares.ttf")
    monkeypatch.setattr(glyphs, "FURTHER", ("Squares",))
    glyphs._letters.cache_clear()
    yield
    font_manager.fontManager.ttflist[:] = before
    glyphs._letters.cache_clear()


def effects():
    return Effects(torch.tensor([0.0, 1, 2, 3, 4, 5, 6, 7]).double(), names=CHINESE)


def test_letters_that_no_font_has_are_written_by_their_numbers(alone):
    with pytest.warns(UserWarning, match="install a font that has them") as found:
        figure = pictures.upset(effects())
    assert len({str(each.message) for each in found}) == 1
    assert faults(figure) == []  # and matplotlib has nothing to warn of
    said = [each.text for each in drawn(figure)]
    assert {r"\u4e0d", r"\u9ad8\u5174", "a"} <= set(said)


def test_words_too(alone):
    with pytest.warns(UserWarning, match="install a font"):
        figure = pictures.sentence([1, 2, 3], Words(CHINESE))
    assert r"\u9ad8\u5174" in [each.text for each in drawn(figure)]


def test_a_font_that_is_installed_is_used(installed):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure = pictures.sentence([1, 0, 3], Words(CHINESE))
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
    image = np.asarray(canvas.buffer_rgba())[..., :3]
    text = next(each for each in figure.axes[0].texts if each.get_text() == "高兴")
    box = text.get_window_extent()
    rows = slice(int(image.shape[0] - box.y1) + 3, int(image.shape[0] - box.y0) - 3)
    middle = image[rows, int(box.x0) + 2 : int(box.x0 + 0.35 * box.width)]
    assert (middle < 60).all(-1).mean() > 0.5  # a square of ink
    assert faults(figure) == []


def test_the_usual_fonts_are_left_as_they_are():
    before = list(matplotlib.rcParams["font.family"])
    with glyphs.all_letters():
        assert matplotlib.rcParams["font.family"][: len(before)] == before
    assert matplotlib.rcParams["font.family"] == before
    assert glyphs.drawable("ß → ∑ é") == "ß → ∑ é"
