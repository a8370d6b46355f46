"""Which coalitions are drawn, and how often."""

from collections import Counter
from math import comb

import numpy as np
import pytest

from decompositions.sampling.design import PAIRS, _different, design, least


@pytest.mark.parametrize(
    ("n", "budget", "k"), [(30, 1000, 1), (30, 5000, 2), (13, 4096, 3), (12, 1000, 2), (1000, 3000, 0)]
)
def test_the_border_costs_at_most_half(n, budget, k):
    found = design(n, budget, 0)
    sizes = Counter(found.border.sum(1).tolist())
    assert sizes == {s: comb(n, s) for s in (*range(k + 1), *range(n - k, n + 1))}
    assert len(found.border) <= budget / 2 < 2 * sum(comb(n, s) for s in range(k + 2))
    assert budget - 1 <= len(found.table()) <= budget
    assert len(np.unique(found.border, axis=0)) == len(found.border)
    assert not found.border[0].any()
    assert found.border[-1].all()


def test_draws_are_between_the_borders_and_as_likely_as_said():
    found = design(10, 210, 4)
    assert found.chances.sum() == pytest.approx(1)
    assert found.chances[4] / found.chances[5] == pytest.approx((25 / 24) ** 0.5)
    many = np.concatenate([design(10, 210, seed).drawn for seed in range(300)])
    counts = np.bincount(many.sum(1), minlength=11) / len(many)
    assert not counts[found.chances == 0].any()
    np.testing.assert_allclose(counts, found.chances, atol=4 * (0.25 / len(many)) ** 0.5)
    np.testing.assert_allclose(many.mean(0), 0.5, atol=4 * (0.25 / len(many)) ** 0.5)


@pytest.mark.parametrize(("n", "budget"), [(8, 100), (9, 400), (12, 2048), (13, 1000), (30, 1000), (70, 500)])
def test_no_pair_is_drawn_twice_before_there_is_none_left(n, budget):
    found = design(n, budget, 2)
    sizes = np.minimum(found.drawn.sum(1), n - found.drawn.sum(1))
    rows = [frozenset((row.tobytes(), (1 - row).tobytes())) for row in found.drawn]
    for size, drawn in Counter(sizes.tolist()).items():
        there = comb(n, size) // (2 if 2 * size == n else 1)
        of_size = sizes == size
        assert len({row for row, own in zip(rows, of_size, strict=True) if own}) == min(drawn, there)
        assert (found.void[of_size] == (drawn > there)).all()
        np.testing.assert_allclose(found.open[of_size], max(there - drawn + 1, 0) / there)


def test_different_pairs_are_alike_likely():
    """Of 10 pairs of three of six players, in both ways: 6 are all and some again, 4 of 10 are drawn at random."""
    for n, size, there, count in ((6, 3, 10, 6), (6, 3, 10, 4), (7, 3, 35, 20), (7, 3, 35, 5)):
        rng, often = np.random.default_rng(0), Counter()
        for _ in range(2000):
            found = _different(n, size, count, rng)
            assert (found.sum(1) == size).all()
            often.update(min(row.tobytes(), (1 - row).tobytes()) if 2 * size == n else row.tobytes() for row in found)
        share = count / there
        np.testing.assert_allclose(list(often.values()), 2000 * share, atol=4.5 * (2000 * share * (1 - share)) ** 0.5)
        assert len(often) == there


def test_the_second_half_of_the_draws_are_complements():
    found = design(9, 100, 1)
    first, second = np.split(found.table()[len(found.border) :], 2)
    assert (first + second == 1).all()


def test_seeds():
    assert (design(9, 100, 1).drawn == design(9, 100, 1).drawn).all()
    assert (design(9, 100, 1).drawn != design(9, 100, 2).drawn).any()


@pytest.mark.parametrize("n", range(9))
def test_all_coalitions_where_they_fit(n):
    found = design(n, 2**n, 0)
    assert found.complete
    assert len(np.unique(found.table(), axis=0)) == 2**n if n else len(found.table()) == 1


@pytest.mark.parametrize("n", range(40))
def test_the_least_budget_leaves_pairs(n):
    found = design(n, least(n), 0)
    assert found.complete or len(found.drawn) >= PAIRS
