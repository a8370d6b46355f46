"""Places cut into parts, by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from decompositions.games.cutting import cut

LINE = {  # places on a line, parts, and the part of each
    "in halves": ([0, 1, 2, 3], 2, [0, 0, 1, 1]),
    "one more after the cut": ([0, 1, 2], 2, [0, 1, 1]),
    "in thirds": (range(9), 3, [0, 0, 0, 1, 1, 1, 2, 2, 2]),
    "with a gap": ([0, 1, 9, 10, 11], 2, [0, 0, 1, 1, 1]),
    "in any order": ([7, 0, 3, 5], 2, [1, 0, 0, 1]),
    "equal ones together": ([0, 0, 0, 0, 1, 2], 2, [0, 0, 0, 0, 1, 1]),
    "as many as there are": ([4, 4, 8], 5, [0, 0, 1]),
    "all by themselves": ([4, 2, 8], 3, [1, 0, 2]),
    "one part": ([4, 2, 8], 1, [0, 0, 0]),
}


@pytest.mark.parametrize("case", LINE)
def test_on_a_line(case):
    places, parts, expected = LINE[case]
    assert cut(np.array([[place] for place in places]), parts).tolist() == expected


def rectangle(height, width):
    return np.argwhere(np.ones((height, width)))


PICTURES = {
    "a square across its width": (2, 2, 2, [[0, 1], [0, 1]]),
    "a wide one": (2, 4, 2, [[0, 0, 1, 1], [0, 0, 1, 1]]),
    "a high one": (4, 2, 2, [[0, 0], [0, 0], [1, 1], [1, 1]]),
    "quarters": (4, 4, 4, [[0, 0, 2, 2], [0, 0, 2, 2], [1, 1, 3, 3], [1, 1, 3, 3]]),
    "thirds": (1, 3, 3, [[0, 1, 2]]),
}


@pytest.mark.parametrize("case", PICTURES)
def test_of_a_picture(case):
    height, width, parts, expected = PICTURES[case]
    assert cut(rectangle(height, width), parts).reshape(height, width).tolist() == expected


def test_of_a_region_that_is_no_rectangle():
    """An L of seven pixels: three of them, or four, are as near to half, and the first such cut is taken."""
    places = [[0, 0], [1, 0], [2, 0], [3, 0], [4, 0], [4, 1], [4, 2]]
    assert cut(np.array(places), 2).tolist() == [0, 0, 0, 1, 1, 1, 1]


def test_a_thin_end_has_no_more_parts_than_places():
    """One place stands far from a row of six: four parts, of which the cut leaves one place on its side."""
    places = [[0, 0], *([9, column] for column in range(6))]
    found = cut(np.array(places), 4)
    assert sorted(set(found.tolist())) == [0, 1, 2, 3]
    assert (found == found[0]).sum() == 1


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=30),
    st.integers(1, 12),
)
def test_there_are_as_many_parts_as_were_asked_for(places, parts):
    found = cut(np.array(places), parts)
    assert sorted(set(found.tolist())) == list(range(min(parts, len(set(places)))))
    assert len({(place, int(part)) for place, part in zip(places, found, strict=True)}) == len(set(places))


def test_many_parts_are_about_equal():
    sizes = np.bincount(cut(rectangle(60, 80), 48))
    assert len(sizes) == 48
    assert sizes.min() >= 90  # of 100
    assert sizes.max() <= 110
