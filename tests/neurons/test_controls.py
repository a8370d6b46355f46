"""Silent neurons beside controls: each outcome by hooks of one's own."""

import copy

import pytest
import torch
from cases import close

from synergy.examples import digits
from synergy.neurons import controls, rank_neurons


def doing(model, layer, channels, x, labels):
    """Accuracy and confidence where some channels are zero."""
    model = copy.deepcopy(model)
    index = torch.tensor(channels, dtype=torch.int64)
    model.get_submodule(layer).register_forward_hook(lambda module, given, output: output.index_fill(1, index, 0))
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
    close(loud, doing(model, "conv2", size.argsort(descending=True)[:3].tolist(), x, labels), 1e-6)
    generator = torch.Generator().manual_seed(1)
    drawn = [torch.rand(16, generator=generator).argsort(descending=True)[:3].tolist() for _ in range(4)]
    table = torch.tensor([doing(model, "conv2", each, x, labels) for each in drawn], dtype=torch.float64)
    close(random, table.mean(0), 1e-6)
    last = found.outcomes[-1]
    close([last.accuracy_error, last.confidence_error], table.std(0) / 2, 1e-4)


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
