"""Which coalitions are drawn, and how often."""

from collections import Counter
from math import comb

import numpy as np
import pytest

from decompositions.sampling.design import PAIRS, design, least


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
