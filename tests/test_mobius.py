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


LARGE = [
    ((40000,), 3),
    ((100,), 13),
    ((37,), 15),
    ((3,), 17),
    ((3,), 18),
    ((2, 2), 18),
    ((3,), 19),
    ((1, 3), 19),
    ((2,), 20),
]


@pytest.mark.parametrize(("shape", "n"), LARGE)
@pytest.mark.parametrize("dtype", ["float32", "float64", "int64"])
@pytest.mark.parametrize("inplace", [False, True], ids=["new", "in-place"])
def test_large_tables_with_leading_axes(shape, n, dtype, inplace):
    """Entries 0 and 1, so that float32 is exact; many small tables, and below, at and above the size of a block."""
    table = np.random.default_rng(n).integers(0, 2, (*shape, 2**n)).astype(dtype)
    for transform, sign in ((mobius, -1), (zeta, 1)):
        expected = radix_2(table, sign)
        values = torch.from_numpy(table.copy())
        found = transform(values, inplace=inplace)
        assert found.dtype == values.dtype
        assert (found.numpy() == expected).all()
        assert (values.numpy() == (expected if inplace else table)).all()


@pytest.mark.parametrize("n", [17, 18, 19, 20])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kind", ["numpy", "torch"])
def test_large_tables_that_are_not_contiguous(n, dtype, kind):
    """Three tables side by side, every second entry of a row, and a row that is held once for two."""
    table = np.random.default_rng(n).integers(0, 2, (2**n, 3)).astype(dtype)
    wrapped = table if kind == "numpy" else torch.from_numpy(table)
    single = wrapped.reshape(-1)[: 2**n]
    twice = np.broadcast_to(single, (2, 2**n)) if kind == "numpy" else single.expand(2, -1)
    before = table.copy()
    for some in (wrapped.T, wrapped.reshape(-1)[: 2 ** (n + 1) : 2], twice):
        assert (np.asarray(mobius(some)) == radix_2(np.asarray(some), -1)).all()
        assert (np.asarray(zeta(some)) == radix_2(np.asarray(some), 1)).all()
    assert (table == before).all()


@pytest.mark.parametrize("n", [17, 19])
def test_one_large_dividend_is_where_it_belongs(n):
    """v(S) = [R ⊆ S] has the dividend 1 at R and no other: every bit is read once, whatever the blocks."""
    masks = np.arange(2**n)
    for members in ({0}, {1, n - 1}, {0, 2, 12, 13, n - 2}, set(range(n)), {n - 1}):
        position = sum(2**i for i in members)
        v = (masks & position == position).astype(np.float32)
        found = mobius(np.stack([v, 1 - v]))
        assert np.flatnonzero(found[0]).tolist() == [position]
        assert found[0, position] == 1
        assert np.flatnonzero(found[1]).tolist() == [0, position]
        assert found[1, position] == -1


@pytest.mark.parametrize("n", [0, 3, 14, 15, 19])
@pytest.mark.parametrize("kind", ["numpy", "torch"])
def test_no_tables_at_all(n, kind):
    values = np.zeros((0, 2**n)) if kind == "numpy" else torch.zeros(0, 2**n)
    for transform in (mobius, zeta):
        assert transform(values).shape == (0, 2**n)
        assert transform(values, inplace=True) is values or kind == "numpy"


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


@pytest.mark.parametrize("kind", ["numpy", "torch", "fractions"])
@pytest.mark.parametrize("n", [3, 19])
def test_in_place_needs_a_contiguous_table(kind, n):
    """One column of a table, and all of them at once; nothing is overwritten."""
    n = 3 if kind == "fractions" else n
    table = whole(2**n, 2).astype(object if kind == "fractions" else float)
    values = torch.from_numpy(table) if kind == "torch" else table
    before = table.copy()
    for some in (values[:, 0], values.T):
        with pytest.raises(ValueError, match="contiguous"):
            mobius(some, inplace=True)
    assert (table == before).all()


def test_a_read_only_array_is_read():
    """As NumPy gives them for memory-mapped files and broadcast tables."""
    values = np.array([1.0, 2.0, 4.0, 9.0])
    values.setflags(write=False)
    assert mobius(values).tolist() == [1, 1, 3, 4]


WHOLE = ["bool", "uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64"]
BY_HAND = [1, 0, 0, 1]  # on ∅, {0}, {1}, {0, 1}: J = 1, −1, −1, 2 and ζ = 1, 1, 1, 2


@pytest.mark.parametrize("dtype", WHOLE)
@pytest.mark.parametrize("kind", ["numpy", "torch", "big-endian"])
def test_whole_numbers_of_any_type_become_int64(dtype, kind):
    values = np.array(BY_HAND).astype(dtype)
    if kind == "big-endian":
        values = values.astype(values.dtype.newbyteorder(">"))
    given = torch.from_numpy(values) if kind == "torch" else values
    assert mobius(given).tolist() == [1, -1, -1, 2]
    assert zeta(given).tolist() == [1, 1, 1, 2]
    assert str(mobius(given).dtype).removeprefix("torch.") == "int64"
    assert np.asarray(given).tolist() == BY_HAND


@pytest.mark.parametrize("n", [3, 15])
def test_whole_numbers_at_the_ends_of_their_type(n):
    """Alternating 0 and 255, −128 and 127: the sums of a naive twin in Python's own numbers."""
    for values in (
        np.where(np.arange(2**n) % 3, 255, 0).astype(np.uint8),
        np.where(np.arange(2**n) % 3, 127, -128).astype(np.int8),
    ):
        expected = radix_2(values.astype(np.float64), -1)
        assert mobius(values).tolist() == expected.tolist()
        assert zeta(torch.from_numpy(expected.astype(np.int32))).tolist() == values.tolist()


@pytest.mark.parametrize("dtype", [">f8", ">f4", "<f4"])
def test_floats_in_another_byte_order(dtype):
    found = mobius(np.array([1, 2, 4, 9], dtype=dtype))
    assert found.tolist() == [1, 1, 3, 4]
    assert found.dtype == np.dtype(dtype).newbyteorder("=")


def test_complex_numbers_keep_their_imaginary_part():
    values = np.array([1, 2j, 4, 9 + 1j])
    assert mobius(values).tolist() == [1, 2j - 1, 3, 9 + 1j - 4 - 2j + 1]
    assert zeta(mobius(torch.from_numpy(values))).tolist() == values.tolist()


def test_sums_of_whole_numbers_beyond_int64_are_refused():
    values = np.array([2**62, 0, 0, -(2**62)])
    with pytest.raises(ValueError, match="may exceed int64; pass floats, or an object array"):
        mobius(values)
    assert mobius(values.astype(object)).tolist() == [2**62, -(2**62), -(2**62), 0]
    with pytest.raises(ValueError, match="may exceed int64"):
        zeta(np.array([2**64 - 1, 0], dtype=np.uint64))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([0.0, 1.0, 2.0, 7.0], r"a tensor or an array, not \[0\.0, 1\.0, 2\.0, 7\.0\]; np\.array\(values\)"),
        (None, "not None"),
        ("0123", "not '0123'"),
        ({0: 1.0}, "a tensor or an array"),
        (np.array(["a", "b"]), "holds numbers, not <U1"),
        (np.zeros(2, dtype=np.longdouble), "convert them to float64"),
        (np.zeros(2, dtype=np.float16), "convert them to float64"),
        (torch.zeros(2, dtype=torch.bfloat16), r"not torch\.bfloat16; convert them to float64"),
        (np.zeros(2, dtype=[("a", float)]), "holds numbers"),
    ],
)
def test_what_is_no_table_is_refused(values, words):
    for transform in (mobius, zeta):
        with pytest.raises(TypeError, match=words):
            transform(values)


def test_a_number_is_no_table():
    for values in (torch.tensor(1.0), np.array(1.0)):
        with pytest.raises(ValueError, match=r"2\*\*n values"):
            mobius(values)


def test_in_place_is_refused_where_the_result_has_no_room():
    read_only = np.zeros(4)
    read_only.setflags(write=False)
    for values, error, words in (
        (np.zeros(4, dtype=np.uint8), TypeError, "int64, which does not fit torch.uint8"),
        (torch.zeros(4, dtype=torch.int32), TypeError, "int64, which does not fit torch.int32"),
        (read_only, ValueError, "a writable table"),
        (np.zeros(4, dtype=">f8"), ValueError, "byte order"),
    ):
        with pytest.raises(error, match=words):
            mobius(values, inplace=True)
    whole = np.array(BY_HAND)
    assert mobius(whole, inplace=True).tolist() == whole.tolist() == [1, -1, -1, 2]


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
