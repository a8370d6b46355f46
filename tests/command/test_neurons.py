"""``synergy neurons``: what it prints, draws and keeps, and how it refuses."""

import csv
import json
import re

import numpy as np
import pytest
import torch
from torch import nn

pytest.importorskip("typer", reason="the command needs the extra 'cli'")

from command.test_cli import fails, run

from synergy.examples import digits
from synergy.neurons import controls_of, rank_neurons, region_controls


def voters():
    torch.manual_seed(2)
    return nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 2)).eval()


@pytest.fixture
def own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    x = np.random.default_rng(3).normal(size=(8, 3))
    np.save("x.npy", x)
    np.save("y.npy", np.array([0, 1, 1, 0, 1, 0, 0, 1]))
    return [f"{__name__}:voters", "1", "--data", "x.npy", "--labels", "y.npy"]


def test_a_ranking_of_the_digits_network_is_printed_and_kept(tmp_path):
    place = tmp_path / "ranking.csv"
    said = run("neurons", "rank", "digits", "conv2", "--neurons", "channels", "--top", "2", "--save", str(place))
    images, labels, held_out = digits.data()
    ranking = rank_neurons(digits.model(), "conv2", images[held_out], labels[held_out], neurons="channels")
    first, second = (ranking.names[j] for j in ranking.order[:2].tolist())
    assert said.startswith("layer conv2: 16 neurons, 359 inputs")
    assert said.index(first) < said.index(second)
    rows = list(csv.DictReader(place.read_text("utf8").splitlines()))
    assert [row["neuron"] for row in rows[:2]] == [first, second]
    assert float(rows[0]["score"]) == pytest.approx(ranking.score.max().item())
    assert len(rows) == 16


def test_a_model_of_ones_own(own):
    said = run("neurons", "rank", *own, "--by", "suppression", "--top", "5")
    data, labels = torch.from_numpy(np.load("x.npy")).float(), np.load("y.npy")
    ranking = rank_neurons(voters(), "1", data, labels)
    order = ranking.suppression.argsort(descending=True).tolist()
    places = [said.index(ranking.names[j]) for j in order]
    assert places == sorted(places)


def test_it_is_drawn(own, tmp_path):
    pytest.importorskip("matplotlib")
    assert run("neurons", "draw", *own, "--output", "votes.png") == f"drawn: {tmp_path / 'votes.png'}\n"
    assert (tmp_path / "votes.png").read_bytes()[1:4] == b"PNG"


def test_several_layers_and_all_dense_ones(own, tmp_path):
    said = run("neurons", "rank", own[0], *own[2:], "--top", "3", "--save", "all.json")
    assert said.startswith("1 layer: 5 neurons, 8 inputs")
    assert "not ranked: 2, gives the output" in said
    rows = json.loads((tmp_path / "all.json").read_text("utf8"))
    assert {row["layer"] for row in rows} == {"0"}
    assert run("neurons", "rank", own[0], "0", "1", *own[2:]).startswith("2 layers: 10 neurons, 8 inputs")


def test_several_layers_are_drawn(own, tmp_path):
    pytest.importorskip("matplotlib")
    run("neurons", "draw", own[0], "0", "1", *own[2:], "--output", "map.svg")
    assert "5 neurons" in (tmp_path / "map.svg").read_text("utf8")


def test_neurons_are_silenced_beside_controls(own):
    said = run("neurons", "prune", *own, "--part", "2", "--draws", "3")
    assert said.startswith("layer 1: 2 of 5 neurons silent")
    assert "without the highest scores" in said
    assert "without the loudest" in said
    said = run("neurons", "prune", *own, "--part", "2", "--draws", "3", "--by", "smallest")
    assert "without the lowest scores" in said
    assert "without the quietest" in said


def test_neurons_by_name_number_and_score(own):
    subject, _, *rest = own
    picked = run("neurons", "prune", subject, "--pick", "1:3,0", "--pick", "0:neuron 2", *rest, "--draws", "2")
    assert picked.startswith("layer 1, 0: 3 of 10 neurons silent")
    data, labels = torch.from_numpy(np.load("x.npy")).float(), np.load("y.npy")
    rankings = rank_neurons(voters(), ["0", "1"], data[::2], labels[::2])
    masks = rankings.named({"1": [3, 0], "0": [2]})
    assert picked == f"{controls_of(voters(), rankings, masks, data[1::2], labels[1::2], draws=2)}\n"
    scores = rankings["1"].score
    bound = scores.median().item()
    for option, count in (("--from", int((scores >= bound).sum())), ("--to", int((scores <= bound).sum()))):
        said = run("neurons", "prune", *own, option, str(bound), "--draws", "2")
        assert said.startswith(f"layer 1: {count} of 5 neurons silent")


def test_neurons_of_a_region_are_silenced():
    said = run("neurons", "prune", "digits", "conv2", "--region", "2:6,0:8", "--neurons", "channels", "--part", "2",
               "--inputs", "2")  # fmt: skip
    images, labels, held_out = digits.data()
    x, known = images[held_out][:2], labels[held_out][:2]
    box = ((2, 6), (0, 8))
    expected = region_controls(digits.model(), "conv2", x, known, [box] * 2, parts=[2], neurons="channels")
    assert said == f"{expected}\n"


def test_what_is_silenced_can_be_taken_out(own):
    said = run("neurons", "prune", own[0], "--pick", "0:1,2", *own[2:], "--draws", "2", "--shrink")
    assert re.search(r"parameters +32 +20 +0.62", said)  # 3·5 + 5 + 5·2 + 2, and with three units
    assert re.search(r"operations +200 +120 +0.6", said)  # four rows


def test_a_page_with_the_command_that_silences_what_is_picked(own, tmp_path):
    pytest.importorskip("jinja2")
    said = run("neurons", "rank", *own, "--neurons", "axis:1", "--output", "neurons.html")
    assert said.endswith(f"page: {tmp_path / 'neurons.html'}\n")
    page = (tmp_path / "neurons.html").read_text("utf8")
    again = f"synergy neurons prune {own[0]} --neurons axis:1 --data x.npy --labels y.npy"
    assert f'"command":"{again}"' in page
    ways = run(*again.split()[1:], "--pick", "1:2", "--draws", "2")
    assert ways.startswith("layer 1: 1 of 5 neurons silent")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["rank", "digits", "conv9"], "no layer 'conv9'; there is 'conv2'"),
        (["rank", "digits", "conv2", "--neurons", "tokens"], "--neurons 'tokens' need an output of shape"),
        (["rank", "digits", "conv2", "--by", "name"], "by is one of score"),
        (["rank", "digits", "conv2", "--data", "x.npy"], "digits has inputs of its own"),
        (["prune", "digits", "conv2", "--part", "much"], "--part is a share such as 0.1"),
        (["prune", "digits", "conv2", "--part", "1024"], "without any neuron of 'conv2'"),
        (["rank", "digits", "conv2", "--save", "/proc/no/ranking.csv"], "/proc/no"),
        (["rank", "digits", "conv2", "--save", "ranking.txt"], "ends in .csv or .json"),
        (["rank", "digits"], "'fc' gives the output; name layers"),
        (["rank", "digits", "conv2", "conv2"], "each once"),
        (["rank", "digits", "conv2", "--output", "neurons.pdf"], "--output neurons.pdf.html"),
        (["prune", "digits", "conv2", "--pick", "conv2"], "conv2:3,12 or 'conv2:channel 3', not 'conv2'"),
        (["prune", "digits", "--pick", "conv2:5000"], "from 0 to 1,023, not 5000"),
        (["prune", "digits", "--pick", "conv2:chanel 3", "--neurons", "channels"], "there is channel 3"),
        (["prune", "digits", "conv1", "--pick", "conv2:3"], "no ranking of a layer 'conv2'"),
        (
            ["prune", "digits", "conv2", "--pick", "conv2:3", "--part", "3"],
            "in one way, and these are 2: --part, --pick",
        ),
        (["prune", "digits", "conv2", "--from", "99"], "no neuron has such a score; they are from"),
        (["prune", "digits", "conv2", "--from", "1", "--to", "0"], "1.0 is more than 0.0"),
        (["prune", "digits", "conv2", "--region", "0:4"], "rows and columns, the ends not included, 0:4,0:8, not"),
        (["prune", "digits", "conv2", "--region", "0:4,0:9"], "does not lie in 8 rows and 8 columns"),
        (["prune", "digits", "conv2", "--region", "3:3,0:8"], "does not lie in 8 rows and 8 columns"),
        (["prune", "digits", "conv2", "--region", "0:8,0:8"], "has no outside"),
        (["prune", "digits", "--region", "0:4,0:8"], "of one layer, and these are 0"),
        (["prune", "digits", "conv2", "--region", "0:4,0:8", "--from", "0"], "leave --pick"),
        (["prune", "digits", "conv2", "--region", "0:4,0:8", "--shrink"], "with --region each has its own"),
        (
            ["prune", "digits", "relu2", "--part", "2", "--draws", "2", "--shrink"],
            "'relu2' is a ReLU; prune() silences",
        ),
        (["rank", "pear", "conv2"], "package.module:factory"),
    ],
)
def test_what_is_refused(words, said, monkeypatch, capsys):
    assert said in fails(monkeypatch, capsys, "neurons", *words)


class Twice(nn.Module):
    def __init__(self):
        super().__init__()
        self.start, self.twice, self.end = nn.Linear(3, 3), nn.Linear(3, 3), nn.Linear(3, 2)

    def forward(self, x):
        return self.end(torch.tanh(self.twice(torch.tanh(self.twice(self.start(x))))))


def learning():
    return nn.Sequential(nn.Linear(3, 5), nn.Dropout(0.5), nn.Linear(5, 2))


@pytest.mark.parametrize(
    ("words", "labels", "said"),
    [
        (["rank", "Twice", "twice"], None, "the layer 'twice' is called 2 times; take one that is called once"),
        (["rank", "Twice", "strat"], None, "has no layer 'strat'; there is 'start'"),
        (["rank", "learning", "0"], None, "the model is in training mode"),
        (["rank", "voters", "0"], [0, 1, 2, 0, 0, 1, 1, 0], "the true class of every input, 0 to 1; one of them is 2"),
        (["rank", "voters", "0"], [0, 0, 0, 0, 0, 0, 0, 0], "of the classes [1] there is no input"),
        (["rank", "voters", "0"], [0, 1], "labels are 8 whole numbers"),
        (["prune", "voters", "--pick", "0:0,1,2,3,4"], None, "without any neuron of '0' nothing of the input is left"),
        (["prune", "voters", "0", "--from", "-99"], None, "without any neuron of '0' nothing of the input is left"),
        (["prune", "voters", "0", "--part", "1.0"], None, "without any neuron of '0' nothing of the input is left"),
        (["prune", "voters", "0", "--region", "0:1,0:2"], None, "is none for an input of shape (3,)"),
    ],
)
def test_what_is_refused_of_ones_own(own, words, labels, said, monkeypatch, capsys):
    if labels is not None:
        np.save("y.npy", np.array(labels))
    verb, name, *rest = words
    assert said in fails(monkeypatch, capsys, "neurons", verb, f"{__name__}:{name}", *rest, *own[2:])


def test_a_model_of_ones_own_needs_inputs_and_classes(own, monkeypatch, capsys):
    assert "--data x.npy --labels y.npy" in fails(monkeypatch, capsys, "neurons", "rank", *own[:2])
