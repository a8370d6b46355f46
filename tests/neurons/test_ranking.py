"""Rankings by votes: sums, a closed form, the definition with loops, and what is refused."""

import numpy as np
import pytest
import torch
from cases import close, draw, mlp
from torch import nn

from synergy import Game
from synergy.examples import digits
from synergy.neurons import conductance, rank_neurons

DOUBLE, EXACT = torch.float64, 1e-10
DATA, LABELS, BASELINE = draw(9, 3, seed=61), torch.tensor([0, 1, 2, 2, 1, 0, 2, 2, 2]), draw(1, 3, seed=62)


def smooth():
    return mlp(nn.Tanh, (3, 5, 4, 3), seed=60)


def by_definition(model, layer, off, weights):
    """M[y, c] and the score of every neuron, one input, one class and one neuron after the other."""
    votes = torch.zeros(3, 3, 5, dtype=DOUBLE)
    for y in range(3):
        inputs = [x for x, label in zip(DATA.split(1), LABELS, strict=True) if label == y]
        for c in range(3):
            for x in inputs:
                votes[y, c] += conductance(Game.from_model(model, x, BASELINE, target=c), layer).values / len(inputs)
    score = torch.zeros(5, dtype=DOUBLE)
    for y in range(3):
        score += weights[y] * (votes[y, y] - off * sum(votes[y, c] for c in range(3) if c != y))
    return votes, score


@pytest.mark.parametrize(("off", "weights"), [(None, None), (0.2, [0.5, 0.5, 0.0])])
def test_votes_and_scores_are_their_definition(off, weights):
    ranking = rank_neurons(smooth(), "1", DATA, LABELS, baseline=BASELINE, nodes=40, off=off, weights=weights)
    shares = torch.bincount(LABELS).double() / 9 if weights is None else weights
    votes, score = by_definition(smooth(), "1", 0.5 if off is None else off, shares)
    close(ranking.votes, votes, EXACT)
    close(ranking.score, score, EXACT)
    assert ranking.order.tolist() == score.argsort(descending=True).tolist()
    own = sum(shares[y] * votes[y, y] for y in range(3))
    others = [(y, c) for y in range(3) for c in range(3) if c != y]
    close(ranking.correct, own, EXACT)
    close(ranking.bolstering, sum(shares[y] * votes[y, c].clamp(min=0) / 2 for y, c in others), EXACT)
    close(ranking.suppression, sum(shares[y] * (-votes[y, c]).clamp(min=0) / 2 for y, c in others), EXACT)


def test_the_neurons_share_out_what_the_logits_gain():
    """Σ_j M_j[y, c] = E[F_c(x) − F_c(b) | y]."""
    model = smooth()
    ranking = rank_neurons(model, "2", DATA, LABELS, baseline=BASELINE, nodes=40)
    gains = (model(DATA) - model(BASELINE)).detach()
    expected = torch.stack([gains[y == LABELS].mean(0) for y in range(3)])
    close(ranking.votes.sum(2), expected, EXACT)
    assert abs(ranking.rest).max() < EXACT


def test_the_last_hidden_layer_in_closed_form():
    """V_cj (a_j(x) − a_j(b)) on average, with its standard error."""
    model = smooth()
    hidden = (model[:4](DATA) - model[:4](BASELINE)).detach()
    ranking = rank_neurons(model, "3", DATA, LABELS, baseline=BASELINE, nodes=40)
    each = hidden[:, None] * model[4].weight.detach()
    for y in range(3):
        own = each[y == LABELS]
        close(ranking.votes[y], own.mean(0), EXACT)
        close(ranking.spread[y], own.std(0) / len(own) ** 0.5, 1e-9)
    scores = torch.stack([e[y] - (e.sum(0) - e[y]) / 2 for e, y in zip(each, LABELS, strict=True)])
    close(ranking.score, scores.mean(0), EXACT)  # the classes' shares make it the plain mean
    counts = torch.bincount(LABELS).tolist()
    parts = [scores[y == LABELS].var(0) / count * (count / 9) ** 2 for y, count in enumerate(counts)]
    close(ranking.error, sum(parts).sqrt(), 1e-9)


def test_of_a_relu_network_the_rest_says_the_error_of_the_quadrature():
    images, labels, held_out = digits.data()
    some = held_out.nonzero().flatten()[:60]
    model = digits.model().double()
    coarse, fine = (
        rank_neurons(model, "relu2", images[some].double(), labels[some], neurons="channels", nodes=nodes)
        for nodes in (4, 64)
    )
    gains = (model(images[some].double()) - model(images[:1].double() * 0)).detach()
    for ranking in (coarse, fine):
        summed = torch.stack([gains[labels[some] == y].mean(0) for y in range(10)])
        close(ranking.rest, summed - ranking.votes.sum(2), 1e-9)
    assert abs(fine.rest).max() < abs(coarse.rest).max() / 3


def test_a_batch_at_a_time_is_the_same(monkeypatch):
    whole = rank_neurons(smooth(), "1", DATA, LABELS, baseline=BASELINE)
    monkeypatch.setattr("synergy.neurons.rank.ROOM", 1)
    one = rank_neurons(smooth(), "1", DATA, LABELS.tolist(), baseline=BASELINE)
    close(one.score, whole.score, EXACT)
    close(one.error, whole.error, EXACT)


def test_several_layers_at_once_and_neurons_in_groups():
    model, data = digits.model(), digits.data()[0][:20]
    found = rank_neurons(model, ["conv1", "fc"], data, digits.data()[1][:20], neurons="axis:1")
    assert {name: len(each.names) for name, each in found.items()} == {"conv1": 8, "fc": 10}
    mask = found["conv1"].strongest(2)
    assert mask.shape == (8, 8, 8)
    assert mask.flatten(1).all(1).nonzero().flatten().tolist() == sorted(found["conv1"].order[:2].tolist())


def test_what_it_shows():
    pytest.importorskip("pandas")
    ranking = rank_neurons(smooth(), "1", DATA, LABELS, baseline=BASELINE)
    frame = ranking.to_pandas()
    assert frame.index[0] == ranking.names[ranking.order[0]]
    assert frame["score"].is_monotonic_decreasing
    assert str(ranking).splitlines()[0] == "layer 1: 5 neurons, 9 inputs"
    leads = ranking.names[ranking.suppression.argmax()]
    assert ranking.table(1, by="suppression").rows[0][0] == leads
    assert repr(ranking).startswith(f"Ranking(1: 5 neurons, 9 inputs; {frame.index[0]} ")


def test_what_is_refused():
    model = smooth()
    for settings, error, said in (
        ({"labels": [0, 1, 2]}, ValueError, "labels are 9 whole numbers"),
        ({"labels": LABELS + 1}, ValueError, "0 to 2; one of them is 3"),
        ({"labels": LABELS.clamp(max=1)}, ValueError, r"of the classes \[2\] there is no input"),
        ({"labels": LABELS.double()}, ValueError, "not torch.float64 of shape"),
        ({"weights": [0.5, 0.5, 0.5]}, ValueError, "weights are 3 non-negative numbers that add up to one"),
        ({"labels": LABELS.clamp(max=1), "weights": [0.5, 0.2, 0.3]}, ValueError, "0 where a class has no input"),
        ({"layer": "9"}, ValueError, "has no layer '9'"),
        ({"layer": 9}, TypeError, "layer is the name of a module, a list of names, or None"),
        ({"data": LABELS}, ValueError, "data are inputs"),
        ({"baseline": DATA[:2]}, ValueError, r"one input, of shape \(1, 3\), not \(2, 3\)"),
        ({"nodes": 0}, ValueError, "nodes is the number of nodes"),
        ({"off": "much"}, TypeError, "off is what a vote"),
        ({"model": mlp(nn.Tanh, (3, 5, 1))}, ValueError, "two classes or more"),
        ({"model": nn.Sequential(nn.Linear(3, 3), nn.Dropout(0.5))}, ValueError, "training mode"),
    ):
        asked = {"model": model, "layer": "1", "data": DATA, "labels": LABELS} | settings
        with pytest.raises(error, match=said):
            rank_neurons(**asked)
    few = rank_neurons(model, "1", DATA, LABELS.clamp(max=1), weights=[0.5, 0.5, 0.0])
    assert few.votes[2].isnan().all()
    assert np.isfinite(few.score.numpy()).all()
    with pytest.raises(ValueError, match="by is one of score, error, correct"):
        few.table(by="name")
    for part, said in ((6, "from 0 to 5, not 6"), (1.5, "not 1.5")):
        with pytest.raises(ValueError, match=said):
            few.strongest(part)
