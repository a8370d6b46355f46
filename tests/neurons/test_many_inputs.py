"""Rankings of inputs that do not fit the memory: from the disk, from datasets, and on from where one stopped."""

import subprocess
import sys
from contextlib import contextmanager

import numpy as np
import pytest
import torch
from cases import draw, mlp
from torch import nn

from synergy.neurons import rank, rank_neurons
from synergy.neurons.kept import opened

BATCH = 3  # inputs, by the room that is patched below
DATA, LABELS = draw(20, 3, seed=81), torch.arange(20) % 3
NUMBERS = ("votes", "spread", "score", "error", "rest", "weights")


class Asked:
    """A dataset that remembers where it was asked, and fails at a place."""

    def __init__(self, fails=None):
        self.places, self.fails = [], fails

    def __len__(self):
        return len(DATA)

    def __getitem__(self, place):
        self.places.append(place)
        if place == self.fails:
            raise KeyboardInterrupt
        return DATA[place].numpy(), LABELS[place]


@pytest.fixture(autouse=True)
def small_batches(monkeypatch):
    monkeypatch.setattr(rank, "ROOM", BATCH * 16 * 5 * 5)


def model(seed=60):
    return mlp(nn.Tanh, (3, 5, 4, 3), seed=seed)


def same(one, other):
    assert one.inputs == other.inputs
    for name in NUMBERS:
        assert torch.equal(getattr(one, name), getattr(other, name)), name


def test_from_the_disk_and_from_a_dataset(tmp_path):
    expected = rank_neurons(model(), "1", DATA, LABELS)
    np.save(tmp_path / "x.npy", DATA.numpy().astype(">f8"))
    on_disk = np.load(tmp_path / "x.npy", mmap_mode="r")
    same(rank_neurons(model(), "1", on_disk, LABELS), expected)
    asked = Asked()
    same(rank_neurons(model(), "1", asked), expected)
    assert asked.places == [0, *range(20)]  # the first for a look at the shapes, then each once
    same(rank_neurons(model(), ["0", "2"], Asked())["2"], rank_neurons(model(), ["0", "2"], DATA, LABELS)["2"])
    stacked = torch.utils.data.TensorDataset(DATA, LABELS)
    same(rank_neurons(model(), "1", torch.utils.data.Subset(stacked, range(20))), expected)


def test_no_more_than_a_batch_is_taken_at_once():
    taken = []

    class Watched(np.ndarray):
        def __getitem__(self, place):
            found = super().__getitem__(place)
            taken.append(len(found))
            return np.asarray(found)

    rank_neurons(model(), "1", DATA.numpy().view(Watched), LABELS)
    assert sum(taken) == 21
    assert max(taken) == BATCH


def test_an_interrupted_ranking_goes_on(tmp_path):
    """Bit for bit as if nothing had happened, and nothing is asked twice but for what the digest looks at."""
    expected = rank_neurons(model(), "1", DATA, LABELS)
    folder = tmp_path / "kept"
    with pytest.raises(KeyboardInterrupt):
        rank_neurons(model(), "1", Failing(10), checkpoint=folder)
    assert [path.name for path in folder.glob("*.part")] == ["000000000000-000000000009.part"]
    again = Asked()
    same(rank_neurons(model(), "1", again, checkpoint=folder), expected)
    assert again.places[-11:] == list(range(9, 20))
    assert [path.name for path in folder.glob("*.part")] == ["000000000000-000000000020.part"]
    done = Asked()
    same(rank_neurons(model(), "1", done, checkpoint=str(folder)), expected)
    assert len(done.places) <= 17


class Failing(Asked):
    """One that fails while inputs are summed, not at the first look."""

    def __getitem__(self, place):
        first = place not in self.places
        self.places.append(place)
        if place == self.fails and not first:
            raise KeyboardInterrupt
        return DATA[place].numpy(), LABELS[place]


KILLED = """
import os, sys
sys.path[:0] = {paths!r}
import torch
from neurons import test_many_inputs as case
from synergy.neurons import kept, rank, rank_neurons

torch.set_num_threads(1)
kept.SECONDS, rank.ROOM = 0, case.BATCH * 16 * 5 * 5

class Killing(case.Asked):
    def __getitem__(self, place):
        if place == 10 and self.places[-1:] == [9]:
            os._exit(9)
        return super().__getitem__(place)

rank_neurons(case.model(), "1", Killing(), checkpoint={folder!r})
"""


def test_a_killed_process_is_gone_on_from(tmp_path):
    folder = tmp_path / "kept"
    code = KILLED.format(paths=[each for each in sys.path if each.endswith(("tests", "cases"))], folder=str(folder))
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert answer.returncode == 9, answer.stderr
    assert [path.name for path in folder.glob("*.part")] == ["000000000000-000000000009.part"]
    again = Asked()
    same(rank_neurons(model(), "1", again, checkpoint=folder), rank_neurons(model(), "1", DATA, LABELS))
    assert again.places[-11:] == list(range(9, 20))


def test_what_is_half_added_is_not_kept(tmp_path, monkeypatch):
    """An interruption within the sums: what was kept before is gone on from."""
    monkeypatch.setattr("synergy.neurons.kept.SECONDS", 0)
    real, calls = torch.bincount, []

    def interrupted(*given, **named):
        calls.append(1)
        if len(calls) == 6:  # one for the labels, then one a batch
            raise KeyboardInterrupt
        return real(*given, **named)

    monkeypatch.setattr(torch, "bincount", interrupted)
    with pytest.raises(KeyboardInterrupt):
        rank_neurons(model(), "1", DATA, LABELS, checkpoint=tmp_path)
    monkeypatch.setattr(torch, "bincount", real)
    assert [path.name for path in tmp_path.glob("*.part")] == ["000000000000-000000000012.part"]
    same(rank_neurons(model(), "1", DATA, LABELS, checkpoint=tmp_path), rank_neurons(model(), "1", DATA, LABELS))


def test_several_layers_go_on_together(tmp_path, monkeypatch):
    """An interruption between the sums of two layers: both are gone on from where both were whole."""
    layers = ["0", "2"]
    expected = rank_neurons(model(), layers, DATA, LABELS)
    monkeypatch.setattr("synergy.neurons.kept.SECONDS", 0)
    real, calls = torch.bincount, []

    def interrupted(*given, **named):
        calls.append(1)
        if len(calls) == 7:  # one for the labels, then one a batch and layer
            raise KeyboardInterrupt
        return real(*given, **named)

    monkeypatch.setattr(torch, "bincount", interrupted)
    with pytest.raises(KeyboardInterrupt):
        rank_neurons(model(), layers, DATA, LABELS, checkpoint=tmp_path)
    monkeypatch.setattr(torch, "bincount", real)
    (part,) = tmp_path.glob("*.part")
    done = int(part.stem.split("-")[1])
    assert 0 < done < 20
    again = Asked()
    found = rank_neurons(model(), layers, again, checkpoint=tmp_path / ".")
    assert again.places[-(20 - done) :] == list(range(done, 20))
    for layer in layers:
        same(found[layer], expected[layer])
    with pytest.raises(ValueError, match="layers, neurons changed"):
        rank_neurons(model(), layers[::-1], DATA, LABELS, checkpoint=tmp_path)


def test_a_bar_counts_the_inputs(monkeypatch, tmp_path):
    seen = []

    @contextmanager
    def watched(total, what, done, unit):
        seen.append((total, what, done, unit))
        yield lambda count: seen.append(count)

    monkeypatch.setattr(rank, "whole_progress", watched)
    rank_neurons(model(), "1", DATA, LABELS, checkpoint=tmp_path)
    assert seen == [(20, "votes of 1", 0, "input"), *[3] * 6, 2]
    seen.clear()
    rank_neurons(model(), "1", DATA, LABELS, checkpoint=tmp_path)
    assert seen == [(20, "votes of 1", 20, "input")]


def test_another_question_does_not_go_on(tmp_path):
    rank_neurons(model(), "1", DATA, LABELS, checkpoint=tmp_path)
    other = DATA.clone()
    other[0, 0] += 1
    for settings, said in (
        ({"model": model(61)}, r"is of another question: model"),
        ({"layer": "2"}, "layer"),
        ({"data": other}, "inputs changed"),
        ({"labels": (LABELS + 1) % 3}, "inputs changed"),
        ({"baseline": 0.5}, "baseline changed"),
        ({"nodes": 4}, "nodes"),
        ({"off": 0.0}, "off changed"),
    ):
        asked = {"model": model(), "layer": "1", "data": DATA, "labels": LABELS} | settings
        with pytest.raises(ValueError, match=said):
            rank_neurons(**asked, checkpoint=tmp_path)


def test_checkpoints_that_are_refused(tmp_path):
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "thesis.tex").write_text("all")
    kept = tmp_path / "kept"
    rank_neurons(model(), "1", DATA, LABELS, checkpoint=kept)
    with pytest.raises(ValueError, match="holds other files"):
        rank_neurons(model(), "1", DATA, LABELS, checkpoint=foreign)
    assert [path.name for path in foreign.iterdir()] == ["thesis.tex"]
    with opened(tmp_path / "held", {}), pytest.raises(BlockingIOError, match="in use"):
        rank_neurons(model(), "1", DATA, LABELS, checkpoint=tmp_path / "held")
    with pytest.raises(ValueError, match="layers"):
        rank_neurons(model(), ["1", "2"], DATA, LABELS, checkpoint=kept)
    with pytest.raises(TypeError, match="checkpoint is the path"):
        rank_neurons(model(), "1", DATA, LABELS, checkpoint=3)
    (part,) = kept.glob("*.part")
    part.write_bytes(part.read_bytes()[:-1] + b"?")
    with pytest.raises(ValueError, match="is damaged"):
        rank_neurons(model(), "1", DATA, LABELS, checkpoint=kept)


def test_data_that_is_refused():
    class Single(Asked):
        def __getitem__(self, place):
            return DATA[place]

    class Whole(Asked):
        def __getitem__(self, place):
            return torch.arange(3), 0

    class Wrong(Asked):
        def __getitem__(self, place):
            return DATA[place], 3 if place == 7 else place % 3

    class Empty(Asked):
        def __len__(self):
            return 0

    loader = torch.utils.data.DataLoader(Asked())
    for data, labels, error, said in (
        (Single(), None, TypeError, "or a dataset of pairs of an input and its class; at place 0 it gives"),
        (Whole(), None, ValueError, "not of torch.int64"),
        (Wrong(), None, ValueError, "0 to 2; one of them is 3"),
        (Empty(), None, ValueError, "this dataset is empty"),
        (Asked(), LABELS, ValueError, "leave labels out"),
        (DATA, None, ValueError, "only a dataset of pairs gives its own"),
        (LABELS.numpy(), LABELS, ValueError, r"not int64 of shape \(20,\)"),
        (loader, None, TypeError, "data are inputs"),
    ):
        with pytest.raises(error, match=said):
            rank_neurons(model(), "1", data, labels)
    two = torch.utils.data.Subset(Asked(), [0, 1, 3, 4])
    with pytest.raises(ValueError, match=r"of the classes \[2\] there is no input"):
        rank_neurons(model(), "1", two)
    assert rank_neurons(model(), "1", two, weights=[0.5, 0.5, 0.0]).votes[2].isnan().all()
