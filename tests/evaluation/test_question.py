"""What is part of a question and what is not: other processes, edited files, earlier formats."""

import os
import subprocess
import sys

import pytest
import torch
from question_cases import N, module_of

from decompositions.evaluation.fingerprint.fingerprint import fingerprint
from decompositions.evaluation.sealed import sealed
from synergy import Game, harsanyi


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


def test_a_class_is_made_by_its_metaclass():
    text = """
        class Meta(type):
            k = {k}
            held = {{"k": {held}}}
            def __getattr__(cls, name):
                return Meta.held[name[-1:]]
        class Settings(metaclass=Meta):
            pass
        def f(z):
            return z.sum(1) + at(z, Settings.k) + at(z, Settings.other_k)
    """
    asked = [
        fingerprint(module_of(text.format(k=k, held=held)).f, "f") for k, held in ((5, 7), (5, 7), (41, 7), (5, 8))
    ]
    assert asked[0] == asked[1]
    assert asked[0] != asked[2]
    assert asked[0] != asked[3]
