"""Files of effects that anybody may have made: refused before anything is unpacked, or right."""

import contextlib
import io
import json
import os
import pickle
import stat
import tracemalloc
import warnings
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import sympy
import torch

from decompositions import Effects
from synergy import Game, harsanyi, taylor

HEADER = {
    "format": "synergy-effects/1",
    "names": ["a", "b"],
    "basis": "harsanyi",
    "noise": 1e-9,
    "truncated": False,
    "calls": 4,
    "radius": float("nan"),
    "note": "",
    "distance": 0.0,
    "evaluation": "",
    "exact": False,
}
VALUES = [1.0, 2.0, -3.0, 0.5]


def npy(array, **settings):
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.asarray(array), **settings)
    return buffer.getvalue()


def members(header=None, *, without=(), **arrays):
    """The members of a file, of which some are other ones."""
    facts = {name: value for name, value in (HEADER | (header or {})).items() if name not in without}
    given = {"header": np.array(json.dumps(facts)), "values": np.array(VALUES), "remainder": np.array(0.0)} | arrays
    made = {name: data if isinstance(data, bytes) else npy(data) for name, data in given.items() if data is not None}
    return [(f"{name}.npy", data) for name, data in made.items()]


def written(path, entries, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", compression) as file:
        for name, data in entries:
            file.writestr(name, data)
    return path


def degrees(rows, **header):
    table = np.array(rows)
    values = np.arange(len(rows), dtype=np.float64)
    return members({"basis": "taylor"} | header, degrees=table, values=values)


def test_the_file_of_the_tests_is_read(tmp_path):
    for compression in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        effects = Effects.load(written(tmp_path / "e", members(), compression))
        assert effects.values.tolist() == VALUES
        assert (effects.names, effects.noise, effects.calls) == (("a", "b"), 1e-9, 4)
    effects = Effects.load(written(tmp_path / "t", degrees([[0, 0], [2, 0], [1, 1]])))
    assert effects.degree((1, 1)) == 2.0


def test_arrays_of_another_order_are_read_right(tmp_path):
    """Fortran's order, and numbers of a machine whose first byte is the highest."""
    table = np.arange(8.0).reshape(2, 4)
    for given in (np.asfortranarray(table), table.astype(">f8"), table.astype("<f4")):
        effects = Effects.load(written(tmp_path / "e", members(values=given, remainder=np.zeros(2))))
        assert effects.values.tolist() == table.tolist()


HEADERS = {
    "noise text": ({"noise": "0.1"}, "'noise' in its header is float or int, not '0.1'"),
    "noise negative": ({"noise": -1e-9}, "a finite number of at least 0, not -1e-09"),
    "noise NaN": ({"noise": float("nan")}, "a finite number of at least 0, not nan"),
    "noise true": ({"noise": True}, "'noise' in its header is float or int, not True"),
    "noise none": ({"noise": None}, "'noise' in its header is float or int, not None"),
    "noise infinite": ({"noise": float("inf")}, "a finite number of at least 0, not inf"),
    "names empty": ({"names": ["a", ""]}, "at least one letter each; that of player 1 is empty"),
    "names numbers": ({"names": [1, 2]}, "names are a tuple of texts"),
    "names text": ({"names": "ab"}, "'names' in its header is list, not 'ab'"),
    "names too many": ({"names": ["a", "b", "c"]}, r"its values are 8 for 3 players, not of shape \(4,\)"),
    "names by the million": ({"names": ["a"] * 5000}, "for 5000 players, not of shape"),
    "basis": ({"basis": "shapley"}, "the basis is"),
    "basis number": ({"basis": 1}, "'basis' in its header is str"),
    "taylor without degrees": ({"basis": "taylor"}, "need their table of degree vectors"),
    "truncated": ({"truncated": "no"}, "'truncated' in its header is bool"),
    "exact": ({"exact": 0}, "'exact' in its header is bool"),
    "exact of floats": ({"exact": True}, "its values are exact numbers as text"),
    "calls": ({"calls": -1}, "'calls' in its header are those that were paid"),
    "calls half": ({"calls": 1.5}, "'calls' in its header is int"),
    "radius": ({"radius": -1.0}, "'radius' in its header is at least 0"),
    "radius text": ({"radius": "1"}, "'radius' in its header is float or int"),
    "distance": ({"distance": float("nan")}, "'distance' in its header is at least 0"),
    "note": ({"note": 7}, "'note' in its header is str"),
    "evaluation": ({"evaluation": None}, "'evaluation' in its header is str"),
    "format": ({"format": "synergy-effects/99"}, "its format is 'synergy-effects/99', this version reads"),
}


@pytest.mark.parametrize("case", HEADERS)
def test_a_header_that_is_none_is_refused(case, tmp_path):
    header, said = HEADERS[case]
    path = written(tmp_path / "effects", members(header))
    with pytest.raises(ValueError, match=rf"effects is no readable file of effects: .*{said}.*effects\.save"):
        Effects.load(path)


@pytest.mark.parametrize("name", ["format", "names", "basis", "noise", "truncated", "exact"])
def test_a_header_without_an_entry_is_refused(name, tmp_path):
    with pytest.raises(ValueError, match=name):
        Effects.load(written(tmp_path / "effects", members(without=[name])))


def text_members(header):
    return members(header=npy(header)) if isinstance(header, np.ndarray) else members(header=header)


def evil(**claims):
    """An array whose header claims something else than it has."""
    claims = {"descr": "'<f8'", "fortran_order": "False", "shape": "(4,)"} | claims
    text = "{" + ", ".join(f"'{name}': {value}" for name, value in claims.items()) + "}"
    text = text.ljust(118 - 1) + "\n"
    return b"\x93NUMPY\1\0" + len(text).to_bytes(2, "little") + text.encode() + np.array(VALUES).tobytes()


def objects(array):
    return npy(np.array(array, dtype=object), allow_pickle=True)


ARRAYS = {
    "NaN": (members(values=np.array([1.0, np.nan, 2, 3])), "some effects are NaN or infinite"),
    "complex": (members(values=np.array([1, 2j, 3, 4])), r"its values are real numbers .*, not complex ones"),
    "whole numbers": (members(values=np.arange(4)), "not whole numbers"),
    "half precision": (members(values=np.zeros(4, np.float16)), r"not floating-point numbers \(float16\)"),
    "long double": (members(values=np.zeros(4, np.longdouble)), "not floating-point numbers"),
    "text": (members(values=np.array(list("1234"))), "not text"),
    "bytes": (members(values=np.array([b"1"] * 4)), "not bytes"),
    "booleans": (members(values=np.ones(4, bool)), "not booleans"),
    "dates": (members(values=np.zeros(4, "M8[s]")), "not dates"),
    "empty text": (members(values=evil(descr="'<U0'")), "never loaded"),
    "records": (members(values=np.zeros(4, [("a", "f8")])), "header cannot be read|never loaded"),
    "a single number": (members(values=np.array(1.0)), r"not of shape \(\)"),
    "too few": (members(values=np.zeros(3)), r"its values are 4 for 2 players, not of shape \(3,\)"),
    "a remainder of another shape": (members(remainder=np.zeros(3)), r"its remainder have shape \(\), not \(3,\)"),
    "a complex remainder": (members(remainder=np.array(1j)), "its remainder are real numbers"),
    "no remainder": (members(remainder=None), "no member 'remainder'"),
    "no values": (members(values=None), "no member 'values'"),
    "no header": (members()[1:], "no member 'header'"),
    "values twice": ([*members(), members()[1]], "several members 'values'"),
    "gaps of another shape": (members(gaps=np.zeros(3)), "its gaps have shape"),
    "degrees one column": (degrees([[0], [1]]), "one column per player, 2, not whole numbers of"),
    "degrees three columns": (degrees([[0, 0, 0], [1, 0, 0]]), "one column per player, 2"),
    "degrees flat": (degrees([0, 1]), "one column per player, 2"),
    "degrees twice": (degrees([[0, 0], [1, 2], [1, 2]]), r"\[1, 2\] is there twice, again in row 2"),
    "degrees the constant twice": (degrees([[0, 0], [0, 0]]), r"\[0, 0\] is there twice"),
    "degrees no constant": (degrees([[1, 0], [0, 1]]), "row 0 of the degrees is the constant"),
    "degrees negative": (degrees([[0, 0], [-1, 0]]), "degrees are whole numbers, at least 0"),
    "degrees floats": (degrees([[0.0, 0], [1, 0]]), "one column per player, 2, not floating-point"),
    "degrees text": (degrees([["0", "0"], ["1", "0"]]), "one column per player, 2, not text"),
    "degrees of a coalition": (degrees([[0, 0], [2, 0]], basis="harsanyi"), "zeros and ones for coalitions"),
    "header of numbers": ([("header.npy", npy(np.zeros(3))), *members()[1:]], "one text"),
    "header of bytes": ([("header.npy", npy(np.array(b"{}"))), *members()[1:]], "one text"),
    "header of texts": ([("header.npy", npy(np.array(["{}"]))), *members()[1:]], "one text"),
    "header no json": ([("header.npy", npy(np.array("not json"))), *members()[1:]], "Expecting value"),
    "header a list": ([("header.npy", npy(np.array("[1]"))), *members()[1:]], r"its format is \[1\]"),
    "header nested": ([("header.npy", npy(np.array("[" * 10**5))), *members()[1:]], "recursion"),
    "header objects": ([("header.npy", objects({"a": 1})), *members()[1:]], "Python objects, which are never loaded"),
    "values objects": (members(values=objects(VALUES)), "Python objects, which are never loaded"),
    "exact objects": (members({"exact": True}, values=objects(["1"] * 4)), "Python objects, which are never loaded"),
    "evil shape": (members(values=evil(shape="(10**30,)")), "header cannot be read"),
    "huge shape": (members(values=evil(shape="(99999999999999999999,)")), "claims .* bytes in its header, and 32"),
    "negative shape": (members(values=evil(shape="(-4,)")), "says the shape"),
    "shape of floats": (members(values=evil(shape="(4.0,)")), "header cannot be read"),
    "longer than its shape": (members(values=evil(shape="(3,)")), "claims 24 bytes in its header, and 32"),
    "evil type": (members(values=evil(descr="'no such'")), "header cannot be read"),
    "a call": (members(values=evil(descr="__import__('os')")), "header cannot be read"),
    "nested": (members(values=evil(shape="(" * 5000 + ")" * 5000)), "takes|header cannot be read"),
    "long header": (
        members(values=npy(np.array(VALUES)).replace(b"NUMPY\1\0v\0", b"NUMPY\1\0\xff\xff")),
        "takes 65,535",
    ),
    "a later version": (members(values=npy(np.array(VALUES)).replace(b"NUMPY\1", b"NUMPY\x09")), "header takes"),
    "a pickle": (members(values=pickle.dumps(VALUES)), "is no .npy file but a pickle"),
    "empty": (members(values=b""), "is no .npy file: it is empty"),
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("case", ARRAYS)
@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED], ids=["stored", "deflated"])
def test_arrays_of_something_else_are_refused(case, compression, tmp_path):
    entries, said = ARRAYS[case]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Duplicate name")
        path = written(tmp_path / "effects", entries, compression)
    with pytest.raises(
        ValueError, match=rf"effects is no readable file of effects: .*({said}).*effects\.save"
    ) as error:
        Effects.load(path)
    assert "pickle=" not in str(error.value)


@pytest.mark.parametrize(
    "text",
    [
        "1/0",
        "sqrt(-1)",
        "nan",
        "-nan",
        "oo",
        "1 - oo",
        "zoo",
        "x*inf",
        "NaN",
        "zoo + 1/0",
        "import os",
        "[1]",
        "__import__('os')",
    ],
)
def test_exact_numbers_are_real_numbers(text, tmp_path):
    values = np.array(["1", text, "1/3", "x"])
    with pytest.raises(ValueError, match="no readable file of effects"):
        Effects.load(written(tmp_path / "effects", members({"exact": True}, values=values, remainder=np.array("0"))))


def test_members_that_are_not_needed_are_not_read(tmp_path):
    """Ones that would burst, hold a pickle or are nothing at all."""
    more = [("other.npy", objects([1])), ("zeros.npy", b"\0" * 2**22), ("../../evil.npy", b""), ("values", b"x")]
    path = written(tmp_path / "effects", [*members(), *more], zipfile.ZIP_DEFLATED)
    assert Effects.load(path).values.tolist() == VALUES


def zeros_of(path, shape, header):
    """A file that would expand a thousandfold."""
    size = 8 * int(np.prod(shape))
    head = npy(np.zeros((0,))).replace(b"(0,), }", f"{shape}, }}".encode())
    head = head[:8] + (len(head) - 10).to_bytes(2, "little") + head[10:]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in members(header):
            if name != "values.npy":
                file.writestr(name, data)
        with file.open("values.npy", "w", force_zip64=True) as member:
            member.write(head)
            for start in range(0, size, 2**22):
                member.write(b"\0" * min(2**22, size - start))
    return path


@pytest.mark.parametrize(
    ("shape", "said"),
    [((2**22,), r"its values are 4 for 2 players, not of shape \(4194304,\)"), ((2**23, 4), "more than 16 times")],
    ids=["another shape", "a thousandfold"],
)
def test_a_bomb_is_not_expanded(shape, said, tmp_path):
    """32 or 256 MiB of zeros in a thousandth of that: not 4 MiB are taken."""
    path = zeros_of(tmp_path / "bomb", shape, {})
    assert path.stat().st_size < 2**19
    Effects.load(written(tmp_path / "small", members()))
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=said):
            Effects.load(path)
        assert tracemalloc.get_traced_memory()[1] < 2**22
    finally:
        tracemalloc.stop()


def test_a_claim_beyond_the_file_takes_no_memory(tmp_path):
    """A directory that says 3 GiB of a member that holds 32 bytes."""
    path = written(tmp_path / "effects", members())
    raw = bytearray(path.read_bytes())
    place = raw.index(b"PK\1\2")
    place = raw.index(b"PK\1\2", place + 4)  # that of the values
    raw[place + 20 : place + 28] = (3 * 2**30).to_bytes(4, "little") * 2
    path.write_bytes(raw)
    with pytest.raises(ValueError, match=r"'values' claims 3,221,225,472 bytes of a file of"):
        Effects.load(path)


def test_flipped_bits_are_refused_or_harmless(tmp_path):
    """In every byte, of both ways to write; any other error but ValueError fails."""
    for compression in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raw = written(tmp_path / "effects", members(), compression).read_bytes()
        for place in range(len(raw)):
            broken = bytearray(raw)
            broken[place] ^= 1 << place % 8
            (tmp_path / "broken").write_bytes(broken)
            with contextlib.suppress(ValueError):
                assert Effects.load(tmp_path / "broken").values.tolist() == VALUES


@pytest.mark.parametrize("path", [None, 0, 3, True, b"effects", ["effects"], 1.5, object])
def test_what_is_no_path_is_refused(path):
    effects = harsanyi(Game.from_values([0.0, 1.0]))
    for work in (Effects.load, effects.save):
        with pytest.raises(TypeError, match="effects are kept in a file, and path is its name, a text or a Path, not"):
            work(path)


@pytest.mark.parametrize("path", ["", "a\0b"])
def test_what_names_no_file_is_refused(path):
    effects = harsanyi(Game.from_values([0.0, 1.0]))
    for work in (Effects.load, effects.save):
        with pytest.raises(ValueError, match="path is its name, a text or a Path, not"):
            work(path)


def test_nothing_is_saved_that_cannot_be_read(tmp_path):
    path = tmp_path / "effects"
    with pytest.raises(ValueError, match="some effects are NaN or infinite"):
        Effects(torch.tensor([0.0, float("nan")]), names=("a",)).save(path)
    assert not path.exists()


def test_saving_keeps_the_mode_and_follows_a_link(tmp_path):
    path, link = tmp_path / "effects", tmp_path / "link"
    path.write_bytes(b"")
    path.chmod(0o640)
    link.symlink_to(path)
    harsanyi(Game.from_values([0.0, 1.0])).save(link)
    assert link.is_symlink()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert Effects.load(path).values.tolist() == [0.0, 1.0]
    assert sorted(each.name for each in tmp_path.iterdir()) == ["effects", "link"]


def test_what_is_no_file_is_not_read(tmp_path):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    for path in (fifo, tmp_path, Path("/dev/zero")):
        with pytest.raises(ValueError, match="it is no file"):
            Effects.load(path)


def test_a_table_of_degrees_holds_a_row_once():
    values = torch.zeros(3, dtype=torch.float64)
    with pytest.raises(ValueError, match=r"\[1, 0\] is there twice, again in row 2"):
        Effects(values, names=("a", "b"), basis="taylor", degrees=np.array([[0, 0], [1, 0], [1, 0]]))
    with pytest.raises(ValueError, match="row 0 of the degrees is the constant"):
        Effects(values, names=("a", "b"), basis="taylor", degrees=np.array([[0, 1], [1, 0], [1, 1]]))


def test_symbols_are_kept(tmp_path):
    x = sympy.Symbol("x")
    effects = taylor(Game.from_expression("a**2*b", {"a": x, "b": 2}, parameters=["x"]))
    effects.save(tmp_path / "effects")
    assert list(Effects.load(tmp_path / "effects").values) == list(effects.values)


def test_an_infinite_noise_is_not_kept(tmp_path):
    effects = replace(harsanyi(Game.from_values([0.0, 1.0])), noise=float("inf"))
    with pytest.raises(ValueError, match=r"noise of effects that are kept .* a finite number of at least 0, not inf"):
        effects.save(tmp_path / "effects")
    assert not list(tmp_path.iterdir())


def test_a_directory_is_no_file_of_effects(tmp_path):
    with pytest.raises(IsADirectoryError, match=r"is a directory; give the name of a file, such as .*effects\.npz"):
        harsanyi(Game.from_values([0.0, 1.0])).save(tmp_path)


@pytest.mark.parametrize("name", ["EulerGamma", "GoldenRatio", "Catalan"])
def test_a_constant_comes_back_as_itself(name, tmp_path):
    effects = harsanyi(Game.from_expression("2*x", {"x": getattr(sympy, name)}))
    effects.save(tmp_path / "effects")
    assert Effects.load(tmp_path / "effects").values.tolist() == [0, 2 * getattr(sympy, name)]
