"""The terms of leaves, their dividends and their closed forms, by hand and by exact sums over coalitions."""

from fractions import Fraction
from itertools import combinations
from math import comb

import numpy as np
import pytest

from decompositions.trees.by_size import by_pair, by_player, differences
from decompositions.trees.ensemble import Tree, ensemble
from decompositions.trees.terms import Terms, blocks, merged
from decompositions.trees.ways import ways


def tree(column, threshold, left, right, value):
    missing = np.zeros(len(column), dtype=bool)
    return Tree(*(np.array(part) for part in (column, threshold, left, right)), missing, np.array(value))


TWO = tree([0, 1, 0, 0, 0], [0.0, 0.0, 0, 0, 0], [1, 3, -1, -1, -1], [2, 4, -1, -1, -1], [0, 0, 5.0, 1.0, 2.0])
# z0 ≤ 0: (z1 ≤ 0: 1, else 2), else 5


def terms_of(trees, x, b, players=(0, 1)):
    read = ensemble(trees, len(players))
    found = list(blocks(read, ways(read, np.array(players)), np.array(x), np.array(b), np.full(len(b), 1 / len(b))))
    return merged(found)


def players_of(terms, row, bits):
    members = terms.members[terms.leaf[row]].tolist()
    return tuple(player for place, player in enumerate(members) if int(bits) >> place & 1)


def written(terms):
    """c, A and B of every term, with the players in them."""
    return sorted(
        (float(weight), players_of(terms, row, terms.present[row]), players_of(terms, row, terms.absent[row]))
        for row, weight in enumerate(terms.weight)
    )


def test_a_tree_of_two_splits_by_hand():
    """v = 5 z0 + (1 − z0) (2 z1 + 1 (1 − z1)) for x = (1, 1) and b = (−1, −1)."""
    found = written(terms_of([TWO], [1.0, 1.0], [[-1.0, -1.0]]))
    assert found == [(1.0, (), (0, 1)), (2.0, (1,), (0,)), (5.0, (0,), ())]


def test_features_of_one_player_go_together():
    assert written(terms_of([TWO], [1.0, 1.0], [[-1.0, -1.0]], (0, 0))) == [(1.0, (), (0,)), (5.0, (0,), ())]


def test_cells_that_go_the_same_way_are_no_players():
    assert written(terms_of([TWO], [1.0, 1.0], [[2.0, -1.0]])) == [(5.0, (), ())]


def test_baselines_that_meet_the_same_are_merged():
    """The first two are one; the third goes where x goes; the fourth differs in z0 alone."""
    found = written(terms_of([TWO], [1.0, 1.0], [[-1.0, -1.0], [-2.0, -3.0], [4.0, 0.0], [-1.0, 1.0]]))
    assert found == [(0.5, (), (0,)), (0.5, (), (0, 1)), (1.0, (1,), (0,)), (1.25, (), ()), (3.75, (0,), ())]


def test_a_player_that_is_asked_twice_has_one_place():
    """z0 ≤ 2 and z0 ≤ 0: between them neither x alone nor b alone."""
    twice = tree([0, 0, 0, 0, 0], [2.0, 0.0, 0, 0, 0], [1, 3, -1, -1, -1], [2, 4, -1, -1, -1], [0, 0, 7.0, 1.0, 3.0])
    assert written(terms_of([twice], [3.0, 0], [[-1.0, 0]])) == [(1.0, (), (0,)), (7.0, (0,), ())]


def test_more_players_on_a_way_than_a_word_has_bits():
    none = -np.ones(71)
    left, right = np.append(np.arange(1, 71), none), np.append(np.arange(71, 141), none)
    one = tree(np.append(np.arange(70), 0 * none), np.zeros(141), left, right, np.arange(141.0))
    deep = ensemble([one], 70)
    with pytest.raises(ValueError, match="more than 64 players on one way; put features together"):
        ways(deep, np.arange(70))
    assert ways(deep, np.arange(70) // 2).members.shape == (71, 35)


def random_terms(rng, n, longest, m):
    """Terms of leaves of different lengths, and the dividends that they have."""
    leaves = 9
    members = np.full((leaves, longest), -1)
    for row in range(leaves):
        size = rng.integers(0, longest + 1)
        members[row, :size] = rng.permutation(n)[:size]
    leaf = rng.integers(0, leaves, m)
    sides = rng.integers(0, 3, (m, longest)) * (members[leaf] >= 0)  # 1: in A, 2: in B
    powers = 1 << np.arange(longest)
    a, b = (((sides == side) * powers).sum(1).astype("u1") for side in (1, 2))
    terms = Terms(rng.normal(size=m), leaf, a, b, members)
    dividends: dict[frozenset, float] = {}
    for row in range(m):
        groups = [set(members[leaf[row]][sides[row] == side].tolist()) for side in (1, 2)]
        for size in range(len(groups[1]) + 1):
            for some in combinations(sorted(groups[1]), size):
                key = frozenset(groups[0] | set(some))
                dividends[key] = dividends.get(key, 0.0) + (-1) ** size * terms.weight[row]
    return terms, dividends


WEIGHTS = {
    "shapley": lambda s: Fraction(1, s),
    "banzhaf": lambda s: Fraction(1, 2 ** (s - 1)),
    "squares": lambda s: Fraction(s * s),
}
PAIRS = {
    "sii": lambda s: Fraction(1, s - 1),
    "banzhaf": lambda s: Fraction(1, 2 ** (s - 2)),
    "chaining": lambda s: Fraction(1, s),
}


@pytest.mark.parametrize("name", WEIGHTS)
def test_players_are_given_what_the_dividends_say(name):
    for seed in range(5):
        terms, dividends = random_terms(np.random.default_rng(seed), 6, 5, 30)
        expected = [sum(WEIGHTS[name](len(s)) * j for s, j in dividends.items() if i in s) for i in range(6)]
        np.testing.assert_allclose(by_player(terms, WEIGHTS[name], 6), np.array(expected, float), rtol=0, atol=1e-11)


@pytest.mark.parametrize("name", PAIRS)
def test_pairs_are_given_what_the_dividends_say(name):
    for seed in range(5):
        terms, dividends = random_terms(np.random.default_rng(seed), 6, 5, 30)
        expected = np.zeros((6, 6))
        for i, k in combinations(range(6), 2):
            expected[i, k] = expected[k, i] = sum(
                PAIRS[name](len(s)) * j for s, j in dividends.items() if {i, k} <= set(s)
            )
        np.testing.assert_allclose(by_pair(terms, PAIRS[name], 6), expected, rtol=0, atol=1e-11)


def test_the_restricted_game_has_the_dividends_within():
    for seed in range(5):
        rng = np.random.default_rng(seed)
        terms, dividends = random_terms(rng, 6, 5, 30)
        there = rng.random(6) < 0.6
        kept = {s: j for s, j in dividends.items() if all(there[i] for i in s)}
        expected = [float(sum(Fraction(1, len(s)) * j for s, j in kept.items() if i in s)) for i in range(6)]
        np.testing.assert_allclose(by_player(terms.within(there), WEIGHTS["shapley"], 6), expected, rtol=0, atol=1e-12)


def test_shapley_values_of_a_leaf():
    """c / (a C(a+b, a)) to every player of A, −c / (b C(a+b, b)) to every one of B."""
    table = differences(WEIGHTS["shapley"], 12)
    for a in range(1, 12):
        for b in range(12 - a):
            assert table[a, b] == pytest.approx(1 / (a * comb(a + b, a)), rel=1e-15)
            if b:
                assert -table[a + 1, b - 1] == pytest.approx(-1 / ((a + 1) * comb(a + b, a + 1)), rel=1e-15)


def test_high_differences_keep_their_digits():
    """In floats the sum of alternating binomials up to C(40, 20) would leave none."""
    assert differences(WEIGHTS["shapley"], 60)[20, 40] == pytest.approx(1 / (20 * comb(60, 20)), rel=1e-14)
