"""The Möbius and zeta transforms against their definition."""

from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from twins import coalitions, dividends, radix_2, signs

from decompositions.mobius import mobius, table_size, zeta


def whole(*shape, seed=0):
    """Small whole numbers, so that every sum is exact in floats and equality can be asked for."""
    return np.random.default_rng(seed).integers(-8, 9, shape).astype(np.float64)


def test_a_hand_computed_table():
    """v = 1, 2, 4, 9 on ∅, {0}, {1}, {0, 1}: J = 1, 2 − 1, 4 − 1, 9 − 2 − 4 + 1."""
    assert mobius(torch.tensor([1.0, 2.0, 4.0, 9.0])).tolist() == [1, 1, 3, 4]
    assert zeta(torch.tensor([1.0, 1.0, 3.0, 4.0])).tolist() == [1, 2, 4, 9]


def test_three_players_in_the_order_of_bitmasks():
    """v(S) = 10·[0 ∈ S and 2 ∈ S] has one dividend, at bitmask 5."""
    v = np.array([10.0 if {0, 2} <= s else 0.0 for s in coalitions(3)])
    assert mobius(v).tolist() == [0, 0, 0, 0, 0, 10, 0, 0]


@pytest.mark.parametrize("n", range(9))
@pytest.mark.parametrize("kind", ["numpy-float32", "numpy-float64", "torch-float32", "torch-float64", "fractions"])
def test_equals_the_definition(n, kind):
    table = whole(2**n, seed=n)
    expected = (signs(n) @ table).tolist()
    if kind == "fractions":
        values = np.array([Fraction(int(entry), 7) for entry in table], dtype=object)
        assert (mobius(values) * 7).tolist() == expected
        assert (zeta(mobius(values)) == values).all()
        return
    dtype = kind.split("-")[1]
    values = table.astype(dtype) if kind.startswith("numpy") else torch.from_numpy(table).to(getattr(torch, dtype))
    result = mobius(values)
    assert type(result) is type(values)
    assert result.dtype == values.dtype
    assert result.tolist() == expected
    assert values.tolist() == table.tolist(), "the argument was changed"
    assert zeta(result).tolist() == table.tolist()


@pytest.mark.parametrize("n", [0, 3, 5])
def test_equals_the_sum_over_subsets_one_by_one(n):
    table = whole(2**n, seed=20 + n)
    assert mobius(table).tolist() == dividends(lambda s: table[sum(2**i for i in s)], n)


@pytest.mark.parametrize("shape", [(3,), (2, 3), (1, 1, 2)])
@pytest.mark.parametrize("n", [0, 1, 4, 6, 15])
def test_leading_axes_are_tables_of_their_own(shape, n):
    table = whole(*shape, 2**n)
    expected = np.stack([radix_2(row, -1) for row in table.reshape(-1, 2**n)]).reshape(table.shape)
    assert (mobius(table) == expected).all()
    assert (mobius(torch.from_numpy(table)).numpy() == expected).all()
    assert (zeta(torch.from_numpy(expected)).numpy() == table).all()


def test_leading_axes_of_exact_tables():
    table = np.array([[Fraction(1), Fraction(3)], [Fraction(1, 2), Fraction(2)]], dtype=object)
    assert mobius(table).tolist() == [[1, 2], [Fraction(1, 2), Fraction(3, 2)]]


@pytest.mark.parametrize("n", [15, 18, 20])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_large_tables_equal_one_pass_per_bit(n, dtype):
    """Entries 0 and 1: float32 holds the alternating sums of 2^20 of them exactly."""
    table = np.random.default_rng(n).integers(0, 2, 2**n).astype(dtype)
    assert (mobius(table) == radix_2(table, -1)).all()
    assert (zeta(table) == radix_2(table, 1)).all()


def test_large_tables_with_leading_axes():
    table = whole(2, 2**18)
    expected = np.stack([radix_2(row, -1) for row in table])
    assert (mobius(torch.from_numpy(table)).numpy() == expected).all()


@pytest.mark.parametrize("n", [0, 1, 5, 14, 15, 18])
@pytest.mark.parametrize("kind", ["numpy", "torch"])
def test_in_place_overwrites_the_argument(n, kind):
    table = whole(2**n)
    values = table.copy() if kind == "numpy" else torch.from_numpy(table.copy())
    result = mobius(values, inplace=True)
    assert (np.asarray(values) == radix_2(table, -1)).all()
    assert (np.asarray(result) == np.asarray(values)).all()


def test_in_place_on_fractions():
    values = np.array([Fraction(k) for k in (1, 2, 4, 9)], dtype=object)
    mobius(values, inplace=True)
    assert values.tolist() == [1, 1, 3, 4]


@pytest.mark.parametrize("n", [3, 16])
def test_a_table_that_is_not_contiguous_is_left_alone(n):
    table = whole(2**n, 2)
    for column in (torch.from_numpy(table)[:, 0], table[:, 0], table[::-1, 0]):
        before = column.tolist()
        assert mobius(column).tolist() == radix_2(before, -1).tolist()
        assert column.tolist() == before


@pytest.mark.parametrize("kind", ["numpy", "torch"])
def test_in_place_needs_a_contiguous_table(kind):
    table = whole(8, 2)
    column = table[:, 0] if kind == "numpy" else torch.from_numpy(table)[:, 0]
    with pytest.raises(ValueError, match="contiguous"):
        mobius(column, inplace=True)


def test_a_read_only_array_is_read():
    """As NumPy gives them for memory-mapped files and broadcast tables."""
    values = np.array([1.0, 2.0, 4.0, 9.0])
    values.setflags(write=False)
    assert mobius(values).tolist() == [1, 1, 3, 4]


@pytest.mark.parametrize("length", [0, 3, 6, 12])
def test_a_length_that_is_no_power_of_two_is_refused(length):
    for values in (np.zeros(length), torch.zeros(length), np.zeros((2, length), dtype=object)):
        with pytest.raises(ValueError, match=rf"2\*\*n values.*not {length}"):
            mobius(values)


def test_the_number_of_players_of_a_table():
    assert [table_size(2**n) for n in range(25)] == list(range(25))


tables = st.integers(0, 6).flatmap(lambda n: st.lists(st.fractions(), min_size=2**n, max_size=2**n))


@given(tables)
def test_law_the_transforms_are_inverse(table):
    values = np.array(table, dtype=object)
    assert (zeta(mobius(values)) == values).all()
    assert (mobius(zeta(values)) == values).all()


@given(tables)
def test_law_the_dividends_add_up_to_the_grand_coalition(table):
    assert sum(mobius(np.array(table, dtype=object))) == table[-1]


@given(st.lists(st.integers(-99, 99), min_size=8, max_size=8), st.permutations(range(3)))
def test_law_renaming_the_players_renames_the_dividends(table, order):
    renamed = [0] * 8
    for place, coalition in enumerate(coalitions(3)):
        renamed[sum(2 ** order[i] for i in coalition)] = table[place]
    before, after = mobius(np.array(table, dtype=float)), mobius(np.array(renamed, dtype=float))
    for place, coalition in enumerate(coalitions(3)):
        assert after[sum(2 ** order[i] for i in coalition)] == before[place]


@given(st.lists(st.integers(-99, 99), min_size=4, max_size=4))
def test_law_a_null_player_has_no_dividends(table):
    """Player 1 of three adds nothing: v(S) = v(S without 1)."""
    v = np.array([table[2 * (2 in s) + (0 in s)] for s in coalitions(3)], dtype=float)
    assert all(mobius(v)[place] == 0 for place, s in enumerate(coalitions(3)) if 1 in s)
