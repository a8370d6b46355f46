"""Players: which entries go in and out together, by hand."""

import numpy as np
import pytest
import torch

from decompositions import players
from synergy import Game


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
    assert players.parse(text, (2, 4)).tolist() == expected


@pytest.mark.parametrize("text", ["", "grid", "grid:", "grid:a", "grid:2x", "grid:1x2x3", "features:2", "grid:-1", "x"])
def test_parse_refuses_anything_else(text):
    with pytest.raises(ValueError, match="players are 'features'"):
        players.parse(text, (4, 4))


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
