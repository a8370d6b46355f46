"""Where a gap went, and how much of it the parts named are: by hand."""

import pytest

from synergy import Game, compare
from synergy.comparison.balance import balance


def of(*pairs):
    """Occlusion hands a pair's effect out twice: a gap of −J, of a game of players (0, 1), (2, 3), …"""
    n = 2 * len(pairs)
    values = [sum(J * (s >> 2 * k & 1) * (s >> 2 * k + 1 & 1) for k, J in enumerate(pairs)) for s in range(2**n)]
    comparison = compare(Game.from_values(values), ["occlusion_1"])
    return balance(comparison, comparison["occlusion_1"])


@pytest.mark.parametrize(
    ("pairs", "gap", "where"),
    [
        ((4.0, 1.0), -5.0, "most of it in"),
        ((1.0,) * 5, -5.0, "most of it in"),
        ((4.0, -3.0), -1.0, "the largest of its parts, which cancel in part, in"),
        ((3.0, 3.0, 3.0, -1.0, -1.0), -7.0, "the largest of its parts, which cancel in part, in"),
    ],
)
def test_how_much_of_the_gap_is_named(pairs, gap, where):
    found = of(*pairs)
    assert found.gap == pytest.approx(gap)
    assert found.where() == where


def test_less_than_half_of_the_gap_is_not_most_of_it():
    found = of(*(1.0,) * 7)
    assert found.where() == "the largest of its parts, 43% of it, in"
