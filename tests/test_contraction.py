"""Sums over supersets, weighted by size, against two loops over all pairs of coalitions."""

from fractions import Fraction
from itertools import combinations
from math import comb, factorial

import numpy as np
import pytest
import sympy
import torch
from twins import bitmask, coalitions, dividends, shapley

from decompositions.contraction import by_player, contract, weighted
from synergy import Game, harsanyi, method


def fractions(*shape, seed=0):
    """Small fractions with denominator 12."""
    numbers = np.random.default_rng(seed).integers(-60, 61, shape)
    exact = np.empty(shape, dtype=object)
    exact.reshape(-1)[:] = [Fraction(int(number), 12) for number in numbers.reshape(-1)]
    return exact


def naive(values, weights, order):
    """Σ_{T⊇S} w(|T|) a(T) for all S of ``order`` players: bitmask → sum, one table."""
    n = len(weights) - 1
    everyone = coalitions(n)
    return {
        bitmask(s): sum((weights[len(t)] * values[bitmask(t)] for t in everyone if s <= t), Fraction(0))
        for s in everyone
        if len(s) == order
    }


def as_floats(exact, dtype):
    return torch.from_numpy(exact.astype(np.float64)).to(dtype)


@pytest.mark.parametrize("n", range(7))
@pytest.mark.parametrize("kind", ["fractions", "sympy", "float32", "float64"])
def test_equals_two_loops(n, kind):
    values, weights = fractions(2**n, seed=n), fractions(n + 1, seed=50 + n)
    for order in range(n + 1):
        expected = naive(values, weights, order)
        if kind == "fractions":
            found = contract(values, weights, order)
            assert list(found.items()) == sorted(expected.items())
        elif kind == "sympy":
            found = contract(*(np.array([sympy.Rational(v) for v in each]) for each in (values, weights)), order)
            assert {mask: Fraction(int(v.p), int(v.q)) for mask, v in found.items()} == expected
        else:
            dtype = getattr(torch, kind)
            found = contract(as_floats(values, dtype), as_floats(weights, dtype), order)
            assert list(found) == sorted(expected)
            assert {entry.dtype for entry in found.values()} == {dtype}
            size = sum(abs(weights[bin(mask).count("1")] * values[mask]) for mask in range(2**n))
            for mask, entry in found.items():
                assert abs(entry.item() - float(expected[mask])) <= 4 * (n + 1) * torch.finfo(dtype).eps * float(size)


@pytest.mark.parametrize("order", [5, 9])
def test_no_coalition_has_more_players_than_there_are(order):
    assert contract(torch.ones(16), torch.ones(5), order) == {}


def test_the_argument_is_left_alone():
    values = fractions(16)
    floats, before = as_floats(values, torch.float64), values.tolist()
    contract(values, fractions(5, seed=1), 2)
    contract(floats, torch.arange(5.0, dtype=torch.float64), 2)
    assert values.tolist() == before
    assert floats.tolist() == [float(value) for value in before]


@pytest.mark.parametrize("shape", [(3,), (2, 3), (1, 1), (0,)])
@pytest.mark.parametrize("exact", [True, False], ids=["exact", "float64"])
def test_leading_axes_are_games_of_their_own(shape, exact):
    values, weights = fractions(*shape, 16, seed=3), fractions(5, seed=4)
    for order in (0, 1, 2):
        rows = [naive(row, weights, order) for row in values.reshape(-1, 16)]
        given = (values, weights) if exact else (as_floats(values, torch.float64), as_floats(weights, torch.float64))
        for mask, found in contract(*given, order).items():
            assert tuple(found.shape) == shape
            assert [float(entry) for entry in found.reshape(-1)] == pytest.approx([float(row[mask]) for row in rows])


def test_a_table_that_is_not_contiguous():
    values, weights = fractions(2, 16, seed=5), fractions(5, seed=6)
    expected = list(naive(values[1], weights, 1).values())
    columns = np.ascontiguousarray(values.T)
    assert by_player(columns.T, weights)[1].tolist() == expected
    found = by_player(as_floats(columns, torch.float64).T, as_floats(weights, torch.float64))[1]
    assert found.tolist() == pytest.approx([float(entry) for entry in expected])


@pytest.mark.parametrize("n", [1, 2, 5])
def test_by_player_is_in_the_order_of_the_players(n):
    values, weights = fractions(3, 2**n, seed=n), fractions(n + 1, seed=7)
    expected = [[naive(row, weights, 1)[2**i] for i in range(n)] for row in values]
    assert by_player(values, weights).tolist() == expected


@pytest.mark.parametrize("shape", [(), (3,)])
def test_nobody_plays(shape):
    assert by_player(torch.ones(*shape, 1), torch.ones(1)).shape == (*shape, 0)
    exact = by_player(fractions(*shape, 1), fractions(1))
    assert exact.shape == (*shape, 0)
    assert exact.dtype == object


@pytest.mark.parametrize("n", [3, 14, 16])
def test_values_are_weighted_by_size(n):
    """Beyond 2^14 entries block by block; powers of two, so that the products are exact."""
    values = torch.from_numpy(np.random.default_rng(n).integers(-9, 9, (2, 2**n)).astype(float))
    weights = 2.0 ** -torch.arange(n + 1, dtype=torch.float64)
    expected = [[v * 0.5 ** mask.bit_count() for mask, v in enumerate(row)] for row in values.tolist()]
    assert weighted(values, weights).tolist() == expected


def test_large_tables_with_whole_numbers():
    """n = 16: every sum is exact; for three players and two pairs of them, by a mask over all coalitions."""
    n = 16
    values = np.random.default_rng(1).integers(-9, 10, 2**n).astype(float)
    weights = np.arange(n + 1.0) % 5 - 2
    masks = np.arange(2**n)
    products = np.array([weights[mask.bit_count()] for mask in range(2**n)]) * values
    given = torch.from_numpy(values), torch.from_numpy(weights)
    for order, some in ((1, [1, 2**7, 2**15]), (2, [3, 2**15 + 2**4])):
        found = contract(*given, order)
        assert len(found) == comb(n, order)
        assert {m: found[m].item() for m in some} == {m: products[masks & m == m].sum() for m in some}


# --- indices of players and pairs, from the dividends ----------------------------------------------------------------


def table(n, seed):
    return fractions(2**n, seed=seed)


def gain(values, inside, player):
    return values[bitmask(inside | {player})] - values[bitmask(inside)]


def second(values, inside, pair):
    """Δ_{ij} v(T) = v(T∪{i,j}) − v(T∪{i}) − v(T∪{j}) + v(T)."""
    i, j = pair
    one, other = inside | {i}, inside | {j}
    return values[bitmask(one | other)] - values[bitmask(one)] - values[bitmask(other)] + values[bitmask(inside)]


def harsanyi_dividends(values, n):
    return np.array(dividends(lambda s: values[bitmask(s)], n), dtype=object)


@pytest.mark.parametrize("n", [1, 2, 4, 5])
def test_the_shapley_value_shares_dividends_equally(n):
    values = table(n, seed=n)
    weights = np.array([Fraction(0), *(Fraction(1, t) for t in range(1, n + 1))], dtype=object)
    expected = shapley(lambda s: values[bitmask(s)], n)
    assert by_player(harsanyi_dividends(values, n), weights).tolist() == expected


@pytest.mark.parametrize("n", [1, 2, 4, 5])
def test_the_banzhaf_value_is_the_mean_gain_over_all_coalitions(n):
    """W[1, t] = 2^{−(t−1)}."""
    values = table(n, seed=10 + n)
    weights = np.array([Fraction(0), *(Fraction(1, 2 ** (t - 1)) for t in range(1, n + 1))], dtype=object)
    expected = [sum(gain(values, s, i) for s in coalitions(n) if i not in s) / 2 ** (n - 1) for i in range(n)]
    assert by_player(harsanyi_dividends(values, n), weights).tolist() == expected


@pytest.mark.parametrize("n", [2, 3, 5])
@pytest.mark.parametrize("index", ["shapley", "banzhaf"])
def test_interactions_of_pairs_are_weighted_means_of_second_differences(n, index):
    """Shapley: W[2, t] = 1/(t − 1), each T by t!(n−t−2)!/(n−1)!; Banzhaf: 2^{−(t−2)}, each T by 2^{−(n−2)}."""
    values = table(n, seed=20 + n)
    of = {"shapley": lambda t: Fraction(1, t - 1), "banzhaf": lambda t: Fraction(1, 2 ** (t - 2))}[index]
    weights = np.array([Fraction(0), Fraction(0), *(of(t) for t in range(2, n + 1))], dtype=object)
    found = contract(harsanyi_dividends(values, n), weights, 2)
    for pair in combinations(range(n), 2):
        expected = Fraction(0)
        for inside in coalitions(n):
            if not inside & set(pair):
                t = len(inside)
                shapley_ = Fraction(factorial(t) * factorial(n - t - 2), factorial(n - 1))
                share = shapley_ if index == "shapley" else Fraction(1, 2 ** (n - 2))
                expected += share * second(values, inside, pair)
        assert found[bitmask(pair)] == expected
    assert len(found) == comb(n, 2)


def test_a_hand_computed_unanimity_game():
    """Six for the three players together: two each, three per pair, six for the triple."""
    J = torch.tensor([0.0, 0, 0, 0, 0, 0, 0, 6])
    assert by_player(J, torch.tensor([0, 1, 1 / 2, 1 / 3])).tolist() == pytest.approx([2, 2, 2])
    assert {m: v.item() for m, v in contract(J, torch.tensor([0, 0, 1, 1 / 2]), 2).items()} == {3: 3, 5: 3, 6: 3}
    assert contract(J, torch.tensor([0, 0, 0, 1.0]), 3)[7].item() == 6


@pytest.mark.parametrize(("index", "order"), [("SV", 1), ("BV", 1), ("SII", 2), ("BII", 2)])
def test_equals_shapiq(index, order):
    shapiq = pytest.importorskip("shapiq")
    n = 5
    values = table(n, seed=40).astype(float)
    values -= values[0]
    computer = shapiq.ExactComputer(lambda rows: values[rows.astype(int) @ (1 << np.arange(n))], n_players=n)
    expected = computer(index, order=order)
    of = {"S": lambda t: 1 / (t - order + 1), "B": lambda t: 2.0 ** -(t - order)}[index[0]]
    weights = torch.tensor([0.0] * order + [of(t) for t in range(order, n + 1)], dtype=torch.float64)
    found = contract(harsanyi(Game.from_values(values)).values, weights, order)
    for members in combinations(range(n), order):
        assert found[bitmask(members)].item() == pytest.approx(expected[members], abs=1e-12)


# --- the Shapley value at the input ----------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_the_value_at_the_input_is_the_mean_over_all_orders(n):
    values = table(n, seed=60 + n)
    assert method("shapley").attribute(Game.from_values(values)).tolist() == shapley(lambda s: values[bitmask(s)], n)


@pytest.mark.parametrize("exact", [True, False], ids=["exact", "float64"])
def test_the_value_at_the_input_and_that_of_a_batch_of_ends(exact):
    """At an end x_T the members share v(T) − v(∅) as if nobody else were there; the last end is the input."""
    n = 4
    values = fractions(2, 2**n, seed=70)
    game = Game.from_values(values if exact else values.astype(float))
    ends = [frozenset({1}), frozenset({0, 3}), frozenset(), frozenset(range(n))]
    rows = np.array([[int(i in end) for i in range(n)] for end in ends])
    together = method("shapley").attribute(game, rows)
    alone = method("shapley").attribute(game)
    for row, one in enumerate(values):
        expected = [shapley(lambda s, one=one: one[bitmask(s)], n, end) for end in ends]
        found = [[float(entry) for entry in each] for each in together[row]]
        assert found == [pytest.approx([float(e) for e in each], abs=1e-13) for each in expected]
        assert [float(entry) for entry in alone[row]] == pytest.approx([float(e) for e in expected[-1]], abs=1e-13)
        if exact:
            assert alone[row].tolist() == expected[-1]


def test_a_large_constant_does_not_swamp_the_value():
    """v = 10^9 and a game of size one: the constant is taken off before anything is weighted."""
    n = 10
    small = np.random.default_rng(2).normal(size=2**n)
    exact = [Fraction(v + 1e9) for v in small]  # as floats hold them
    J = harsanyi(Game.from_values(np.array([each - exact[0] for each in exact], dtype=object))).values
    expected = [sum(J[m] / m.bit_count() for m in range(1, 2**n) if m >> i & 1) for i in range(n)]
    found = method("shapley").attribute(Game.from_values(small + 1e9))
    assert found.tolist() == pytest.approx([float(each) for each in expected], abs=1e-12)


@pytest.mark.parametrize(
    ("values", "weights", "order", "error", "words"),
    [
        (torch.zeros(4), torch.zeros(3), -1, ValueError, "at least 0, not -1"),
        (torch.zeros(4), torch.zeros(3), 1.5, TypeError, "a whole number"),
        (torch.zeros(4), torch.zeros(3), True, TypeError, "not True"),
        (torch.zeros(4), torch.zeros(2), 1, ValueError, r"3 of them, not of shape \(2,\)"),
        (torch.zeros(4, dtype=torch.uint8), torch.zeros(3), 1, TypeError, r"not torch\.uint8; use as_array"),
    ],
)
def test_what_does_not_fit_is_refused(values, weights, order, error, words):
    with pytest.raises(error, match=words):
        contract(values, weights, order)
