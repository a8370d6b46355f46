"""The GPU benchmark: what it counts, what it leaves out and says, and its table, on the CPU with tiny sizes."""

import time

import pytest
import torch

from benchmarks import gpu
from synergy import METHODS

TINY = gpu.Sizes(2**11, (4, 10, 50), (3, 4), (2, 2), 2, (2, 2), (2, 3), (2, 2), 0.0)
HOST = torch.device("cpu")


def table(place):
    """The heading, and the rows as lists of cells."""
    heading, blank, *rows = gpu.lines(place)
    assert blank == ""
    return heading, [row.removeprefix("| ").removesuffix(" |").split(" | ") for row in rows]


@pytest.fixture(scope="module")
def tiny():
    return table(gpu.Place(HOST, TINY))


def test_the_table_is_markdown(tiny):
    heading, rows = tiny
    assert "no GPU" in heading
    assert torch.__version__ in heading
    assert rows[:2] == [list(gpu.HEADER), ["---"] * len(gpu.HEADER)]
    assert {len(row) for row in rows} == {len(gpu.HEADER)}


def test_nothing_is_missing_but_what_does_not_fit(tiny):
    done = [row[:3] for row in tiny[1][2:] if not row[-1].startswith(("skipped", "failed"))]
    for name in ("Möbius", "zeta"):
        for dtype in ("float64", "float32"):
            assert [f"{name}, in place", "n = 10", dtype] in done
    for order in (1, 2):
        assert [f"superset contraction, order {order}", "n = 10", "float64"] in done
    layers = {f"measured allocation, {name}" for name, cls in METHODS.items() if cls.scope == "layer"}
    others = {"copy", "Möbius of many games, in place", "exact Shapley values of digits", "taylor()"}
    evaluations = {f"digits, all coalitions, {how}" for how in ("as it comes", "without shortcuts")}
    assert layers | others | evaluations <= {task for task, _, _ in done}
    left = [row for row in tiny[1][2:] if row[-1].startswith(("skipped", "failed"))]
    assert {row[1] for row in left} == {"n = 50"}
    assert all("GB" in row[-1] and row[3] == "–" for row in left)


def test_bytes_are_counted_once_read_and_once_written(monkeypatch):
    """In a millisecond each: 2·4·2¹¹ bytes copied, 2·8·2¹⁰ transformed, 8·2¹⁰ contracted."""
    monkeypatch.setattr(gpu.Place, "times", lambda place, *works: [[1e-3, 1e-3, 1e-3] for _ in works])
    rows = {tuple(row[:3]): row[3:6] for row in table(gpu.Place(HOST, TINY))[1]}
    assert rows["copy", "2,048 numbers", "float32"] == ["1 ms [1 ms, 1 ms]", "0.0 GB/s", "100.0%"]
    assert rows["Möbius, in place", "n = 10", "float64"][2] == "100.0%"
    assert rows["zeta, in place", "n = 10", "float32"][2] == "50.0%"
    assert rows["superset contraction, order 2", "n = 10", "float64"][2] == "50.0%"
    assert rows["Möbius of many games, in place", "3 × n = 4", "float64"][2] == "4.7%"  # 3·2·8·2⁴ of 16,384
    assert rows["digits, all coalitions, as it comes", "4 patches, chunk 512", "float32"][1] == "16,000 coalitions/s"
    assert rows["measured allocation, lrp_epsilon", "16 end points", "float32"][1] == "16,000 ends/s"


def test_gigabytes_per_second():
    place = gpu.Place(HOST, TINY)
    place.__dict__["copying"] = [2**14 / 2e9] * 3  # 2¹⁴ bytes at 2 GB/s
    row = gpu._moved(place, "copy", "", "", [0.5, 1.0, 2.0, 4.0, 8.0], 5 * 10**9)
    assert row[3:6] == ("2 s [1 s, 4 s]", "2.5 GB/s", "125.0%")


def test_times_are_between_synchronisations_and_without_the_warm_up(monkeypatch):
    happened, clock = [], iter(range(1000))
    monkeypatch.setattr(gpu.Place, "synchronise", lambda place: happened.append("wait"))
    monkeypatch.setattr(time, "perf_counter", lambda: (happened.append("look"), next(clock))[1])
    spent = gpu.Place(HOST, TINY).times(lambda: happened.append("work"), lambda: happened.append("other"))
    assert spent == [[1, 1], [1, 1]]
    around = ["wait", "look", "{}", "wait", "look"]
    assert happened == [each.format(name) for _ in range(3) for name in ("work", "other") for each in around]


def test_a_task_that_fails_says_so(monkeypatch):
    def refuse(*args):
        raise ValueError("no float64\nhere")

    monkeypatch.setattr(gpu, "taylor", refuse)
    rows = list(gpu._series(gpu.Place(HOST, TINY)))
    assert rows == [("taylor()", "n = 2, degree 3", "float64", "–", "–", "–", "failed: ValueError: no float64")]


def test_without_a_gpu_the_command_says_so(monkeypatch, capsys):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    gpu.main([])
    assert "no GPU" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["cuda", "mps"])
def test_the_command_takes_the_gpu_that_there_is(monkeypatch, capsys, name):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: name == "cuda")
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    monkeypatch.setattr(gpu, "lines", lambda place: [str(place.device)])
    gpu.main([])
    assert capsys.readouterr().out == f"{name}\n"


def test_the_table_of_this_device(device):
    """Every row, on every device at hand."""
    if device.type == "cpu":
        pytest.skip("the CPU's table is tested above")
    rows = table(gpu.Place(device, TINY))[1]
    lacking = ("skipped", "failed: ValueError: Taylor series are computed in float64") if device.type == "mps" else ()
    assert not [row for row in rows if row[-1].startswith("failed") and not row[-1].startswith(lacking)]
