"""What a function can reach: a checkpoint of a changed function is refused by name, one of the same goes on anywhere.

The changes show at coalitions that no checkpoint asks for, so that values do not betray them.
"""

import ctypes
import functools
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from question_cases import POWERS, N, at, module_of
from torch import nn

from decompositions.evaluation import spans
from synergy import Game, harsanyi

ASKED = {63 * place // 7 for place in range(8)}
ONE, OTHER = 5, 41  # positions of coalitions that are not asked for
SPECIAL = 0
HELD = None


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
    monkeypatch.chdir(tmp_path)
    setting, kept = Path("setting"), tmp_path / "kept"  # which values are compared is drawn by what f holds
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
