"""Pictures of single pixels: what is drawn, read back from the figure."""

import numpy as np
import pytest

from synergy.wording.view import Picture

pytest.importorskip("matplotlib", reason="pictures need the extra 'viz'")

from matplotlib.figure import Figure
from rendered import clipped, overlapping, texts

from synergy import pictures

ENTRIES = np.array([[[1.0, -3.0], [0.0, 0.5]], [[1.0, -1.0], [0.0, 0.5]]])  # summed: 2, −4, 0, 1
PHOTO = Picture(
    np.array([[[200, 100, 0], [40, 80, 120]], [[255, 255, 255], [10, 20, 30]]], np.uint8), np.zeros((2, 2), int)
)


def drawn(figure):
    return np.asarray(figure.axes[1].images[0].get_array())


def words(figure):
    return [text for text, _ in texts(figure)]


def test_a_heat_map_sums_the_channels():
    figure = pictures.heat_map(ENTRIES, PHOTO, clip=100, unit="logits")
    assert drawn(figure).tolist() == [[2, -4], [0, 1]]
    assert np.array_equal(figure.axes[0].images[0].get_array(), PHOTO.image)
    assert figure.axes[1].images[0].get_clim() == (-4, 4)
    assert {"−4.000", "0", "+4.000", "attribution, in units of logits", "a: sum of 2 channels"} <= set(words(figure))


def test_its_colours_are_orange_white_and_blue():
    image = pictures.heat_map(ENTRIES, clip=100).axes[0].images[0]
    colours = image.to_rgba(image.get_array())[..., :3] * 255
    assert colours[0, 1].round().tolist() == [214, 96, 0]
    assert colours[1, 0].round().tolist() == [255, 255, 255]
    assert colours[0, 0] == pytest.approx((255 + np.array([33, 102, 172])) / 2, abs=0.5)


def test_a_percentile_ends_the_scale_and_it_is_said():
    values = np.arange(1.0, 101.0).reshape(1, 10, 10)  # the 90th percentile of 1 … 100 is 90.1
    figure = pictures.heat_map(values, clip=90)
    assert figure.axes[0].images[0].get_clim() == pytest.approx((-90.1, 90.1))
    assert "90 % of |a| below 90.10" in words(figure)
    assert not any("below" in text for text in words(pictures.heat_map(values, clip=100)))


def test_a_photo_is_scaled_by_the_size_of_what_its_pixels_are_given():
    found = drawn(pictures.scaled_photo(ENTRIES, PHOTO, clip=100)) * 255
    assert found == pytest.approx(np.array([[[100, 50, 0], [40, 80, 120]], [[0, 0, 0], [2.5, 5, 7.5]]]))


def test_it_fades_to_white_where_that_is_asked():
    found = drawn(pictures.scaled_photo(ENTRIES, PHOTO, clip=100, ground="white")) * 255
    assert found[0, 0] == pytest.approx([227.5, 177.5, 127.5])
    assert found[1, 0] == pytest.approx([255, 255, 255])


def test_channels_are_light_of_two_colours():
    found = drawn(pictures.channels(ENTRIES, PHOTO, clip=100, colours="green and red"))
    assert found[0, 1] == pytest.approx([1, 0, 0])  # −4
    dark = 0.3 * 0.5 * (0.299 * 200 + 0.587 * 100) / 255
    assert found[0, 0] == pytest.approx([dark, dark + 0.5, dark])  # 2
    assert found[1, 0] == pytest.approx([0.3] * 3)  # 0 on white
    found = drawn(pictures.channels(ENTRIES, PHOTO, clip=100))
    assert found[0, 1, 0] > found[0, 1, 2]  # orange
    assert found[0, 0, 2] > found[0, 0, 0]  # blue


def test_a_coarse_map_stands_on_a_finer_picture():
    fine = Picture(np.kron(PHOTO.image, np.ones((3, 3, 1), np.uint8)), np.zeros((6, 6), int))
    found = drawn(pictures.scaled_photo(ENTRIES, fine, clip=100)) * 255
    assert found[3:, :3].max() == 0
    assert found[:3, :3] == pytest.approx(np.broadcast_to([100.0, 50, 0], (3, 3, 3)))


ALL = {
    "heat_map": pictures.heat_map,
    "scaled_photo": pictures.scaled_photo,
    "channels": pictures.channels,
    "green": lambda *given, **how: pictures.channels(*given, colours="green and red", **how),
}


@pytest.mark.parametrize("draw", ALL.values(), ids=ALL)
@pytest.mark.parametrize(("size", "scale"), [((1, 1), 1.0), ((8, 8), 0.0), ((40, 60), 1e-12), ((90, 30), 1e5)], ids=str)
def test_nothing_is_clipped_or_overlaps(draw, size, scale):
    rng = np.random.default_rng(2)
    view = Picture(rng.integers(0, 256, (*size, 3), dtype=np.uint8), np.zeros(size, int))
    figure = draw(scale * rng.normal(size=(3, *size)), view)
    assert clipped(figure) == []
    assert overlapping(figure) == []
    own = Figure(figsize=(3, 3), layout="constrained")
    assert draw(scale * rng.normal(size=(3, *size)), view, ax=own.subplots()) is own
    assert clipped(own) == []
    assert overlapping(own) == []


def test_what_is_no_map_is_refused(tmp_path):
    with pytest.raises(ValueError, match="have a height and a width"):
        pictures.heat_map([1.0, 2.0])
    with pytest.raises(ValueError, match="1 of these are none"):
        pictures.heat_map([[1.0, float("inf")]])
    for clip in (0, 101):
        with pytest.raises(ValueError, match="clip is a percentile"):
            pictures.heat_map(ENTRIES, clip=clip)
    with pytest.raises(ValueError, match="'black' or 'white', not 'grey'"):
        pictures.scaled_photo(ENTRIES, PHOTO, ground="grey")
    with pytest.raises(ValueError, match="colours are 'blue and orange' or 'green and red', not 'pink'"):
        pictures.channels(ENTRIES, PHOTO, colours="pink")
    with pytest.raises(TypeError, match="view is the Picture"):
        pictures.channels(ENTRIES, None)
    pictures.channels(ENTRIES, PHOTO, path=tmp_path / "light.pdf")
    assert (tmp_path / "light.pdf").stat().st_size > 2000
