"""What a function can reach: a checkpoint of a changed function is refused by name, one of the same goes on anywhere.

The changes show at coalitions that no checkpoint asks for, so that values do not betray them.
"""

import ctypes
import functools
import os
import re
import subprocess
import sys
import textwrap
import types

import numpy as np
import pytest
import torch
from torch import nn

from decompositions.evaluation import spans
from decompositions.evaluation.fingerprint.fingerprint import fingerprint
from decompositions.evaluation.sealed import sealed
from synergy import Game, harsanyi

N = 6
ASKED = {63 * place // 7 for place in range(8)}
POWERS = 2.0 ** torch.arange(N, dtype=torch.float64)
ONE, OTHER = 5, 41  # positions of coalitions that are not asked for
SPECIAL = 0
HELD = None


def at(z, position):
    """1 at one coalition."""
    return 5.0 * ((z @ POWERS) == position).double()


def module_of(text, name="user_code"):
    """A module of a user's own, from its text."""
    module = types.ModuleType(name)
    module.__dict__.update(POWERS=POWERS, torch=torch, nn=nn, at=at)
    exec(textwrap.dedent(text), module.__dict__)
    return module


class Holder:
    def __init__(self, value):
        self.value = value

    def f(self, z):
        return z.sum(1) + at(z, self.value)

    def __call__(self, z):
        return self.f(z)


class Slotted:
    __slots__ = ("value",)

    def __init__(self, value):
        self.value = value


class Model(nn.Module):
    def __init__(self, value):
        super().__init__()
        self.k = value

    def forward(self, z):
        return z.sum(1) + at(z, float(np.asarray(self.k)))


class Plain(nn.Module):
    def forward(self, z):
        return z.sum(1)


def with_global(value):
    global SPECIAL
    SPECIAL = value
    return lambda z: z.sum(1) + at(z, SPECIAL)


def with_object_in_a_global(value):
    global HELD
    HELD = {"settings": [Slotted(value)]}
    return lambda z: z.sum(1) + at(z, HELD["settings"][0].value)


def with_closure(value):
    held = Holder(value)
    return lambda z: z.sum(1) + at(z, held.value)


def in_a_comprehension(value):
    return module_of(f"def f(z): return z.sum(1) + sum(at(z, k) for k in [{value}])").f


def edited(value):
    text = f"def helper(z): return at(z, {value})\ndef f(z): return z.sum(1) + helper(z)"
    return module_of(text).f


def edited_far_away(value):
    """An attribute of a module in a module, through a method, found by its name."""
    inner = module_of(f"class Settings:\n    def special(self): return {value}\n")
    outer = module_of("def f(z): return z.sum(1) + at(z, getattr(inner.Settings(), 'special')())")
    outer.inner = inner
    return outer.f


def forward_edited(value):
    text = f"""
        class Net(nn.Module):
            def forward(self, z): return z.sum(1) + at(z, {value})
    """
    return module_of(text).Net()


def forward_inherited(value):
    """The class that changed is the parent of the model's."""
    text = f"""
        class Net(nn.Module):
            def special(self): return {value}
        class Child(Net):
            def forward(self, z): return z.sum(1) + at(z, self.special())
    """
    return module_of(text).Child()


def forward_replaced(value):
    model = Plain()
    model.forward = lambda z: z.sum(1) + at(z, value)
    return model


def hooked(value):
    model = Plain()
    model.register_forward_hook(lambda module, inputs, output: output + at(inputs[0], value))
    return model


def hooked_before(value):
    model = nn.Sequential(nn.Identity(), Plain())
    model[0].register_forward_pre_hook(lambda module, inputs: (inputs[0] * (1 - at(inputs[0], value)[:, None]),))
    return model


def monkeypatched(value):
    """A library's module with a forward of somebody else's."""
    model = nn.Sequential(nn.Linear(N, 1).double())
    nn.init.ones_(model[0].weight)
    nn.init.zeros_(model[0].bias)
    original = model[0].forward
    model[0].forward = lambda z: original(z) + at(z, value)[:, None]
    return model


def of_an_activation(value):
    function = torch.relu if value == ONE else torch.abs
    return lambda z: z.sum(1) + function(at(z, ONE) - 1)


def decorated(value):
    def plus(f):
        @functools.wraps(f)
        def wrapped(z):
            return f(z) + at(z, value)

        return wrapped

    return plus(lambda z: z.sum(1))


def keyworded(value):
    def f(z, *, special=value):
        return z.sum(1) + at(z, special)

    return f


def in_a_class_attribute(value):
    class Settings:
        special = value

    return lambda z: z.sum(1) + at(z, Settings.special)


def in_a_property(value):
    return module_of(
        f"class Settings:\n    @property\n    def special(self): return {value}\ns = Settings()\n"
        "def f(z): return z.sum(1) + at(z, s.special)"
    ).f


def table_of(value, kind):
    table = np.zeros(2**N)
    table[value] = 5.0
    held = {"tensor": torch.from_numpy(table), "array": table, "frozen": tuple(table.tolist())}[kind]

    def f(z):
        return z.sum(1) + torch.as_tensor(held)[(z @ POWERS).long()]

    return f


def target(value):
    return lambda out: out[:, 0] + 5.0 * (out[:, 0] == value).double()


def model_game(make):
    return lambda value: Game.from_model(make(value), torch.ones(1, N, dtype=torch.float64))


def game(make):
    return lambda value: Game.from_function(make(value), torch.ones(N, dtype=torch.float64))


def target_game(make):
    powers = nn.Linear(N, 1, bias=False).double()
    powers.weight.data = POWERS[None].clone()
    return lambda value: Game.from_model(powers, torch.ones(1, N, dtype=torch.float64), target=make(value))


def beside_a_tensor(value, kind):
    """A number that somebody hung on a tensor or an array."""

    class Array(np.ndarray):
        pass

    held = {"tensor": torch.zeros(1), "parameter": nn.Parameter(torch.zeros(1)), "array": np.zeros(1).view(Array)}[kind]
    held.k = value
    return lambda z: z.sum(1) + at(z, held.k)


def in_a_pattern(value):
    held = re.compile(str(value))
    return lambda z: z.sum(1) + at(z, int(held.pattern))


CHANGES = {
    "attribute of a tensor": game(lambda value: beside_a_tensor(value, "tensor")),
    "attribute of a parameter": game(lambda value: beside_a_tensor(value, "parameter")),
    "attribute of an array": game(lambda value: beside_a_tensor(value, "array")),
    "pattern": game(in_a_pattern),
    "C number": game(lambda value: (lambda held: lambda z: z.sum(1) + at(z, held.value))(ctypes.c_int(value))),
    "memory": game(lambda value: (lambda held: lambda z: z.sum(1) + at(z, held[0]))(memoryview(np.array([value])))),
    "plain tensor": model_game(lambda value: Model(torch.tensor(float(value)))),
    "NumPy attribute": model_game(lambda value: Model(np.array(value))),
    "number": model_game(Model),
    "partial": game(lambda value: functools.partial(lambda z, k: z.sum(1) + at(z, k), k=value)),
    "partial of a method": game(lambda value: functools.partial(Holder.f, Holder(value))),
    "bound method": game(lambda value: Holder(value).f),
    "callable object": game(Holder),
    "object in a closure": game(with_closure),
    "global": game(with_global),
    "object in a global": game(with_object_in_a_global),
    "constant in a comprehension": game(in_a_comprehension),
    "edited helper": game(edited),
    "edited far away": game(edited_far_away),
    "edited forward": model_game(forward_edited),
    "edited parent": model_game(forward_inherited),
    "replaced forward": model_game(forward_replaced),
    "forward hook": model_game(hooked),
    "forward pre-hook": model_game(hooked_before),
    "forward of a library's module": model_game(monkeypatched),
    "relu to abs": game(of_an_activation),
    "decorator": game(decorated),
    "default of a keyword": game(keyworded),
    "class attribute": game(in_a_class_attribute),
    "property": game(in_a_property),
    "table in a closure": game(lambda value: table_of(value, "tensor")),
    "array in a closure": game(lambda value: table_of(value, "array")),
    "tuple in a closure": game(lambda value: table_of(value, "frozen")),
    "target that closes over a number": target_game(target),
    "target that reads a global": target_game(
        lambda value: (with_global(value), lambda out: out[:, 0] + 5.0 * (out[:, 0] == SPECIAL).double())[1]
    ),
}


@pytest.mark.parametrize("kind", CHANGES)
def test_a_changed_function_is_refused_and_what_changed_is_named(kind, tmp_path):
    """The same question goes on before and after; another one is refused though all its asked values agree."""
    make = CHANGES[kind]
    expected = harsanyi(make(ONE), checkpoint=tmp_path).values
    assert torch.equal(harsanyi(make(ONE), checkpoint=tmp_path).values, expected)
    assert not torch.equal(harsanyi(make(OTHER)).values, expected)
    changed = "the target" if kind.startswith("target") else "the model"
    with pytest.raises(ValueError, match=rf"is of another question: {changed} changed \(['\"]") as error:
        harsanyi(make(OTHER), checkpoint=tmp_path)
    assert "the function's values" not in str(error.value)
    assert torch.equal(harsanyi(make(ONE), checkpoint=tmp_path).values, expected)


def test_the_changes_do_not_show_at_what_is_asked():
    assert not {ONE, OTHER} & ASKED


def test_a_setting_that_changes_half_way(tmp_path, monkeypatch):
    """n = 14: an evaluation stops half way, the setting becomes another one, and no value of the first is taken."""
    monkeypatch.setattr(spans, "RANGE", 1024)
    monkeypatch.setattr(spans, "FEW", 1)
    monkeypatch.setattr(spans, "BATCHES", 1)
    powers = 2.0 ** torch.arange(14, dtype=torch.float64)
    seen = []

    class Setting:
        k = 12345.0

    s = Setting()

    def f(z):
        return z.sum(1) + 5 * ((z @ powers) == s.k)

    asked = Game.from_function(f, torch.ones(14, dtype=torch.float64))

    def report(count):
        seen.append(count)
        if sum(seen) > 2**13:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt, match="coalitions are kept"):
        harsanyi(asked.watched(report), checkpoint=tmp_path)
    s.k = 54.0
    with pytest.raises(ValueError, match=r"the model changed \('f → s\.k'\)"):
        harsanyi(asked, checkpoint=tmp_path)


def test_what_cannot_be_seen_is_compared_in_every_part(tmp_path, monkeypatch):
    """A file that f reads: some values of every part are compared with what f gives now."""
    monkeypatch.setattr(spans, "RANGE", 8)
    monkeypatch.setattr(spans, "FEW", 1)
    monkeypatch.setattr(spans, "BATCHES", 1)
    setting, kept = tmp_path / "setting", tmp_path / "kept"
    setting.write_text("0")

    def f(z):
        shift = float(setting.read_text())
        position = z @ POWERS
        inside = (position % 9 != 0) & (position // 8 == 6)  # one part only, none of what the manifest asks for
        return z.sum(1) + shift * inside.double()

    asked = Game.from_function(f, torch.ones(N, dtype=torch.float64), chunk=8)
    harsanyi(asked, checkpoint=kept)
    setting.write_text("1e-9")
    with pytest.raises(ValueError, match=r"it holds .* for the coalition at position \d+, and the function gives"):
        harsanyi(asked, checkpoint=kept)


def test_what_a_library_and_this_package_are_made_of_does_not_count():
    """Their names and versions do; two functions of one name differ for a user's module only."""

    def made(module, constant):
        names = {"__name__": module}
        exec(f"def f(z): return z + {constant}", names)
        return fingerprint(names["f"], "f")

    assert made("decompositions.models.model_function", 1) == made("decompositions.models.model_function", 2)
    assert made("torch.nn.functional", 1) == made("torch.nn.functional", 2)
    assert made("mine", 1) != made("mine", 2)
    assert fingerprint(torch.relu, "f") != fingerprint(torch.abs, "f")


def test_counters_and_caches_of_a_call_do_not_count(tmp_path):
    """What a call changes by itself is no part of the question."""
    calls = []

    def f(z):
        calls.append(len(z))
        return z.sum(1)

    asked = Game.from_function(f, torch.ones(N, dtype=torch.float64))
    expected = harsanyi(asked, checkpoint=tmp_path).values
    assert torch.equal(harsanyi(asked, checkpoint=tmp_path).values, expected)


def test_objects_that_hold_each_other_end():
    """Cycles through lists, closures and sets."""

    class Node:
        def __init__(self):
            self.others = set()
            self.all = []

    nodes = [Node() for _ in range(30)]
    for node in nodes:
        node.others |= set(nodes)
        node.all.extend(nodes)
    assert 0 < len(fingerprint(lambda z: z + len(nodes), "f")) < 1000


USER = """
import collections, dataclasses, enum, functools
import torch
from torch import nn

POWERS = 2.0 ** torch.arange(6, dtype=torch.float64)
NAMES = {"a", "bc", "def", "ghij", "klmno"}
KINDS = frozenset({("x", 1), ("y", 2), ("z", 3)})
TABLE = {name: {name * 2} for name in sorted(NAMES)}

class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"

class Thing:
    pass

@dataclasses.dataclass
class Setting:
    value: float = 1.0
    tags: set = dataclasses.field(default_factory=lambda: {"p", "q", Color.RED})
    things: set = dataclasses.field(default_factory=lambda: {Thing(), Thing()})

def helper(z, setting):
    return setting.value * z.sum(1) + sum(len(name) for name in NAMES if name in TABLE) + len(KINDS)

@functools.lru_cache
def cached(k):
    return 2 * k

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.layers = nn.Sequential(nn.Linear(6, 8), nn.GELU(), nn.Linear(8, 2)).double()
        self.setting = Setting()
        self.color = Color.BLUE
        self.count = collections.Counter("abracadabra")
        self.layers[1].register_forward_hook(lambda module, inputs, output: output + 1e-3 * self.setting.value)

    def forward(self, z):
        scale = {"red": 2.0, "blue": 3.0}[self.color.value] + cached(1) + len(self.setting.tags)
        return scale * self.layers(z) + helper(z, self.setting)[:, None]

def target(out):
    return out[:, 1] + len(NAMES)
"""
ASKING = """
import sys
from user_code import Net, target
import torch
from synergy import Game, harsanyi
game = Game.from_model(Net().eval(), torch.ones(1, 6, dtype=torch.float64), target=target)
try:
    print(harsanyi(game, checkpoint="kept").values.tolist())
except ValueError as error:
    print(error)
"""


def asked_in_a_new_process(folder, seed):
    environment = os.environ | {"PYTHONHASHSEED": seed, "PYTHONDONTWRITEBYTECODE": "1"}
    environment["PYTHONPATH"] = os.pathsep.join([str(folder), *sys.path])
    run = subprocess.run(
        [sys.executable, "-c", ASKING], capture_output=True, text=True, cwd=folder, env=environment, check=True
    )
    return run.stdout


def test_an_unchanged_question_goes_on_in_a_new_process_and_an_edited_file_is_noticed(tmp_path):
    """Sets, mappings, enumerations, data classes, hooks, caches; other hash seeds, and a comment more in the file."""
    code = tmp_path / "user_code.py"
    code.write_text(USER)
    expected = asked_in_a_new_process(tmp_path, "1")
    assert expected.startswith("[")
    (part,) = (tmp_path / "kept").glob("*.part")
    written = part.stat().st_mtime_ns
    code.write_text("# a comment\n" + USER)
    assert asked_in_a_new_process(tmp_path, "2") == expected
    assert part.stat().st_mtime_ns == written
    code.write_text(USER.replace("return 2 * k", "return 1 + k"))  # the same for k = 1
    assert "the model changed ('class Net.forward → cached.__wrapped__')" in asked_in_a_new_process(tmp_path, "3")


def test_checkpoints_of_an_earlier_format_are_refused_by_name_and_stay(tmp_path):
    asked = Game.from_function(lambda z: z.sum(1), torch.ones(N, dtype=torch.float64))
    manifest, part = tmp_path / "manifest.json", tmp_path / "000000000000-000000000064.part"
    manifest.write_bytes(sealed({"format": "synergy-checkpoint/1", "model": "0"}, b""))
    part.write_bytes(b"values")
    before = {path.name: path.read_bytes() for path in (manifest, part)}
    with pytest.raises(
        ValueError, match="'synergy-checkpoint/1', this version reads 'synergy-checkpoint/2'; begin anew"
    ):
        harsanyi(asked, checkpoint=tmp_path)
    assert {path.name: path.read_bytes() for path in (manifest, part)} == before
