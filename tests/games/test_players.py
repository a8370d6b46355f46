"""Players: which entries go in and out together, by hand."""

import tracemalloc

import numpy as np
import pytest
import torch

from decompositions import players
from synergy import Game, harsanyi


def test_features_number_the_entries():
    assert players.features(torch.zeros(1, 2, 2)).tolist() == [[[0, 1], [2, 3]]]
    assert players.features(np.zeros((1, 2))).tolist() == [[0, 1]]
    assert players.features([[5.0, 6.0, 7.0]]).tolist() == [[0, 1, 2]]


def test_grid_of_equal_cells():
    assert players.grid((1, 3, 4, 4), 2).tolist() == [[[[0, 0, 1, 1], [0, 0, 1, 1], [2, 2, 3, 3], [2, 2, 3, 3]]]]


def test_grid_with_rows_and_columns():
    assert players.grid((2, 3), (1, 3)).tolist() == [[0, 1, 2], [0, 1, 2]]
    assert players.grid((2, 3), (2, 1)).tolist() == [[0, 0, 0], [1, 1, 1]]


@pytest.mark.parametrize(("height", "width", "rows", "columns"), [(5, 7, 2, 3), (7, 5, 3, 4), (10, 9, 4, 2)])
def test_uneven_cells_differ_by_one_pixel_and_are_rectangles(height, width, rows, columns):
    table = players.grid((height, width), (rows, columns))
    assert sorted(table.unique().tolist()) == list(range(rows * columns))
    heights = [len({y for y in range(height) if r * columns in table[y]}) for r in range(rows)]
    widths = [len({x for x in range(width) if c in table[:, x]}) for c in range(columns)]
    assert sum(heights) == height
    assert sum(widths) == width
    assert max(heights) - min(heights) <= 1
    assert max(widths) - min(widths) <= 1
    for y in range(height):
        assert (table[y] // columns == table[y, 0] // columns).all()


def test_grid_of_single_pixels():
    assert players.grid((2, 2), (2, 2)).tolist() == [[0, 1], [2, 3]]


@pytest.mark.parametrize(("shape", "cells"), [((4, 4), 5), ((4, 4), 0), ((4, 4), (2, 5)), ((4, 4), (-1, 2))])
def test_grid_refuses_cells_that_do_not_fit(shape, cells):
    with pytest.raises(ValueError, match="does not fit 4x4 pixels"):
        players.grid(shape, cells)


def test_grid_refuses_a_line():
    with pytest.raises(ValueError, match="height and a width"):
        players.grid((4,), 2)


def test_segments_are_renumbered_in_ascending_order():
    assert players.segments([[30, -1], [7, 30]]).tolist() == [[2, 0], [1, 2]]


def test_segments_refuse_floats():
    with pytest.raises(TypeError, match="whole numbers"):
        players.segments([0.0, 1.0])


def test_tokens_from_ids_words_and_word_numbers():
    assert players.tokens(torch.tensor([[101, 7, 7]])).tolist() == [[0, 1, 2]]
    assert players.tokens(["a", "b", "a"]).tolist() == [[[0], [1], [2]]]
    assert players.tokens([0, 0, 1, 3]).tolist() == [[[0], [0], [1], [2]]]


def test_tokens_refuse_a_token_without_word():
    with pytest.raises(ValueError, match="no word"):
        players.tokens([None, 0, 1])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("features", [[0, 1, 2, 3], [4, 5, 6, 7]]),
        ("grid:2", [[0, 0, 1, 1], [2, 2, 3, 3]]),
        ("grid:1x4", [[0, 1, 2, 3], [0, 1, 2, 3]]),
        ("grid:2X1", [[0, 0, 0, 0], [1, 1, 1, 1]]),
    ],
)
def test_parse(text, expected):
    assert players.parse(text, torch.zeros(2, 4)).tolist() == expected


@pytest.mark.parametrize("text", ["", "grid", "grid:", "grid:a", "grid:2x", "grid:1x2x3", "features:2", "grid:-1", "x"])
def test_parse_refuses_anything_else(text):
    with pytest.raises(ValueError, match="players are 'features'"):
        players.parse(text, torch.zeros(4, 4))


def test_check_counts_and_aligns():
    table, n = players.check(torch.tensor([[0, 0], [1, 2]]), (1, 3, 2, 2))
    assert (tuple(table.shape), n) == ((1, 1, 2, 2), 3)
    table, n = players.check(None, (1, 2, 2))
    assert (table.tolist(), n) == ([[[0, 1], [2, 3]]], 4)


def test_check_takes_a_list_and_an_array():
    assert players.check([0, 1, 0], (1, 3))[1] == 2
    assert players.check(np.array([[1, 0]]), (1, 2))[1] == 2


def test_check_refuses_a_gap_and_names_what_is_missing():
    with pytest.raises(ValueError, match=r"without a gap; \[1, 2\] missing.*segments"):
        players.check([0, 3, 3], (1, 3))


def test_check_refuses_negative_numbers():
    with pytest.raises(ValueError, match="smallest is -1"):
        players.check([0, -1, 1], (1, 3))


@pytest.mark.parametrize("table", [[0.0, 1.0], [True, False]])
def test_check_refuses_what_is_no_whole_number(table):
    with pytest.raises(TypeError, match="whole numbers"):
        players.check(table, (1, 2))


@pytest.mark.parametrize("shape", [(3,), (2, 2), (1, 1, 2), (2, 1)])
def test_check_refuses_a_shape_that_does_not_broadcast(shape):
    with pytest.raises(ValueError, match="do not broadcast"):
        players.check(torch.zeros(shape, dtype=torch.int64), (1, 2))


def test_players_of_a_picture_hold_for_all_its_channels():
    """f = Σ of all entries; a player is a column of a picture with two channels."""
    game = Game.from_function(lambda z: z.flatten(1).sum(1), torch.ones(1, 2, 1, 3), 0.0, players=[[0, 1, 1]])
    assert game.n == 2
    assert game([[1, 0], [0, 1], [1, 1]]).tolist() == [2, 4, 6]


INTEGERS = [
    *(getattr(torch, name) for name in ("uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64")),
    *("u1", "i1", "<u2", ">u2", "<i4", ">i4", ">i8", "u8", "O"),
]


def as_type(table, kind):
    return torch.tensor(table).to(kind) if isinstance(kind, torch.dtype) else np.array(table).astype(kind)


@pytest.mark.parametrize("kind", INTEGERS, ids=str)
def test_masks_of_every_integer_type_mean_the_same(kind):
    """f = z₀ + 10·z₁ at (1, 1): the dividends of the two players are 1 and 10, and 10 and 1 the other way round."""
    for table, expected in (([[0, 1]], [0, 1, 10, 0]), ([[1, 0]], [0, 10, 1, 0]), ([[0, 0]], [0, 11])):
        game = Game.from_function(
            lambda z: z[:, 0] + 10 * z[:, 1], torch.ones(1, 2).double(), players=as_type(table, kind)
        )
        assert harsanyi(game).values.tolist() == expected
        assert game.gradient(torch.ones(1, game.n).double()).tolist() == [[v for v in expected if v]]


@pytest.mark.parametrize("kind", INTEGERS, ids=str)
def test_a_picture_in_cells_of_every_integer_type(kind):
    """A model of a 2×2 picture with two channels; a column is a player. By a batch of one."""
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Conv2d(2, 2, 1), torch.nn.Tanh(), torch.nn.Flatten(), torch.nn.Linear(8, 1))
    model, x = model.double(), torch.randn(1, 2, 2, 2).double()
    effects = harsanyi(Game.from_model(model, x, players=as_type([[1, 0], [1, 0]], kind)))
    left, right = x.clone(), x.clone()
    left[..., 1], right[..., 0] = 0, 0
    v = [model(each).item() for each in (torch.zeros_like(x), right, left, x)]
    assert effects.values.tolist() == pytest.approx(
        [v[0], v[1] - v[0], v[2] - v[0], v[3] - v[2] - v[1] + v[0]], abs=1e-14
    )


def test_labels_of_every_integer_type():
    for kind in INTEGERS:
        assert players.segments(as_type([[7, 7, 2]], kind)).tolist() == [[1, 1, 0]]
    assert players.segments(np.array([2**64 - 1, 0, 2**63], dtype=np.uint64)).tolist() == [2, 0, 1]
    assert players.segments(torch.tensor([[True, False]])).tolist() == [[1, 0]]
    assert players.tokens(np.array([3, 3, 5], dtype=np.uint8)).tolist() == [[[0], [0], [1]]]
    assert players.tokens(np.array([[9, 9, 5]])).tolist() == players.tokens([[9, 9, 5]]).tolist() == [[0, 1, 2]]


def test_a_large_gap_is_refused_at_once():
    """Nothing as long as the largest number is made: under 1 MiB for a gap of 10⁹."""
    tracemalloc.start()
    for table, missing in (([[0, 1, 2, 10**9]], r"\[3, 4, 5, 6, 7\]"), ([[1, 4, 4, 2**62]], r"\[0, 2, 3, 5, 6\]")):
        with pytest.raises(ValueError, match=rf"without a gap; {missing} missing"):
            players.check(table, (1, 4))
    assert tracemalloc.get_traced_memory()[1] < 2**20
    tracemalloc.stop()


WRONG = {
    "players, a dict": (lambda: players.check({0: [0], 1: [1]}, (1, 2)), TypeError, "entry → player.*not {0"),
    "players, text": (lambda: players.check("grid:2", (1, 2)), TypeError, "not 'grid:2'"),
    "players, words": (lambda: players.check(["a", "b"], (1, 2)), TypeError, r"not \['a', 'b'\]"),
    "players, a set": (lambda: players.check({0, 1}, (1, 2)), TypeError, "not {0, 1}"),
    "players, with none": (lambda: players.check([0, None], (1, 2)), TypeError, "not \\[0, None"),
    "players, rows of several lengths": (lambda: players.check([[0], [0, 1]], (1, 2)), TypeError, "inhomogeneous"),
    "players, booleans": (lambda: players.check(np.array([True, False]), (1, 2)), TypeError, "segments\\(flags"),
    "players, complex": (lambda: players.check(torch.tensor([0j, 1]), (1, 2)), TypeError, "not torch.complex64"),
    "players, bfloat16": (lambda: players.check(torch.zeros(2).bfloat16(), (1, 2)), TypeError, "whole numbers"),
    "players, beyond int64": (lambda: players.check([0, 2**70], (1, 2)), TypeError, "beyond what int64 holds"),
    "players, beyond int64, unsigned": (
        lambda: players.check(np.array([0, 2**63], dtype=np.uint64), (1, 2)),
        ValueError,
        "beyond what int64 holds",
    ),
    "players, a function": (lambda: players.check(len, (1, 2)), TypeError, "not <built-in function len>"),
    "features, text": (lambda: players.features("abc"), TypeError, "x is an input.*not 'abc'"),
    "features, a dict": (lambda: players.features({"a": 1}), TypeError, "x is an input"),
    "features, nothing": (lambda: players.features(None), TypeError, "not None"),
    "features, uneven rows": (lambda: players.features([[1.0], [1.0, 2.0]]), TypeError, "inhomogeneous"),
    "grid, half a cell": (lambda: players.grid((1, 4, 4), 1.5), TypeError, r"a whole number, not 1\.5"),
    "grid, half a row": (lambda: players.grid((1, 4, 4), (1, 2.0)), TypeError, r"a whole number, not 2\.0"),
    "grid, three numbers": (lambda: players.grid((1, 4, 4), (1, 2, 2)), ValueError, "these are 3"),
    "grid, text": (lambda: players.grid((1, 4, 4), "2"), TypeError, "not '2'"),
    "grid, a flag": (lambda: players.grid((1, 4, 4), True), TypeError, "not True"),
    "grid, no cells": (lambda: players.grid((1, 4, 4), None), TypeError, "not None"),
    "grid, a picture": (lambda: players.grid(torch.zeros(1, 4, 4), 2), TypeError, r"x\.shape.*the picture itself"),
    "grid, a number": (lambda: players.grid(4, 2), TypeError, "a whole number, not 4"),
    "grid, half a pixel": (lambda: players.grid((4.0, 4), 2), TypeError, r"not 4\.0"),
    "segments, words": (lambda: players.segments(["sky", "sea"]), TypeError, "not \\['sky"),
    "segments, nothing": (lambda: players.segments(None), TypeError, "not None"),
    "segments, a dict": (lambda: players.segments({0: 1}), TypeError, "labels are whole numbers"),
    "segments, complex": (lambda: players.segments(torch.tensor([1j])), TypeError, "complex64"),
    "tokens, text": (lambda: players.tokens("not happy"), TypeError, "not 'not happy'"),
    "tokens, a dict": (lambda: players.tokens({"input_ids": [1]}), TypeError, "tokens are"),
    "tokens, a number": (lambda: players.tokens(5), TypeError, "not 5"),
    "tokens, none": (lambda: players.tokens([]), ValueError, "there is none"),
    "tokens, floats": (lambda: players.tokens(torch.tensor([[0.5]])), TypeError, "torch.float32"),
    "tokens, mixed": (lambda: players.tokens(["a", 1]), TypeError, "tokens are"),
    "parse, a superscript": (lambda: players.parse("grid:²", torch.zeros(4, 4)), ValueError, "players are 'features'"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_makes_no_players_is_refused(what):
    ask, error, words = WRONG[what]
    with pytest.raises(error, match=words):
        ask()


def test_a_grid_takes_whole_numbers_of_any_type():
    expected = players.grid((1, 4, 6), (2, 3)).tolist()
    assert players.grid(torch.Size([1, 4, 6]), np.array([2, 3], dtype=np.uint8)).tolist() == expected
    assert players.grid([1, np.int16(4), 6], [torch.tensor(2), np.int64(3)]).tolist() == expected
    assert players.grid((4, 4), np.uint8(2)).tolist() == players.grid((4, 4), 2).tolist()


def test_cells_and_pixels_of_any_size_are_refused_at_once():
    with pytest.raises(ValueError, match=r"a grid of about 1\.0·10\^5000x1 cells does not fit 4x4 pixels"):
        players.grid((4, 4), (10**5000, 1))
    with pytest.raises(ValueError, match=r"players are 'features', 'grid:K', .*… \(10,005 characters\)"):
        players.parse("grid:" + "9" * 10_000, torch.zeros(4, 4))
    with pytest.raises(MemoryError, match="pixels of a grid take"):
        players.grid((2**62, 2**62), 2)
