"""Superpixels: pictures whose regions a hand can name, and scikit-image itself where it gives as many as asked."""

import sys

import numpy as np
import pytest
import torch
from scipy import ndimage

from decompositions import players
from decompositions.games.superpixels import _joined, _largest_halved, superpixels
from synergy import Game, harsanyi

segmentation = pytest.importorskip("skimage.segmentation", reason="superpixels are scikit-image's")

RED, GREEN, BLUE, WHITE = [1.0, 0, 0], [0, 1.0, 0], [0, 0, 1.0], [1.0, 1, 1]


def quarters(side=16):
    """Four colours, one in each quarter. Shape ``(side, side, 3)``."""
    return np.kron(np.array([[RED, GREEN], [BLUE, WHITE]]), np.ones((side // 2, side // 2, 1)))


def waves(height=40, width=60, channels=3):
    y, x, c = np.mgrid[:height, :width, :channels]
    return np.sin(y / (5 + c)) + np.cos(x / 7 + c) * np.sin(x * y / 300)


def test_four_colours_are_four_regions():
    expected = players.grid((16, 16), 2).numpy()
    assert (superpixels(quarters(), 4) == expected).all()


def test_grey_is_a_colour():
    halves = np.repeat([[0.0, 1.0]], 8, 1).repeat(8, 0)
    assert (superpixels(halves[..., None], 2) == players.grid((8, 16), (1, 2)).numpy()).all()


def test_two_channels_are_compared_as_they_are():
    halves = np.repeat([[[0.0, 1.0], [1.0, 0.0]]], 8, 1).repeat(8, 0)
    assert (superpixels(halves, 2) == players.grid((8, 16), (1, 2)).numpy()).all()


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8, 12, 13, 20, 33, 100])
def test_there_are_as_many_as_were_asked_for_and_each_hangs_together(count):
    found = superpixels(waves(), count)
    assert sorted(np.unique(found).tolist()) == list(range(count))
    assert {ndimage.label(found == region)[1] for region in range(count)} == {1}
    first = [int(np.flatnonzero(found.reshape(-1) == region)[0]) for region in range(count)]
    assert first == sorted(first)


def test_where_slic_gives_as_many_they_are_its_own():
    """Its labels, numbered by the first pixel of each."""
    image = (waves() - waves().min()) / np.ptp(waves())
    theirs = {count: segmentation.slic(image, n_segments=count, start_label=0) for count in range(2, 100)}
    theirs = {count: labels for count, labels in theirs.items() if labels.max() + 1 == count}
    assert theirs
    for count, labels in theirs.items():
        ours = superpixels(waves(), count)
        assert len({(int(a), int(b)) for a, b in zip(ours.flat, labels.flat, strict=True)}) == count


def test_the_unit_of_the_numbers_does_not_matter():
    image = np.round(waves() * 64)
    expected = superpixels(image, 9).tolist()
    assert superpixels(image * 2.0**1000, 9).tolist() == expected
    assert superpixels(image * 2.0**-1000, 9).tolist() == expected
    assert superpixels(image / 4 - 1024, 9).tolist() == expected


def test_within_a_region_nothing_else_is_numbered():
    within = np.zeros((16, 16), dtype=bool)
    within[2:14, 2:14] = True
    found = superpixels(quarters(), 4, within=within)
    assert (found[~within] == -1).all()
    assert (found[within] == players.grid((16, 16), 2).numpy()[within]).all()


def test_more_than_slic_finds_are_halves():
    """Of pixels all alike it finds few."""
    assert superpixels(np.zeros((1, 5, 1)), 5).tolist() == [[0, 1, 2, 3, 4]]
    halved = _largest_halved(np.array([[0, 1, 1, 1, -1], [0, 1, 1, 1, -1]]))
    assert halved.tolist() == [[0, 1, 2, 2, -1], [0, 1, 2, 2, -1]]


def test_the_smallest_joins_the_neighbour_of_the_nearest_colour():
    """Region 1 is one pixel of .4, between 0 (of 0) and 2 (of 1); region 3 has its very colour and is no neighbour."""
    labels = np.array([[0, 0, 1, 2, 2, 3, 3]])
    colours = np.array([[0.0, 0, 0.4, 1, 1, 0.4, 0.4]])[..., None]
    assert _joined(labels, colours, 3).tolist() == [[0, 0, 0, 1, 1, 2, 2]]
    assert _joined(labels, colours, 2).tolist() == [[0, 0, 0, 1, 1, 1, 1]]
    assert _joined(labels, colours, 1).tolist() == [[0] * 7]


def test_who_has_joined_has_the_neighbours_of_both():
    """Region 0 joins 1, and then both join 2, whom only 0 touched; region 3 has their very colour and is far."""
    labels = np.array([[1, 1, 0, 2, 2, 2, 2, 3, 3, 3, 3, 3]])
    colours = np.array([[0.1, 0.1, 0.1, 1, 1, 1, 1, 0.1, 0.1, 0.1, 0.1, 0.1]])[..., None]
    assert _joined(labels, colours, 2).tolist() == [[0] * 7 + [1] * 5]


def test_of_neighbours_of_one_colour_the_smallest_is_joined():
    """Of sixteen pixels all alike there are pairs, then fours."""
    labels, colours = np.arange(16).reshape(4, 4), np.zeros((4, 4, 3))
    for count in (8, 4, 2):
        assert np.bincount(_joined(labels, colours, count).reshape(-1)).max() <= 16 // count + 2
    assert np.bincount(superpixels(np.zeros((8, 8, 1)), 20).reshape(-1)).max() <= 8


def test_what_has_no_neighbour_joins_the_nearest_colour_anywhere():
    labels = np.array([[0, 0, -1, 1, -1, 2, 2]])
    colours = np.array([[0.0, 0, 9, 0.9, 9, 1, 1]])[..., None]
    assert _joined(labels, colours, 2).tolist() == [[0, 0, -1, 1, -1, 1, 1]]


SHAPES = {"as the model takes it": (1, 3, 16, 16), "without its batch axis": (3, 16, 16)}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_players_of_a_picture(shape):
    picture = torch.tensor(quarters()).permute(2, 0, 1).reshape(shape)
    found = players.segments(picture, 4)
    assert found.shape == (*(1,) * (len(shape) - 2), 16, 16)
    assert found.dtype == torch.int64
    assert found.tolist() == players.grid(shape, 2).tolist()
    assert players.segments(picture.numpy(), 4).tolist() == found.tolist()
    assert players.parse("segments:4", picture).tolist() == found.tolist()


def test_players_of_a_picture_in_grey():
    picture = np.repeat([[0, 200]], 8, 1).repeat(8, 0).astype(np.uint8)
    assert players.segments(picture, 2).tolist() == players.grid((8, 16), (1, 2)).tolist()


def test_compactness_gives_squares():
    """Rectangles of nearly one size, where colours count for next to nothing."""
    found = players.segments(torch.tensor(waves(40, 40)).permute(2, 0, 1), 16, compactness=1e6)[0].numpy()
    for region in range(16):
        rows, columns = np.nonzero(found == region)
        assert (np.ptp(rows) + 1) * (np.ptp(columns) + 1) == len(rows)
        assert 80 <= len(rows) <= 125


def test_a_game_of_superpixels():
    """f adds up all entries, of 1: a region's dividend is three times its pixels."""
    picture = torch.tensor(quarters()).permute(2, 0, 1)[None]
    ones = torch.ones_like(picture)
    game = Game.from_function(lambda z: z.flatten(1).sum(1), ones, 0.0, players.segments(picture, 4))
    assert harsanyi(game).independent.tolist() == [192.0] * 4


WRONG = {
    "no number, floats": (lambda: players.segments(torch.rand(1, 3, 8, 8)), TypeError, r"players.segments\(x, 12\)"),
    "a line": (lambda: players.segments(torch.rand(8), 2), ValueError, r"\(H, W\), not of shape \(8,\)"),
    "several pictures": (lambda: players.segments(torch.rand(2, 3, 8, 8), 2), ValueError, "one picture"),
    "channels last": (lambda: players.segments(np.zeros((8, 8, 3)), 2), ValueError, "np.moveaxis"),
    "nothing": (lambda: players.segments(np.zeros((0, 8)), 2), ValueError, r"not of shape \(0, 8\)"),
    "complex": (lambda: players.segments(torch.zeros(8, 8, dtype=torch.complex64), 2), TypeError, "complex64"),
    "truth values": (lambda: players.segments(np.zeros((8, 8), dtype=bool), 2), TypeError, "not bool"),
    "text": (lambda: players.segments("coffee.png", 2), TypeError, "not 'coffee.png'"),
    "a NaN": (lambda: players.segments(np.full((8, 8), np.nan), 2), ValueError, "finite; this one has nan"),
    "an infinity": (lambda: players.segments([[0.0, np.inf]], 2), ValueError, "finite; this one has inf"),
    "none": (lambda: players.segments(np.zeros((8, 8)), 0), ValueError, "number of superpixels.*at least 1, not 0"),
    "half of one": (lambda: players.segments(np.zeros((8, 8)), 1.5), TypeError, r"a whole number.*not 1\.5"),
    "more than pixels": (lambda: players.segments(np.zeros((2, 3)), 7), ValueError, "7 superpixels do not fit 2x3"),
    "no compactness": (lambda: players.segments(np.zeros((8, 8)), 2, compactness=0), ValueError, "compactness"),
    "parse, none": (lambda: players.parse("segments:", torch.zeros(4, 4)), ValueError, "'segments:K'"),
    "parse, a grid of them": (lambda: players.parse("segments:2x2", torch.zeros(4, 4)), ValueError, "'segments:K'"),
    "parse, two": (lambda: players.parse("segments:2", torch.zeros(2, 1, 4, 4)), ValueError, "one picture"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_no_picture_is_refused(case):
    ask, error, words = WRONG[case]
    with pytest.raises(error, match=words):
        ask()


def test_without_scikit_image_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "skimage.segmentation", None)
    with pytest.raises(ImportError, match=r"pip install 'synergy-effects\[segments\]', or take players.grid"):
        players.segments(torch.zeros(1, 3, 8, 8), 2)
    assert players.segments([[7, 7, 2]]).tolist() == [[1, 1, 0]]  # labels need nothing
