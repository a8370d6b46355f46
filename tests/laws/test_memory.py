"""Where memory is short: an error that says for what, how much and the way out, before much is computed."""

import subprocess
import sys

import pytest
import torch

from decompositions.memory import needed
from synergy import Game, harsanyi, players

SHORT = """
import resource, sys
import numpy as np, torch
from decompositions import Effects
from decompositions.mobius import mobius, zeta
from decompositions.dividends.several_games import harsanyi_all
from synergy import Game, allocate, harsanyi, method, players, taylor

torch.set_num_threads(1)
N, LIMIT = 26, 2**40
x = torch.ones(N, dtype=torch.float64)
few = torch.where(torch.arange(N) < 5, x, 0.0)
function = Game.from_function(lambda z: z.sum(1), x)
nulls = Game.from_function(lambda z: z.sum(1), few)
linear = torch.nn.Linear(N, 2).double()
models = [Game.from_model(linear, x[None], target=target) for target in range(2)]
tensor = torch.zeros(2**N, dtype=torch.float64)
bytes_ = np.zeros(2**N, dtype=np.int8)
table = Game.from_values(tensor)
names = tuple(f"x{i}" for i in range(N))
effects = Effects(tensor, names=names)
allocation = allocate(effects, method("shapley").policy(function))
works = {
    "harsanyi": lambda: harsanyi(function, limit=LIMIT),
    "null players": lambda: harsanyi(nulls),
    "a table": lambda: harsanyi(table),
    "an order": lambda: harsanyi(function, order=13, limit=LIMIT),
    "several games": lambda: harsanyi_all(models, limit=LIMIT),
    "mobius of a tensor": lambda: mobius(tensor),
    "mobius of an array": lambda: mobius(tensor.numpy()),
    "mobius of whole numbers": lambda: mobius(bytes_),
    "zeta": lambda: zeta(tensor),
    "a series": lambda: taylor(function, 8, limit=LIMIT),
    "strongest": lambda: effects.top(3),
    "shares": lambda: allocation.values,
    "attribution": lambda: allocation.attribution,
    "saved": lambda: effects.save(sys.argv[1]),
    "file": lambda: Effects.load(sys.argv[1]),
    "grid": lambda: players.grid((1, 20000, 20000), 2),
}
(size,) = [int(line.split()[1]) * 1024 for line in open("/proc/self/status") if line.startswith("VmSize")]
resource.setrlimit(resource.RLIMIT_AS, (size + 300 * 2**20, -1))
for name, work in works.items():
    try:
        work()
        print(name, "done", "", sep="|")
    except Exception as error:
        print(name, type(error).__name__, str(error).replace(chr(10), " "), sep="|", flush=True)
"""
SAID = {
    "harsanyi": "the values of 67,108,864 coalitions take 512 MiB on cpu, which are not free; take order=2",
    "null players": "the dividends of 67,108,864 coalitions take 512 MiB on cpu, which are not free; take order=2",
    "a table": "the dividends of 67,108,864 coalitions take 512 MiB on cpu, which are not free; take order=2",
    "an order": "coalitions take 888 MiB on cpu, which are not free; take a lower order",
    "several games": "the values of 67,108,864 coalitions take 1,024 MiB on cpu, which are not free; take order=2",
    "mobius of a tensor": "67,108,864 transformed values take 512 MiB on cpu, which are not free; overwrite the table",
    "mobius of an array": "67,108,864 transformed values take 512 MiB on cpu, which are not free; overwrite the table",
    "mobius of whole numbers": "67,108,864 transformed values take 512 MiB on cpu, which are not free; overwrite",
    "zeta": "67,108,864 transformed values take 512 MiB on cpu, which are not free; overwrite the table",
    "a series": "the 13,884,156 lines of a Taylor series to degree 8 take 8,263 MiB on cpu, which are not free; take a",
    "strongest": "the sizes of 67,108,864 effects take 512 MiB on cpu, which are not free; take order=2",
    "shares": "the shares of 67,108,864 effects take 13,312 MiB on cpu, which are not free; take some rows at a time",
    "attribution": "the weighted effects take 512 MiB on cpu, which are not free; take fewer players",
    "file": "the numbers of 'values' take 512 MiB on cpu, which are not free; free memory",
    "grid": "the 20,000x20,000 pixels of a grid take 3,052 MiB on cpu, which are not free; give the shape",
}


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the address space is limited and read as Linux does")
def test_26_players_in_300_mebibytes(tmp_path):
    """Every table that does not fit says so; what needs no table of its own is done."""
    path = tmp_path / "effects"
    run = subprocess.run([sys.executable, "-c", SHORT, path], capture_output=True, text=True, check=True, timeout=240)
    found = {name: (kind, said) for name, kind, said in (line.split("|") for line in run.stdout.splitlines())}
    assert found.pop("saved") == ("done", "")
    assert {name: kind for name, (kind, _) in found.items()} == dict.fromkeys(SAID, "MemoryError")
    for name, said in SAID.items():
        assert said in found[name][1], name


def test_what_no_machine_has_is_refused_before_it_is_asked_for():
    function = Game.from_function(lambda z: z.sum(1), torch.ones(70, dtype=torch.float64))
    with pytest.raises(MemoryError, match=r"the values of 2\^70 coalitions take 2\^53 MiB on cpu"):
        harsanyi(function, limit=2**80)
    with pytest.raises(MemoryError, match=r"pixels of a grid take .* MiB on cpu, which are not free; give the shape"):
        players.grid((1, 10**30, 10**9), 2)


def test_errors_that_say_more_or_something_else_stay():
    with pytest.raises(MemoryError, match="for a single input"), needed("values", 8):
        raise MemoryError("for a single input")
    with pytest.raises(RuntimeError, match="shapes differ"), needed("values", 8):
        raise RuntimeError("shapes differ")
    said = r"^values take 1 MiB on cuda, which are not free; free some$"
    with pytest.raises(MemoryError, match=said), needed("values", 8, "cuda", "free some"):
        raise RuntimeError("CUDA out of memory. Tried to allocate 8 bytes")
