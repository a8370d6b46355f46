"""The table of effects: reading it, keeping it, handing it on."""

import json
from fractions import Fraction

import numpy as np
import pytest
import sympy
import torch
from cases import BY_ID, NETWORKS, close, label
from twins import coalitions, dividends

from synergy import Effects, Game, allocate, harsanyi, method, taylor

HAND = [5.0, 2.0, -3.0, 0.0, 7.0, 0.5, 0.0, -1.0]  # J of ∅, 0, 1, 01, 2, 02, 12, 012


def by_hand(values=HAND, **facts):
    return Effects(torch.tensor(values, dtype=torch.float64), names=("a", "b", "c"), **facts)


def test_indexing_by_coalition():
    effects = by_hand()
    assert (effects[()], effects[0], effects[(0,)], effects[0, 2], effects[2, 0]) == (5, 2, 2, 0.5, 0.5)
    assert effects[0, 1, 2] == -1
    assert effects[[2]] == 7
    assert effects[frozenset({1})] == -3
    assert effects.base == 5
    assert effects.total == 5.5


def test_indexing_by_name():
    effects = by_hand()
    assert (effects["a"], effects["a", "c"], effects["c", "a"], effects["a", 1, "c"]) == (2, 0.5, 0.5, -1)
    assert effects[("b",)] == effects[["b"]] == effects[{"b"}] == -3
    some = harsanyi(Game.from_values([0.0, 1.0, 2.0, 7.0], names=["age", "sex"]), order=1)
    assert (some["age"], some["sex"]) == (1, 2)


def test_indexing_by_names_of_taylor_effects_and_of_an_allocation():
    """x0² + 3·x0·x1² at (2, 1): J(0) = 4, J(01) = 6, of which Shapley gives 3 to each."""
    game = Game.from_expression("x0**2 + 3*x0*x1**2", {"x0": 2, "x1": 1})
    effects = taylor(game)
    assert (effects["x0"], effects["x1"], effects["x1", "x0"]) == (4, 0, 6)
    assert list(allocate(harsanyi(game), method("shapley").policy(game))["x0", "x1"]) == [3, 3]


@pytest.mark.parametrize("kind", [int, np.int64, np.uint8, lambda i: torch.tensor(i, dtype=torch.int16)])
def test_indexing_by_whole_numbers_of_any_type(kind):
    effects = by_hand()
    assert effects[kind(2)] == 7
    assert effects[kind(0), kind(2)] == 0.5
    assert effects[np.array([0, 2], dtype=np.uint8)] == effects[torch.tensor([0, 2], dtype=torch.uint8)] == 0.5


WRONG_COALITIONS = {
    "half a player": (1.5, TypeError, "by its name or its number, a whole number, not 1.5"),
    "a whole float": ((0.0, 1), TypeError, r"a whole number, not 0\.0"),
    "a flag": (True, TypeError, "not True"),
    "flags": (torch.tensor([True, False, True]), TypeError, "whole number"),
    "none": (None, TypeError, "not None"),
    "a slice": (slice(0, 2), TypeError, "not slice"),
    "bytes": (b"a", TypeError, "not b'a'"),
    "a mapping": ({"a": 1}, TypeError, "not {'a': 1}"),
    "nested": ([[0, 1]], TypeError, "whole number"),
    "unknown": ("alpha", LookupError, r"no player is named 'alpha'; the players are 'a, b, c'"),
    "glued": ("ac", LookupError, "no player is named 'ac'; did you mean"),
    "one of two unknown": (("a", "x4"), LookupError, "no player is named 'x4'"),
    "twice": ((0, 2, 0), ValueError, "a coalition holds a player once.* has 0 twice"),
    "twice, by name and number": (("b", 1), ValueError, "has 1 twice"),
    "beyond": (3, IndexError, "no player 3: the players are 0 to 2"),
    "far beyond": (10**400, IndexError, "players are 0 to 2"),
    "negative": ((0, -1), IndexError, "no player -1"),
}


@pytest.mark.parametrize("what", WRONG_COALITIONS)
def test_indexing_by_what_is_no_coalition(what):
    coalition, error, words = WRONG_COALITIONS[what]
    with pytest.raises(error, match=words):
        by_hand()[coalition]


def test_a_misspelt_name_is_told_the_nearest():
    effects = harsanyi(Game.from_values([0.0, 1.0, 2.0, 7.0], names=["income", "education"]))
    with pytest.raises(LookupError, match="no player is named 'incom'; did you mean 'income'"):
        effects["education", "incom"]


def test_a_name_that_several_players_have_is_ambiguous():
    effects = by_hand()
    effects = Effects(effects.values, names=("the", "cat", "the"))
    assert effects["cat"] == -3
    with pytest.raises(LookupError, match="2 players are named 'the'; say by its number"):
        effects["the", "cat"]


def test_indexing_of_effects_up_to_an_order():
    effects = harsanyi(Game.from_values([0.0, 1.0, 2.0, 7.0]), order=1)
    assert (effects[0], effects[1], effects[()]) == (1, 2, 0)


@pytest.mark.parametrize("build", [taylor, lambda game: harsanyi(game, order=2)], ids=["taylor", "order-2"])
def test_indexing_of_exact_effects_with_a_table_of_degrees(build):
    """x0² + 3·x0·x1² at (2, 1): J(0) = 4, J(01) = 6."""
    effects = build(Game.from_expression("x0**2 + 3*x0*x1**2", {"x0": 2, "x1": 1}))
    assert (effects[0], effects[1], effects[0, 1], effects[()]) == (4, 0, 6, 0)
    assert list(effects.independent) == [4, 0]
    assert effects.interactions == {(0, 1): 6}


def test_a_player_that_does_not_exist():
    for wrong in (3, -1, (0, 5)):
        with pytest.raises(IndexError, match="players are 0 to 2"):
            by_hand()[wrong]


def test_degree_by_hand():
    effects = taylor(BY_ID["squares"].game())
    assert (effects.degree((2, 0, 0)), effects.degree((0, 1, 2)), effects.degree((5, 0, 0))) == (3, 18, 0)


def test_degree_of_dividends_is_refused():
    with pytest.raises(ValueError, match=r"taylor\(\)"):
        by_hand().degree((1, 0, 0))


def test_degree_of_another_length_is_refused():
    with pytest.raises(ValueError, match="3 entries, one per player, not 2"):
        taylor(BY_ID["squares"].game()).degree((1, 0))


@pytest.mark.parametrize(
    ("degree", "error", "words"),
    [
        ((1.5, 0, 0), TypeError, r"a whole number of at least 0, not 1\.5"),
        ((-1, 0, 0), ValueError, "at least 0, not -1"),
        ((True, 0, 0), TypeError, "not True"),
        ("100", TypeError, "not '100'"),
        (3, TypeError, "not 3"),
        ({"x": 1, "y": 0, "z": 0}, TypeError, "one entry per player"),
    ],
)
def test_degree_of_what_is_no_degree_vector(degree, error, words):
    effects = taylor(BY_ID["squares"].game())
    assert effects.degree(np.array([2, 0, 0], dtype=np.uint8)) == 3
    with pytest.raises(error, match=words):
        effects.degree(degree)


@pytest.mark.parametrize(("k", "error"), [(-1, ValueError), (1.5, TypeError), ("3", TypeError), (True, TypeError)])
def test_top_of_what_is_no_number_of_effects(k, error):
    assert by_hand().top(np.int8(1)) == [((2,), 7)]
    with pytest.raises(error, match="k is the number of effects to name, a whole number of at least 0, not"):
        by_hand().top(k)


@pytest.mark.parametrize("row", [-1, 8])
def test_the_key_of_a_row_that_is_not_there(row):
    with pytest.raises(IndexError, match=rf"no row {row}: the rows are 0 to 7"):
        by_hand().key(row)


def test_independent_effects_and_interactions():
    assert by_hand().independent.tolist() == [2, -3, 7]
    assert by_hand().interactions == {(0, 1): 0, (0, 2): 0.5, (1, 2): 0, (0, 1, 2): -1}


def test_independent_effects_and_interactions_of_float_tables_of_degrees():
    values = torch.tensor([1.0, 2.0, 3.0, 4.0, 5.0])
    degrees = np.array([[0, 0], [1, 0], [2, 0], [1, 1], [1, 2]])
    effects = Effects(values, names=("a", "b"), basis="taylor", degrees=degrees)
    assert effects.independent.tolist() == [5, 0]
    assert effects.interactions == {(0, 1): 9}
    assert effects.by_support().values.tolist() == [1, 5, 0, 9]


def test_to_dict():
    assert by_hand().to_dict() == dict(
        zip([(), (0,), (1,), (0, 1), (2,), (0, 2), (1, 2), (0, 1, 2)], HAND, strict=True)
    )


def test_top_is_by_strength_and_leaves_out_the_constant_and_zeros():
    assert by_hand().top(3) == [((2,), 7), ((1,), -3), ((0,), 2)]
    assert by_hand().top(99) == [((2,), 7), ((1,), -3), ((0,), 2), ((0, 1, 2), -1), ((0, 2), 0.5)]
    assert by_hand().top(0) == []


def test_top_stays_above_the_noise_floor():
    """The floor is noise·2^(|S|/2): 0.4 leaves 0.57 on single players, 0.8 on pairs, 1.13 on the triple."""
    effects = by_hand(noise=0.4)
    assert effects.noise_floor().tolist() == pytest.approx([0.4 * 2 ** (len(s) / 2) for s in coalitions(3)])
    assert [key for key, _ in effects.top()] == [(2,), (1,), (0,)]


def test_noise_is_that_of_the_model_and_covers_its_rounding():
    """The dividends of an additive function in float32 beyond order 1 are rounding alone."""
    x = torch.tensor([[1234.567, 0.1234567, 77.7777]], dtype=torch.float32)
    effects = harsanyi(Game.from_function(lambda z: z[:, 0] + z[:, 1] + z[:, 2], x, 0.1))
    assert effects.noise == pytest.approx(2**-23 * 1312.46, rel=1e-3)
    assert {key for key, _ in effects.top()} == {(0,), (1,), (2,)}


def test_exact_effects_have_no_noise():
    assert harsanyi(BY_ID["triple"].game()).noise == 0


def test_top_of_several_games_is_refused():
    with pytest.raises(ValueError, match="one game"):
        harsanyi(BY_ID["table-leading-axes"].game()).top()


def test_labels():
    assert by_hand().label((0, 2)) == "a·c"
    assert by_hand().label(()) == "∅"
    assert taylor(BY_ID["squares"].game()).label((0, 1, 2)) == "y·z²"


def test_repr_names_the_strongest():
    assert repr(by_hand()) == "Effects(harsanyi, 3 players, 8 rows; strongest: c +7, b -3, a +2)"
    assert "none" in repr(by_hand([1.0] + [0.0] * 7))
    assert "x·y +4" in repr(taylor(BY_ID["squares"].game()))


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"values": torch.zeros(7)}, "8 effects of 3 players"),
        ({"basis": "fourier"}, "'harsanyi' or 'taylor', not 'fourier'"),
        ({"basis": "taylor"}, "table of degree vectors"),
        ({"degrees": np.zeros((3, 3), dtype=int)}, "3 effects"),
        ({"degrees": np.zeros((8, 2), dtype=int)}, r"one column per player, 3, not of shape \(8, 2\)"),
        ({"degrees": np.zeros((8, 3))}, "degrees are a NumPy array of whole numbers"),
        ({"degrees": [[0, 0, 0]] * 8}, "degrees are a NumPy array of whole numbers"),
        ({"degrees": -np.eye(8, 3, dtype=int)}, "zeros and ones for coalitions; these go from -1"),
        ({"degrees": -np.eye(8, 3, dtype=int), "basis": "taylor"}, "at least 0; these go from -1"),
        ({"values": [0.0] * 8}, "torch tensor of floats or an object array"),
        ({"values": torch.zeros(8, dtype=torch.int64)}, "torch tensor of floats or an object array"),
        ({"values": torch.zeros(8, dtype=torch.complex64)}, "torch tensor of floats or an object array"),
        ({"values": torch.tensor(1.0)}, "not a single number"),
        ({"names": ["a", "b", "c"]}, "names are a tuple of texts"),
        ({"names": "abc"}, "names are a tuple of texts"),
        ({"names": (0, 1, 2)}, "names are a tuple of texts"),
        ({"noise": -1e-9}, "noise is the rounding error of a value, a finite number of at least 0"),
        ({"noise": float("nan")}, "noise is"),
        ({"noise": "small"}, "noise is"),
        ({"noise": None}, "noise is"),
    ],
)
def test_effects_that_do_not_fit_are_refused(facts, words):
    with pytest.raises((ValueError, TypeError), match=words):
        Effects(**{"values": torch.zeros(8), "names": ("a", "b", "c"), **facts})


def test_effects_are_built_by_keyword():
    with pytest.raises(TypeError, match="positional"):
        Effects(torch.zeros(2), ("a",))  # type: ignore[misc]


def test_what_is_known_of_the_series_is_asked_of_the_effects():
    effects = taylor(Game.from_expression("1/(2 - x)", {"x": 1}), 3)
    series = effects.series
    assert (effects.radius, effects.note, effects.distance) == (series.radius, series.note, series.distance)
    assert effects.gaps is series.gaps
    assert effects.radius == pytest.approx(2)
    assert harsanyi(Game.from_values([0.0, 1.0])).gaps is None


# --- on disk ---------------------------------------------------------------------------------------------------------


KEPT = {
    "float64": lambda: harsanyi(BY_ID["softplus"].game()),
    "float32": lambda: harsanyi(BY_ID["relu-float32"].game()),
    "leading-axes": lambda: harsanyi(BY_ID["table-leading-axes"].game()),
    "leading-axes-order-2": lambda: harsanyi(BY_ID["table-leading-axes"].game(), order=2),
    "order-2": lambda: harsanyi(BY_ID["relu"].game(), order=2),
    "exact": lambda: harsanyi(BY_ID["rational"].game()),
    "exact-order-1": lambda: harsanyi(BY_ID["rational"].game(), order=1),
    "fractions": lambda: harsanyi(BY_ID["table-fractions"].game()),
    "taylor": lambda: taylor(BY_ID["triple"].game()),
    "taylor-cut-off": lambda: taylor(BY_ID["rational"].game(), degree=2),
    "irrational": lambda: taylor(Game.from_expression("x**3*y", {"x": sympy.sqrt(2), "y": sympy.pi})),
}


@pytest.mark.parametrize("kind", KEPT)
def test_round_trip(kind, tmp_path):
    effects = KEPT[kind]()
    path = tmp_path / "effects.npz"
    effects.save(path)
    again = Effects.load(path)
    assert type(again.values) is type(effects.values)
    assert again.values.dtype == effects.values.dtype
    assert (again.values == effects.values).all()
    assert np.all(np.asarray(again.remainder == effects.remainder))
    assert (again.names, again.basis, again.noise, again.calls) == (
        effects.names,
        effects.basis,
        effects.noise,
        effects.calls,
    )
    assert (again.degrees is None) == (effects.degrees is None)
    assert again.degrees is None or (again.degrees == effects.degrees).all()
    assert [path] == list(tmp_path.iterdir())


def test_any_ending_and_a_path_as_text(tmp_path):
    by_hand().save(str(tmp_path / "mine"))
    assert Effects.load(str(tmp_path / "mine")).values.tolist() == HAND


def test_saving_over_a_file_replaces_it(tmp_path):
    path = tmp_path / "effects.npz"
    harsanyi(Game.from_values([1.0, 2.0])).save(path)
    by_hand().save(path)
    assert len(Effects.load(path)) == 8


def test_no_such_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no file of effects at .*nowhere"):
        Effects.load(tmp_path / "nowhere")


def other_header(path, header):
    np.savez(path, header=np.array(header), values=np.zeros(2), remainder=np.zeros(()))
    path.with_suffix(".npz").replace(path)


FOREIGN = {
    "text": lambda path: path.write_text("attribution,method\n1,2\n", encoding="utf8"),
    "empty": lambda path: path.write_bytes(b""),
    "npy": lambda path: path.write_bytes(_npy(np.zeros(4))),
    "npz": lambda path: (np.savez(path.with_suffix(".npz"), a=np.zeros(3)), path.with_suffix(".npz").replace(path)),
    "pickle": lambda path: path.write_bytes(__import__("pickle").dumps([1, 2])),
    "objects": lambda path: path.write_bytes(_npy(np.array([Fraction(1)], dtype=object))),
    "torch": lambda path: torch.save(torch.zeros(3), path),
    "later-format": lambda path: other_header(path, json.dumps({"format": "synergy-effects/99"})),
    "no-json": lambda path: other_header(path, "not json"),
    "json-list": lambda path: other_header(path, "[1]"),
    "too-few-names": lambda path: other_header(
        path,
        json.dumps(
            {
                "format": "synergy-effects/1",
                "names": ["a", "b"],
                "basis": "harsanyi",
                "noise": 0,
                "calls": 0,
                "exact": False,
            }
        ),
    ),
    "directory": lambda path: path.mkdir(),
}


def _npy(array):
    from io import BytesIO

    buffer = BytesIO()
    np.save(buffer, array, allow_pickle=True)
    return buffer.getvalue()


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("kind", FOREIGN)
def test_a_foreign_file_is_refused(kind, tmp_path):
    path = tmp_path / "foreign"
    FOREIGN[kind](path)
    with pytest.raises(ValueError, match=r"foreign is no readable file of effects.*effects\.save"):
        Effects.load(path)


def damaged(path):
    by_hand().save(path)
    return bytearray(path.read_bytes())


@pytest.mark.parametrize("keep", [0.02, 0.3, 0.7, 0.99])
def test_a_truncated_file_is_refused(keep, tmp_path):
    path = tmp_path / "effects.npz"
    raw = damaged(path)
    path.write_bytes(raw[: int(len(raw) * keep)])
    with pytest.raises(ValueError, match="no readable file of effects"):
        Effects.load(path)


def test_a_damaged_file_is_refused_or_unharmed(tmp_path):
    """One byte in seven is turned over; what is read all the same has the numbers that were written."""
    path = tmp_path / "effects.npz"
    raw = damaged(path)
    refused = 0
    for place in range(0, len(raw), 7):
        broken = bytearray(raw)
        broken[place] ^= 0xFF
        path.write_bytes(broken)
        try:
            assert Effects.load(path).values.tolist() == HAND
        except ValueError:
            refused += 1
    assert refused > 50


def test_an_encrypted_or_newer_zip_is_refused(tmp_path):
    """A flipped flag in the zip's directory: "encrypted", or a version that zipfile does not know."""
    path = tmp_path / "effects.npz"
    raw = damaged(path)
    directory = raw.index(b"PK\x01\x02")
    for place, bit in ((directory + 8, 1), (directory + 6, 64)):
        broken = bytearray(raw)
        broken[place] |= bit
        path.write_bytes(broken)
        with pytest.raises(ValueError, match="no readable file of effects"):
            Effects.load(path)


def test_saving_where_nothing_can_be_written_leaves_nothing(tmp_path):
    with pytest.raises(OSError, match="nowhere"):
        by_hand().save(tmp_path / "nowhere" / "effects.npz")
    occupied = tmp_path / "occupied"
    (occupied / "inside").mkdir(parents=True)
    with pytest.raises(OSError, match="occupied"):
        by_hand().save(occupied)
    assert list(tmp_path.iterdir()) == [occupied]
    assert [entry.name for entry in occupied.iterdir()] == ["inside"]


def test_saving_that_fails_half_way_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "effects.npz"
    by_hand().save(path)

    def full(*_, **__):
        raise OSError("no space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(OSError, match="no space"):
        harsanyi(Game.from_values([0.0, 1.0])).save(path)
    monkeypatch.undo()
    assert Effects.load(path).values.tolist() == HAND
    assert list(tmp_path.iterdir()) == [path]


# --- shapiq ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", [case for case in NETWORKS if case.n <= 5 and case.epsilon < 1e-10], ids=label)
def test_to_shapiq_equals_its_own_exact_computer(case):
    shapiq = pytest.importorskip("shapiq")

    def values(masks):
        return np.array([case.value(frozenset(np.nonzero(row)[0].tolist())) for row in masks])

    expected = shapiq.ExactComputer(values, n_players=case.n)("Moebius")
    given = harsanyi(case.game()).to_shapiq()
    assert (given.index, given.n_players, given.max_order) == ("Moebius", case.n, case.n)
    scale = max(abs(expected.values).max(), 1)
    for coalition in coalitions(case.n):
        key = tuple(sorted(coalition))
        assert given[key] == pytest.approx(expected[key], abs=1e-10 * scale)


def test_to_shapiq_of_taylor_and_of_an_order():
    pytest.importorskip("shapiq")
    case = BY_ID["triple"]
    expected = dividends(case.value, 3)
    full, some = taylor(case.game()).to_shapiq(), harsanyi(case.game(), order=2).to_shapiq()
    for coalition, value in zip(coalitions(3), expected, strict=True):
        assert full[tuple(sorted(coalition))] == float(value)
        if len(coalition) <= 2:
            assert some[tuple(sorted(coalition))] == float(value)
    assert some.max_order == 2


def test_to_shapiq_takes_one_game():
    pytest.importorskip("shapiq")
    with pytest.raises(ValueError, match="one game"):
        harsanyi(BY_ID["table-leading-axes"].game()).to_shapiq()


def test_a_read_only_table_is_read():
    values = np.arange(4, dtype=np.float32)
    values.setflags(write=False)
    close(harsanyi(Game.from_values(values)).values, [0, 1, 2, 0], 1e-12)


def test_a_file_cannot_make_python_run_anything(tmp_path):
    """Exact numbers are read as arithmetic, never evaluated."""
    path = tmp_path / "e.npz"
    harsanyi(Game.from_expression("x*y", {"x": 1, "y": 2})).save(path)
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files}
    arrays["values"] = np.array([f"__import__('pathlib').Path('{tmp_path}/ran').touch()"] * 4)
    np.savez(path, **arrays)
    with pytest.raises(ValueError, match="no readable file"):
        Effects.load(path)
    assert not (tmp_path / "ran").exists()


def test_whole_numbers_of_any_size_stay_exact():
    effects = harsanyi(Game.from_values([0, 10**30, 2, 7]))
    assert effects[0, 1] == 7 - 2 - 10**30
    given = method("shapley").attribute(Game.from_values([0, 10**30, 2, 7]))
    assert sum(given) == 7
    assert all(isinstance(value, Fraction) for value in given)
