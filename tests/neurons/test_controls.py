"""Silent neurons beside controls: each outcome by hooks of one's own."""

import copy

import pytest
import torch
from cases import close

from synergy.examples import digits
from synergy.neurons import controls, controls_of, rank_neurons


def doing(model, layer, channels, x, labels):
    """Accuracy and confidence where some channels are zero."""
    return without(model, {layer: channels}, x, labels)


def without(model, channels, x, labels):
    """The same of several layers."""
    model = copy.deepcopy(model)
    for layer, some in channels.items():
        index = torch.tensor(some, dtype=torch.int64)
        model.get_submodule(layer).register_forward_hook(lambda m, given, output, i=index: output.index_fill(1, i, 0))
    chances = model(x).double().softmax(1)
    return [(chances.argmax(1) == labels).double().mean().item(), chances[range(len(x)), labels].mean().item()]


@pytest.fixture(scope="module")
def asked():
    images, labels, held_out = digits.data()
    model, x, known = digits.model(), images[held_out], labels[held_out]
    return model, rank_neurons(model, "conv2", x[::2], known[::2], neurons="channels"), x[1::2], known[1::2]


@pytest.mark.parametrize("by", ["value", "smallest", "magnitude"])
def test_every_outcome(asked, by):
    model, ranking, x, labels = asked
    found = controls(model, ranking, 3, x, labels, by=by, draws=4, seed=1)
    whole, ranked, loud, random = [[each.accuracy, each.confidence] for each in found.outcomes]
    close(whole, doing(model, "conv2", [], x, labels), 1e-6)
    scores = {"value": ranking.score, "smallest": -ranking.score, "magnitude": ranking.score.abs()}[by]
    close(ranked, doing(model, "conv2", scores.argsort(descending=True)[:3].tolist(), x, labels), 1e-6)
    size = model[:3](x).double().abs().mean((0, 2, 3))
    first = size.argsort(descending=by != "smallest")[:3].tolist()
    close(loud, doing(model, "conv2", first, x, labels), 1e-6)
    assert found.outcomes[2].name == ("without the quietest" if by == "smallest" else "without the loudest")
    generator = torch.Generator().manual_seed(1)
    drawn = [torch.rand(16, generator=generator).argsort(descending=True)[:3].tolist() for _ in range(4)]
    table = torch.tensor([doing(model, "conv2", each, x, labels) for each in drawn], dtype=torch.float64)
    close(random, table.mean(0), 1e-6)
    last = found.outcomes[-1]
    close([last.accuracy_error, last.confidence_error], table.std(0) / 2, 1e-4)


def test_chosen_neurons_of_several_layers(asked):
    model, _, x, labels = asked
    rankings = rank_neurons(model, ["conv1", "conv2"], x, labels, neurons="channels", nodes=2)
    masks = rankings.named({"conv2": ["channel 3", 5, 9], "conv1": [0]})
    found = controls_of(model, rankings, masks, x, labels, draws=3, seed=2)
    assert (found.layer, found.silent, found.neurons) == ("conv2, conv1", 4, 24)
    _, chosen, loud, random = [[each.accuracy, each.confidence] for each in found.outcomes]
    close(chosen, without(model, {"conv2": [3, 5, 9], "conv1": [0]}, x, labels), 1e-6)
    sizes = {"conv2": model[:3](x).double().abs().mean((0, 2, 3)), "conv1": model[:1](x).double().abs().mean((0, 2, 3))}
    most = {"conv2": sizes["conv2"].argsort(descending=True)[:3].tolist(), "conv1": [sizes["conv1"].argmax().item()]}
    close(loud, without(model, most, x, labels), 1e-6)
    generator, drawn = torch.Generator().manual_seed(2), []
    for _ in range(3):
        second, first = torch.rand(16, generator=generator), torch.rand(8, generator=generator)
        some = {"conv2": second.argsort(descending=True)[:3].tolist(), "conv1": [first.argmax().item()]}
        drawn.append(without(model, some, x, labels))
    close(random, torch.tensor(drawn).double().mean(0), 1e-6)
    for some, error, said in (
        ({}, ValueError, "one neuron at least"),
        (rankings.named({"conv1": []}), ValueError, "one neuron at least"),
        ({"fc": torch.tensor([True])}, LookupError, "no ranking of a layer 'fc'"),
        (rankings.named({"conv1": range(8)}), ValueError, "without any neuron of 'conv1'"),
    ):
        with pytest.raises(error, match=said):
            controls_of(model, rankings, some, x, labels)


def test_the_leading_neurons_are_missed_more_than_the_last(asked):
    model, ranking, x, labels = asked
    best, worst = (controls(model, ranking, 4, x, labels, by=by, draws=2) for by in ("value", "smallest"))
    assert best.outcomes[1].confidence < worst.outcomes[1].confidence < best.outcomes[0].confidence + 0.01


def test_what_it_shows(asked):
    model, ranking, x, labels = asked
    said = str(controls(model, ranking, 0.2, x, labels, draws=3))
    assert said.startswith("layer conv2: 3 of 16 neurons silent")
    assert "without the highest scores" in said
    assert "the mean of 3 draws ± its standard error" in said
    with pytest.raises(ValueError, match="draws of random neurons"):
        controls(model, ranking, 3, x, labels, draws=1)
