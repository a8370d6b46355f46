"""Rankings of several layers: each is that of its layer, and together they are one list."""

import csv
import json

import pytest
import torch
from cases import close, draw, mlp
from torch import nn

from synergy.neurons import Rankings, prune, rank_neurons

DATA, LABELS = draw(12, 3, seed=71), torch.arange(12) % 3
COLUMNS = ("score", "error", "correct", "bolstering", "suppression")


def network():
    return mlp(nn.Tanh, (3, 5, 4, 3), seed=70)


@pytest.fixture(scope="module")
def found():
    return rank_neurons(network(), None, DATA, LABELS)


def listed(found):
    """Every neuron of every layer, the highest score first, by loops."""
    rows = []
    for name in found:
        for j, neuron in enumerate(found[name].names):
            rows.append((name, j, neuron, *(getattr(found[name], each)[j].item() for each in COLUMNS)))
    return sorted(rows, key=lambda row: row[3], reverse=True)


def test_all_dense_layers_but_the_one_that_gives_the_logits(found):
    assert list(found) == ["0", "2"]
    assert found.left_out == (("4", "gives the output"),)
    for name in found:
        alone = rank_neurons(network(), name, DATA, LABELS)
        close(found[name].score, alone.score, 1e-12)
        close(found[name].votes, alone.votes, 1e-12)


class Shared(nn.Module):
    """Calls its layers in another order than it names them, one twice, one never, and ends in a function of logits."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.last, self.twice, self.never, self.first = (nn.Linear(3, 3) for _ in range(4))
        self.eval()

    def forward(self, x):
        hidden = torch.tanh(self.first(x))
        hidden = torch.tanh(self.twice(torch.tanh(self.twice(hidden))))
        return self.last(hidden).log_softmax(1)


def test_layers_come_in_the_order_of_their_calls_and_what_is_left_out_is_said():
    found = rank_neurons(Shared(), None, DATA.float(), LABELS)
    assert list(found) == ["first", "last"]
    assert dict(found.left_out) == {"twice": "is called 2 times", "never": "is called 0 times"}
    assert found.table().notes == ("not ranked: twice, is called 2 times", "not ranked: never, is called 0 times")


def test_the_model_is_left_as_it_is():
    model = Shared()
    rank_neurons(model, None, DATA.float(), LABELS)
    assert not any(module._forward_hooks for module in model.modules())


@pytest.mark.parametrize("by", COLUMNS)
def test_one_table_of_all(found, by):
    place = 3 + COLUMNS.index(by)
    leads = sorted(listed(found), key=lambda row: row[place], reverse=True)[:4]
    assert [row[:2] for row in found.table(4, by).rows] == [(row[0], row[2]) for row in leads]
    assert str(found).startswith("2 layers: 9 neurons, 12 inputs")


def test_the_strongest_of_all_layers(found):
    model, expected = network(), {}
    for layer, j, *_ in listed(found)[:4]:
        expected.setdefault(layer, set()).add(j)
    masks = found.strongest(4)
    assert {name: set(mask.nonzero().flatten().tolist()) for name, mask in masks.items()} == expected
    for name, mask in masks.items():
        model = prune(model, name, mask)
    hidden = DATA
    for name, layer in network().named_children():
        hidden = layer(hidden)
        for j in expected.get(name, ()):
            hidden[:, j] = 0
    assert torch.equal(model(DATA), hidden)
    smallest = found.strongest(1, "smallest")
    layer, j, *_ = listed(found)[-1]
    assert {name: mask.nonzero().flatten().tolist() for name, mask in smallest.items()} == {layer: [j]}


def test_neurons_by_name_and_number():
    masks = rank_neurons(network(), ["0", "2"], DATA, LABELS, neurons="axis:1").named({"0": ["unit 3", 0], "2": []})
    assert {name: mask.nonzero().flatten().tolist() for name, mask in masks.items()} == {"0": [0, 3], "2": []}
    pairs = rank_neurons(network(), "0", DATA, LABELS, neurons=torch.tensor([0, 1, 1, 0, 2]))
    assert pairs.named([1]).tolist() == [False, True, True, False, False]


def test_neurons_of_some_scores(found):
    scores = sorted(row[3] for row in listed(found))
    for least, most in ((scores[3], None), (None, scores[2]), (scores[1], scores[6])):
        expected = {}
        for layer, j, _, score, *_ in listed(found):
            if (least is None or score >= least) and (most is None or score <= most):
                expected.setdefault(layer, set()).add(j)
        masks = found.between(least, most)
        assert {name: set(mask.nonzero().flatten().tolist()) for name, mask in masks.items()} == expected
    assert found.between(scores[-1] + 1) == {}
    for bounds, said in (((), "not by none"), ((1, 0), "1.0 is more than 0.0"), ((float("nan"), 0), "not nan")):
        with pytest.raises(ValueError, match=said):
            found["0"].between(*bounds)


def test_in_a_file(found, tmp_path):
    rows = listed(found)
    read = list(csv.DictReader(found.save(tmp_path / "all.csv").read_text("utf8").splitlines()))
    assert list(read[0]) == ["layer", "number", "neuron", *COLUMNS]
    assert [(row["layer"], int(row["number"]), row["neuron"]) for row in read] == [row[:3] for row in rows]
    assert [[float(row[name]) for name in COLUMNS] for row in read] == [list(row[3:]) for row in rows]
    records = json.loads(found.save(tmp_path / "all.json").read_text("utf8"))
    assert [tuple(each.values()) for each in records] == rows
    single = found["0"].save(str(tmp_path / "one.json")).read_text("utf8")
    assert [tuple(each.values()) for each in json.loads(single)] == [row for row in rows if row[0] == "0"]


def test_an_error_that_is_not_known_is_no_number_in_a_file(tmp_path):
    single = rank_neurons(network(), "0", DATA[:3], LABELS[:3])  # one input of each class
    assert single.error.isnan().all()
    assert {each["error"] for each in json.loads(single.save(tmp_path / "one.json").read_text("utf8"))} == {None}
    read = csv.DictReader(single.save(tmp_path / "one.csv").read_text("utf8").splitlines())
    assert {row["error"] for row in read} == {""}


def test_what_it_shows(found):
    pandas = pytest.importorskip("pandas")
    frame = found.to_pandas()
    assert list(frame.index) == [(row[0], row[2]) for row in listed(found)]
    assert isinstance(frame, pandas.DataFrame)
    assert frame["score"].is_monotonic_decreasing
    assert repr(found) == "Rankings(2 layers: 9 neurons, 12 inputs: 0 5 neurons, 2 4 neurons)"
    assert len(found) == 2
    assert "2" in found
    assert "4" not in found


def test_it_is_drawn(found, tmp_path):
    pytest.importorskip("matplotlib")
    found.plot(tmp_path / "map.png")
    assert (tmp_path / "map.png").read_bytes()[1:4] == b"PNG"


def test_what_is_refused(found, tmp_path):
    model = network()
    for layers, error, said in (
        ([], ValueError, "at least one, each once"),
        (["0", "0"], ValueError, "each once"),
        (["0", 2], ValueError, "layer is the name of a module, a list of names, or None"),
        (["0", "9"], ValueError, "has no layer '9'"),
        (3, TypeError, "layer is the name of a module, a list of names, or None"),
    ):
        with pytest.raises(error, match=said):
            rank_neurons(model, layers, DATA, LABELS)
    with pytest.raises(ValueError, match=r"there is none: '0' gives the output; name layers.*'0', '1'"):
        rank_neurons(nn.Sequential(nn.Linear(3, 3), nn.Identity()).double().eval(), None, DATA, LABELS)
    with pytest.raises(ValueError, match="training mode"):
        rank_neurons(nn.Sequential(*model, nn.Dropout(0.5)).train(), None, DATA, LABELS)
    with pytest.raises(LookupError, match="no ranking of a layer '1'; there is 0, 2"):
        found["1"]
    for some, error, said in (
        ({"0": ["neuron 7"]}, LookupError, "'0' has no neuron 'neuron 7'; there is neuron"),
        ({"0": [5]}, ValueError, "a neuron of '0' is its name or number, a whole number from 0 to 4, not 5"),
        ({"1": [0]}, LookupError, "no ranking of a layer '1'"),
        ({"0": "neuron 1"}, TypeError, "neurons are a list of their names or numbers"),
        ([0], TypeError, "a mapping from each one's name"),
    ):
        with pytest.raises(error, match=said):
            found.named(some)
    with pytest.raises(ValueError, match="by is one of score, error"):
        found.table(by="name")
    with pytest.raises(ValueError, match="k is the number of neurons"):
        found["0"].table(0)
    with pytest.raises(ValueError, match=r"ends in \.csv or \.json, not .*all\.txt"):
        found.save(tmp_path / "all.txt")
    with pytest.raises(TypeError, match="a table is kept in a file"):
        found.save(3)
    assert isinstance(found, Rankings)
